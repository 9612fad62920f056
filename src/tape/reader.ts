/**
 * A tape that was opened for reading: its header, what was found wrong, and its frames, in order or by
 * moment. Pure; where the bytes come from and the checksums come in.
 */
import type { Contents } from './contents.ts'
import { reasonOf, TapeError } from './error.ts'
import {
  type Checksums,
  chainOf,
  decodeHead,
  encodePrologue,
  type FrameHead,
  fault,
  isFault,
  judgeFrame,
} from './frame.ts'
import type { TapeHeader } from './header.ts'
import { frameBytes, HEAD_BYTES } from './layout.ts'
import { damageIn, type TapeReport } from './report.ts'
import { type Scan, scanTape, type Verify } from './scan.ts'
import type { TapeSource } from './source.ts'

/** A run of events. */
export type EventsFrame = {
  readonly kind: 'events'
  readonly offset: number
  readonly firstSeq: number
  readonly count: number
  /** Whether it lies compressed on the tape. */
  readonly sealed: boolean
  /** Expanded; what the codec of events made. A view that stays valid and must not be written to. */
  readonly payload: Uint8Array
}

/** The world after event `seq` was applied. */
export type SnapshotFrame = {
  readonly kind: 'snapshot'
  readonly offset: number
  readonly seq: number
  /** Whether it lies compressed on the tape. */
  readonly sealed: boolean
  readonly payload: Uint8Array
}

/** What somebody had to say about the moment after event `seq`. */
export type NoteFrame = {
  readonly kind: 'note'
  readonly offset: number
  readonly seq: number
  readonly text: string
}

export type TapeFrame = EventsFrame | SnapshotFrame | NoteFrame

/** What reading needs from around it. */
export type ReadingMeans = {
  readonly checksums: Checksums
  /**
   * Expands a payload to `expandedBytes`, or throws. Left out where there is no brotli; then sealed frames cannot
   * be read, and say so.
   */
  readonly expand?: (stored: Uint8Array, expandedBytes: number) => Uint8Array
}

/** One open tape. Reading changes nothing, so any number of readers may have the same tape open. */
export class TapeReader {
  readonly header: TapeHeader
  readonly report: TapeReport
  readonly #scan: Scan
  readonly #source: TapeSource
  readonly #means: ReadingMeans

  /**
   * @param verify 'all' looks at every byte now: what is damaged is in the report, and all that the reader then
   *   hands out comes from before the damage. 'lazy' opens by the index, or by the heads if there is none, and
   *   looks at a frame when it is read; a damaged one is thrown as TAPE011 then.
   * @throws TapeError TAPE001, TAPE002, TAPE003 or TAPE006 when there is no header to go by.
   */
  constructor(source: TapeSource, means: ReadingMeans, verify: Verify = 'all') {
    this.#source = source
    this.#means = means
    this.#scan = scanTape(source, means.checksums, verify)
    this.header = this.#scan.header
    this.report = this.#scan.report
  }

  /** The header as it lies on the tape, for a copy that is to be the same. */
  get headerPayload(): Uint8Array {
    return this.#scan.headerPayload
  }

  /** Names all that was accepted: equal values mean equal tapes, byte by byte. 16 bytes. */
  get chain(): Uint8Array {
    return this.#scan.chain.slice()
  }

  /** What is wrong with the tape, in a sentence, or null. */
  get damage(): string | null {
    return damageIn(this.report)
  }

  /** Where indexes lie, in bytes: one at the end of a closed tape, and one wherever a closed tape was gone on with. */
  get indexes(): readonly number[] {
    const entries = Array.from({ length: this.#contents.length }, (_, ordinal) => this.#contents.at(ordinal))
    return entries.filter(({ kind }) => kind === 'index').map(({ offset }) => offset)
  }

  /** The frames in the order of the file. */
  *frames(): IterableIterator<TapeFrame> {
    const { length } = this.#contents
    for (let ordinal = 1; ordinal < length; ordinal++)
      if (this.#contents.at(ordinal).kind !== 'index') yield this.#frame(ordinal)
  }

  /** The frames of events in order of seq, from the one that holds event `seq` on; all of them if it is before the first. */
  *segments(seq = 0): IterableIterator<EventsFrame> {
    const { length } = this.#contents
    const start = this.#contents.segmentFor(Math.max(seq, this.#contents.firstSeq ?? 0))
    if (start === null) return
    for (let ordinal = start; ordinal < length; ordinal++) {
      if (this.#contents.at(ordinal).kind !== 'events') continue
      const frame = this.#frame(ordinal)
      if (frame.kind === 'events') yield frame
    }
  }

  *notes(): IterableIterator<NoteFrame> {
    const { length } = this.#contents
    for (let ordinal = 1; ordinal < length; ordinal++) {
      if (this.#contents.at(ordinal).kind !== 'note') continue
      const frame = this.#frame(ordinal)
      if (frame.kind === 'note') yield frame
    }
  }

  /** The frame that holds event `seq`, or null when no accepted one does. */
  segmentFor(seq: number): EventsFrame | null {
    const ordinal = this.#contents.segmentFor(seq)
    const frame = ordinal === null ? null : this.#frame(ordinal)
    return frame?.kind === 'events' ? frame : null
  }

  /** The latest snapshot of a moment at or before `seq`, or null: then replay starts from the header. */
  snapshotBefore(seq: number): SnapshotFrame | null {
    const ordinal = this.#contents.snapshotBefore(seq)
    const frame = ordinal === null ? null : this.#frame(ordinal)
    return frame?.kind === 'snapshot' ? frame : null
  }

  /** Lets go of the file. Frames that were handed out stay valid. */
  close(): void {
    this.#source.close()
  }

  get #contents(): Contents {
    return this.#scan.contents
  }

  #frame(ordinal: number): TapeFrame {
    const { offset } = this.#contents.at(ordinal)
    const { head, bytes } = this.#verified(ordinal)
    const { seq, count, codec } = head
    const stored = bytes.subarray(HEAD_BYTES, HEAD_BYTES + head.storedBytes)
    const payload = codec === 'plain' ? stored : this.#expanded(stored, head, offset)
    switch (head.kind) {
      case 'events':
        return { kind: 'events', offset, firstSeq: seq, count, sealed: codec !== 'plain', payload }
      case 'snapshot':
        return { kind: 'snapshot', offset, seq, sealed: codec !== 'plain', payload }
      case 'note':
        return { kind: 'note', offset, seq, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload) }
      default:
        throw new TypeError(`frame ${ordinal} of kind ${head.kind} is not for handing out`)
    }
  }

  /**
   * A frame after looking at it again. Its checksum is looked at even if the whole tape was: a file can have
   * changed since.
   */
  #verified(ordinal: number): { head: FrameHead; bytes: Uint8Array } {
    const { kind, offset, seq, count } = this.#contents.at(ordinal)
    const { checksums } = this.#means
    const source = this.#source
    const judged = source.size - offset < HEAD_BYTES ? null : decodeHead(source.read(offset, HEAD_BYTES), checksums)
    if (judged === null) throw this.#damaged(ordinal, 'the file ends before its head does')
    let wrong = isFault(judged) ? judged : null
    if (!isFault(judged)) {
      const bytes = frameBytes(judged.storedBytes)
      if (bytes > source.size - offset) throw this.#damaged(ordinal, 'the file ends before it does')
      const frame = source.read(offset, bytes)
      wrong = judgeFrame(frame, this.report.verified === 'all' ? null : this.#chainBefore(ordinal), checksums)
      if (judged.kind !== kind || judged.seq !== seq || judged.count !== count || judged.ordinal !== ordinal)
        wrong ??= fault(
          'order',
          `frame ${ordinal} with ${count} events from seq ${seq} on, of kind ${kind}`,
          `frame ${judged.ordinal} with ${judged.count} from seq ${judged.seq} on, of kind ${judged.kind}`,
        )
      if (wrong === null) return { head: judged, bytes: frame }
    }
    throw this.#damaged(ordinal, wrong === null ? '' : `(${wrong.what}) wanted ${wrong.wanted}, found ${wrong.found}`)
  }

  #chainBefore(ordinal: number): Uint8Array {
    if (ordinal === 0) return encodePrologue(this.#means.checksums)
    return chainOf(this.#source.read(this.#contents.at(ordinal - 1).offset, HEAD_BYTES))
  }

  #expanded(stored: Uint8Array, head: FrameHead, offset: number): Uint8Array {
    const { path } = this.#source
    const { expand } = this.#means
    if (expand === undefined)
      throw new TapeError(
        'TAPE017',
        `the ${head.kind} at byte ${offset} are sealed with brotli, which is not to be had here`,
        {
          path,
          offset,
        },
      )
    let payload: Uint8Array
    try {
      payload = expand(stored, head.expandedBytes)
    } catch (cause) {
      throw new TapeError('TAPE017', `the sealed ${head.kind} at byte ${offset} do not expand: ${reasonOf(cause)}`, {
        path,
        offset,
        cause,
      })
    }
    if (payload.length !== head.expandedBytes)
      throw new TapeError(
        'TAPE017',
        `the sealed ${head.kind} at byte ${offset} should expand to ${head.expandedBytes} bytes and expand to ${payload.length}`,
        { path, offset },
      )
    return payload
  }

  #damaged(ordinal: number, sentence: string): TapeError {
    const { offset } = this.#contents.at(ordinal)
    return new TapeError('TAPE011', `frame ${ordinal} at byte ${offset} is damaged: ${sentence}`, {
      path: this.#source.path,
      offset,
    })
  }
}
