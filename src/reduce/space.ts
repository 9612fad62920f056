/** Makes events of processes and their address spaces true. @see events/space.ts */

import type { Bytes } from '../../events/address.ts'
import { offset, pagesOf } from '../../events/address.ts'
import { unreachable } from '../../events/event.ts'
import type { ProcessEvent, SpaceEvent } from '../../events/space.ts'
import type { WorldDraft } from './draft.ts'
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
        signalled: false,
        exiting: false,
        killed: false,
      }
      return
    case 'process.signalled':
      processOf(world, event.pid).signalled = true
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

/** Makes one event of an address space true. Entries stay in order of address. */
export function reduceSpace(world: WorldDraft, event: SpaceEvent): void {
  switch (event.type) {
    case 'space.mapped': {
      const { pid, thread, object, start, size, offset: first, conceal, inherit } = event
      const { entries } = processOf(world, pid)
      const at = entries.findIndex((entry) => entry.start > start)
      const entry = { start, size, object, offset: first, immutable: false, conceal, inherit }
      entries.splice(at < 0 ? entries.length : at, 0, entry)
      // uvm_map() takes no reference: it lives on the one that its caller carries, or should have carried.
      const record = objectOf(world, object)
      const carrier = record.carried.indexOf(thread)
      if (carrier >= 0) record.carried.splice(carrier, 1)
      else record.owed.push(thread)
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
