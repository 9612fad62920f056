/**
 * 64-bit words by their bits, and the bytes of a page by their place. Words are bigints here: half of them are no
 * exact double. Division and remainder do what shifts and masks would.
 */
import { type Word64 } from './address.ts';
/** Bytes of the words that a page is made of. */
export declare const WORD_BYTES = 8;
/** `count` bits of `word` from bit `low` on, as a number of their own. */
export declare function bitsOf(word: bigint, low: number, count: number): bigint;
/** Whether bit `bit` is 1. */
export declare function hasBit(word: bigint, bit: number): boolean;
/** `word` with bit `bit` 1. */
export declare function withBit(word: bigint, bit: number): bigint;
/** `word` with bit `bit` 0. */
export declare function withoutBit(word: bigint, bit: number): bigint;
/** `word` with `count` bits from bit `low` on put to 0. */
export declare function withoutBits(word: bigint, low: number, count: number): bigint;
/** The bits that are 1 in either. */
export declare function united(one: bigint, two: bigint): bigint;
/** Words of a page that are not 0, by their index; a page that holds words holds an immutable table of them. */
export type WordTable = Readonly<Record<number, Word64>>;
/** The `size` bytes of a page from byte `offset` on, little-endian. */
export declare function bytesOf(table: WordTable, offset: number, size: number): bigint;
/** The table after `size` bytes from byte `offset` on were written. What lies beyond the page is not written. */
export declare function withBytes(table: WordTable, offset: number, size: number, value: Word64): WordTable;
