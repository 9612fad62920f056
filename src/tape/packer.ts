/**
 * Writes recorded events as the payload of a frame. An event is put into columns as soon as it is recorded, and
 * nobody keeps the object: it dies young, which is the cheapest death there is.
 *
 * The layout is described in docs/tape-format.md, "Events".
 */
import { encode } from '@msgpack/msgpack'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import { ByteSink } from './bytes.ts'
import { Bases } from './columns/like.ts'
import { encodeColumn, encodeColumnAmong } from './columns.ts'
import { HOT, HOT_NUMBER, type HotType } from './hot.ts'

/** How msgpack writes what lies in no column: equal values give equal bytes. */
export const MSGPACK = { useBigInt64: true, sortKeys: true, ignoreUndefined: true } as const

/** Records that there is room for at first, and rows of a kind. */
const RECORDS = 1024
const ROWS = 64

/**
 * What all records of one kind have in common, their fields, and the kind that came after the last of them. Kinds stay
 * from one payload to the next while they are used: their columns have the size by then, and what follows is known.
 */
type PackedKind = {
  /** Its number in this payload, or -1. */
  code: number
  readonly type: string
  readonly thread: string | null
  readonly place: string | null
  /** Null for events that are stored as objects. */
  readonly hot: HotType | null
  readonly columns: Float64Array[]
  /** Rows that all columns have room for, and how many of them are used. */
  capacity: number
  rows: number
  next: PackedKind | null
}

/** Collects records and writes them as one payload. */
export class Packer {
  readonly #sink = new ByteSink(2 ** 16)
  readonly #bases = new Bases()
  #count = 0
  #codes = new Float64Array(RECORDS)
  /** All kinds by type; and those of this payload, by number. */
  #byType = new Map<string, PackedKind[]>()
  #known = 0
  #used: PackedKind[] = []
  #last: PackedKind | null = null
  #cold: VmmEvent[] = []

  /** Records that were added since the last `clear`. */
  get count(): number {
    return this.#count
  }

  add({ event, thread, place }: Recorded): void {
    if (this.#count === this.#codes.length) this.#codes = doubled(this.#codes)
    const kind = this.#put(event, thread, place)
    this.#last = kind
    this.#codes[this.#count] = kind.code
    this.#count += 1
  }

  /** Forgets what was added, and keeps the room. */
  clear(): void {
    if (this.#used.length < this.#known) this.#forget()
    for (const kind of this.#used) {
      kind.code = -1
      kind.rows = 0
    }
    this.#count = 0
    this.#used = []
    this.#cold = []
  }

  /** Forgets the kinds that this payload does not have: those of calls that are over will not come again. */
  #forget(): void {
    this.#byType = new Map()
    for (const kind of this.#used) {
      if (kind.next?.code === -1) kind.next = null
      const alike = this.#byType.get(kind.type)
      if (alike === undefined) this.#byType.set(kind.type, [kind])
      else alike.push(kind)
    }
    if (this.#last?.code === -1) this.#last = null
    this.#known = this.#used.length
  }

  /** Puts the event where it belongs, and finds its kind. */
  #put(event: VmmEvent, thread: string | null, place: string | null): PackedKind {
    const { type } = event
    // Calls go through the same steps again and again: what followed last time nearly always follows.
    const last = this.#last
    const guess = last === null ? null : last.next
    if (guess !== null && guess.type === type && guess.thread === thread && guess.place === place) {
      if (guess.hot !== null && putRow(guess, guess.hot, event)) return this.#use(guess)
    }
    const number = HOT_NUMBER.get(type)
    const hot = number === undefined ? null : (HOT[number] as HotType)
    let kind = this.#kindOf(type, thread, place, hot)
    if (hot === null || !putRow(kind, hot, event)) {
      // Its fields do not fit the columns; if it is the first of its kind, that kind has no rows.
      kind = this.#kindOf(type, thread, place, null)
      this.#cold.push(event)
    }
    if (last !== null) last.next = kind
    return kind
  }

  #kindOf(type: string, thread: string | null, place: string | null, hot: HotType | null): PackedKind {
    let alike = this.#byType.get(type)
    if (alike === undefined) {
      alike = []
      this.#byType.set(type, alike)
    }
    for (const kind of alike) {
      if (kind.thread === thread && kind.place === place && kind.hot === hot) return this.#use(kind)
    }
    const columns = hot === null ? [] : hot.fields.map(() => new Float64Array(ROWS))
    const kind: PackedKind = { code: -1, type, thread, place, hot, columns, capacity: ROWS, rows: 0, next: null }
    this.#known += 1
    alike.push(kind)
    return this.#use(kind)
  }

  /** Gives the kind a number in this payload, if it has none yet. */
  #use(kind: PackedKind): PackedKind {
    if (kind.code === -1) kind.code = this.#used.push(kind) - 1
    return kind
  }

  /** All that was added as one payload. */
  write(): Uint8Array {
    const sink = this.#sink
    const bases = this.#bases
    sink.clear()
    bases.clear()
    this.#writeKinds()
    encodeColumn(sink, this.#codes, this.#count)
    for (const { columns, rows } of this.#used) {
      for (let field = 0; field < columns.length; field++) {
        encodeColumnAmong(sink, columns[field] as Float64Array, rows, bases)
      }
    }
    sink.sized(() => {
      if (this.#cold.length > 0) sink.raw(encode(this.#cold, MSGPACK))
    })
    return sink.written().slice()
  }

  /** The names that kinds are made of, each once, and the kinds as columns of their numbers. */
  #writeKinds(): void {
    const sink = this.#sink
    const kinds = this.#used
    const numbers = new Map<string, number>()
    const numberOf = (name: string | null): number => {
      if (name === null) return 0
      const known = numbers.get(name)
      if (known !== undefined) return known
      numbers.set(name, numbers.size + 1)
      return numbers.size
    }
    const columns = [
      kinds.map(({ type }) => numberOf(type)),
      kinds.map(({ thread }) => numberOf(thread)),
      kinds.map(({ place }) => numberOf(place)),
      kinds.map(({ hot }) => (hot === null ? 0 : 1)),
    ]
    sink.sized(() => {
      sink.raw(encode([...numbers.keys()], MSGPACK))
    })
    sink.uint(kinds.length)
    for (const column of columns) encodeColumn(sink, column, kinds.length)
  }
}

/** Puts the fields of an event into the next row of its kind; false when they do not fit. */
function putRow(kind: PackedKind, hot: HotType, event: VmmEvent): boolean {
  const { columns, rows } = kind
  if (rows === kind.capacity) {
    kind.capacity *= 2
    for (const [field, column] of columns.entries()) columns[field] = doubled(column)
  }
  if (!hot.put(event, columns, rows)) return false
  kind.rows = rows + 1
  return true
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length)
  larger.set(column)
  return larger
}
