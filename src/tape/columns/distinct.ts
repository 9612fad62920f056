// biome-ignore-all lint/suspicious/noBitwiseOperators: a hash mixes packed words.
/**
 * The different numbers of a column, if they are few, and which of them stands where. Bit operators make a hash of a
 * number, nothing else.
 */
import type { Traits } from './flat.ts'

/** Most numbers of a dictionary: a code for each fits in a byte. */
export const DICTIONARY_MAX = 256

/** Numbers that are looked at before giving up on a column in which hardly any comes again. */
const SAMPLE = 96
/** As many as a hash of 10 bits has values. */
const SLOTS = 1024

const keys = new Float64Array(SLOTS)
const codesOf = new Int16Array(SLOTS)
const used = new Int16Array(DICTIONARY_MAX)
let codes = new Uint8Array(1024)

export type Distinct = {
  /** In rising order. */
  readonly values: readonly number[]
  /** For each number of the column, the place of its value; valid until the next call. */
  readonly codes: Uint8Array
}

/**
 * Finds the different ones among `n` integers.
 *
 * @param most null is the answer as soon as there are more than this; at most DICTIONARY_MAX.
 */
export function distinctOf(
  values: Float64Array,
  n: number,
  most: number,
  { min, max }: Pick<Traits, 'min' | 'max'>,
): Distinct | null {
  if (codes.length < n) codes = new Uint8Array(2 * n)
  if (min >= 0 && max < SLOTS) return distinctSmall(values, n, most)
  let count = 0
  const found: number[] = []
  try {
    let before = Number.NaN
    let code = 0
    for (let i = 0; i < n; i++) {
      const value = values[i] as number
      if (value === before) {
        codes[i] = code
        continue
      }
      let slot = slotOf(value)
      while (codesOf[slot] !== 0 && keys[slot] !== value) slot = (slot + 1) % SLOTS
      if (codesOf[slot] === 0) {
        if (count === most || (i === SAMPLE && count > SAMPLE * 0.8)) return null
        keys[slot] = value
        used[count] = slot
        found.push(value)
        count += 1
        codesOf[slot] = count
      }
      code = (codesOf[slot] as number) - 1
      before = value
      codes[i] = code
    }
  } finally {
    // Only what was used is emptied: most columns have few values, and the table has many slots.
    for (let i = 0; i < count; i++) codesOf[used[i] as number] = 0
  }
  // In rising order the values make a shorter series, whatever the order in which they came.
  const order = found.map((_, code) => code).sort((one, two) => (found[one] as number) - (found[two] as number))
  const places = new Uint8Array(DICTIONARY_MAX)
  for (const [place, code] of order.entries()) places[code] = place
  for (let i = 0; i < n; i++) codes[i] = places[codes[i] as number] as number
  return { values: order.map((code) => found[code] as number), codes }
}

/** The same for numbers that are small enough to have a slot each. */
function distinctSmall(values: Float64Array, n: number, most: number): Distinct | null {
  const places = new Int16Array(SLOTS)
  let count = 0
  for (let i = 0; i < n; i++) {
    const value = values[i] as number
    if (places[value] !== 0) continue
    if (count === most) return null
    places[value] = 1
    count += 1
  }
  const found: number[] = []
  for (let value = 0; value < SLOTS; value++) if (places[value] !== 0) places[value] = found.push(value) - 1
  for (let i = 0; i < n; i++) codes[i] = places[values[i] as number] as number
  return { values: found, codes }
}

/** Where to look for `value` first. Addresses differ in their middle digits, so those are mixed in. */
function slotOf(value: number): number {
  return Math.imul((value | 0) ^ ((value / 4096) | 0), 0x9e3779b1) >>> 22
}
