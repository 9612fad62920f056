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
import { learnFault, learnFrame, learnTranslation, moveCall } from '../reduce/call.ts'
import type { WorldDraft } from '../reduce/draft.ts'
import { allocatePage, freePage, wirePage } from '../reduce/object.ts'
import { addTable, clearPage, enterPage, freeTable } from '../reduce/pmap.ts'
import { reduceEvent } from '../reduce/reduce.ts'
import { enterGuest, leaveGuest } from '../reduce/vcpu.ts'
import { HOT, HOT_NUMBER } from '../tape/hot.ts'
import type { Kind, Segment } from '../tape/packing.ts'

/** A memory that is told which event its next writes belong to. */
export type TimedMemory = Memory & { begin(version: number): void }

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

/** Applies the records of `segment` up to, not including, record `end`. */
export function replaySegment(world: WorldDraft, segment: Segment, memory: TimedMemory, end = segment.count): void {
  const { firstSeq, kinds, cold, columns } = segment
  const codes = segment.codes.values
  const rows = new Int32Array(HOT.length)
  const f = columns as number[][] | Float64Array[][]
  let object = 0
  for (let i = 0; i < end; i++) {
    const { hot, thread, place } = kinds[codes[i] as number] as Kind
    const seq = firstSeq + i
    memory.begin(seq)
    if (hot < 0) {
      reduceEvent(world, cold[object++] as VmmEvent, seq, thread, memory)
    } else {
      world.seq = seq
      const r = rows[hot] as number
      rows[hot] = r + 1
      const c = f[hot] as Float64Array[]
      const c0 = c[0]?.[r] as number
      const c1 = c[1]?.[r] as number
      const c2 = c[2]?.[r] as number
      switch (hot) {
        case FAULTED:
          if (thread !== null) learnFault(world, thread, c2)
          leaveGuest(world, c0 as VmRef, c1)
          break
        case TRANSLATED:
          if (thread !== null) learnTranslation(world, thread, (c1 * PAGE_SIZE) as Gpa, c2 * PAGE_SIZE)
          break
        case EXTRACTED:
          if (thread !== null) learnFrame(world, thread, c2)
          break
        case ALLOCATED:
          allocatePage(memory, c0 as ObjectRef, c1, c2 as Frame)
          break
        case TABLE_ADDED:
          addTable(world, memory, c0 as PmapRef, (c1 * PAGE_SIZE) as Va, c2 as TableLevel, c[3]?.[r] as Frame)
          break
        case TABLE_FREED:
          freeTable(world, memory, c0 as PmapRef, (c1 * PAGE_SIZE) as Va, c2 as TableLevel, c[3]?.[r] as Frame)
          break
        case ENTERED:
          enterPage(
            world,
            memory,
            c0 as PmapRef,
            (c1 * PAGE_SIZE) as Va,
            c2 as TableLevel,
            c[3]?.[r] as Frame,
            c[4]?.[r] as number,
            c[5]?.[r] as number,
          )
          break
        case CLEARED:
          clearPage(world, memory, c0 as PmapRef, (c1 * PAGE_SIZE) as Va, c2 as TableLevel, c[3]?.[r] as number)
          break
        case WIRED:
          wirePage(memory, c0 as Frame, c1)
          break
        case FREED:
          freePage(memory, c0 as ObjectRef, c1, c2 as Frame)
          break
        case VCPU_ENTERED:
          enterGuest(world, c0 as VmRef, c1)
          break
        default:
          // The remaining hot events change nothing by themselves.
          break
      }
    }
    if (place !== null && thread !== null) moveCall(world, thread, place)
  }
}
