/**
 * Page tables: what the entries of each pmap's tree hold, and the counts that go with them.
 *
 * An entry is 0 when absent, a packed leaf plus one, or minus the frame of a table minus one. What
 * the latest tables have beside that, their children, is kept with the nodes and follows when writes
 * are undone; at a past moment it is counted.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { type Leaf, type Level, leafFrame, type Table, type TableLevel, type WalkStep } from '../memory.ts'
import { type Cells, LATEST } from './cells.ts'
import type { Change } from './counter.ts'
import * as defects from './defects.ts'
import { Heads, type Life } from './heads.ts'
import { ENTRY_PAGES, FRAME_NUMBERS_MAX, isBetween, LEAF_MAX, PAGES_MAX, PMAPS_MAX } from './limits.ts'
import { OWNER_BRANCH, OWNER_LOW_BRANCH, OWNER_TWIG } from './owners.ts'
import { decodedLeaf, firstPageOf, indexAt } from './paging.ts'
import { Nodes, Trees } from './trees.ts'

const LEVELS = [1, 2, 3] as const
const FROM_ROOT = [4, 3, 2, 1] as const
/** What owns the cells of a table of each level. */
const OWNERS = [0, OWNER_TWIG, OWNER_LOW_BRANCH, OWNER_BRANCH, OWNER_BRANCH] as const

type VisitLeaf = (page: number, packed: number, level: Level) => boolean | void

/** A page number without its last nine bits. A shift is quicker than a division, but sees only 32 bits. */
function prefixOf(page: number): number {
  return page <= 0x7fffffff ? page >>> 9 : (page / 512) | 0
}

export class Tables {
  private readonly cells: Cells
  private readonly trees: Trees
  private readonly heads: Heads
  /** The cell of each pmap's root frame. */
  private readonly rootFrames: number[] = []

  constructor(cells: Cells) {
    this.cells = cells
    this.trees = new Trees(cells)
    this.heads = new Heads(cells, this.trees)
  }

  // Reading ---------------------------------------------------------------------------------

  has(pmap: number, limit: number): boolean {
    return this.heads.at(pmap, limit) !== null
  }

  numbers(limit: number): number[] {
    return this.heads.living(limit)
  }

  rootFrame(pmap: number, limit: number): number {
    return this.has(pmap, limit) ? this.cells.at(this.rootFrames[pmap]!, limit) : -1
  }

  leafCount(pmap: number, limit: number): number {
    const counter = this.heads.at(pmap, limit)?.pages
    return (limit === LATEST ? counter?.now : counter?.at(limit)) ?? 0
  }

  tableCount(pmap: number, limit: number): number {
    const counter = this.heads.at(pmap, limit)?.others
    return (limit === LATEST ? counter?.now : counter?.at(limit)) ?? 0
  }

  leaf(pmap: number, page: number, limit: number): number {
    const life = this.lifeOver(pmap, page, limit)
    if (life === null) return -1
    // A leaf implies its tables, since a table with children is never unlinked.
    const twig = this.twig(life, page)
    return this.cells.at(this.trees.twigs.cell(twig, page & 511), limit) - 1
  }

  leafAt(pmap: number, page: number, limit: number): Leaf | null {
    const life = this.lifeOver(pmap, page, limit)
    if (life === null) return null
    for (const level of LEVELS) {
      const entry = this.entry(life, page, level, limit)
      if (entry > 0) return decodedLeaf(entry - 1, level)
    }
    return null
  }

  missingTables(pmap: number, page: number, limit: number): number {
    const life = this.lifeOver(pmap, page, limit)
    if (life === null) return 3
    if (limit === LATEST && this.trees.twigs.states[this.twig(life, page)] !== 0) return 0
    for (const level of LEVELS) if (this.entry(life, page, (level + 1) as TableLevel, limit) < 0) return level - 1
    return 3
  }

  tableAt(pmap: number, page: number, level: Level, limit: number): Table | null {
    const life = this.lifeOver(pmap, page, limit)
    if (life === null) return null
    const entry = this.entry(life, page, (level + 1) as TableLevel, limit)
    if (entry >= 0) return null
    const node = this.node(life, page, level)
    return { level, page: firstPageOf(page, level), frame: -entry - 1, children: this.children(node, level, limit) }
  }

  /** How many entries of a linked table are not empty. */
  private children(node: number, level: TableLevel, limit: number): number {
    const nodes = this.nodes(level)
    if (limit === LATEST) return nodes.states[node]! - 1
    let count = 0
    for (let index = nodes.next(node, 0); index < 512; index = nodes.next(node, index + 1))
      if (this.cells.at(nodes.cell(node, index), limit) !== 0) count++
    return count
  }

  walk(pmap: number, page: number, limit: number): WalkStep[] {
    const life = this.lifeOver(pmap, page, limit)
    const steps: WalkStep[] = []
    if (life === null) return steps
    let table = this.rootFrame(pmap, limit)
    for (const level of FROM_ROOT) {
      const entry = this.entry(life, page, level, limit)
      const index = indexAt(page, level)
      if (entry < 0) {
        steps.push({ level, index, table, entry: 'table', frame: -entry - 1 })
        table = -entry - 1
        continue
      }
      if (entry === 0) steps.push({ level, index, table, entry: 'absent', frame: null })
      else steps.push({ level, index, table, entry: 'leaf', frame: leafFrame(entry - 1) })
      break
    }
    return steps
  }

  eachLeaf(pmap: number, first: number, pages: number, visit: VisitLeaf, limit: number): void {
    const life = this.heads.at(pmap, limit)
    if (life !== null) this.leavesBelow(life.root, 4, 0, first, first + pages, visit, limit)
  }

  /** @returns false when the visitor has seen enough. */
  private leavesBelow(
    node: number,
    level: TableLevel,
    base: number,
    first: number,
    end: number,
    visit: VisitLeaf,
    limit: number,
  ): boolean {
    const nodes = this.nodes(level)
    const span = ENTRY_PAGES[level]
    const last = Math.min(511, Math.ceil((end - base) / span) - 1)
    const start = Math.max(0, Math.floor((first - base) / span))
    for (let index = nodes.next(node, start); index <= last; index = nodes.next(node, index + 1)) {
      const entry = this.cells.at(nodes.cell(node, index), limit)
      const page = base + index * span
      if (entry > 0) {
        if (page >= first && visit(page, entry - 1, level as Level) === false) return false
      } else if (entry < 0) {
        const below = this.trees.child(node, index)
        if (!this.leavesBelow(below, (level - 1) as TableLevel, page, first, end, visit, limit)) return false
      }
    }
    return true
  }

  eachTable(pmap: number, visit: (table: Table) => void, limit: number): void {
    const life = this.heads.at(pmap, limit)
    if (life !== null) this.tablesBelow(life.root, 4, 0, visit, limit)
  }

  private tablesBelow(
    branch: number,
    level: TableLevel,
    base: number,
    visit: (table: Table) => void,
    limit: number,
  ): void {
    const { branches } = this.trees
    const below = (level - 1) as Level
    for (let index = branches.next(branch, 0); index < 512; index = branches.next(branch, index + 1)) {
      const entry = this.cells.at(branches.cell(branch, index), limit)
      if (entry >= 0) continue
      const node = this.trees.child(branch, index)
      const page = base + index * ENTRY_PAGES[level]
      visit({ level: below, page, frame: -entry - 1, children: this.children(node, below, limit) })
      if (below > 1) this.tablesBelow(node, below, page, visit, limit)
    }
  }

  /** The life of a pmap whose tree may hold `page`: pages beyond the reach of four levels are in no tree. */
  private lifeOver(pmap: number, page: number, limit: number): Life | null {
    return page >= 0 && page < PAGES_MAX ? this.heads.at(pmap, limit) : null
  }

  private nodes(level: TableLevel): Nodes {
    return level === 1 ? this.trees.twigs : this.trees.branches
  }

  private twig(life: Life, page: number): number {
    const prefix = prefixOf(page)
    if (life.recentPrefix === prefix) return life.recentTwig
    const twig = this.trees.twig(life.root, prefix)
    // What is missing may be made at any time, so it is not remembered.
    if (twig === 0) return 0
    life.recentPrefix = prefix
    life.recentTwig = twig
    return twig
  }

  /** The node whose entries are of `level`, 0 for none. */
  private node(life: Life, page: number, level: TableLevel): number {
    return level === 1 ? this.twig(life, page) : this.trees.branch(life.root, prefixOf(page), level)
  }

  private entry(life: Life, page: number, level: TableLevel, limit: number): number {
    const node = this.node(life, page, level)
    return this.cells.at(this.nodes(level).cell(node, indexAt(page, level)), limit)
  }

  // Writing ---------------------------------------------------------------------------------
  // The state of a node is 0 while no table page is linked there, else its children plus one.

  create(pmap: number, rootFrame: number): void {
    const { cells, heads } = this
    if (!isBetween(pmap, 1, PMAPS_MAX)) throw defects.numberOutside(pmap, cells.version)
    if (heads.now(pmap) !== null) throw defects.pmapExists(pmap, cells.version)
    this.expectFrameNumber(rootFrame)
    // The life first: making its tree may move the column of states.
    const { root } = heads.begin(pmap)
    this.trees.branches.states[root] = 1
    this.rootFrames[pmap] ??= cells.allocateCell()
    cells.set(this.rootFrames[pmap]!, rootFrame)
  }

  destroy(pmap: number): void {
    this.lifeFor(pmap, 0)
    this.heads.end(pmap)
  }

  addTable(pmap: number, page: number, level: Level, frame: number): void {
    const life = this.lifeFor(pmap, page)
    const { cells, trees } = this
    const { branches } = trees
    const prefix = prefixOf(page)
    const above = (level + 1) as TableLevel
    const parent = trees.branch(life.root, prefix, above)
    if (branches.states[parent] === 0) throw defects.noTable(pmap, page, above, cells.version)
    const entry = branches.ensureCell(parent, indexAt(page, above), OWNERS[above])
    const there = cells.get(entry)
    if (there < 0) throw defects.tableExists(pmap, page, level, cells.version)
    if (there > 0) throw defects.leafInTheWay(pmap, page, above, cells.version)
    this.expectFrameNumber(frame)
    const node = level === 1 ? trees.ensureTwig(life.root, prefix) : trees.ensureBranch(life.root, prefix, level)
    cells.set(entry, -frame - 1)
    this.nodes(level).states[node] = 1
    branches.states[parent]!++
    life.others.now++
  }

  removeTable(pmap: number, page: number, level: Level): void {
    const life = this.lifeFor(pmap, page)
    const { cells, trees } = this
    const { states } = this.nodes(level)
    const node = this.node(life, page, level)
    const children = states[node]! - 1
    if (children < 0) throw defects.noTable(pmap, page, level, cells.version)
    if (children > 0) throw defects.tableHasChildren(pmap, page, level, children, cells.version)
    const above = (level + 1) as TableLevel
    const parent = trees.branch(life.root, prefixOf(page), above)
    cells.set(trees.branches.cell(parent, indexAt(page, above)), 0)
    states[node] = 0
    trees.branches.states[parent]!--
    life.others.now--
  }

  setLeaf(pmap: number, page: number, level: Level, packed: number): void {
    const life = this.lifeFor(pmap, page)
    if (!(packed >= 0 && packed < LEAF_MAX)) throw defects.leafOutside(pmap, page, packed, this.cells.version)
    if (level !== 1) {
      this.setLargeLeaf(life, pmap, page, level, packed)
      return
    }
    const { twigs } = this.trees
    const twig = this.twig(life, page)
    if (twigs.states[twig] === 0) throw defects.noTable(pmap, page, 1, this.cells.version)
    if (this.cells.swap(twigs.ensureCell(twig, page & 511, OWNER_TWIG), packed + 1) !== 0) return
    twigs.states[twig]!++
    life.pages.now++
  }

  /** The same for an entry that may hold a table. */
  private setLargeLeaf(life: Life, pmap: number, page: number, level: Level, packed: number): void {
    const { cells } = this
    const { branches } = this.trees
    const branch = this.trees.branch(life.root, prefixOf(page), level)
    if (branches.states[branch] === 0) throw defects.noTable(pmap, page, level, cells.version)
    const entry = branches.ensureCell(branch, indexAt(page, level), OWNERS[level])
    if (cells.get(entry) < 0) throw defects.tableExists(pmap, page, level - 1, cells.version)
    if (cells.swap(entry, packed + 1) !== 0) return
    branches.states[branch]!++
    life.pages.now++
  }

  clearLeaf(pmap: number, page: number, level: Level): void {
    const life = this.lifeFor(pmap, page)
    const { cells } = this
    const nodes = this.nodes(level)
    const node = this.node(life, page, level)
    const entry = nodes.cell(node, level === 1 ? page & 511 : indexAt(page, level))
    if (cells.get(entry) <= 0) throw defects.noLeaf(pmap, page, level, cells.version)
    cells.set(entry, 0)
    nodes.states[node]!--
    life.pages.now--
  }

  /** The life of a pmap, for a write at `page`. */
  private lifeFor(pmap: number, page: number): Life {
    const life = this.heads.now(pmap)
    if (life === null) throw defects.noPmap(pmap, this.cells.version)
    // Most page numbers have 32 bits, which is quicker to see than that they are whole and in bounds.
    if (page >>> 0 !== page && !isBetween(page, 0, PAGES_MAX)) throw defects.pageOutside(pmap, page, this.cells.version)
    return life
  }

  private expectFrameNumber(frame: number): void {
    if (!isBetween(frame, 0, FRAME_NUMBERS_MAX))
      throw defects.frameOutside(frame, FRAME_NUMBERS_MAX, this.cells.version)
  }

  // Following the cells ---------------------------------------------------------------------

  /** Which counters it changes when an entry goes from one value to another. */
  effects(kind: number, place: number, from: number, to: number, change: Change): void {
    const nodes = kind === OWNER_TWIG ? this.trees.twigs : this.trees.branches
    const life = this.heads.lifeOf(nodes.root(Nodes.nodeAt(place)))!
    const leaves = Number(to > 0) - Number(from > 0)
    const tables = Number(to < 0) - Number(from < 0)
    if (leaves !== 0) change(life.pages, leaves)
    if (tables !== 0) change(life.others, tables)
  }

  /** Brings the states of nodes back when the write of an entry is undone. */
  undone(kind: number, place: number, cell: number, from: number, to: number): void {
    const node = Nodes.nodeAt(place)
    const nodes = kind === OWNER_TWIG ? this.trees.twigs : this.trees.branches
    nodes.states[node]! += Number(to !== 0) - Number(from !== 0)
    if (kind === OWNER_TWIG || from < 0 === to < 0) return
    // A table is linked, and unlinked, without children.
    const below = kind === OWNER_LOW_BRANCH ? this.trees.twigs : this.trees.branches
    below.states[this.trees.child(node, Nodes.indexAt(place, cell))] = to < 0 ? 1 : 0
  }

  refresh(): void {
    this.heads.refresh()
  }

  get bytes(): number {
    return this.trees.bytes
  }
}
