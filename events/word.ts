/**
 * 64-bit words by their bits, and the bytes of a page by their place. Words are bigints here: half of them are no
 * exact double. Division and remainder do what shifts and masks would.
 */
import { PAGE_SIZE, type Word64, word64 } from './address.ts'

/** Bytes of the words that a page is made of. */
export const WORD_BYTES = 8

/** `count` bits of `word` from bit `low` on, as a number of their own. */
export function bitsOf(word: bigint, low: number, count: number): bigint {
  return BigInt.asUintN(count, word / 2n ** BigInt(low))
}

/** Whether bit `bit` is 1. */
export function hasBit(word: bigint, bit: number): boolean {
  return bitsOf(word, bit, 1) === 1n
}

/** `word` with bit `bit` 1. */
export function withBit(word: bigint, bit: number): bigint {
  return hasBit(word, bit) ? word : word + 2n ** BigInt(bit)
}

/** `word` with bit `bit` 0. */
export function withoutBit(word: bigint, bit: number): bigint {
  return hasBit(word, bit) ? word - 2n ** BigInt(bit) : word
}

/** `word` with `count` bits from bit `low` on put to 0. */
export function withoutBits(word: bigint, low: number, count: number): bigint {
  return word - bitsOf(word, low, count) * 2n ** BigInt(low)
}

/** The bits that are 1 in either. */
export function united(one: bigint, two: bigint): bigint {
  let out = one
  for (let bit = 0; bit < 64; bit += 1) if (hasBit(two, bit)) out = withBit(out, bit)
  return out
}

/** Words of a page that are not 0, by their index; a page that holds words holds an immutable table of them. */
export type WordTable = Readonly<Record<number, Word64>>

const BITS_PER_BYTE = 8

/** The `size` bytes of a page from byte `offset` on, little-endian. */
export function bytesOf(table: WordTable, offset: number, size: number): bigint {
  const index = Math.floor(offset / WORD_BYTES)
  const within = offset - index * WORD_BYTES
  const low = BigInt(table[index] ?? 0)
  // A read that begins in one word may end in the next.
  const both = within + size <= WORD_BYTES ? low : low + BigInt(table[index + 1] ?? 0) * 2n ** 64n
  return bitsOf(both, within * BITS_PER_BYTE, size * BITS_PER_BYTE)
}

/** The table after `size` bytes from byte `offset` on were written. What lies beyond the page is not written. */
export function withBytes(table: WordTable, offset: number, size: number, value: Word64): WordTable {
  const written = BigInt(value)
  const out: Record<number, Word64> = { ...table }
  for (let done = 0; done < size && offset + done < PAGE_SIZE; ) {
    const index = Math.floor((offset + done) / WORD_BYTES)
    const within = offset + done - index * WORD_BYTES
    const bytes = Math.min(WORD_BYTES - within, size - done)
    const low = within * BITS_PER_BYTE
    const piece = bitsOf(written, done * BITS_PER_BYTE, bytes * BITS_PER_BYTE)
    const rest = withoutBits(BigInt(out[index] ?? 0), low, bytes * BITS_PER_BYTE)
    const word = rest + piece * 2n ** BigInt(low)
    if (word === 0n) delete out[index]
    else out[index] = word64(word)
    done += bytes
  }
  return out
}
