/**
 * Numbers as kernel code prints them: hex with and without 0x, padded or not, 64 bits wide.
 *
 * A value that can be wider than 53 bits is read as a bigint. One that names a page or a level
 * cannot, and is read as a number.
 */

/** A 64-bit value in hex, with or without 0x. */
export function hex64(text: string): bigint {
  // Every second entry of a page table is empty.
  if (text === '0') return 0n
  return BigInt(text.startsWith('0x') ? text : `0x${text}`)
}

/**
 * A hex value that fits a double: a guest frame number, at most 40 bits; an error code.
 *
 * @returns null when the value is wider than a double is exact.
 */
export function hexNumber(text: string): number | null {
  const value = Number.parseInt(text, 16)
  return Number.isSafeInteger(value) ? value : null
}

/** A 64-bit value as a signed one: -4 is printed as fffffffffffffffc. */
export function signed64(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}
