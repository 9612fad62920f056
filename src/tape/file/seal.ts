/**
 * Sealing a tape: a copy with compressed payloads, for keeping and for sending.
 */
import { TapeError } from '../error.ts'
import { type EventsFrame, TapeReader } from '../reader.ts'
import type { TapeReport } from '../report.ts'
import { nodeMeans } from './means.ts'
import { openSource } from './source.ts'
import { nodeFileSystem, type TapeFileSystem } from './system.ts'
import { TapeWriter } from './writer.ts'

export type SealOptions = {
  readonly overwrite?: boolean
  /** Seal what comes before the damage of a damaged tape; without it such a tape is refused. */
  readonly salvage?: boolean
  /**
   * Makes one payload of several frames of events that follow each other; a tape that was synced after each event has
   * one frame for each. Without it frames stay as they are.
   */
  readonly merge?: (segments: readonly EventsFrame[]) => Uint8Array
  /** Events from which on a merged frame is full; 8192 unless told. */
  readonly mergedEvents?: number
  readonly fileSystem?: TapeFileSystem
}

/** @returns what was found at `from`; and the sizes of the two files, in bytes. */
export type Sealed = { readonly report: TapeReport; readonly bytesBefore: number; readonly bytesAfter: number }

/**
 * Writes a sealed copy of the tape at `from` to `to`, beside it first, so that `to` is whole or not there.
 *
 * @throws TapeError TAPE007 when `to` exists, TAPE011 when the tape is damaged, and what reading and writing throw.
 */
export function sealTape(from: string, to: string, options: SealOptions = {}): Sealed {
  const { overwrite = false, salvage = false, fileSystem = nodeFileSystem } = options
  const reader = new TapeReader(openSource(from, fileSystem), nodeMeans)
  try {
    const { damage, report } = reader
    if (damage !== null && !salvage)
      throw new TapeError('TAPE011', `the tape is not sealed as it is: ${damage}`, {
        path: from,
        offset: report.accepted.bytes,
      })
    if (!overwrite && exists(to, fileSystem))
      throw new TapeError('TAPE007', 'a new tape was wanted, and there is a file already', { path: to })
    const beside = `${to}.part`
    const writer = TapeWriter.createWith(beside, reader.headerPayload, {
      // The disk is waited for once, at the end; but before the name is, or a crash could leave a name with half a tape.
      sync: Number.MAX_SAFE_INTEGER,
      seal: true,
      overwrite: true,
      fileSystem,
    })
    try {
      copyFrames(reader, writer, options)
      writer.close()
    } catch (cause) {
      writer.abandon()
      fileSystem.remove(beside)
      throw cause
    }
    fileSystem.rename(beside, to)
    fileSystem.syncName(to)
    return { report, bytesBefore: report.bytes, bytesAfter: writer.bytes }
  } finally {
    reader.close()
  }
}

function copyFrames(reader: TapeReader, writer: TapeWriter, { merge, mergedEvents = 8192 }: SealOptions): void {
  let waiting: EventsFrame[] = []
  let events = 0
  const flush = () => {
    const [first] = waiting
    if (first === undefined) return
    const payload = merge === undefined || waiting.length === 1 ? first.payload : merge(waiting)
    writer.appendEvents(payload, events, first.firstSeq)
    waiting = []
    events = 0
  }
  for (const frame of reader.frames()) {
    if (frame.kind === 'events') {
      waiting.push(frame)
      events += frame.count
      if (merge === undefined || events >= mergedEvents) flush()
      continue
    }
    // A snapshot may only be about events that are before it.
    flush()
    if (frame.kind === 'snapshot') writer.appendSnapshot(frame.seq, frame.payload)
    else writer.appendNote(frame.seq, frame.text)
  }
  flush()
}

function exists(path: string, fileSystem: TapeFileSystem): boolean {
  try {
    fileSystem.stat(path)
    return true
  } catch {
    return false
  }
}
