/**
 * Memory as of one moment: all that `MemoryReader` asks, answered by the parts at a limit.
 */
import type { FrameUse, Leaf, Level, MemoryReader, PageQueue, PvEntry, Table, WalkStep } from '../memory.ts'
import type { Cells } from './cells.ts'
import type { Contents } from './contents.ts'
import type { Counts } from './counts.ts'
import type { Frames } from './frames.ts'
import type { Objects } from './objects.ts'
import type { Pvs } from './pv.ts'
import type { Tables } from './tables.ts'

/** What a memory is made of. */
export type Parts = {
  readonly cells: Cells
  readonly tables: Tables
  readonly frames: Frames
  readonly pvs: Pvs
  readonly objects: Objects
  readonly contents: Contents
  readonly counts: Counts
}

export abstract class View implements MemoryReader {
  protected readonly tables: Tables
  protected readonly frames: Frames
  protected readonly pvs: Pvs
  protected readonly objectPages: Objects
  protected readonly contents: Contents

  constructor(parts: Parts) {
    this.tables = parts.tables
    this.frames = parts.frames
    this.pvs = parts.pvs
    this.objectPages = parts.objects
    this.contents = parts.contents
  }

  abstract get version(): number
  /** The last record of the history that counts. */
  protected abstract get limit(): number
  /** The same, with the histories of counters made up to it. */
  protected abstract get countedLimit(): number

  hasPmap(pmap: number): boolean {
    return this.tables.has(pmap, this.limit)
  }
  pmaps(): readonly number[] {
    return this.tables.numbers(this.limit)
  }
  leaf(pmap: number, page: number): number {
    return this.tables.leaf(pmap, page, this.limit)
  }
  leafAt(pmap: number, page: number): Leaf | null {
    return this.tables.leafAt(pmap, page, this.limit)
  }
  missingTables(pmap: number, page: number): number {
    return this.tables.missingTables(pmap, page, this.limit)
  }
  tableAt(pmap: number, page: number, level: Level): Table | null {
    return this.tables.tableAt(pmap, page, level, this.limit)
  }
  walk(pmap: number, page: number): readonly WalkStep[] {
    return this.tables.walk(pmap, page, this.limit)
  }
  rootFrame(pmap: number): number {
    return this.tables.rootFrame(pmap, this.limit)
  }
  leafCount(pmap: number): number {
    return this.tables.leafCount(pmap, this.countedLimit)
  }
  tableCount(pmap: number): number {
    return this.tables.tableCount(pmap, this.countedLimit)
  }
  eachLeaf(
    pmap: number,
    first: number,
    pages: number,
    visit: (page: number, packed: number, level: Level) => boolean | void,
  ): void {
    this.tables.eachLeaf(pmap, first, pages, visit, this.limit)
  }
  eachTable(pmap: number, visit: (table: Table) => void): void {
    this.tables.eachTable(pmap, visit, this.limit)
  }

  use(frame: number): FrameUse {
    return this.frames.use(frame, this.limit)
  }
  owner(frame: number): number {
    return this.frames.owner(frame, this.limit)
  }
  pageIndex(frame: number): number {
    return this.frames.pageIndex(frame, this.limit)
  }
  generation(frame: number): number {
    return this.frames.generation(frame, this.limit)
  }
  wireCount(frame: number): number {
    return this.frames.wireCount(frame, this.limit)
  }
  queue(frame: number): PageQueue {
    return this.frames.queue(frame, this.limit)
  }
  busy(frame: number): boolean {
    return this.frames.busy(frame, this.limit)
  }
  clean(frame: number): boolean {
    return this.frames.clean(frame, this.limit)
  }
  referenced(frame: number): boolean {
    return this.frames.referenced(frame, this.limit)
  }
  value(frame: number): number {
    return this.contents.value(frame, this.limit)
  }
  eachValue(visit: (frame: number, value: number) => void): void {
    this.contents.eachValue(visit, this.limit)
  }
  lowestFree(count: number): readonly number[] {
    return this.frames.lowestFree(count, this.limit)
  }
  lowestFreeFrame(): number {
    return this.frames.lowestFreeFrame(this.limit)
  }
  eachFrame(visit: (frame: number) => void): void {
    this.frames.each(visit, this.limit)
  }
  get framesUsed(): number {
    return this.frames.usedCount(this.countedLimit)
  }
  get framesMax(): number {
    return this.frames.framesMax
  }

  pvList(frame: number): readonly PvEntry[] {
    return this.pvs.list(frame, this.limit)
  }
  get pvCount(): number {
    return this.pvs.count(this.countedLimit)
  }

  objects(): readonly number[] {
    return this.objectPages.numbers(this.countedLimit)
  }
  resident(object: number, index: number): number {
    return this.objectPages.resident(object, index, this.limit)
  }
  swapped(object: number, index: number): boolean {
    return this.objectPages.swapped(object, index, this.limit)
  }
  swapValue(object: number, index: number): number {
    return this.contents.swapValue(object, index, this.limit)
  }
  eachSwapValue(visit: (object: number, index: number, value: number) => void): void {
    this.contents.eachSwapValue(visit, this.limit)
  }
  residentCount(object: number): number {
    return this.objectPages.residentCount(object, this.countedLimit)
  }
  swapCount(object: number): number {
    return this.objectPages.swapCount(object, this.countedLimit)
  }
  eachResident(object: number, visit: (index: number, frame: number) => void): void {
    this.objectPages.each(object, (index, frame) => void (frame >= 0 && visit(index, frame)), this.limit)
  }
  eachSwapped(object: number, visit: (index: number) => void): void {
    this.objectPages.each(object, (index, _frame, swapped) => void (swapped && visit(index)), this.limit)
  }
}

/** A past moment. Reading one that was truncated away is a Defect. */
export class PastView extends View {
  readonly version: number
  private readonly cells: Cells
  private readonly counts: Counts
  private lastRecord: number
  private cutsSeen: number

  constructor(parts: Parts, version: number) {
    super(parts)
    this.cells = parts.cells
    this.counts = parts.counts
    this.version = version
    this.lastRecord = parts.cells.limitOf(version)
    this.cutsSeen = parts.cells.cuts.length
  }

  protected override get limit(): number {
    const { cells } = this
    if (this.cutsSeen !== cells.cuts.length) {
      this.lastRecord = cells.limitAgain(this.version, this.cutsSeen)
      this.cutsSeen = cells.cuts.length
    }
    return this.lastRecord
  }

  protected override get countedLimit(): number {
    const { limit } = this
    this.counts.upTo(limit)
    return limit
  }
}
