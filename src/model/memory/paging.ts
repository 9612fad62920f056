/**
 * Where a page lies in tables of 512 entries, and what a packed leaf says.
 */
import {
  LEAF_EXECUTE,
  LEAF_READ,
  LEAF_TRACKED,
  LEAF_WIRED,
  LEAF_WRITE,
  type Leaf,
  type Level,
  leafFlags,
  leafFrame,
  type TableLevel,
} from '../memory.ts'
import { ENTRY_PAGES } from './limits.ts'

/** The index of `page` in a table of `level`. */
export function indexAt(page: number, level: TableLevel): number {
  return Math.floor(page / ENTRY_PAGES[level]) % 512
}

/** The first page that a table of `level` on the way to `page` covers. */
export function firstPageOf(page: number, level: TableLevel): number {
  return page - (page % (ENTRY_PAGES[level] * 512))
}

/** The decoded form of a packed leaf. */
export function decodedLeaf(packed: number, level: Level): Leaf {
  const flags = leafFlags(packed)
  // The marks are powers of two: dividing by one brings its bit to the ones place.
  const has = (mark: number): boolean => Math.floor(flags / mark) % 2 === 1
  return {
    frame: leafFrame(packed),
    level,
    read: has(LEAF_READ),
    write: has(LEAF_WRITE),
    execute: has(LEAF_EXECUTE),
    wired: has(LEAF_WIRED),
    tracked: has(LEAF_TRACKED),
  }
}
