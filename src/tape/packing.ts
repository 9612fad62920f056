/**
 * Recorded events as the payload of a frame, and back. What every record has (type, thread, place) is one small
 * number, the *kind*, looked up in a list at the head of the payload; the fields of hot events are columns; all other
 * events are objects in msgpack. Equal records give equal bytes.
 *
 * The layout is described in docs/tape-format.md, "Events".
 */
import { decode, encode } from '@msgpack/msgpack'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import { ByteSink, ByteSource } from './bytes.ts'
import type { EventsCodec } from './codec.ts'
import { decodeColumn, encodeColumn } from './columns.ts'
import { reasonOf, TapeError } from './error.ts'
import { type Columns, HOT, HOT_NUMBER } from './hot.ts'

/** What all records of one kind have in common. `hot` is the number of the columns, or -1 for an object. */
export type Kind = {
  readonly type: string
  readonly thread: string | null
  readonly place: string | null
  readonly hot: number
}

/** A payload taken apart, without an object for any hot event. Valid until the next one is decoded with the same `Segment`. */
export type Segment = {
  count: number
  firstSeq: number
  kinds: readonly Kind[]
  /** Kind of each record. */
  readonly codes: { values: Float64Array }
  /** By number of the hot type, then by field. */
  readonly columns: Float64Array[][]
  cold: readonly VmmEvent[]
}

/** Room for one segment, which grows with the largest. */
export function newSegment(): Segment {
  return {
    count: 0,
    firstSeq: 0,
    kinds: [],
    codes: { values: new Float64Array(1024) },
    columns: HOT.map(({ fields }) => fields.map(() => new Float64Array(1024))),
    cold: [],
  }
}

const MSGPACK = { useBigInt64: true, sortKeys: true, ignoreUndefined: true } as const

/** Collects records and writes them as one payload. */
class Packer {
  readonly #sink = new ByteSink(2 ** 16)
  #kinds: Kind[] = []
  #byType = new Map<string, { readonly kind: Kind; readonly code: number }[]>()
  #capacity = 1024
  #codes = new Float64Array(1024)
  readonly #columns: Float64Array[][] = HOT.map(({ fields }) => fields.map(() => new Float64Array(1024)))
  readonly #rows = new Int32Array(HOT.length)

  pack(items: readonly Recorded[]): Uint8Array {
    this.#reset(items.length)
    const cold: VmmEvent[] = []
    for (let i = 0; i < items.length; i++) {
      const { event, thread, place } = items[i] as Recorded
      const number = this.#put(event)
      if (number < 0) cold.push(event)
      this.#codes[i] = this.#codeOf(event.type, thread, place, number)
    }
    return this.#write(items.length, cold)
  }

  #reset(count: number): void {
    this.#kinds = []
    this.#byType = new Map()
    this.#rows.fill(0)
    if (count <= this.#capacity) return
    this.#capacity = Math.max(count, 2 * this.#capacity)
    this.#codes = new Float64Array(this.#capacity)
    for (const [number, fields] of this.#columns.entries()) {
      this.#columns[number] = fields.map(() => new Float64Array(this.#capacity))
    }
  }

  /** Puts the event into its columns; the number of its hot type, or -1 when it has to be an object. */
  #put(event: VmmEvent): number {
    const number = HOT_NUMBER.get(event.type)
    if (number === undefined) return -1
    const row = this.#rows[number] as number
    if (!HOT[number]?.put(event, this.#columns[number] as Columns, row)) return -1
    this.#rows[number] = row + 1
    return number
  }

  #codeOf(type: string, thread: string | null, place: string | null, hot: number): number {
    let known = this.#byType.get(type)
    if (known === undefined) {
      known = []
      this.#byType.set(type, known)
    }
    for (const { kind, code } of known) {
      if (kind.thread === thread && kind.place === place && kind.hot === hot) return code
    }
    const code = this.#kinds.length
    const kind = { type, thread, place, hot }
    this.#kinds.push(kind)
    known.push({ kind, code })
    return code
  }

  #write(count: number, cold: readonly VmmEvent[]): Uint8Array {
    const sink = this.#sink
    sink.clear()
    const kinds = this.#kinds.map(({ type, thread, place, hot }) => [type, thread, place, hot >= 0])
    sink.sized(() => {
      sink.raw(encode(kinds, MSGPACK))
    })
    encodeColumn(sink, this.#codes, count)
    for (const [number, fields] of this.#columns.entries()) {
      const rows = this.#rows[number] as number
      if (rows === 0) continue
      for (const field of fields) encodeColumn(sink, field, rows)
    }
    sink.sized(() => {
      if (cold.length > 0) sink.raw(encode(cold, MSGPACK))
    })
    return sink.written().slice()
  }
}

function unpack(bytes: Uint8Array, what: string): unknown {
  try {
    return decode(bytes, MSGPACK)
  } catch (cause) {
    throw new TapeError('TAPE016', `the ${what} of a payload are no msgpack: ${reasonOf(cause)}`, { cause })
  }
}

function readKinds(source: ByteSource): readonly Kind[] {
  const length = source.uint()
  const start = source.take(length)
  const value = unpack(source.bytes.subarray(start, start + length), 'kinds')
  if (!Array.isArray(value)) throw source.malformed('a list of kinds was wanted')
  return value.map((item: unknown) => {
    const [type, thread, place, hot] = Array.isArray(item) ? item : []
    const number = hot === true ? HOT_NUMBER.get(type) : -1
    if (typeof type !== 'string' || number === undefined)
      throw source.malformed(`a kind of a known type was wanted, found ${String(type)}`)
    return { type, thread: thread ?? null, place: place ?? null, hot: number }
  })
}

/** How many rows each hot type has, by the codes; throws where a code has no kind. */
function countRows(segment: Segment, source: ByteSource): Int32Array {
  const rows = new Int32Array(HOT.length + 1)
  const { kinds, codes, count } = segment
  for (let i = 0; i < count; i++) {
    const kind = kinds[codes.values[i] as number]
    if (kind === undefined) throw source.malformed(`record ${i} is of kind ${codes.values[i]}, of ${kinds.length}`)
    const at = kind.hot < 0 ? HOT.length : kind.hot
    rows[at] = (rows[at] as number) + 1
  }
  return rows
}

/**
 * Takes a payload apart into `segment`.
 *
 * @throws TapeError TAPE016 when it is none that this codec makes.
 */
export function decodeSegment(payload: Uint8Array, count: number, firstSeq: number, segment: Segment): void {
  const source = new ByteSource(payload)
  segment.count = count
  segment.firstSeq = firstSeq
  segment.kinds = readKinds(source)
  if (segment.codes.values.length < count) segment.codes.values = new Float64Array(2 * count)
  decodeColumn(source, count, segment.codes.values)
  const rows = countRows(segment, source)
  for (let number = 0; number < HOT.length; number++) {
    const wanted = rows[number] as number
    if (wanted === 0) continue
    const fields = segment.columns[number] as Float64Array[]
    for (let field = 0; field < fields.length; field++) {
      if ((fields[field] as Float64Array).length < wanted) fields[field] = new Float64Array(2 * wanted)
      decodeColumn(source, wanted, fields[field] as Float64Array)
    }
  }
  segment.cold = readCold(source, rows[HOT.length] as number)
}

function readCold(source: ByteSource, wanted: number): readonly VmmEvent[] {
  const length = source.uint()
  const start = source.take(length)
  if (source.at !== source.end) throw source.malformed(`${source.end - source.at} bytes are left over`)
  const value = length === 0 ? [] : unpack(source.bytes.subarray(start, start + length), 'events')
  if (!Array.isArray(value) || value.length !== wanted) throw source.malformed(`a list of ${wanted} events was wanted`)
  return value as VmmEvent[]
}

/** The records of a segment, one object each. */
export function* recordsOf(segment: Segment): Generator<Recorded> {
  const { count, firstSeq, kinds, codes, columns, cold } = segment
  const rows = new Int32Array(HOT.length)
  let object = 0
  for (let i = 0; i < count; i++) {
    const { thread, place, hot } = kinds[codes.values[i] as number] as Kind
    let event: VmmEvent
    if (hot < 0) event = cold[object++] as VmmEvent
    else {
      const row = rows[hot] as number
      rows[hot] = row + 1
      event = (HOT[hot] as (typeof HOT)[number]).get(columns[hot] as Columns, row)
    }
    yield { seq: firstSeq + i, thread, place, event }
  }
}

const packer = new Packer()

/** The codec of recorded events. */
export const recordedCodec: EventsCodec<Recorded> = {
  encode: (items) => packer.pack(items),
  decode(payload, count, firstSeq) {
    const segment = newSegment()
    decodeSegment(payload, count, firstSeq, segment)
    return recordsOf(segment)
  },
}
