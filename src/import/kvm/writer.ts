/**
 * Writes one entry of a tree, and tells what became true by it.
 */
import type { How } from './fact.ts'
import { decodeSpte, type Entry, type LeafBits, splitSpte } from './spte.ts'
import type { ImportState, VmState } from './state.ts'
import { type Cell, type EntryTree, entriesBelow, spanOf, TABLE_ENTRIES, type TableNode } from './tree.ts'

type Leaf = Extract<Entry, { readonly kind: 'leaf' }>

export class EntryWriter {
  readonly #s: ImportState
  readonly #vm: VmState
  readonly #tree: EntryTree

  constructor(s: ImportState, vm: VmState, tree: EntryTree) {
    this.#s = s
    this.#vm = vm
    this.#tree = tree
  }

  /** The way to an entry goes through a table that no line linked: whatever else stood there is gone. */
  missing(level: number, gfn: number, cell: Cell): void {
    const was = cell.spte
    if (was !== 0n) this.write(level, gfn, cell, 0n, 'untold')
    this.#linked(level, gfn, null, 'untold')
    if (!this.#vm.cloud.tables) this.#disagreed(level, gfn, was, 0n)
  }

  /**
   * Makes the entry what the line says that it was, and tells the difference.
   *
   * Differences in permissions and bits are usual. Any other means that a line is missing; where no
   * loss is known of, that is a finding.
   */
  reconcile(level: number, gfn: number, cell: Cell, old: bigint): void {
    const { layout } = this.#s
    const was = kindOf(cell, level, layout)
    const says = decodeSpte(old, level, layout)
    const soft =
      (isNothing(was) && isNothing(says)) ||
      (was.kind === 'leaf' && says.kind === 'leaf' && was.frame === says.frame) ||
      (was.kind === 'table' && says.kind === 'table' && (was.frame === says.frame || cell.spte === 0n))
    if (!soft && !this.#vm.cloud.tables) this.#disagreed(level, gfn, cell.spte, old)
    if (was.kind === 'table' && cell.spte === 0n && says.kind === 'table') cell.spte = old
    else this.write(level, gfn, cell, old, 'untold')
  }

  /**
   * Writes an entry.
   *
   * @returns the table that the entry led to and does not lead to any more, else null.
   */
  write(level: number, gfn: number, cell: Cell, spte: bigint, how: How): TableNode | null {
    const { layout } = this.#s
    const was = kindOf(cell, level, layout)
    const now = decodeSpte(spte, level, layout)
    const before = cell.spte
    cell.spte = spte
    if (was.kind === 'leaf' && now.kind === 'leaf' && was.frame === now.frame) {
      if (!sameBits(was, now)) this.#changed(level, gfn, now, was, how)
      return null
    }
    if (was.kind === 'table' && now.kind === 'table' && was.frame === now.frame) return null
    if (was.kind === 'mmio' && now.kind === 'mmio') return null

    const taken = cell.below
    cell.below = null
    if (was.kind === 'table') {
      if (taken !== null) this.#subtreeRemoved(taken)
      this.#unlinked(level, gfn, before === 0n ? null : was.frame, how)
    } else if (was.kind === 'leaf') this.#left(level, gfn, was, how)
    else if (was.kind === 'mmio') this.#hole('hole.cleared', level, gfn, how)

    if (now.kind === 'table') {
      cell.below = { level: level - 1, cells: new Map() }
      this.#linked(level, gfn, now.frame, how)
      // A leaf that becomes a table was split: the table holds its 512 parts from the beginning.
      if (was.kind === 'leaf' && how === 'line') this.#filled(cell.below, gfn, before)
    } else if (now.kind === 'leaf') this.#entered(level, gfn, now, how, 'entry')
    else if (now.kind === 'mmio') this.#hole('hole.marked', level, gfn, how)
    return taken
  }

  #filled(table: TableNode, first: number, huge: bigint): void {
    for (let index = 0; index < TABLE_ENTRIES; index += 1) {
      const gfn = first + index * spanOf(table.level)
      const spte = splitSpte(huge, index, table.level)
      table.cells.set(gfn, { spte, below: null })
      const leaf = decodeSpte(spte, table.level, this.#s.layout)
      if (leaf.kind === 'leaf') this.#entered(table.level, gfn, leaf, 'line', 'split')
    }
  }

  /** All that is below goes with the table; the notebook keeps it until the lines about it are read. */
  #subtreeRemoved(table: TableNode): void {
    for (const { level, gfn, cell } of entriesBelow(table)) {
      const was = kindOf(cell, level, this.#s.layout)
      if (was.kind === 'table') this.#unlinked(level, gfn, cell.spte === 0n ? null : was.frame, 'subtree')
      else if (was.kind === 'leaf') this.#left(level, gfn, was, 'subtree')
      else if (was.kind === 'mmio') this.#hole('hole.cleared', level, gfn, 'subtree')
    }
  }

  #entered(level: number, gfn: number, leaf: Leaf, how: How, by: 'entry' | 'split'): void {
    const { frame, read, write, execute, accessed, dirty } = leaf
    this.#s.emit({
      type: 'leaf.entered',
      ...this.#at(level, gfn),
      frame,
      read,
      write,
      execute,
      accessed,
      dirty,
      how,
      by,
    })
  }

  #changed(level: number, gfn: number, leaf: Leaf, before: Leaf, how: How): void {
    const { frame, read, write, execute, accessed, dirty } = leaf
    this.#s.emit({
      type: 'leaf.changed',
      ...this.#at(level, gfn),
      frame,
      read,
      write,
      execute,
      accessed,
      dirty,
      how,
      was: bitsOf(before),
    })
  }

  #left(level: number, gfn: number, leaf: Leaf, how: How): void {
    const { frame, read, write, execute, accessed, dirty } = leaf
    this.#s.emit({ type: 'leaf.removed', ...this.#at(level, gfn), frame, read, write, execute, accessed, dirty, how })
  }

  #linked(level: number, gfn: number, frame: number | null, how: How): void {
    this.#s.emit({ type: 'table.linked', ...this.#at(level, gfn), frame, how })
  }

  #unlinked(level: number, gfn: number, frame: number | null, how: How): void {
    this.#s.emit({ type: 'table.removed', ...this.#at(level, gfn), frame, how })
  }

  #hole(type: 'hole.marked' | 'hole.cleared', level: number, gfn: number, how: How): void {
    this.#s.emit({ type, ...this.#at(level, gfn), how })
  }

  #disagreed(level: number, gfn: number, expected: bigint, found: bigint): void {
    this.#s.emit({ type: 'entry.disagreed', ...this.#at(level, gfn), expected, found })
  }

  #at(level: number, gfn: number) {
    const { line, time } = this.#s
    return { line, time, vm: this.#vm.number, as: this.#tree.as, root: this.#tree.root, level, gfn }
  }
}

/** A cell that leads to a table is one, even where no line told its value. */
function kindOf(cell: Cell, level: number, layout: ImportState['layout']): Entry {
  const entry = decodeSpte(cell.spte, level, layout)
  return cell.below !== null && entry.kind !== 'table' ? { kind: 'table', frame: 0 } : entry
}

function isNothing(entry: Entry): boolean {
  return entry.kind !== 'leaf' && entry.kind !== 'table'
}

function sameBits(a: LeafBits, b: LeafBits): boolean {
  return (
    a.read === b.read &&
    a.write === b.write &&
    a.execute === b.execute &&
    a.accessed === b.accessed &&
    a.dirty === b.dirty
  )
}

function bitsOf({ read, write, execute, accessed, dirty }: Leaf): LeafBits {
  return { read, write, execute, accessed, dirty }
}
