/** Makes events of processes and their address spaces true. @see events/space.ts */

import type { Bytes, Hva } from '../../events/address.ts'
import { offset, pagesOf } from '../../events/address.ts'
import { unreachable } from '../../events/event.ts'
import type { ObjectRef, Pid, ThreadId } from '../../events/ids.ts'
import type { ProcessEvent, SpaceEvent } from '../../events/space.ts'
import type { MapEntry } from '../model/world.ts'
import type { Draft, WorldDraft } from './draft.ts'
import { objectOf, processOf } from './lookup.ts'

export function reduceProcess(world: WorldDraft, event: ProcessEvent): void {
  switch (event.type) {
    case 'process.spawned':
      world.made.process += 1
      world.processes[event.pid] = {
        pid: event.pid,
        born: world.made.process,
        pledge: [...event.pledge],
        pmap: event.pmap,
        entries: [],
        overlaid: 0,
        signalled: false,
        exiting: false,
        killed: false,
      }
      return
    case 'process.signalled':
      processOf(world, event.pid).signalled = true
      return
    case 'process.pledged':
      processOf(world, event.pid).pledge = [...event.pledge]
      return
    case 'process.overlaid':
      processOf(world, event.pid).overlaid = world.made.pmap
      return
    case 'process.exitBegun':
      processOf(world, event.pid).exiting = true
      return
    case 'process.exited':
      delete world.processes[event.pid]
      return
    case 'pledge.broken':
      processOf(world, event.pid).killed = true
      return
    case 'pledge.filtered':
      return
    default:
      unreachable(event)
  }
}

/** A new entry lives on the reference that `thread` carries; where it carries none, on one that it owes. */
export function absorbReference(world: WorldDraft, object: ObjectRef, thread: ThreadId): void {
  const record = objectOf(world, object)
  const carrier = record.carried.indexOf(thread)
  if (carrier >= 0) record.carried.splice(carrier, 1)
  else record.owed.push(thread)
}

/** The entries that begin in a range; it was cut at its ends before. */
function within(
  world: WorldDraft,
  { pid, start, end }: { readonly pid: Pid; readonly start: Hva; readonly end: Hva },
): Draft<MapEntry>[] {
  return processOf(world, pid).entries.filter((entry) => entry.start >= start && entry.start < end)
}

/** Makes one event of an address space true. Entries stay in order of address. */
export function reduceSpace(world: WorldDraft, event: SpaceEvent): void {
  switch (event.type) {
    case 'space.mapped': {
      const { pid, thread, object, start, size, offset: first, conceal, inherit, prot = 'rw', maxProt = 'rw' } = event
      const { entries } = processOf(world, pid)
      const at = entries.findIndex((entry) => entry.start > start)
      const mapped = { start, size, object, offset: first, immutable: false, conceal, inherit }
      const entry = { ...mapped, prot, maxProt, wired: 0, advice: 'normal' as const }
      entries.splice(at < 0 ? entries.length : at, 0, entry)
      // uvm_map() takes no reference: it lives on the one that its caller carries, or should have carried.
      absorbReference(world, object, thread)
      return
    }
    case 'space.split': {
      const { entries } = processOf(world, event.pid)
      const at = entries.findIndex((entry) => entry.start < event.at && event.at < offset(entry.start, entry.size))
      const entry = entries[at]
      if (entry === undefined) return
      const head = (event.at - entry.start) as Bytes
      const tail = {
        ...entry,
        start: event.at,
        size: (entry.size - head) as Bytes,
        offset: entry.offset + pagesOf(head),
      }
      entries.splice(at, 1, { ...entry, size: head }, tail)
      return
    }
    case 'space.sealed':
      for (const entry of processOf(world, event.pid).entries) {
        if (entry.start >= event.start && entry.start < event.end) entry.immutable = true
      }
      return
    case 'space.protected':
      for (const entry of within(world, event)) entry.prot = event.prot
      return
    case 'space.bequeathed':
      for (const entry of within(world, event)) entry.inherit = event.inherit
      return
    case 'space.advised':
      for (const entry of within(world, event)) entry.advice = event.advice
      return
    case 'space.wired':
      for (const entry of within(world, event)) entry.wired += 1
      return
    case 'space.unwired':
      for (const entry of within(world, event)) entry.wired = Math.min(entry.wired, event.left)
      return
    case 'space.removed': {
      const process = processOf(world, event.pid)
      process.entries = process.entries.filter((entry) => entry.start !== event.start)
      return
    }
    case 'space.refused':
    case 'space.sealRefused':
    case 'space.unmapped':
      return
    default:
      unreachable(event)
  }
}
