/**
 * Replays segments without an object per event: the columns of a hot event go straight into the function that
 * its reducer calls as well. Everything else takes the reducers' way.
 */
import type { Frame, Gpa, Va } from '../../events/address.ts'
import { PAGE_SIZE } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ObjectRef, PmapRef, VmRef } from '../../events/ids.ts'
import type { TableLevel } from '../../events/pmap.ts'
import type { Memory } from '../model/memory.ts'
import { learnFault, learnFrame, learnTranslation, moveThread } from '../reduce/call.ts'
import type { WorldDraft } from '../reduce/draft.ts'
import { type Caller, callerOf } from '../reduce/lookup.ts'
import { allocatePage, freePage, wirePage } from '../reduce/object.ts'
import { addTable, clearPage, enterPage, freeTable } from '../reduce/pmap.ts'
import { reduceEvent } from '../reduce/reduce.ts'
import { enterGuest, leaveGuest } from '../reduce/vcpu.ts'
import { HOT_NUMBER } from '../tape/hot.ts'
import type { Kind, Segment } from '../tape/packing.ts'

/** A memory that is told which event its next writes belong to. */
export type TimedMemory = Memory & { begin(version: number): void }

type Column = Float64Array
type FourColumns = [Column, Column, Column, Column]
type SixColumns = [Column, Column, Column, Column, Column, Column]

const numberOf = (type: string): number => HOT_NUMBER.get(type) ?? -1
const FAULTED = numberOf('vcpu.faulted')
const TRANSLATED = numberOf('fault.translated')
const EXTRACTED = numberOf('pmap.extracted')
const ALLOCATED = numberOf('page.allocated')
const TABLE_ADDED = numberOf('table.added')
const TABLE_FREED = numberOf('table.freed')
const ENTERED = numberOf('pmap.entered')
const CLEARED = numberOf('pmap.cleared')
const WIRED = numberOf('page.wired')
const FREED = numberOf('page.freed')
const VCPU_ENTERED = numberOf('vcpu.entered')

/** The columns of one hot type, by field. */
function columnsOf(segment: Segment, type: number): readonly Float64Array[] {
  return segment.columns[type] as Float64Array[]
}

/** Applies the records of `segment` up to, not including, record `end`. */
export function replaySegment(world: WorldDraft, segment: Segment, memory: TimedMemory, end = segment.count): void {
  const { firstSeq, kinds, cold } = segment
  const codes = segment.codes.values
  // One cursor and the columns of each type by name: the loop below runs a million times.
  const [faultVm, faultVcpu, faultGpa] = columnsOf(segment, FAULTED) as [Column, Column, Column]
  const [, translatedGpa, translatedHva] = columnsOf(segment, TRANSLATED) as [Column, Column, Column]
  const [, , extractedFrame] = columnsOf(segment, EXTRACTED) as [Column, Column, Column]
  const [allocatedObject, allocatedIndex, allocatedFrame, allocatedSwap] = columnsOf(segment, ALLOCATED) as FourColumns
  const [addedPmap, addedVa, addedLevel, addedFrame] = columnsOf(segment, TABLE_ADDED) as FourColumns
  const [goneTablePmap, goneTableVa, goneTableLevel, goneTableFrame] = columnsOf(segment, TABLE_FREED) as FourColumns
  const [pmap, va, level, frame, flags, old] = columnsOf(segment, ENTERED) as SixColumns
  const [clearedPmap, clearedVa, clearedLevel, clearedOld] = columnsOf(segment, CLEARED) as FourColumns
  const [wiredFrame, wiredWires] = columnsOf(segment, WIRED) as [Column, Column]
  const [freedObject, freedIndex, freedFrame] = columnsOf(segment, FREED) as [Column, Column, Column]
  const [resumedVm, resumedVcpu] = columnsOf(segment, VCPU_ENTERED) as [Column, Column]
  let faulted = 0
  let translated = 0
  let extracted = 0
  let allocated = 0
  let tablesAdded = 0
  let tablesFreed = 0
  let entered = 0
  let cleared = 0
  let wired = 0
  let freed = 0
  let resumed = 0
  let object = 0
  // Neighbouring records are nearly always of one thread; a cold event may begin or end one.
  let threadId: string | null = null
  let caller: Caller = null
  for (let i = 0; i < end; i++) {
    const { hot, thread, place } = kinds[codes[i] as number] as Kind
    const seq = firstSeq + i
    memory.begin(seq)
    if (hot < 0) {
      reduceEvent(world, cold[object++] as VmmEvent, seq, callerOf(world, thread), memory)
      threadId = null
    }
    if (threadId !== thread || thread === null) {
      threadId = thread
      caller = callerOf(world, thread)
    }
    world.seq = seq
    switch (hot) {
      case FAULTED:
        learnFault(world, caller, faultGpa[faulted] as number)
        leaveGuest(world, faultVm[faulted] as VmRef, faultVcpu[faulted] as number)
        faulted += 1
        break
      case TRANSLATED:
        learnTranslation(
          world,
          caller,
          ((translatedGpa[translated] as number) * PAGE_SIZE) as Gpa,
          (translatedHva[translated] as number) * PAGE_SIZE,
        )
        translated += 1
        break
      case EXTRACTED:
        learnFrame(world, caller, extractedFrame[extracted] as number)
        extracted += 1
        break
      case ALLOCATED:
        allocatePage(
          memory,
          allocatedObject[allocated] as ObjectRef,
          allocatedIndex[allocated] as number,
          allocatedFrame[allocated] as Frame,
          allocatedSwap[allocated] === 1,
        )
        allocated += 1
        break
      case TABLE_ADDED:
        addTable(
          world,
          memory,
          addedPmap[tablesAdded] as PmapRef,
          ((addedVa[tablesAdded] as number) * PAGE_SIZE) as Va,
          addedLevel[tablesAdded] as TableLevel,
          addedFrame[tablesAdded] as Frame,
        )
        tablesAdded += 1
        break
      case TABLE_FREED:
        freeTable(
          world,
          memory,
          goneTablePmap[tablesFreed] as PmapRef,
          ((goneTableVa[tablesFreed] as number) * PAGE_SIZE) as Va,
          goneTableLevel[tablesFreed] as TableLevel,
          goneTableFrame[tablesFreed] as Frame,
        )
        tablesFreed += 1
        break
      case ENTERED:
        enterPage(
          world,
          memory,
          pmap[entered] as PmapRef,
          ((va[entered] as number) * PAGE_SIZE) as Va,
          level[entered] as TableLevel,
          frame[entered] as Frame,
          flags[entered] as number,
          old[entered] as number,
        )
        entered += 1
        break
      case CLEARED:
        clearPage(
          world,
          memory,
          clearedPmap[cleared] as PmapRef,
          ((clearedVa[cleared] as number) * PAGE_SIZE) as Va,
          clearedLevel[cleared] as TableLevel,
          clearedOld[cleared] as number,
        )
        cleared += 1
        break
      case WIRED:
        wirePage(memory, wiredFrame[wired] as Frame, wiredWires[wired] as number)
        wired += 1
        break
      case FREED:
        freePage(memory, freedObject[freed] as ObjectRef, freedIndex[freed] as number, freedFrame[freed] as Frame)
        freed += 1
        break
      case VCPU_ENTERED:
        enterGuest(world, resumedVm[resumed] as VmRef, resumedVcpu[resumed] as number)
        resumed += 1
        break
      default:
        // Done above, or an event that changes nothing by itself.
        break
    }
    if (place !== null) moveThread(caller, place)
  }
}
