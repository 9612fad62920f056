/**
 * Memory that encoding and decoding work in. It is kept from one column to the next, and nothing is read from it
 * that the same call did not write.
 */

/** Who uses which array: two users that are at work at the same time have two names. */
export type ScratchName =
  | 'values'
  | 'deltas'
  | 'runValues'
  | 'runLengths'
  | 'runDeltas'
  | 'wordDeltas'
  | 'dictionary'
  | 'whole'

const arrays = new Map<ScratchName, Float64Array>()

/** An array of at least `length` numbers, holding anything. */
export function scratch(name: ScratchName, length: number): Float64Array {
  const kept = arrays.get(name)
  if (kept !== undefined && kept.length >= length) return kept
  const fresh = new Float64Array(Math.max(1024, 2 ** Math.ceil(Math.log2(length + 1))))
  arrays.set(name, fresh)
  return fresh
}
