/**
 * The oracle: memory as plain objects, the obvious code, and no number kept that could be counted.
 * immer drafts it, so a past moment is simply an earlier value. Slow; `VersionedMemory` must equal it.
 */
import type { FrameUse, Level, Memory, PageQueue, TableLevel } from '../memory.ts'
import * as defects from './defects.ts'
import { digestOf, dumpOf, fill, type MemoryDump } from './dump.ts'
import {
  FRAME_NUMBERS_MAX,
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
import { indexAt } from './paging.ts'
import { type PlainFrame, PlainReader, UNTOUCHED } from './plain-reader.ts'

/** Plain objects under the same calls as the memory that keeps its versions. */
export class PlainMemory extends PlainReader implements Memory {
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
