/**
 * Who is told when a write to a cell is undone: the kind of the cell's chunk, and where it lies.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words

const SHIFT = 29

/** The entries of a level-1 table. */
export const OWNER_TWIG = 2 ** SHIFT
/** The entries of a table whose children are of level 1. */
export const OWNER_LOW_BRANCH = 2 * OWNER_TWIG
/** The entries of a table further up. */
export const OWNER_BRANCH = 3 * OWNER_TWIG
/** Frames. Their places count from 1, since 0 is nobody. */
export const OWNER_FRAME = 0

export function kindOf(owner: number): number {
  return (owner >>> SHIFT) * OWNER_TWIG
}

export function placeOf(owner: number): number {
  return owner & (OWNER_TWIG - 1)
}
