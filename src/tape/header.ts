/**
 * The header of a tape: which run of which design this is. A msgpack map with sorted keys, so that equal
 * headers are equal bytes. It holds no clock and no host name: two recordings of one run are one tape.
 */
import { decode, encode } from '@msgpack/msgpack'
import { reasonOf, TapeError } from './error.ts'
import { FORMAT_VERSION } from './layout.ts'

/** What a header can hold. Wider numbers than 2^53 go in as hex strings, as on screens. */
export type TapeValue = null | boolean | number | string | readonly TapeValue[] | { readonly [key: string]: TapeValue }

export type TapeHeader = {
  readonly formatVersion: number
  /** The design that the run was made with; the digest tells two states of one design apart. */
  readonly design: { readonly name: string; readonly digest: string }
  /** Version of the vocabulary of events and of the world that snapshots hold; upcasting starts here. */
  readonly modelVersion: number
  /** Boot configuration, as it was given. */
  readonly boot: TapeValue
  /** Version of the program that wrote the tape. */
  readonly createdBy: string
}

/** What the caller of a writer gives; the format version is the writer's own. */
export type TapeHeaderInput = Omit<TapeHeader, 'formatVersion'>

/** @throws TapeError TAPE014 when a value has no place in a header. */
export function encodeHeader(input: TapeHeaderInput): Uint8Array {
  const { design, modelVersion, boot, createdBy } = input
  const header: TapeHeader = {
    formatVersion: FORMAT_VERSION,
    design: { name: design.name, digest: design.digest },
    modelVersion,
    boot,
    createdBy,
  }
  holdable(header, 'header')
  return encode(header, { sortKeys: true })
}

/** @throws TapeError TAPE006 when the payload is no header. `path` is for the message. */
export function decodeHeader(payload: Uint8Array, path: string | undefined): TapeHeader {
  let value: unknown
  try {
    value = decode(payload)
  } catch (cause) {
    throw new TapeError('TAPE006', `the header is no msgpack map: ${reasonOf(cause)}`, { path, offset: 16, cause })
  }
  const map = mapOf(value)
  const design = mapOf(map.design)
  const { formatVersion, modelVersion, createdBy } = map
  const { name, digest } = design
  if (
    typeof formatVersion !== 'number' ||
    typeof modelVersion !== 'number' ||
    typeof createdBy !== 'string' ||
    typeof name !== 'string' ||
    typeof digest !== 'string'
  )
    throw new TapeError(
      'TAPE006',
      `the header wants formatVersion, modelVersion, createdBy and design {name, digest}, and holds ${Object.keys(map).join(', ') || 'no map'}`,
      { path, offset: 16 },
    )
  // What msgpack can hold beyond a TapeValue (dates, binary) no writer of this format has let in.
  const boot = (map.boot ?? null) as TapeValue
  return { formatVersion, design: { name, digest }, modelVersion, boot, createdBy }
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

/** Refuses what would not come back from the tape as it went in. */
function holdable(value: unknown, place: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return
    throw unfit(place, Object.is(value, -0) ? '-0' : String(value))
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      holdable(item, `${place}[${index}]`)
    })
    return
  }
  if (typeof value !== 'object') throw unfit(place, `a ${typeof value}`)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw unfit(place, 'an instance of a class')
  for (const [key, item] of Object.entries(value)) {
    // The reader refuses this key, for the sake of everybody's prototypes.
    if (key === '__proto__') throw unfit(place, 'a key named __proto__')
    holdable(item, `${place}.${key}`)
  }
}

function unfit(place: string, found: string): TapeError {
  return new TapeError(
    'TAPE014',
    `${place} must be null, a boolean, a finite number, a string, an array or a plain object, and is ${found}`,
  )
}
