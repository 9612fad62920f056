/**
 * Memory objects: which of their pages are resident, in which frame, and which have a copy in swap.
 * The entry of a page is twice its frame plus one, plus one when it is swapped.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { type Cells, LATEST } from './cells.ts'
import type { Change } from './counter.ts'
import { frameOutside, indexOutside, isResident, notResident } from './defects.ts'
import { Heads, type Life } from './heads.ts'
import { FRAME_NUMBERS_MAX, INDEXES_MAX, isBetween, OBJECTS_MAX } from './limits.ts'
import { Nodes, Trees } from './trees.ts'

export class Objects {
  private readonly cells: Cells
  private readonly trees: Trees
  private readonly heads: Heads

  private readonly owner: number

  /** @param owner the kind of the cells; its counters have a history only if they are told of, see counts.ts. */
  constructor(cells: Cells, owner: number) {
    this.cells = cells
    this.owner = owner
    this.trees = new Trees(cells)
    this.heads = new Heads(cells, this.trees)
  }

  // Reading ---------------------------------------------------------------------------------

  /** The numbers of objects that had a page since they were last dropped, ascending. */
  living(limit: number): number[] {
    return this.heads.living(limit)
  }

  /** The numbers of objects with a page resident or swapped, ascending. */
  numbers(limit: number): number[] {
    return this.heads
      .living(limit)
      .filter((object) => this.residentCount(object, limit) + this.swapCount(object, limit) > 0)
  }

  private entry(object: number, index: number, limit: number): number {
    const life = this.heads.at(object, limit)
    if (life === null || !(index >= 0 && index < INDEXES_MAX)) return 0
    return this.cells.at(this.trees.twigs.cell(this.twig(life, index), index & 511), limit)
  }

  private twig(life: Life, index: number): number {
    const prefix = index >>> 9
    if (life.recentPrefix === prefix) return life.recentTwig
    const twig = this.trees.twigOfThree(life.root, prefix)
    // What is missing may be made at any time, so it is not remembered.
    if (twig === 0) return 0
    life.recentPrefix = prefix
    life.recentTwig = twig
    return twig
  }

  resident(object: number, index: number, limit: number): number {
    return Math.floor(this.entry(object, index, limit) / 2) - 1
  }

  swapped(object: number, index: number, limit: number): boolean {
    return this.entry(object, index, limit) % 2 === 1
  }

  residentCount(object: number, limit: number): number {
    const counter = this.heads.at(object, limit)?.pages
    return (limit === LATEST ? counter?.now : counter?.at(limit)) ?? 0
  }

  swapCount(object: number, limit: number): number {
    const counter = this.heads.at(object, limit)?.others
    return (limit === LATEST ? counter?.now : counter?.at(limit)) ?? 0
  }

  /** Each entry that is not empty, ascending. */
  each(object: number, visit: (index: number, frame: number, swapped: boolean) => void, limit: number): void {
    const root = this.heads.at(object, limit)?.root
    if (root === undefined) return
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
    const life = this.ensureLife(object, index)
    if (frame >>> 0 !== frame && !isBetween(frame, 0, FRAME_NUMBERS_MAX))
      throw frameOutside(frame, FRAME_NUMBERS_MAX, cells.version)
    const cell = this.ensureCell(life, index)
    const entry = cells.get(cell)
    if (entry > 1) throw isResident(object, index, cells.version)
    cells.set(cell, frame * 2 + 2 + entry)
    life.pages.now++
  }

  clearResident(object: number, index: number): void {
    const { cells } = this
    const entry = this.entry(object, index, LATEST)
    if (entry < 2) throw notResident(object, index, cells.version)
    const life = this.ensureLife(object, index)
    cells.set(this.ensureCell(life, index), entry % 2)
    life.pages.now--
  }

  setSwapped(object: number, index: number, swapped: boolean): void {
    const { cells } = this
    const life = this.ensureLife(object, index)
    if (this.swapped(object, index, LATEST) === swapped) return
    const cell = this.ensureCell(life, index)
    const change = swapped ? 1 : -1
    cells.set(cell, cells.get(cell) + change)
    life.others.now += change
  }

  drop(object: number): void {
    this.heads.end(object)
  }

  /** The life of an object, for a write at `index`; it begins with its first page. */
  private ensureLife(object: number, index: number): Life {
    // Both have 26 bits, and losing the others must not change them.
    if ((object & (OBJECTS_MAX - 1)) !== object || object === 0 || (index & (INDEXES_MAX - 1)) !== index)
      throw indexOutside(object, index, this.cells.version)
    return this.heads.now(object) ?? this.heads.begin(object)
  }

  private ensureCell(life: Life, index: number): number {
    const { trees } = this
    const found = this.twig(life, index)
    const twig = found !== 0 ? found : trees.ensureTwigOfThree(life.root, index >>> 9)
    return trees.twigs.ensureCell(twig, index & 511, this.owner)
  }

  // Following the cells ---------------------------------------------------------------------

  /** Which counters it changes when an entry goes from one value to another. */
  effects(place: number, from: number, to: number, change: Change): void {
    const life = this.heads.lifeOf(this.trees.twigs.root(Nodes.nodeAt(place)))!
    const pages = Number(to > 1) - Number(from > 1)
    const swapped = (to % 2) - (from % 2)
    if (pages !== 0) change(life.pages, pages)
    if (swapped !== 0) change(life.others, swapped)
  }

  refresh(): void {
    this.heads.refresh()
  }

  get bytes(): number {
    return this.trees.bytes
  }
}
