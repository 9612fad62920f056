/**
 * Memory objects: which of their pages are resident, in which frame, and which have a copy in swap.
 * The entry of a page is twice its frame plus one, plus one when it is swapped.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { type Cells, LATEST } from './cells.ts'
import { frameOutside, indexOutside, isResident, notResident } from './defects.ts'
import { type Head, Heads } from './heads.ts'
import { FRAME_NUMBERS_MAX, INDEXES_MAX, isBetween, OBJECTS_MAX } from './limits.ts'
import type { Series } from './series.ts'
import { Trees } from './trees.ts'

export class Objects {
  private readonly cells: Cells
  private readonly trees: Trees
  private readonly heads: Heads

  constructor(cells: Cells) {
    this.cells = cells
    this.trees = new Trees(cells)
    this.heads = new Heads(cells, this.trees)
  }

  // Reading ---------------------------------------------------------------------------------

  /** The numbers of objects with a page resident or swapped, ascending. */
  numbers(limit: number): number[] {
    return this.heads
      .living(limit)
      .filter((object) => this.residentCount(object, limit) + this.swapCount(object, limit) > 0)
  }

  private entry(object: number, index: number, limit: number): number {
    const head = this.heads.live(object, limit)
    if (head === undefined || !(index >= 0 && index < INDEXES_MAX)) return 0
    const twig = this.twig(head, this.heads.rootOf(head, limit), index)
    return this.cells.at(this.trees.twigs.cell(twig, index & 511), limit)
  }

  private twig(head: Head, root: number, index: number): number {
    const prefix = index >>> 9
    if (head.recentPrefix === prefix && head.tree === root) return head.recentTwig
    const twig = this.trees.twigOfThree(root, prefix)
    // What is missing may be made at any time, and an earlier life has another tree.
    if (twig === 0 || head.tree !== root) return twig
    head.recentPrefix = prefix
    head.recentTwig = twig
    return twig
  }

  resident(object: number, index: number, limit: number): number {
    return Math.floor(this.entry(object, index, limit) / 2) - 1
  }

  swapped(object: number, index: number, limit: number): boolean {
    return this.entry(object, index, limit) % 2 === 1
  }

  residentCount(object: number, limit: number): number {
    return this.heads.live(object, limit)?.pages.at(limit) ?? 0
  }

  swapCount(object: number, limit: number): number {
    return this.heads.live(object, limit)?.others.at(limit) ?? 0
  }

  /** Each entry that is not empty, ascending. */
  each(object: number, visit: (index: number, frame: number, swapped: boolean) => void, limit: number): void {
    const root = this.heads.root(object, limit)
    if (root === 0) return
    const { cells, trees } = this
    for (let high = 0; high < 512; high++) {
      const branch = trees.child(root, high)
      if (branch === 0) continue
      for (let middle = 0; middle < 512; middle++) {
        const twig = trees.child(branch, middle)
        if (twig === 0) continue
        const base = (high * 512 + middle) * 512
        for (let low = trees.twigs.next(twig, 0); low < 512; low = trees.twigs.next(twig, low + 1)) {
          const entry = cells.at(trees.twigs.cell(twig, low), limit)
          if (entry !== 0) visit(base + low, Math.floor(entry / 2) - 1, entry % 2 === 1)
        }
      }
    }
  }

  // Writing ---------------------------------------------------------------------------------

  setResident(object: number, index: number, frame: number): void {
    const { cells } = this
    const head = this.ensureHead(object, index)
    if (!isBetween(frame, 0, FRAME_NUMBERS_MAX)) throw frameOutside(frame, FRAME_NUMBERS_MAX, cells.version)
    const cell = this.ensureCell(head, index)
    const entry = cells.get(cell)
    if (entry > 1) throw isResident(object, index, cells.version)
    cells.set(cell, frame * 2 + 2 + entry)
    head.pages.add(1)
  }

  clearResident(object: number, index: number): void {
    const { cells } = this
    const entry = this.entry(object, index, LATEST)
    if (entry < 2) throw notResident(object, index, cells.version)
    const head = this.ensureHead(object, index)
    cells.set(this.ensureCell(head, index), entry % 2)
    head.pages.add(-1)
  }

  setSwapped(object: number, index: number, swapped: boolean): void {
    const { cells } = this
    const head = this.ensureHead(object, index)
    if (this.swapped(object, index, LATEST) === swapped) return
    const cell = this.ensureCell(head, index)
    const change = swapped ? 1 : -1
    cells.set(cell, cells.get(cell) + change)
    head.others.add(change)
  }

  drop(object: number): void {
    const head = this.heads.alive(object)
    if (head !== undefined) this.heads.bury(head)
  }

  /** The head of an object for a write at `index`; an object exists from its first page on. */
  private ensureHead(object: number, index: number): Head {
    if (!(isBetween(object, 1, OBJECTS_MAX) && isBetween(index, 0, INDEXES_MAX)))
      throw indexOutside(object, index, this.cells.version)
    return this.heads.alive(object) ?? this.heads.revive(object)
  }

  private ensureCell(head: Head, index: number): number {
    const twig = this.twig(head, head.root, index)
    const { trees } = this
    return trees.twigs.ensureCell(twig !== 0 ? twig : trees.ensureTwigOfThree(head.tree, index >>> 9), index & 511, 0)
  }

  truncate(limit: number): void {
    this.heads.truncate(limit)
  }

  get series(): Series[] {
    return this.heads.series
  }

  get bytes(): number {
    return this.trees.bytes
  }
}
