/**
 * What the plain memory holds, and what it answers; see plain.ts.
 */
import { immerable } from 'immer'
import type { FrameUse, Leaf, Level, MemoryReader, PageQueue, PvEntry, Table, TableLevel, WalkStep } from '../memory.ts'
import * as defects from './defects.ts'
import { FRAMES_MAX, isBetween, PAGES_MAX } from './limits.ts'
import { decodedLeaf, firstPageOf, indexAt } from './paging.ts'
import { leavesBelow, numberKeys, type PlainTable, stepsFrom, tableBelow, tablesBelow } from './plain-tables.ts'

/** What is known of a frame. */
export type PlainFrame = {
  use: FrameUse
  owner: number
  pageIndex: number
  generation: number
  wireCount: number
  queue: PageQueue
  busy: boolean
  clean: boolean
  referenced: boolean
  pvs: PvEntry[]
}
/** Pages of an object by index. */
export type PlainObject = { readonly resident: Record<number, number>; readonly swapped: Record<number, true> }

/** A frame that nothing happened to. */
export const UNTOUCHED: PlainFrame = {
  use: 'free',
  owner: 0,
  pageIndex: 0,
  generation: 0,
  wireCount: 0,
  queue: 'none',
  busy: false,
  clean: false,
  referenced: false,
  pvs: [],
}

/** A memory that only answers. */
export class PlainReader implements MemoryReader {
  readonly [immerable] = true
  version = 0
  readonly framesMax: number
  protected readonly roots: Record<number, PlainTable> = {}
  protected readonly frames: Record<number, PlainFrame> = {}
  protected readonly pages: Record<number, PlainObject> = {}
  protected readonly values: Record<number, number> = {}
  protected readonly swapValues: Record<number, Record<number, number>> = {}

  constructor(framesMax: number) {
    if (!isBetween(framesMax, 1, FRAMES_MAX + 1)) throw defects.framesMaxOutside(framesMax)
    this.framesMax = framesMax
  }

  // Page tables -----------------------------------------------------------------------------

  hasPmap(pmap: number): boolean {
    return this.roots[pmap] !== undefined
  }

  pmaps(): readonly number[] {
    return numberKeys(this.roots)
  }

  /** The table whose entries are of `level` on the way to `page`. */
  protected table(pmap: number, page: number, level: TableLevel): PlainTable | undefined {
    return tableBelow(this.roots[pmap], page, level)
  }

  protected leafEntry(pmap: number, page: number, level: Level): number {
    const entry = this.table(pmap, page, level)?.entries[indexAt(page, level)]
    return entry?.kind === 'leaf' ? entry.packed : -1
  }

  leaf(pmap: number, page: number): number {
    return this.leafEntry(pmap, page, 1)
  }

  leafAt(pmap: number, page: number): Leaf | null {
    for (const level of [1, 2, 3] as const) {
      const packed = this.leafEntry(pmap, page, level)
      if (packed >= 0) return decodedLeaf(packed, level)
    }
    return null
  }

  missingTables(pmap: number, page: number): number {
    return ([1, 2, 3] as const).filter((level) => this.table(pmap, page, level) === undefined).length
  }

  tableAt(pmap: number, page: number, level: Level): Table | null {
    const table = this.table(pmap, page, level)
    if (table === undefined) return null
    return { level, page: firstPageOf(page, level), frame: table.frame, children: numberKeys(table.entries).length }
  }

  walk(pmap: number, page: number): readonly WalkStep[] {
    return stepsFrom(this.roots[pmap], page)
  }

  rootFrame(pmap: number): number {
    return this.roots[pmap]?.frame ?? -1
  }

  leafCount(pmap: number): number {
    let count = 0
    this.eachLeaf(pmap, 0, PAGES_MAX, () => {
      count++
    })
    return count
  }

  tableCount(pmap: number): number {
    let count = 0
    this.eachTable(pmap, () => {
      count++
    })
    return count
  }

  eachLeaf(
    pmap: number,
    first: number,
    pages: number,
    visit: (page: number, packed: number, level: Level) => boolean | void,
  ): void {
    const root = this.roots[pmap]
    if (root !== undefined) leavesBelow(root, 4, 0, { first, end: first + pages }, visit)
  }

  eachTable(pmap: number, visit: (table: Table) => void): void {
    const root = this.roots[pmap]
    if (root !== undefined) tablesBelow(root, 4, 0, visit)
  }

  // Frames ----------------------------------------------------------------------------------

  private frame(frame: number): Readonly<PlainFrame> {
    return this.frames[frame] ?? UNTOUCHED
  }

  use(frame: number): FrameUse {
    return this.frame(frame).use
  }
  owner(frame: number): number {
    return this.frame(frame).owner
  }
  pageIndex(frame: number): number {
    return this.frame(frame).pageIndex
  }
  generation(frame: number): number {
    return this.frame(frame).generation
  }
  wireCount(frame: number): number {
    return this.frame(frame).wireCount
  }
  queue(frame: number): PageQueue {
    return this.frame(frame).queue
  }
  busy(frame: number): boolean {
    return this.frame(frame).busy
  }
  clean(frame: number): boolean {
    return this.frame(frame).clean
  }
  referenced(frame: number): boolean {
    return this.frame(frame).referenced
  }
  value(frame: number): number {
    return this.values[frame] ?? 0
  }
  eachValue(visit: (frame: number, value: number) => void): void {
    for (const frame of numberKeys(this.values)) if (this.value(frame) > 0) visit(frame, this.value(frame))
  }
  pvList(frame: number): readonly PvEntry[] {
    return this.frame(frame).pvs
  }

  eachFrame(visit: (frame: number) => void): void {
    for (const frame of numberKeys(this.frames)) {
      const { use, generation, wireCount, queue, busy, clean, referenced, pvs } = this.frame(frame)
      const isMarked = wireCount > 0 || queue !== 'none' || busy || clean || referenced
      if (use !== 'free' || generation > 0 || isMarked || pvs.length > 0) visit(frame)
    }
  }

  lowestFree(count: number): readonly number[] {
    const found: number[] = []
    for (let frame = 0; frame < this.framesMax && found.length < count; frame++)
      if (this.use(frame) === 'free') found.push(frame)
    return found
  }

  lowestFreeFrame(): number {
    return this.lowestFree(1)[0] ?? -1
  }

  get framesUsed(): number {
    return Object.values(this.frames).filter(({ use }) => use !== 'free').length
  }

  get pvCount(): number {
    return Object.values(this.frames).reduce((sum, { pvs }) => sum + pvs.length, 0)
  }

  // Memory objects --------------------------------------------------------------------------

  objects(): readonly number[] {
    return numberKeys(this.pages).filter((object) => this.residentCount(object) + this.swapCount(object) > 0)
  }
  resident(object: number, index: number): number {
    return this.pages[object]?.resident[index] ?? -1
  }
  swapped(object: number, index: number): boolean {
    return this.pages[object]?.swapped[index] ?? false
  }
  swapValue(object: number, index: number): number {
    return this.swapValues[object]?.[index] ?? 0
  }
  eachSwapValue(visit: (object: number, index: number, value: number) => void): void {
    for (const object of numberKeys(this.swapValues))
      for (const index of numberKeys(this.swapValues[object] ?? {}))
        if (this.swapValue(object, index) > 0) visit(object, index, this.swapValue(object, index))
  }
  residentCount(object: number): number {
    return numberKeys(this.pages[object]?.resident ?? {}).length
  }
  swapCount(object: number): number {
    return numberKeys(this.pages[object]?.swapped ?? {}).length
  }
  eachResident(object: number, visit: (index: number, frame: number) => void): void {
    for (const index of numberKeys(this.pages[object]?.resident ?? {})) visit(index, this.resident(object, index))
  }
  eachSwapped(object: number, visit: (index: number) => void): void {
    numberKeys(this.pages[object]?.swapped ?? {}).forEach(visit)
  }
}
