/**
 * Frames: who uses each, and how. A frame has three cells: its identity `owner * 2^26 + index`, its
 * state, and its pv list. They lie in blocks of 32 frames, made when one of them is first written.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import type { FrameUse, PageQueue } from '../memory.ts'
import { type Cells, CHUNK, LATEST } from './cells.ts'
import { grown } from './columns.ts'
import { type Change, Counter } from './counter.ts'
import { frameFree, frameOutside, framesMaxOutside, frameUsed, indexOutside, wireCountOutside } from './defects.ts'
import { FreeMap } from './free-map.ts'
import { FRAMES_MAX, isBetween, WIRE_COUNT_MAX } from './limits.ts'
import { OWNER_FRAME } from './owners.ts'

const BLOCK = 32
/** Where the states and the pv lists of a block are; the identities come first. */
const STATE = BLOCK
const PV = 2 * BLOCK
const CHUNKS = (3 * BLOCK) / CHUNK
/** The chunks of a block are two of identities, two of states and two of pv lists. */
const PLANE = 6
const STATE_PLANE = STATE / CHUNK

/** Low bits of a state. The wire count stands above them, the generation above 26 bits in all. */
const USE = 3
const QUEUE_SHIFT = 2
const QUEUE = 3 << QUEUE_SHIFT
const BUSY = 16
const CLEAN = 32
const REFERENCED = 64
const WIRE_SHIFT = 7
const LOW = 2 ** 26 - 1
const GENERATION = 2 ** 26
const OWNER = 2 ** 26

const USES = ['free', 'kernel', 'table', 'object'] as const
const QUEUES = ['none', 'active', 'inactive'] as const

export class Frames {
  readonly framesMax: number
  readonly used = new Counter()
  readonly pvs = new Counter()
  private readonly cells: Cells
  /** First cell of each block, 0 for none; the cells that follow 0 read 0. */
  private blocks = new Int32Array(4)
  private readonly freeMap: FreeMap

  constructor(cells: Cells, framesMax: number) {
    if (!isBetween(framesMax, 1, FRAMES_MAX + 1)) throw framesMaxOutside(framesMax)
    this.cells = cells
    this.framesMax = framesMax
    this.freeMap = new FreeMap(framesMax)
  }

  // Reading ---------------------------------------------------------------------------------

  /** The first cell of a frame, for reading. */
  private cell(frame: number): number {
    const first = frame >= 0 && frame < this.blocks.length * BLOCK ? this.blocks[frame >>> 5]! : 0
    return first + (frame & 31)
  }

  /** The low bits of a frame's state. */
  private low(frame: number, limit: number): number {
    return this.cells.at(this.cell(frame) + STATE, limit) & LOW
  }

  use(frame: number, limit: number): FrameUse {
    return USES[this.low(frame, limit) & USE]!
  }

  owner(frame: number, limit: number): number {
    return Math.floor(this.cells.at(this.cell(frame), limit) / OWNER)
  }

  pageIndex(frame: number, limit: number): number {
    return this.cells.at(this.cell(frame), limit) & LOW
  }

  generation(frame: number, limit: number): number {
    return Math.floor(this.cells.at(this.cell(frame) + STATE, limit) / GENERATION)
  }

  wireCount(frame: number, limit: number): number {
    return this.low(frame, limit) >>> WIRE_SHIFT
  }

  queue(frame: number, limit: number): PageQueue {
    return QUEUES[(this.low(frame, limit) & QUEUE) >>> QUEUE_SHIFT]!
  }

  busy(frame: number, limit: number): boolean {
    return (this.low(frame, limit) & BUSY) !== 0
  }

  clean(frame: number, limit: number): boolean {
    return (this.low(frame, limit) & CLEAN) !== 0
  }

  referenced(frame: number, limit: number): boolean {
    return (this.low(frame, limit) & REFERENCED) !== 0
  }

  /** The cell of a frame's pv list, for reading. */
  pvCell(frame: number): number {
    return this.cell(frame) + PV
  }

  usedCount(limit: number): number {
    return limit === LATEST ? this.used.now : this.used.at(limit)
  }

  /** Each frame that is used, was used before, or is on record otherwise; ascending. */
  each(visit: (frame: number) => void, limit: number): void {
    const { blocks, cells } = this
    for (let block = 0; block < blocks.length; block++) {
      const first = blocks[block]!
      if (first === 0) continue
      for (let cell = first; cell < first + BLOCK; cell++)
        if (cells.at(cell + STATE, limit) !== 0 || cells.at(cell + PV, limit) !== 0) visit(block * BLOCK + cell - first)
    }
  }

  lowestFreeFrame(limit: number): number {
    if (limit === LATEST) return this.freeMap.lowest()
    return this.lowestFree(1, limit)[0] ?? -1
  }

  /** Found at once for the latest moment; counted from frame 0 for a past one. */
  lowestFree(count: number, limit: number): number[] {
    if (limit === LATEST) return this.freeMap.lowestFew(count)
    const found: number[] = []
    for (let frame = 0; frame < this.framesMax && found.length < count; frame++)
      if ((this.low(frame, limit) & USE) === 0) found.push(frame)
    return found
  }

  // Writing ---------------------------------------------------------------------------------

  /** The first cell of a frame, for writing. */
  private ensureCell(frame: number): number {
    // The shift also refuses what is no whole number.
    if (!(frame >>> 0 === frame && frame < this.framesMax))
      throw frameOutside(frame, this.framesMax, this.cells.version)
    const block = frame >>> 5
    if (block >= this.blocks.length) this.blocks = grown(this.blocks, block + 1)
    let first = this.blocks[block]!
    if (first === 0) {
      first = this.cells.allocate(CHUNKS, OWNER_FRAME + block * CHUNKS) * CHUNK
      this.blocks[block] = first
    }
    return first + (frame & 31)
  }

  /** The cell of a frame's pv list, for writing. */
  ensurePvCell(frame: number): number {
    return this.ensureCell(frame) + PV
  }

  take(frame: number, use: Exclude<FrameUse, 'free'>, owner: number, index: number): void {
    const { cells } = this
    const cell = this.ensureCell(frame)
    const state = cells.get(cell + STATE)
    const low = state & LOW
    if ((low & USE) !== 0) throw frameUsed(frame, USES[low & USE]!, cells.version)
    // Both have 26 bits, and losing the others must not change them.
    if ((owner & LOW) !== owner || (index & LOW) !== index) throw indexOutside(owner, index, cells.version)
    cells.set(cell, owner * OWNER + index)
    cells.set(cell + STATE, state - low + (use === 'object' ? 3 : use === 'table' ? 2 : 1))
    this.freeMap.use(frame)
    this.used.now++
  }

  free(frame: number): void {
    const { cells } = this
    const cell = this.ensureCell(frame)
    const state = cells.get(cell + STATE)
    const low = state & LOW
    if ((low & USE) === 0) throw frameFree(frame, cells.version)
    cells.set(cell, 0)
    cells.set(cell + STATE, state - low + GENERATION)
    this.freeMap.free(frame)
    this.used.now--
  }

  setWireCount(frame: number, count: number): void {
    if ((count & (WIRE_COUNT_MAX - 1)) !== count) throw wireCountOutside(frame, count, this.cells.version)
    this.change(frame, LOW ^ ((1 << WIRE_SHIFT) - 1), count << WIRE_SHIFT)
  }

  setQueue(frame: number, queue: PageQueue): void {
    this.change(frame, QUEUE, (queue === 'active' ? 1 : queue === 'inactive' ? 2 : 0) << QUEUE_SHIFT)
  }

  setBusy(frame: number, busy: boolean): void {
    this.change(frame, BUSY, busy ? BUSY : 0)
  }

  setClean(frame: number, clean: boolean): void {
    this.change(frame, CLEAN, clean ? CLEAN : 0)
  }

  setReferenced(frame: number, referenced: boolean): void {
    this.change(frame, REFERENCED, referenced ? REFERENCED : 0)
  }

  /** Writes the low bits of a frame's state that `mask` names. */
  private change(frame: number, mask: number, bits: number): void {
    const { cells } = this
    const cell = this.ensureCell(frame) + STATE
    const state = cells.get(cell)
    const low = state & LOW
    const changed = (low & ~mask) | bits
    if (changed !== low) cells.set(cell, state - low + changed)
  }

  restoreGeneration(frame: number, generation: number): void {
    const cell = this.ensureCell(frame) + STATE
    this.cells.set(cell, generation * GENERATION + (this.cells.get(cell) & LOW))
  }

  // Following the cells ---------------------------------------------------------------------

  /** Which counters it changes when a cell of a frame goes from one value to another. */
  effects(place: number, from: number, to: number, change: Change): void {
    const plane = (place % CHUNKS) & PLANE
    const before = plane === STATE_PLANE ? (from & USE) !== 0 : from > 0
    const after = plane === STATE_PLANE ? (to & USE) !== 0 : to > 0
    if (before === after || plane === 0) return
    change(plane === STATE_PLANE ? this.used : this.pvs, after ? 1 : -1)
  }

  /** Brings the map of free frames back when the write of a state is undone. */
  undone(place: number, cell: number, from: number, to: number): void {
    const chunk = place % CHUNKS
    if ((chunk & PLANE) !== STATE_PLANE || ((from & USE) !== 0) === ((to & USE) !== 0)) return
    const frame = ((place - chunk) / CHUNKS) * BLOCK + ((chunk & 1) << 4) + (cell & (CHUNK - 1))
    if ((to & USE) !== 0) this.freeMap.use(frame)
    else this.freeMap.free(frame)
  }

  get bytes(): number {
    return this.blocks.byteLength + this.freeMap.bytes
  }
}
