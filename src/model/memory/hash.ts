/**
 * A quick hash of bytes, for telling contents apart; not against an adversary.
 *
 * One of the files that pack words: bit operators are at home here.
 *
 * @source cyrb53 by bryc, public domain.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words

/** @returns a whole number below 2^53. */
export function hash53(bytes: Uint8Array, seed: number): number {
  // A seed may itself be a digest: both its halves count.
  let high = 0xdeadbeef ^ seed
  let low = 0x41c6ce57 ^ Math.floor(seed / 2 ** 32)
  for (let at = 0; at < bytes.length; at++) {
    high = Math.imul(high ^ bytes[at]!, 2654435761)
    low = Math.imul(low ^ bytes[at]!, 1597334677)
  }
  // The length goes in too, so that a boundary between two stretches cannot move unseen.
  high ^= bytes.length
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 2 ** 32 * (low & 0x1fffff) + (high >>> 0)
}
