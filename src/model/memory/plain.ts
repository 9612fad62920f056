/**
 * The oracle: memory as plain objects, the obvious code, and no number kept that could be counted.
 * immer drafts it, so a past moment is simply an earlier value. Slow; `VersionedMemory` must equal it.
 */
import { immerable } from 'immer'
import type { FrameUse, Leaf, Level, Memory, PageQueue, PvEntry, Table, TableLevel, WalkStep } from '../memory.ts'
import { leafFrame } from '../memory.ts'
import * as defects from './defects.ts'
import { digestOf, dumpOf, fill, type MemoryDump } from './dump.ts'
import {
  ENTRY_PAGES,
  FRAME_NUMBERS_MAX,
  FRAMES_MAX,
  INDEXES_MAX,
  isBetween,
  LEAF_MAX,
  OBJECTS_MAX,
  PAGES_MAX,
  PMAPS_MAX,
  VALUES_MAX,
  VERSIONS_MAX,
  WIRE_COUNT_MAX,
} from './limits.ts'
import { decodedLeaf, firstPageOf, indexAt } from './paging.ts'

/** A page-table page: up to 512 entries by index. Integer keys below 2^32 come back in ascending order. */
type PlainTable = { readonly frame: number; readonly entries: Record<number, PlainEntry> }
type PlainEntry =
  | { readonly kind: 'leaf'; readonly packed: number }
  | { readonly kind: 'table'; readonly table: PlainTable }

type PlainFrame = {
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
type PlainObject = { readonly resident: Record<number, number>; readonly swapped: Record<number, true> }

const UNTOUCHED: PlainFrame = {
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

const FROM_ROOT = [4, 3, 2, 1] as const

function numberKeys(record: Record<number, unknown>): number[] {
  return Object.keys(record).map(Number)
}

export class PlainMemory implements Memory {
  readonly [immerable] = true
  version = 0
  readonly framesMax: number
  private readonly roots: Record<number, PlainTable> = {}
  private readonly frames: Record<number, PlainFrame> = {}
  private readonly pages: Record<number, PlainObject> = {}
  private readonly values: Record<number, number> = {}
  private readonly swapValues: Record<number, Record<number, number>> = {}

  constructor(framesMax: number) {
    if (!isBetween(framesMax, 1, FRAMES_MAX + 1)) throw defects.framesMaxOutside(framesMax)
    this.framesMax = framesMax
  }

  begin(version: number): void {
    if (!isBetween(version, this.version, VERSIONS_MAX)) throw defects.versionBack(version, this.version)
    this.version = version
  }

  static load(dump: MemoryDump, version: number): PlainMemory {
    const memory = new PlainMemory(dump.framesMax)
    memory.version = version
    fill(memory, dump)
    return memory
  }

  dump(): MemoryDump {
    return dumpOf(this)
  }

  digest(): number {
    return digestOf(this.dump())
  }

  // Page tables: reading --------------------------------------------------------------------

  hasPmap(pmap: number): boolean {
    return this.roots[pmap] !== undefined
  }

  pmaps(): readonly number[] {
    return numberKeys(this.roots)
  }

  /** The table whose entries are of `level` on the way to `page`. */
  private table(pmap: number, page: number, level: TableLevel): PlainTable | undefined {
    let table = page >= 0 && page < PAGES_MAX ? this.roots[pmap] : undefined
    for (let above = 4; above > level && table !== undefined; above--) {
      const entry: PlainEntry | undefined = table.entries[indexAt(page, above as TableLevel)]
      table = entry?.kind === 'table' ? entry.table : undefined
    }
    return table
  }

  private leafEntry(pmap: number, page: number, level: Level): number {
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
    const steps: WalkStep[] = []
    for (const level of FROM_ROOT) {
      const table = this.table(pmap, page, level)
      if (table === undefined) break
      const index = indexAt(page, level)
      const entry = table.entries[index]
      steps.push({
        level,
        index,
        table: table.frame,
        entry: entry?.kind ?? 'absent',
        frame: entry === undefined ? null : entry.kind === 'table' ? entry.table.frame : leafFrame(entry.packed),
      })
    }
    return steps
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
    const below = (table: PlainTable, level: TableLevel, base: number): boolean => {
      for (const index of numberKeys(table.entries)) {
        const page = base + index * ENTRY_PAGES[level]
        const entry = table.entries[index]
        if (entry?.kind === 'table') {
          if (!below(entry.table, (level - 1) as TableLevel, page)) return false
        } else if (entry?.kind === 'leaf' && page >= first && page < first + pages) {
          if (visit(page, entry.packed, level as Level) === false) return false
        }
      }
      return true
    }
    const root = this.roots[pmap]
    if (root !== undefined) below(root, 4, 0)
  }

  eachTable(pmap: number, visit: (table: Table) => void): void {
    const below = (table: PlainTable, level: TableLevel, base: number): void => {
      for (const index of numberKeys(table.entries)) {
        const entry = table.entries[index]
        if (entry?.kind !== 'table') continue
        const page = base + index * ENTRY_PAGES[level]
        const children = numberKeys(entry.table.entries).length
        visit({ level: (level - 1) as Level, page, frame: entry.table.frame, children })
        below(entry.table, (level - 1) as TableLevel, page)
      }
    }
    const root = this.roots[pmap]
    if (root !== undefined) below(root, 4, 0)
  }

  // Page tables: writing --------------------------------------------------------------------

  createPmap(pmap: number, rootFrame: number): void {
    if (!isBetween(pmap, 1, PMAPS_MAX)) throw defects.numberOutside(pmap, this.version)
    if (this.hasPmap(pmap)) throw defects.pmapExists(pmap, this.version)
    this.expectFrameNumber(rootFrame)
    this.roots[pmap] = { frame: rootFrame, entries: {} }
  }

  destroyPmap(pmap: number): void {
    this.expectPmap(pmap, 0)
    delete this.roots[pmap]
  }

  addTable(pmap: number, page: number, level: Level, frame: number): void {
    this.expectPmap(pmap, page)
    const above = (level + 1) as TableLevel
    const parent = this.table(pmap, page, above)
    if (parent === undefined) throw defects.noTable(pmap, page, above, this.version)
    const index = indexAt(page, above)
    const there = parent.entries[index]
    if (there?.kind === 'table') throw defects.tableExists(pmap, page, level, this.version)
    if (there?.kind === 'leaf') throw defects.leafInTheWay(pmap, page, above, this.version)
    this.expectFrameNumber(frame)
    parent.entries[index] = { kind: 'table', table: { frame, entries: {} } }
  }

  removeTable(pmap: number, page: number, level: Level): void {
    this.expectPmap(pmap, page)
    const table = this.tableAt(pmap, page, level)
    if (table === null) throw defects.noTable(pmap, page, level, this.version)
    if (table.children > 0) throw defects.tableHasChildren(pmap, page, level, table.children, this.version)
    const above = (level + 1) as TableLevel
    delete this.table(pmap, page, above)?.entries[indexAt(page, above)]
  }

  setLeaf(pmap: number, page: number, level: Level, packed: number): void {
    this.expectPmap(pmap, page)
    if (!(packed >= 0 && packed < LEAF_MAX)) throw defects.leafOutside(pmap, page, packed, this.version)
    const table = this.table(pmap, page, level)
    if (table === undefined) throw defects.noTable(pmap, page, level, this.version)
    const index = indexAt(page, level)
    if (table.entries[index]?.kind === 'table') throw defects.tableExists(pmap, page, level - 1, this.version)
    table.entries[index] = { kind: 'leaf', packed }
  }

  clearLeaf(pmap: number, page: number, level: Level): void {
    this.expectPmap(pmap, page)
    if (this.leafEntry(pmap, page, level) < 0) throw defects.noLeaf(pmap, page, level, this.version)
    delete this.table(pmap, page, level)?.entries[indexAt(page, level)]
  }

  private expectPmap(pmap: number, page: number): void {
    if (!this.hasPmap(pmap)) throw defects.noPmap(pmap, this.version)
    if (!isBetween(page, 0, PAGES_MAX)) throw defects.pageOutside(pmap, page, this.version)
  }

  private expectFrameNumber(frame: number): void {
    if (!isBetween(frame, 0, FRAME_NUMBERS_MAX)) throw defects.frameOutside(frame, FRAME_NUMBERS_MAX, this.version)
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

  private writable(frame: number): PlainFrame {
    if (!isBetween(frame, 0, this.framesMax)) throw defects.frameOutside(frame, this.framesMax, this.version)
    this.frames[frame] ??= { ...UNTOUCHED, pvs: [] }
    return this.frames[frame]
  }

  takeFrame(frame: number, use: Exclude<FrameUse, 'free'>, owner: number, pageIndex: number): void {
    const own = this.writable(frame)
    if (own.use !== 'free') throw defects.frameUsed(frame, own.use, this.version)
    this.expectIndex(owner, pageIndex, 0)
    Object.assign(own, { ...UNTOUCHED, use, owner, pageIndex, generation: own.generation, pvs: own.pvs })
    delete this.values[frame]
  }

  freeFrame(frame: number): void {
    const own = this.writable(frame)
    if (own.use === 'free') throw defects.frameFree(frame, this.version)
    Object.assign(own, { ...UNTOUCHED, generation: own.generation + 1, pvs: own.pvs })
  }

  setWireCount(frame: number, count: number): void {
    if (!isBetween(count, 0, WIRE_COUNT_MAX)) throw defects.wireCountOutside(frame, count, this.version)
    this.writable(frame).wireCount = count
  }
  setQueue(frame: number, queue: PageQueue): void {
    this.writable(frame).queue = queue
  }
  setBusy(frame: number, busy: boolean): void {
    this.writable(frame).busy = busy
  }
  setClean(frame: number, clean: boolean): void {
    this.writable(frame).clean = clean
  }
  setReferenced(frame: number, referenced: boolean): void {
    this.writable(frame).referenced = referenced
  }
  setValue(frame: number, value: number): void {
    if (!isBetween(frame, 0, this.framesMax)) throw defects.frameOutside(frame, this.framesMax, this.version)
    if (!isBetween(value, 0, VALUES_MAX)) throw defects.valueOutside(value, this.version)
    this.values[frame] = value
  }
  pageIn(object: number, index: number): void {
    this.setValue(this.mustBeResident(object, index), this.swapValue(object, index))
  }
  pageOut(object: number, index: number): void {
    this.restoreSwapValue(object, index, this.value(this.mustBeResident(object, index)))
  }
  copyPage(frame: number, object: number, index: number): void {
    const source = this.resident(object, index)
    this.setValue(frame, source < 0 ? this.swapValue(object, index) : this.value(source))
  }
  private mustBeResident(object: number, index: number): number {
    const frame = this.resident(object, index)
    if (frame < 0) throw defects.notResident(object, index, this.version)
    return frame
  }
  restoreSwapValue(object: number, index: number, value: number): void {
    this.swapValues[object] ??= {}
    this.swapValues[object][index] = value
  }
  restoreGeneration(frame: number, generation: number): void {
    this.writable(frame).generation = generation
  }

  // Reverse mappings ------------------------------------------------------------------------

  addPv(frame: number, pmap: number, page: number): void {
    const { pvs } = this.writable(frame)
    if (!isBetween(pmap, 1, PMAPS_MAX)) throw defects.numberOutside(pmap, this.version)
    if (!isBetween(page, 0, PAGES_MAX)) throw defects.pageOutside(pmap, page, this.version)
    if (pvs.some((pv) => pv.pmap === pmap && pv.page === page)) throw defects.pvExists(frame, pmap, page, this.version)
    pvs.unshift({ pmap, page })
  }

  removePv(frame: number, pmap: number, page: number): void {
    const { pvs } = this.writable(frame)
    const at = pvs.findIndex((pv) => pv.pmap === pmap && pv.page === page)
    if (at < 0) throw defects.noPv(frame, pmap, page, this.version)
    pvs.splice(at, 1)
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

  setResident(object: number, index: number, frame: number): void {
    this.expectIndex(object, index, 1)
    this.expectFrameNumber(frame)
    this.pages[object] ??= { resident: {}, swapped: {} }
    if (this.resident(object, index) >= 0) throw defects.isResident(object, index, this.version)
    this.pages[object].resident[index] = frame
  }

  clearResident(object: number, index: number): void {
    if (this.resident(object, index) < 0) throw defects.notResident(object, index, this.version)
    delete this.pages[object]?.resident[index]
  }

  setSwapped(object: number, index: number, swapped: boolean): void {
    this.expectIndex(object, index, 1)
    this.pages[object] ??= { resident: {}, swapped: {} }
    if (swapped) this.pages[object].swapped[index] = true
    else {
      delete this.pages[object].swapped[index]
      delete this.swapValues[object]?.[index]
    }
  }

  dropObject(object: number): void {
    delete this.pages[object]
    delete this.swapValues[object]
  }

  private expectIndex(object: number, index: number, first: number): void {
    if (!(isBetween(object, first, OBJECTS_MAX) && isBetween(index, 0, INDEXES_MAX)))
      throw defects.indexOutside(object, index, this.version)
  }
}
