/**
 * Replays segments without an object per event: the columns of a hot event go straight into the function that
 * its reducer calls as well. Everything else takes the reducers' way.
 */
import type { Frame, Gpa } from '../../events/address.ts'
import { PAGE_SIZE } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ObjectRef, PmapRef, ThreadId, VmRef } from '../../events/ids.ts'
import type { TableLevel } from '../../events/pmap.ts'
import type { Memory } from '../model/memory.ts'
import { learnFault, learnFrame, learnTranslation, moveThread } from '../reduce/call.ts'
import { loadVmcs } from '../reduce/cpu.ts'
import type { WorldDraft } from '../reduce/draft.ts'
import { type Caller, callerOf } from '../reduce/lookup.ts'
import { allocatePage, freePage, wirePage } from '../reduce/object.ts'
import { addTable, clearPage, enterPage, freeTable } from '../reduce/pmap.ts'
import { reduceEvent } from '../reduce/reduce.ts'
import { enterGuest, leaveGuest } from '../reduce/vcpu.ts'
import { HOT_NUMBER } from '../tape/hot.ts'
import type { Kind, Segment } from '../tape/packing.ts'

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
const VMCS_RELOADED = numberOf('vmcs.reloaded')
const VCPU_ENTERED = numberOf('vcpu.entered')

/** Applies the records of `segment` up to, not including, record `end`. */
export function replaySegment(world: WorldDraft, segment: Segment, memory: Memory, end = segment.count): void {
  const { firstSeq, kinds, codes, cold } = segment
  const rows = new Int32Array(kinds.length)
  let objects = 0
  // Neighbouring records are nearly always of one call. Where it stands is written once they are not.
  let thread: ThreadId | null = null
  let caller: Caller = null
  let place: string | null = null
  for (let i = 0; i < end; i++) {
    const code = codes[i] as number
    const kind = kinds[code] as Kind
    const { hot } = kind
    const seq = firstSeq + i
    memory.begin(seq)
    if (hot < 0) {
      if (place !== null) moveThread(caller, place)
      place = null
      thread = kind.thread
      reduceEvent(world, cold[objects++] as VmmEvent, seq, callerOf(world, thread), memory)
      // It may have begun a call, or ended one.
      caller = callerOf(world, thread)
    } else {
      if (kind.thread !== thread) {
        if (place !== null) moveThread(caller, place)
        place = null
        thread = kind.thread
        caller = callerOf(world, thread)
      }
      const row = rows[code] as number
      rows[code] = row + 1
      world.seq = seq
      applyRow(world, memory, caller, kind, hot, row)
    }
    if (kind.place !== null) place = kind.place
  }
  if (place !== null) moveThread(caller, place)
}

/** Makes the hot event in row `row` of its kind true. */
function applyRow(world: WorldDraft, memory: Memory, caller: Caller, kind: Kind, hot: number, row: number): void {
  // Columns are looked into by hand: this is called for each of millions of events, and a function for it is not inlined.
  const c = kind.columns
  switch (hot) {
    case FAULTED:
      learnFault(world, caller, c[2]![row]! * PAGE_SIZE + c[3]![row]!)
      leaveGuest(world, c[0]![row]! as VmRef, c[1]![row]!)
      return
    case TRANSLATED:
      learnTranslation(world, caller, (c[1]![row]! * PAGE_SIZE) as Gpa, c[2]![row]! * PAGE_SIZE)
      return
    case EXTRACTED:
      learnFrame(world, caller, c[2]![row]!)
      return
    case ALLOCATED:
      allocatePage(memory, c[0]![row]! as ObjectRef, c[1]![row]!, c[2]![row]! as Frame, c[3]![row]! === 1)
      return
    case TABLE_ADDED:
      addTable(world, memory, c[0]![row]! as PmapRef, c[1]![row]!, c[2]![row]! as TableLevel, c[3]![row]! as Frame)
      return
    case TABLE_FREED:
      freeTable(world, memory, c[0]![row]! as PmapRef, c[1]![row]!, c[2]![row]! as TableLevel, c[3]![row]! as Frame)
      return
    case ENTERED:
      enterPage(
        world,
        memory,
        c[0]![row]! as PmapRef,
        c[1]![row]!,
        c[2]![row]! as TableLevel,
        c[3]![row]! as Frame,
        c[4]![row]!,
        c[5]![row]!,
      )
      return
    case CLEARED:
      clearPage(world, memory, c[0]![row]! as PmapRef, c[1]![row]!, c[2]![row]! as TableLevel, c[3]![row]!)
      return
    case WIRED:
      wirePage(memory, c[0]![row]! as Frame, c[1]![row]!)
      return
    case FREED:
      freePage(world, memory, c[0]![row]! as ObjectRef, c[1]![row]!, c[2]![row]! as Frame)
      return
    case VMCS_RELOADED:
      loadVmcs(world, c[0]![row]! as VmRef, c[1]![row]!, caller?.cpu ?? 0)
      return
    case VCPU_ENTERED:
      enterGuest(world, c[0]![row]! as VmRef, c[1]![row]!)
      return
    default:
      // An event that changes nothing by itself.
      return
  }
}
