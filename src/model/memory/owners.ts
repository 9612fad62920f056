/**
 * What a cell is, as its chunk remembers it: its kind, and its place among its kind.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words

const SHIFT = 28
const KIND = 2 ** SHIFT

/** What nobody counts. */
export const OWNER_NOBODY = 0
/** Entries of a level-1 table, of a table whose children are of level 1, and of one further up. */
export const OWNER_TWIG = 1 * KIND
export const OWNER_LOW_BRANCH = 2 * KIND
export const OWNER_BRANCH = 3 * KIND
/** Pages of an object. */
export const OWNER_OBJECT = 4 * KIND
export const OWNER_FRAME = 5 * KIND
/** Nodes of pv lists. */
export const OWNER_PV = 6 * KIND

/** The kind, one of the constants above. */
export function kindOf(owner: number): number {
  return (owner >>> SHIFT) * KIND
}

/** The place among the chunks of the kind; what it means is for the part that made them. */
export function placeOf(owner: number): number {
  return owner & (KIND - 1)
}
