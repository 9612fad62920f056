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
import * as defects from './defects.ts'
import { type Head, Heads } from './heads.ts'
import { ENTRY_PAGES, FRAME_NUMBERS_MAX, isBetween, LEAF_MAX, PAGES_MAX, PMAPS_MAX } from './limits.ts'
import { OWNER_BRANCH, OWNER_LOW_BRANCH, OWNER_TWIG } from './owners.ts'
import { decodedLeaf, firstPageOf, indexAt } from './paging.ts'
import type { Series } from './series.ts'
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
    return this.heads.root(pmap, limit) !== 0
  }

  numbers(limit: number): number[] {
    return this.heads.living(limit)
  }

  rootFrame(pmap: number, limit: number): number {
    return this.has(pmap, limit) ? this.cells.at(this.rootFrames[pmap]!, limit) : -1
  }

  leafCount(pmap: number, limit: number): number {
    return this.heads.live(pmap, limit)?.pages.at(limit) ?? 0
  }

  tableCount(pmap: number, limit: number): number {
    return this.heads.live(pmap, limit)?.others.at(limit) ?? 0
  }

  leaf(pmap: number, page: number, limit: number): number {
    const head = this.headOver(pmap, page, limit)
    if (head === undefined) return -1
    // A leaf implies its tables, since a table with children is never unlinked.
    const twig = this.twig(head, this.heads.rootOf(head, limit), page)
    return this.cells.at(this.trees.twigs.cell(twig, page & 511), limit) - 1
  }

  leafAt(pmap: number, page: number, limit: number): Leaf | null {
    const head = this.headOver(pmap, page, limit)
    if (head === undefined) return null
    for (const level of LEVELS) {
      const entry = this.entry(head, page, level, limit)
      if (entry > 0) return decodedLeaf(entry - 1, level)
    }
    return null
  }

  missingTables(pmap: number, page: number, limit: number): number {
    const head = this.headOver(pmap, page, limit)
    if (head === undefined) return 3
    if (limit === LATEST && this.trees.twigs.states[this.twig(head, head.root, page)] !== 0) return 0
    for (const level of LEVELS) if (this.entry(head, page, (level + 1) as TableLevel, limit) < 0) return level - 1
    return 3
  }

  tableAt(pmap: number, page: number, level: Level, limit: number): Table | null {
    const head = this.headOver(pmap, page, limit)
    if (head === undefined) return null
    const entry = this.entry(head, page, (level + 1) as TableLevel, limit)
    if (entry >= 0) return null
    const node = this.node(head, this.heads.rootOf(head, limit), page, level)
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
    const head = this.headOver(pmap, page, limit)
    const steps: WalkStep[] = []
    if (head === undefined) return steps
    let table = this.rootFrame(pmap, limit)
    for (const level of FROM_ROOT) {
      const entry = this.entry(head, page, level, limit)
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
    const root = this.heads.root(pmap, limit)
    if (root !== 0) this.leavesBelow(root, 4, 0, first, first + pages, visit, limit)
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
    const root = this.heads.root(pmap, limit)
    if (root !== 0) this.tablesBelow(root, 4, 0, visit, limit)
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

  /** The head of a live pmap whose tree may hold `page`: pages beyond the reach of four levels are in no tree. */
  private headOver(pmap: number, page: number, limit: number): Head | undefined {
    return page >= 0 && page < PAGES_MAX ? this.heads.live(pmap, limit) : undefined
  }

  private nodes(level: TableLevel): Nodes {
    return level === 1 ? this.trees.twigs : this.trees.branches
  }

  private twig(head: Head, root: number, page: number): number {
    const prefix = prefixOf(page)
    if (head.recentPrefix === prefix && head.tree === root) return head.recentTwig
    const twig = this.trees.twig(root, prefix)
    // What is missing may be made at any time, and an earlier life has another tree.
    if (twig === 0 || head.tree !== root) return twig
    head.recentPrefix = prefix
    head.recentTwig = twig
    return twig
  }

  /** The node whose entries are of `level`, 0 for none. */
  private node(head: Head, root: number, page: number, level: TableLevel): number {
    return level === 1 ? this.twig(head, root, page) : this.trees.branch(root, prefixOf(page), level)
  }

  private entry(head: Head, page: number, level: TableLevel, limit: number): number {
    const node = this.node(head, this.heads.rootOf(head, limit), page, level)
    return this.cells.at(this.nodes(level).cell(node, indexAt(page, level)), limit)
  }

  // Writing ---------------------------------------------------------------------------------
  // The state of a node is 0 while no table page is linked there, else its children plus one.

  create(pmap: number, rootFrame: number): void {
    const { cells, heads } = this
    if (!isBetween(pmap, 1, PMAPS_MAX)) throw defects.numberOutside(pmap, cells.version)
    if (heads.alive(pmap) !== undefined) throw defects.pmapExists(pmap, cells.version)
    this.expectFrameNumber(rootFrame)
    const { tree } = heads.revive(pmap)
    this.trees.branches.states[tree] = 1
    this.rootFrames[pmap] ??= cells.allocateCell()
    cells.set(this.rootFrames[pmap]!, rootFrame)
  }

  destroy(pmap: number): void {
    this.heads.bury(this.headFor(pmap, 0))
  }

  addTable(pmap: number, page: number, level: Level, frame: number): void {
    const head = this.headFor(pmap, page)
    const { cells, trees } = this
    const { branches } = trees
    const above = (level + 1) as TableLevel
    const parent = trees.branch(head.tree, prefixOf(page), above)
    if (branches.states[parent] === 0) throw defects.noTable(pmap, page, above, cells.version)
    const entry = branches.ensureCell(parent, indexAt(page, above), OWNERS[above])
    const there = cells.get(entry)
    if (there < 0) throw defects.tableExists(pmap, page, level, cells.version)
    if (there > 0) throw defects.leafInTheWay(pmap, page, above, cells.version)
    this.expectFrameNumber(frame)
    const prefix = prefixOf(page)
    const node = level === 1 ? trees.ensureTwig(head.tree, prefix) : trees.ensureBranch(head.tree, prefix, level)
    cells.set(entry, -frame - 1)
    this.nodes(level).states[node] = 1
    branches.states[parent]!++
    head.others.add(1)
  }

  removeTable(pmap: number, page: number, level: Level): void {
    const head = this.headFor(pmap, page)
    const { cells, trees } = this
    const { states } = this.nodes(level)
    const node = this.node(head, head.root, page, level)
    const children = states[node]! - 1
    if (children < 0) throw defects.noTable(pmap, page, level, cells.version)
    if (children > 0) throw defects.tableHasChildren(pmap, page, level, children, cells.version)
    const above = (level + 1) as TableLevel
    const parent = trees.branch(head.tree, prefixOf(page), above)
    cells.set(trees.branches.cell(parent, indexAt(page, above)), 0)
    states[node] = 0
    trees.branches.states[parent]!--
    head.others.add(-1)
  }

  setLeaf(pmap: number, page: number, level: Level, packed: number): void {
    const head = this.headFor(pmap, page)
    const { cells } = this
    if (!(packed >= 0 && packed < LEAF_MAX)) throw defects.leafOutside(pmap, page, packed, cells.version)
    const nodes = this.nodes(level)
    const node = this.node(head, head.root, page, level)
    if (nodes.states[node] === 0) throw defects.noTable(pmap, page, level, cells.version)
    const entry = nodes.ensureCell(node, level === 1 ? page & 511 : indexAt(page, level), OWNERS[level])
    const before = cells.get(entry)
    if (before < 0) throw defects.tableExists(pmap, page, level - 1, cells.version)
    cells.set(entry, packed + 1)
    if (before !== 0) return
    nodes.states[node]!++
    head.pages.add(1)
  }

  clearLeaf(pmap: number, page: number, level: Level): void {
    const head = this.headFor(pmap, page)
    const { cells } = this
    const nodes = this.nodes(level)
    const node = this.node(head, head.root, page, level)
    const entry = nodes.cell(node, level === 1 ? page & 511 : indexAt(page, level))
    if (cells.get(entry) <= 0) throw defects.noLeaf(pmap, page, level, cells.version)
    cells.set(entry, 0)
    nodes.states[node]!--
    head.pages.add(-1)
  }

  /** The head of a live pmap, for a write at `page`. Its tree is the one that lives. */
  private headFor(pmap: number, page: number): Head {
    const head = this.heads.alive(pmap)
    if (head === undefined) throw defects.noPmap(pmap, this.cells.version)
    // Most page numbers have 32 bits, which is quicker to see than that they are whole and in bounds.
    if (page >>> 0 !== page && !isBetween(page, 0, PAGES_MAX)) throw defects.pageOutside(pmap, page, this.cells.version)
    return head
  }

  private expectFrameNumber(frame: number): void {
    if (!isBetween(frame, 0, FRAME_NUMBERS_MAX))
      throw defects.frameOutside(frame, FRAME_NUMBERS_MAX, this.cells.version)
  }

  /** Brings the states of nodes back when the write of an entry is undone. */
  undone(kind: number, at: number, cell: number, from: number, to: number): void {
    const { node, index } = Nodes.placeOf(cell, at)
    const nodes = kind === OWNER_TWIG ? this.trees.twigs : this.trees.branches
    if (from === 0 && to !== 0) nodes.states[node]!++
    if (from !== 0 && to === 0) nodes.states[node]!--
    if (kind === OWNER_TWIG || from < 0 === to < 0) return
    // A table is linked, and unlinked, without children.
    const below = kind === OWNER_LOW_BRANCH ? this.trees.twigs : this.trees.branches
    below.states[this.trees.child(node, index)] = to < 0 ? 1 : 0
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
