/**
 * Recorded events as the payload of a frame, and back; packer.ts writes them. What every record has (type, thread, place)
 * is one small number, the *kind*, looked up in a list at the head of the payload; the fields of hot events are columns,
 * those of each kind by themselves, since what one step records is alike; all other events are objects in msgpack. Equal
 * records give equal bytes.
 *
 * The layout is described in docs/tape-format.md, "Events".
 */
import { decode } from '@msgpack/msgpack'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import { ByteSource } from './bytes.ts'
import type { EventsCodec } from './codec.ts'
import { Bases } from './columns/like.ts'
import { decodeColumn, decodeColumnAmong } from './columns.ts'
import { reasonOf, TapeError } from './error.ts'
import { HOT, HOT_NUMBER, type HotType } from './hot.ts'
import { MSGPACK, Packer } from './packer.ts'

/** What all records of one kind have in common, and their fields. A class, so that all have one shape. */
export class Kind {
  readonly type: string
  readonly thread: string | null
  readonly place: string | null
  /** Number of the hot type, or -1 for events that are objects. */
  readonly hot: number
  /** A column for each field of the hot type. */
  readonly columns: Float64Array[] = []
  /** How many records are of this kind. */
  rows = 0

  constructor(type: string, thread: string | null, place: string | null, hot: number) {
    this.type = type
    this.thread = thread
    this.place = place
    this.hot = hot
  }
}

/** A payload taken apart, without an object for any hot event. Valid until the next one is decoded with the same `Segment`. */
export type Segment = {
  count: number
  firstSeq: number
  kinds: readonly Kind[]
  /** Kind of each record. */
  codes: Float64Array
  cold: readonly VmmEvent[]
  /** Columns that are lent to kinds, in turn. */
  readonly room: Float64Array[]
}

/** Room for one segment, which grows with the largest. */
export function newSegment(): Segment {
  return { count: 0, firstSeq: 0, kinds: [], codes: new Float64Array(1024), cold: [], room: [] }
}

function unpack(bytes: Uint8Array, what: string): unknown {
  try {
    return decode(bytes, MSGPACK)
  } catch (cause) {
    throw new TapeError('TAPE016', `the ${what} of a payload are no msgpack: ${reasonOf(cause)}`, { cause })
  }
}

/** Kinds whose columns are not read yet. */
function readKinds(source: ByteSource, count: number): readonly Kind[] {
  const length = source.uint()
  const start = source.take(length)
  const names = unpack(source.bytes.subarray(start, start + length), 'names')
  if (!Array.isArray(names)) throw source.malformed('a list of names was wanted')
  // An event that does not fit its columns leaves a kind without records behind.
  const kinds = source.countUpTo(2 * count, 'kinds')
  const [types, threads, places, hots] = [0, 1, 2, 3].map(() => {
    const column = new Float64Array(kinds)
    decodeColumn(source, kinds, column)
    return column
  }) as [Float64Array, Float64Array, Float64Array, Float64Array]
  const nameOf = (number: number): string => {
    const name: unknown = names[number - 1]
    if (typeof name !== 'string') throw source.malformed(`name ${number} of ${names.length} was wanted`)
    return name
  }
  const optional = (number: number): string | null => (number === 0 ? null : nameOf(number))
  return Array.from(types, (typeName, at) => {
    const type = nameOf(typeName)
    const hot = hots[at] === 1 ? HOT_NUMBER.get(type) : -1
    if (hot === undefined) throw source.malformed(`a kind with columns was wanted, found ${type}`)
    return new Kind(type, optional(threads[at] as number), optional(places[at] as number), hot)
  })
}

/** Counts how many of the records are of each kind; throws where one is of none. */
function countRows(codes: Float64Array, count: number, kinds: readonly Kind[], source: ByteSource): void {
  const rows = new Int32Array(kinds.length)
  for (let i = 0; i < count; i++) {
    const code = codes[i] as number
    const before = rows[code]
    if (before === undefined) throw source.malformed(`record ${i} is of kind ${code}, of ${kinds.length}`)
    rows[code] = before + 1
  }
  for (const [code, kind] of kinds.entries()) kind.rows = rows[code] as number
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
  const kinds = readKinds(source, count)
  segment.kinds = kinds
  if (segment.codes.length < count) segment.codes = new Float64Array(2 * count)
  decodeColumn(source, count, segment.codes)
  countRows(segment.codes, count, kinds, source)
  const bases = new Bases()
  let lent = 0
  let objects = 0
  for (const kind of kinds) {
    const { hot, rows, columns } = kind
    if (hot < 0) {
      objects += rows
      continue
    }
    const fields = (HOT[hot] as HotType).fields.length
    for (let field = 0; field < fields; field++) {
      const column = roomFor(segment, lent++, rows)
      decodeColumnAmong(source, rows, column, bases)
      columns.push(column)
    }
  }
  segment.cold = readCold(source, objects)
}

/** The column of the segment with number `number`, of `rows` numbers at least. */
function roomFor({ room }: Segment, number: number, rows: number): Float64Array {
  const there = room[number]
  if (there !== undefined && there.length >= rows) return there
  const larger = new Float64Array(2 * rows)
  room[number] = larger
  return larger
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
  const { count, firstSeq, kinds, codes, cold } = segment
  const rows = new Int32Array(kinds.length)
  let object = 0
  for (let i = 0; i < count; i++) {
    const code = codes[i] as number
    const { thread, place, hot, columns } = kinds[code] as Kind
    let event: VmmEvent
    if (hot < 0) event = cold[object++] as VmmEvent
    else {
      const row = rows[code] as number
      rows[code] = row + 1
      event = (HOT[hot] as HotType).get(columns, row)
    }
    yield { seq: firstSeq + i, thread, place, event }
  }
}

const packer = new Packer()

/** The codec of recorded events. */
export const recordedCodec: EventsCodec<Recorded> = {
  encode(items) {
    packer.clear()
    for (const item of items) packer.add(item)
    return packer.write()
  },
  decode(payload, count, firstSeq) {
    const segment = newSegment()
    decodeSegment(payload, count, firstSeq, segment)
    return recordsOf(segment)
  },
}
