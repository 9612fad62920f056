/**
 * What a packed leaf says: `frame * LEAF_FRAME + flags`. Frames stay below 2^46, so a double holds it.
 *
 * One of the files that pack words: bit operators are at home here. They see the lowest 32 bits of any whole number,
 * which is where the flags are; the remainder of a division of doubles would be many times slower.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words

/** Bits of a packed leaf; see `Memory.leaf`. */
export const LEAF_READ = 1
export const LEAF_WRITE = 2
export const LEAF_EXECUTE = 4
export const LEAF_WIRED = 8
export const LEAF_TRACKED = 16
/** What a frame is multiplied by: the flags are below it. */
export const LEAF_FRAME = 32

/** Builds the packed form that `setLeaf` takes. */
export function packLeaf(frame: number, flags: number): number {
  return frame * LEAF_FRAME + flags
}

/** The frame of a packed leaf. */
export function leafFrame(packed: number): number {
  return Math.floor(packed / LEAF_FRAME)
}

/** The LEAF_* bits of a packed leaf. */
export function leafFlags(packed: number): number {
  return packed & (LEAF_FRAME - 1)
}

/** Whether `flags` has the one bit `flag`. */
export function hasFlag(flags: number, flag: number): boolean {
  return (flags & flag) !== 0
}
