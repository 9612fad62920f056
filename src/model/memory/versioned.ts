/**
 * Memory that keeps all its versions. A past moment is a number: `at` gives a view of it without
 * moving anything, `truncate` forgets what came after it, and `fork` goes on from it elsewhere.
 */
import type { FrameUse, Level, Memory, MemoryReader, PageQueue } from '../memory.ts'
import { Cells, LATEST } from './cells.ts'
import { Contents } from './contents.ts'
import type { Change } from './counter.ts'
import { Counts } from './counts.ts'
import { frameOutside, notResident } from './defects.ts'
import { digestOf, dumpOf, fill, type MemoryDump } from './dump.ts'
import { Frames } from './frames.ts'
import { isBetween } from './limits.ts'
import { Objects } from './objects.ts'
import {
  kindOf,
  OWNER_BRANCH,
  OWNER_FRAME,
  OWNER_LOW_BRANCH,
  OWNER_NOBODY,
  OWNER_OBJECT,
  OWNER_PV,
  OWNER_TWIG,
  placeOf,
} from './owners.ts'
import { Pvs } from './pv.ts'
import { Tables } from './tables.ts'
import { type Parts, PastView, View } from './view.ts'

export class VersionedMemory extends View implements Memory {
  private readonly parts: Parts
  private readonly cells: Cells

  /** @param framesMax how many frames the host has; they are numbered from 0. */
  constructor(framesMax: number) {
    const parts = partsOf(framesMax)
    super(parts)
    this.parts = parts
    this.cells = parts.cells
  }

  get version(): number {
    return this.cells.version
  }

  protected override get limit(): number {
    return LATEST
  }

  protected override get countedLimit(): number {
    return LATEST
  }

  // Time ------------------------------------------------------------------------------------

  begin(version: number): void {
    this.cells.begin(version)
  }

  /**
   * The memory as it was when event `version` had been taken.
   *
   * @throws Defect MEM020 for a version that has not come yet or whose history was dropped.
   */
  at(version: number): MemoryReader {
    return new PastView(this.parts, version)
  }

  /** Forgets every event after `version`. Costs some nanoseconds for each write undone. */
  truncate(version: number): void {
    const now: Change = (counter, by) => {
      counter.now += by
    }
    const limit = this.cells.truncate(version, (cell, from, to) => {
      const owner = this.cells.owner(cell)
      const kind = kindOf(owner)
      if (kind === OWNER_FRAME) this.frames.undone(placeOf(owner), cell, from, to)
      else if (kind !== OWNER_NOBODY && kind <= OWNER_BRANCH) this.tables.undone(kind, placeOf(owner), cell, from, to)
      effects(this.parts, cell, from, to, now)
    })
    for (const part of [this.tables, this.objectPages]) part.refresh()
    this.parts.counts.cut(limit)
  }

  /** An independent memory that goes on from `version`. Costs what there is then; it has no history before that. */
  fork(version = this.version): VersionedMemory {
    return VersionedMemory.load(this.dump(version), version)
  }

  /** Gives up the versions before `version`, and the room of their records. Costs what there is of records. */
  dropHistoryBefore(version: number): void {
    this.cells.dropBefore(version)
    // Records have new numbers, so the histories of counters have to be made again.
    this.parts.counts.cut(0)
  }

  /** The first version that can be read. */
  get firstVersion(): number {
    return this.cells.first
  }

  /** Bytes that this memory holds for all its versions. */
  get historyBytes(): number {
    return Object.values(this.parts).reduce((sum, { bytes }) => sum + bytes, 0)
  }

  // Whole contents --------------------------------------------------------------------------

  /** The contents in a form that depends on nothing else: equal memories dump the same bytes. */
  dump(version = this.version): MemoryDump {
    return dumpOf(version === this.version ? this : this.at(version))
  }

  /**
   * A memory with the contents of a dump, as of event `version`.
   *
   * @throws Defect MEM022 when the dump is damaged.
   */
  static load(dump: MemoryDump, version: number): VersionedMemory {
    const memory = new VersionedMemory(dump.framesMax)
    memory.cells.startAt(version)
    fill(memory, dump)
    return memory
  }

  /** 53 bits that equal memories share and others hardly ever do. */
  digest(version = this.version): number {
    return digestOf(this.dump(version))
  }

  // Page tables -----------------------------------------------------------------------------

  createPmap(pmap: number, rootFrame: number): void {
    this.tables.create(pmap, rootFrame)
  }
  destroyPmap(pmap: number): void {
    this.tables.destroy(pmap)
  }
  addTable(pmap: number, page: number, level: Level, frame: number): void {
    this.tables.addTable(pmap, page, level, frame)
  }
  removeTable(pmap: number, page: number, level: Level): void {
    this.tables.removeTable(pmap, page, level)
  }
  setLeaf(pmap: number, page: number, level: Level, packed: number): void {
    this.tables.setLeaf(pmap, page, level, packed)
  }
  clearLeaf(pmap: number, page: number, level: Level): void {
    this.tables.clearLeaf(pmap, page, level)
  }

  // Frames ----------------------------------------------------------------------------------

  takeFrame(frame: number, use: Exclude<FrameUse, 'free'>, owner: number, pageIndex: number): void {
    this.frames.take(frame, use, owner, pageIndex)
    this.contents.clear(frame)
  }
  freeFrame(frame: number): void {
    this.frames.free(frame)
  }
  setWireCount(frame: number, count: number): void {
    this.frames.setWireCount(frame, count)
  }
  setQueue(frame: number, queue: PageQueue): void {
    this.frames.setQueue(frame, queue)
  }
  setBusy(frame: number, busy: boolean): void {
    this.frames.setBusy(frame, busy)
  }
  setClean(frame: number, clean: boolean): void {
    this.frames.setClean(frame, clean)
  }
  setReferenced(frame: number, referenced: boolean): void {
    this.frames.setReferenced(frame, referenced)
  }
  setValue(frame: number, value: number): void {
    if (!isBetween(frame, 0, this.framesMax)) throw frameOutside(frame, this.framesMax, this.version)
    this.contents.setValue(frame, value)
  }
  pageIn(object: number, index: number): void {
    const frame = this.resident(object, index)
    if (frame < 0) throw notResident(object, index, this.version)
    this.setValue(frame, this.swapValue(object, index))
  }
  pageOut(object: number, index: number): void {
    const frame = this.resident(object, index)
    if (frame < 0) throw notResident(object, index, this.version)
    this.contents.setSwapValue(object, index, this.value(frame))
  }
  copyPage(frame: number, object: number, index: number): void {
    const source = this.resident(object, index)
    this.setValue(frame, source < 0 ? this.swapValue(object, index) : this.value(source))
  }
  /** What a copy in swap held before the memory began; for loading only. */
  restoreSwapValue(object: number, index: number, value: number): void {
    this.contents.setSwapValue(object, index, value)
  }
  /** How often the frame was freed before the memory began; for loading only. */
  restoreGeneration(frame: number, generation: number): void {
    this.frames.restoreGeneration(frame, generation)
  }

  // Reverse mappings ------------------------------------------------------------------------

  addPv(frame: number, pmap: number, page: number): void {
    this.pvs.add(frame, pmap, page)
  }
  removePv(frame: number, pmap: number, page: number): void {
    this.pvs.remove(frame, pmap, page)
  }

  // Memory objects --------------------------------------------------------------------------

  setResident(object: number, index: number, frame: number): void {
    this.objectPages.setResident(object, index, frame)
  }
  clearResident(object: number, index: number): void {
    this.objectPages.clearResident(object, index)
  }
  setSwapped(object: number, index: number, swapped: boolean): void {
    this.objectPages.setSwapped(object, index, swapped)
    if (!swapped) this.contents.setSwapValue(object, index, 0)
  }
  dropObject(object: number): void {
    this.objectPages.drop(object)
    this.contents.dropObject(object)
  }
}

function partsOf(framesMax: number): Parts {
  const cells = new Cells()
  const frames = new Frames(cells, framesMax)
  const parts: Parts = {
    cells,
    frames,
    pvs: new Pvs(cells, frames),
    tables: new Tables(cells),
    objects: new Objects(cells, OWNER_OBJECT),
    contents: new Contents(cells),
    counts: new Counts(cells, (cell, from, to, change) => effects(parts, cell, from, to, change)),
  }
  return parts
}

/** Which counters it changes when a cell goes from one value to another. */
function effects(
  { cells, tables, frames, pvs, objects }: Parts,
  cell: number,
  from: number,
  to: number,
  change: Change,
): void {
  const owner = cells.owner(cell)
  const place = placeOf(owner)
  switch (kindOf(owner)) {
    case OWNER_TWIG:
    case OWNER_LOW_BRANCH:
    case OWNER_BRANCH:
      tables.effects(kindOf(owner), place, from, to, change)
      return
    case OWNER_OBJECT:
      objects.effects(place, from, to, change)
      return
    case OWNER_FRAME:
      frames.effects(place, from, to, change)
      return
    case OWNER_PV:
      pvs.effects(cell, from, to, change)
      return
    default:
      // Heads and the like, which nobody counts.
      return
  }
}
