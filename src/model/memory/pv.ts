/**
 * Reverse mappings. Most pages have one mapping, so one fits in the page's own cell, as the entry
 * plus one. A longer list is minus its first node; a node is two cells, an entry and the next node,
 * and unused nodes are linked in a list of their own. An entry is `pmap * 2^36 + page`.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import type { PvEntry } from '../memory.ts'
import { type Cells, CHUNK, LATEST } from './cells.ts'
import { grown } from './columns.ts'
import type { Change } from './counter.ts'
import { noPv, numberOutside, pageOutside, pvExists } from './defects.ts'
import type { Frames } from './frames.ts'
import { isBetween, PAGES_MAX, PMAPS_MAX } from './limits.ts'
import { OWNER_PV } from './owners.ts'

/** Nodes of a block. */
const BLOCK = 64
const CELLS = 2
const NEXT = 1
const CHUNKS = (BLOCK * CELLS) / CHUNK

export class Pvs {
  private readonly cells: Cells
  private readonly frames: Frames
  /** How many nodes were ever taken, and the first that was given back. */
  private readonly highCell: number
  private readonly spareCell: number
  private blocks = new Int32Array(2)

  constructor(cells: Cells, frames: Frames) {
    this.cells = cells
    this.frames = frames
    this.highCell = cells.allocateCell()
    this.spareCell = cells.allocateCell()
  }

  count(limit: number): number {
    return limit === LATEST ? this.frames.pvs.now : this.frames.pvs.at(limit)
  }

  list(frame: number, limit: number): PvEntry[] {
    const { cells } = this
    const entries: PvEntry[] = []
    const held = cells.at(this.frames.pvCell(frame), limit)
    if (held > 0) entries.push(decoded(held - 1))
    for (let node = -held; node > 0; ) {
      const cell = this.nodeCell(node)
      entries.push(decoded(cells.at(cell, limit)))
      node = cells.at(cell + NEXT, limit)
    }
    return entries
  }

  add(frame: number, pmap: number, page: number): void {
    const { cells } = this
    const list = this.frames.ensurePvCell(frame)
    if ((pmap & (PMAPS_MAX - 1)) !== pmap || pmap === 0) throw numberOutside(pmap, cells.version)
    // Most page numbers have 32 bits, which is quicker to see than that they are whole and in bounds.
    if (page >>> 0 !== page && !isBetween(page, 0, PAGES_MAX)) throw pageOutside(pmap, page, cells.version)
    const entry = pmap * PAGES_MAX + page
    const held = cells.get(list)
    if (held === 0) cells.set(list, entry + 1)
    else {
      if (this.holds(held, entry)) throw pvExists(frame, pmap, page, cells.version)
      const rest = held > 0 ? this.takeNode(held - 1, 0) : -held
      cells.set(list, -this.takeNode(entry, rest))
    }
    this.frames.pvs.now++
  }

  remove(frame: number, pmap: number, page: number): void {
    const { cells } = this
    const list = this.frames.ensurePvCell(frame)
    const entry = pmap * PAGES_MAX + page
    const held = cells.get(list)
    if (held === entry + 1) cells.set(list, 0)
    else if (!(held < 0 && this.unlink(list, -held, entry))) throw noPv(frame, pmap, page, cells.version)
    this.frames.pvs.now--
  }

  private holds(held: number, entry: number): boolean {
    if (held > 0) return held === entry + 1
    for (let node = -held; node > 0; node = this.cells.get(this.nodeCell(node) + NEXT))
      if (this.cells.get(this.nodeCell(node)) === entry) return true
    return false
  }

  /** Takes `entry` out of the nodes from `first` on. @returns false when it is not there. */
  private unlink(list: number, first: number, entry: number): boolean {
    const { cells } = this
    let before = 0
    let node = first
    while (node > 0 && cells.get(this.nodeCell(node)) !== entry) {
      before = node
      node = cells.get(this.nodeCell(node) + NEXT)
    }
    if (node === 0) return false
    const next = cells.get(this.nodeCell(node) + NEXT)
    if (before === 0) cells.set(list, -next)
    else cells.set(this.nodeCell(before) + NEXT, next)
    this.giveNode(node)
    // A list of one has its entry in the page's own cell, so that equal lists look alike.
    const head = -cells.get(list)
    if (cells.get(this.nodeCell(head) + NEXT) === 0) {
      cells.set(list, cells.get(this.nodeCell(head)) + 1)
      this.giveNode(head)
    }
    return true
  }

  private takeNode(entry: number, next: number): number {
    const { cells } = this
    let node = cells.get(this.spareCell)
    if (node !== 0) cells.set(this.spareCell, cells.get(this.nodeCell(node) + NEXT))
    else {
      node = cells.get(this.highCell) + 1
      cells.set(this.highCell, node)
      this.ensureBlock(node >>> 6)
    }
    const cell = this.nodeCell(node)
    cells.set(cell, entry)
    cells.set(cell + NEXT, next)
    return node
  }

  private giveNode(node: number): void {
    const { cells } = this
    // An entry of 0 tells that the node is unused, so that the entries can be counted.
    cells.set(this.nodeCell(node), 0)
    cells.set(this.nodeCell(node) + NEXT, cells.get(this.spareCell))
    cells.set(this.spareCell, node)
  }

  private nodeCell(node: number): number {
    return this.blocks[node >>> 6]! + ((node & (BLOCK - 1)) << 1)
  }

  private ensureBlock(block: number): void {
    if (block >= this.blocks.length) this.blocks = grown(this.blocks, block + 1)
    if (this.blocks[block] === 0) this.blocks[block] = this.cells.allocate(CHUNKS, OWNER_PV + block * CHUNKS) * CHUNK
  }

  /** Which counters it changes when a cell of a node goes from one value to another. */
  effects(cell: number, from: number, to: number, change: Change): void {
    if (cell % CELLS === NEXT) return
    const by = Number(to > 0) - Number(from > 0)
    if (by !== 0) change(this.frames.pvs, by)
  }

  get bytes(): number {
    return this.blocks.byteLength
  }
}

function decoded(entry: number): PvEntry {
  const pmap = Math.floor(entry / PAGES_MAX)
  return { pmap, page: entry - pmap * PAGES_MAX }
}
