/**
 * The table of contents of a tape: where its frames lie, and which one a moment is in. Built by the writer
 * as it writes and by the scan as it reads; an index frame is its form on the tape.
 */
import { decode, encode } from '@msgpack/msgpack'
import { readUint64, viewOf, writeUint64 } from './frame.ts'
import { aligned, END_MARK, type FrameKind, KINDS, TRAILER_BYTES } from './layout.ts'

/** One line of the table. */
export type ContentsEntry = {
  readonly kind: FrameKind
  /** Byte of the file at which the frame's head starts. */
  readonly offset: number
  readonly seq: number
  readonly count: number
}

/** A table that grows by one line for each frame, and finds frames by moment. */
export class Contents {
  /** In columns, as on the tape: a tape of a hundred million events has a hundred thousand frames. */
  readonly #kinds: number[] = []
  readonly #offsets: number[] = []
  readonly #seqs: number[] = []
  readonly #counts: number[] = []
  /** Ordinals of the frames of events, in order of seq, and of the snapshots, in order of seq and then of the file. */
  readonly #segments: number[] = []
  readonly #snapshots: number[] = []
  #notes = 0
  #events = 0
  #firstSeq: number | null = null
  #nextSeq: number | null = null

  get length(): number {
    return this.#offsets.length
  }

  get segments(): number {
    return this.#segments.length
  }

  get snapshots(): number {
    return this.#snapshots.length
  }

  get notes(): number {
    return this.#notes
  }

  /** Seq of the first event, or null on a tape without events. */
  get firstSeq(): number | null {
    return this.#firstSeq
  }

  /** Seq of the last event, or null on a tape without events. */
  get lastSeq(): number | null {
    return this.#firstSeq === null ? null : (this.#nextSeq ?? 0) - 1
  }

  get events(): number {
    return this.#events
  }

  at(ordinal: number): ContentsEntry {
    const kind = KINDS[this.#kinds[ordinal] ?? 0]
    const offset = this.#offsets[ordinal]
    const seq = this.#seqs[ordinal]
    const count = this.#counts[ordinal]
    if (kind === undefined || kind === null || offset === undefined || seq === undefined || count === undefined)
      throw new RangeError(`no frame ${ordinal}: the tape has ${this.length}`)
    return { kind, offset, seq, count }
  }

  /** Why `entry` cannot come next, as what was wanted and what was found; null when it can. */
  refusal(entry: Omit<ContentsEntry, 'offset'>): { readonly wanted: string; readonly found: string } | null {
    const { kind, seq } = entry
    if ((kind === 'header') !== (this.length === 0))
      return { wanted: this.length === 0 ? 'a header' : 'no second header', found: `a frame of kind ${kind}` }
    if (kind === 'events' && this.#nextSeq !== null && seq !== this.#nextSeq)
      return { wanted: `events from seq ${this.#nextSeq} on`, found: `seq ${seq}` }
    // A tape may start with a snapshot of any moment, that of a fork, say; its events go on from there.
    if ((kind === 'snapshot' || kind === 'note') && this.#nextSeq !== null && seq >= this.#nextSeq)
      return { wanted: `a ${kind} about a moment up to seq ${this.#nextSeq - 1}`, found: `seq ${seq}` }
    return null
  }

  add({ kind, offset, seq, count }: ContentsEntry): void {
    const ordinal = this.length
    this.#kinds.push(KINDS.indexOf(kind))
    this.#offsets.push(offset)
    this.#seqs.push(seq)
    this.#counts.push(count)
    if (kind === 'events') {
      this.#segments.push(ordinal)
      this.#events += count
      this.#firstSeq ??= seq
      this.#nextSeq = seq + count
    } else if (kind === 'snapshot') {
      this.#nextSeq ??= seq + 1
      // Snapshots of earlier moments may be added later; among equals the later one is found.
      this.#snapshots.splice(this.#lastUpTo(this.#snapshots, seq) + 1, 0, ordinal)
    } else if (kind === 'note') this.#notes += 1
  }

  /** The ordinal of the frame that holds event `seq`, or null. */
  segmentFor(seq: number): number | null {
    const ordinal = this.#segments[this.#lastUpTo(this.#segments, seq)]
    if (ordinal === undefined) return null
    const { seq: first, count } = this.at(ordinal)
    return seq < first + count ? ordinal : null
  }

  /** The ordinal of the latest snapshot of a moment at or before `seq`, or null. */
  snapshotBefore(seq: number): number | null {
    return this.#snapshots[this.#lastUpTo(this.#snapshots, seq)] ?? null
  }

  /** The position in `ordinals`, which are in order of seq, of the last one whose seq is at most `seq`; or -1. */
  #lastUpTo(ordinals: readonly number[], seq: number): number {
    let low = 0
    let high = ordinals.length
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((this.#seqs[ordinals[middle] ?? 0] ?? 0) <= seq) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /**
   * The payload of an index frame whose head will lie at `offset`: a msgpack map of the four columns, zeros
   * up to a multiple of 8, and the trailer.
   */
  encode(offset: number): Uint8Array {
    const map = encode({
      kinds: this.#kinds,
      offsets: steps(this.#offsets),
      seqs: steps(this.#seqs),
      counts: this.#counts,
    })
    const payload = new Uint8Array(aligned(map.length) + TRAILER_BYTES)
    payload.set(map)
    const trailer = payload.length - TRAILER_BYTES
    const view = viewOf(payload)
    writeUint64(view, trailer, map.length)
    writeUint64(view, trailer + 8, offset)
    payload.set(END_MARK, trailer + 16)
    return payload
  }

  /** The table that an index frame at `offset` holds; null when it holds none or one of another place. */
  static decode(payload: Uint8Array, offset: number): Contents | null {
    if (trailerOffset(payload) !== offset) return null
    const trailer = payload.length - TRAILER_BYTES
    const mapBytes = readUint64(viewOf(payload), trailer)
    if (aligned(mapBytes) !== trailer) return null
    let map: unknown
    try {
      map = decode(payload.subarray(0, mapBytes))
    } catch {
      return null
    }
    const { kinds, offsets, seqs, counts } = (map ?? {}) as Readonly<Record<string, unknown>>
    if (!isNumbers(kinds) || !isNumbers(offsets) || !isNumbers(seqs) || !isNumbers(counts)) return null
    if (offsets.length !== kinds.length || seqs.length !== kinds.length || counts.length !== kinds.length) return null
    const contents = new Contents()
    let at = 0
    let seq = 0
    for (const [ordinal, number] of kinds.entries()) {
      const kind = KINDS[number]
      const count = counts[ordinal] ?? 0
      at += offsets[ordinal] ?? 0
      seq += seqs[ordinal] ?? 0
      if (kind === undefined || kind === null || (kind === 'events') !== count > 0) return null
      if (at >= offset || contents.refusal({ kind, seq, count }) !== null) return null
      contents.add({ kind, offset: at, seq, count })
    }
    return contents.length === 0 ? null : contents
  }

  equals(other: Contents): boolean {
    const same = (one: readonly number[], two: readonly number[]) =>
      one.length === two.length && one.every((value, index) => value === two[index])
    return (
      same(this.#kinds, other.#kinds) &&
      same(this.#offsets, other.#offsets) &&
      same(this.#seqs, other.#seqs) &&
      same(this.#counts, other.#counts)
    )
  }
}

/** Where the last bytes of an index say that its head lies, or null when they are no trailer. */
export function trailerOffset(bytes: Uint8Array): number | null {
  const at = bytes.length - TRAILER_BYTES
  if (at < 0 || END_MARK.some((byte, index) => bytes[at + 16 + index] !== byte)) return null
  return readUint64(viewOf(bytes), at + 8)
}

/** Differences between neighbours: short numbers in msgpack. */
function steps(values: readonly number[]): number[] {
  return values.map((value, index) => value - (values[index - 1] ?? 0))
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item))
}
