/**
 * Entries of a scenario as they were played, for a person and for a machine.
 */
import type { Outcome } from '../../events/reply.ts'
import type { Played } from '../scenario/play.ts'
import { toText } from '../tape/text.ts'
import type { Paint } from './paint.ts'
import { commandText, outcomeLines } from './reply.ts'
import { clip } from './table.ts'

/** `ioc.create pid 100 'vm' → 0: vm 1, ranges at 0x1000000000`, and more lines where there is more to tell. */
export function playedLines({ command, thread, result, entry }: Played, paint: Paint): string[] {
  if (result.kind === 'noted') return [clip(paint.dim(`note: ${result.text}`))]
  // A thread that was named by the scenario is named again; the others only matter when they stay.
  const who = 'thread' in entry.asked && thread !== null ? `${thread}: ` : ''
  const asked = command === null ? '' : commandText(command)
  if (result.kind === 'stands') {
    const start = `${who}${asked} → `
    return [
      `${start}${paint.cyan(result.place)} ${paint.dim(clip(`(${result.source})`, 99 - start.length - result.place.length))}`,
    ]
  }
  const [first = '', ...rest] = outcomeLines(command ?? { type: 'host.wakeup' }, result.outcome)
  return [`${who}${asked} → ${paintOf(result.outcome, paint)(first)}`, ...rest.map((line) => `    ${line}`)]
}

function paintOf(outcome: Outcome, paint: Paint): (text: string) => string {
  if ('panic' in outcome) return paint.red
  if ('blocked' in outcome) return paint.cyan
  return outcome.ok ? (text) => text : paint.yellow
}

/** One JSON object: the line of the scenario, the thread, what was asked, and what came of it. */
export function playedText({ entry, thread, command, result, seq }: Played): string {
  const { line, asked } = entry
  const end = { line, thread, seq, command: command ?? asked }
  if (result.kind === 'noted') return toText({ ...end, note: result.text })
  if (result.kind === 'stands') return toText({ ...end, place: result.place, source: result.source })
  const { outcome } = result
  if ('panic' in outcome) return toText({ ...end, panic: outcome.panic })
  if ('blocked' in outcome) return toText({ ...end, blocked: outcome.blocked })
  return toText({ ...end, reply: outcome })
}
