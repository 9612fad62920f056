/**
 * Opening tapes for the verbs that look into them.
 */
import { Defect } from '../../events/defect.ts'
import { UserError } from '../errors.ts'
import { Timeline } from '../replay/timeline.ts'
import { readTape } from '../tape/file.ts'
import type { TapeReader } from '../tape/reader.ts'
import { openProgress } from './progress.ts'
import type { Terminal } from './terminal.ts'

export type Opened = { readonly reader: TapeReader; readonly timeline: Timeline }

/**
 * Opens the tape at `path` and replays what is accepted of it. Damage is told on stderr and makes a finding.
 *
 * @throws TapeError when there is no tape to read; UserError, as a finding, when its events cannot have happened.
 */
export async function openTimeline(path: string, terminal: Terminal): Promise<Opened> {
  const reader = readTape(path)
  tellDamage(reader, path, terminal)
  const { events, firstSeq } = reader.report.accepted
  const progress = await openProgress(terminal.stderr, `replaying ${path}`, events)
  try {
    return { reader, timeline: Timeline.load(reader, (seq) => progress.reach(seq - (firstSeq ?? 1) + 1)) }
  } catch (cause) {
    reader.close()
    throw asFinding(cause, path)
  } finally {
    progress.close()
  }
}

/** Says on stderr what is wrong with a tape, and that it is a finding. */
export function tellDamage(reader: TapeReader, path: string, terminal: Terminal): void {
  const { damage } = reader
  if (damage === null) return
  terminal.note(`${path}: ${damage}.`)
  terminal.finding()
}

/** A tape whose events contradict each other, or are none that anybody knows, is no defect of ours. */
export function asFinding(cause: unknown, path: string): unknown {
  const known = cause instanceof Defect || (cause instanceof TypeError && cause.message.startsWith('no case for'))
  return known ? new UserError(`${path}: the events of the tape cannot have happened: ${cause.message}`, 1) : cause
}
