/**
 * One tree of nested page tables, as the lines of the trace built it: the importer's memory of what
 * stands where, so that a table that is cut off is known to take its subtree with it, and a line's
 * old value can be compared with what was left there.
 *
 * It is a notebook, not the model: entries stay packed, nothing is checked, nothing is counted.
 */

/** Entries of a table. */
export const TABLE_ENTRIES = 512

/** 4 KB pages below one entry of a table of `level`: 1, 512, 512 * 512 … */
export function spanOf(level: number): number {
  return SPANS[level] ?? TABLE_ENTRIES ** (level - 1)
}
const SPANS: readonly number[] = [0, 1, 512, 512 ** 2, 512 ** 3, 512 ** 4]

/** The first gfn below the entry for `gfn` in a table of `level`. */
export function entryBase(level: number, gfn: number): number {
  const span = spanOf(level)
  return gfn - (gfn % span)
}

export type Cell = {
  spte: bigint
  /** The table that the entry leads to; null for a leaf or nothing. */
  below: TableNode | null
}
export type TableNode = {
  readonly level: number
  /** By the first gfn below each entry. */
  readonly cells: Map<number, Cell>
}

/** What a walk over a subtree finds, everything below an entry before the entry itself. */
export type Visit = { readonly level: number; readonly gfn: number; readonly cell: Cell }

/** A tree, from its root on. */
export class EntryTree {
  /** Numbers the trees of a VM from 1. */
  readonly root: number
  readonly as: number
  /** Given up: KVM takes it apart, and faults go to another one. */
  invalid = false
  top: TableNode

  constructor(root: number, as: number, topLevel: number) {
    this.root = root
    this.as = as
    this.top = { level: topLevel, cells: new Map() }
  }

  /** The entry of a table of `level` for `gfn`; null when no line wrote it or a table above. */
  find(level: number, gfn: number): Cell | null {
    return findBelow(this.top, level, gfn)
  }

  /** The table of `level` that `gfn` goes through; null when the way there is not linked. */
  tableAt(level: number, gfn: number): TableNode | null {
    if (this.top.level < level) return null
    let table = this.top
    while (table.level > level) {
      const below = table.cells.get(entryBase(table.level, gfn))?.below
      if (below === undefined || below === null) return null
      table = below
    }
    return table
  }

  /** Nothing is left in it. */
  isEmpty(): boolean {
    for (const cell of this.top.cells.values()) if (cell.below !== null) return false
    return true
  }

  /**
   * The table of `level` that `gfn` goes through. Tables that no line linked are made.
   *
   * @param onMissing is told each entry whose table has to be made, with what it was until then.
   */
  tableFor(level: number, gfn: number, onMissing: (level: number, gfn: number, cell: Cell) => void): TableNode {
    // The root turned out to be higher than the first line let think.
    while (this.top.level < level) {
      const above: TableNode = { level: this.top.level + 1, cells: new Map() }
      if (this.top.cells.size > 0) {
        const cell: Cell = { spte: 0n, below: this.top }
        onMissing(above.level, 0, cell)
        above.cells.set(0, cell)
      }
      this.top = above
    }
    let table = this.top
    while (table.level > level) {
      const base = entryBase(table.level, gfn)
      let cell = table.cells.get(base)
      if (cell === undefined) {
        cell = { spte: 0n, below: null }
        table.cells.set(base, cell)
      }
      if (cell.below === null) {
        onMissing(table.level, base, cell)
        cell.below = { level: table.level - 1, cells: new Map() }
      }
      table = cell.below
    }
    return table
  }
}

/** The entry of a table of `level` for `gfn`, below `table`. */
export function findBelow(table: TableNode, level: number, gfn: number): Cell | null {
  let node = table
  for (; node.level > level; ) {
    const below = node.cells.get(entryBase(node.level, gfn))?.below
    if (below === undefined || below === null) return null
    node = below
  }
  return node.level === level ? (node.cells.get(entryBase(level, gfn)) ?? null) : null
}

/** Every entry at and below `table`, in the order of addresses, deepest first. */
export function* entriesBelow(table: TableNode): Generator<Visit, void> {
  const bases = [...table.cells.keys()].sort((a, b) => a - b)
  for (const gfn of bases) {
    const cell = table.cells.get(gfn)
    if (cell === undefined) continue
    if (cell.below !== null) yield* entriesBelow(cell.below)
    yield { level: table.level, gfn, cell }
  }
}
