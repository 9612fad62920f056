/** Makes events of memory objects and of their pages true. @see events/object.ts */
import type { Frame } from '../../events/address.ts'
import { unreachable } from '../../events/event.ts'
import type { ObjectRef } from '../../events/ids.ts'
import type { ObjectEvent, PageEvent } from '../../events/object.ts'
import type { Memory } from '../model/memory.ts'
import { markFreed } from './cpu.ts'
import type { WorldDraft } from './draft.ts'
import { objectOf, takeOut } from './lookup.ts'

export function reduceObject(world: WorldDraft, event: ObjectEvent, memory: Memory): void {
  switch (event.type) {
    case 'object.created':
      world.made.object = event.object
      world.made[event.kind] += 1
      world.objects[event.object] = {
        ref: event.object,
        kind: event.kind,
        name: event.name,
        pages: event.pages,
        refs: 1,
        carried: [event.thread],
        owed: [],
      }
      return
    case 'object.referenced': {
      const object = objectOf(world, event.object)
      object.refs += 1
      // vm_share_mem() pays for the reference that its map entry used already.
      if (event.why === 'share') takeOut(object.owed, event.thread, 'debt of', world.seq)
      // uvm_share() takes the reference first and hands it to the entry.
      if (event.why === 'clone') object.carried.push(event.thread)
      return
    }
    case 'object.released': {
      const object = objectOf(world, event.object)
      object.refs -= 1
      if (event.why === 'carried') takeOut(object.carried, event.thread, 'carrier', world.seq)
      return
    }
    case 'object.freed':
      memory.dropObject(event.object)
      delete world.objects[event.object]
      return
    case 'object.refused':
      return
    default:
      unreachable(event)
  }
}

/** `page.allocated`: the page is resident, on the active queue; one that comes from swap is clean. */
export function allocatePage(memory: Memory, object: ObjectRef, index: number, frame: Frame, isSwapped: boolean): void {
  memory.takeFrame(frame, 'object', object, index)
  memory.setResident(object, index, frame)
  memory.setQueue(frame, 'active')
  if (!isSwapped) return
  memory.pageIn(object, index)
  memory.setClean(frame, true)
}

/** `page.wired`: off every queue, and dirty. */
export function wirePage(memory: Memory, frame: Frame, wires: number): void {
  memory.setWireCount(frame, wires)
  memory.setQueue(frame, 'none')
  memory.setClean(frame, false)
}

/** `page.freed`. */
export function freePage(world: WorldDraft, memory: Memory, object: ObjectRef, index: number, frame: Frame): void {
  memory.clearResident(object, index)
  memory.freeFrame(frame)
  markFreed(world, frame)
}

/** Makes one event of a page true. */
export function reducePage(world: WorldDraft, event: PageEvent, memory: Memory): void {
  switch (event.type) {
    case 'page.allocated':
      allocatePage(memory, event.object, event.index, event.frame, event.from === 'swap')
      return
    case 'page.wired':
      wirePage(memory, event.frame, event.wires)
      return
    case 'page.unwired':
      memory.setWireCount(event.frame, event.wires)
      if (event.wires === 0) memory.setQueue(event.frame, 'active')
      return
    case 'page.deactivated':
      memory.setQueue(event.frame, 'inactive')
      memory.setReferenced(event.frame, false)
      return
    case 'page.activated':
      memory.setQueue(event.frame, 'active')
      return
    case 'page.copied':
      memory.copyPage(event.frame, event.source, event.sourceIndex)
      return
    case 'page.freed':
      freePage(world, memory, event.object, event.index, event.frame)
      return
    case 'swap.assigned':
      memory.setSwapped(event.object, event.index, true)
      world.swapUsed += 1
      return
    case 'swap.released':
      memory.setSwapped(event.object, event.index, false)
      world.swapUsed -= 1
      return
    case 'swap.written':
      memory.pageOut(event.object, event.index)
      memory.setClean(event.frame, true)
      return
    case 'page.busied':
      world.pagedaemon = 'evicting'
      memory.setBusy(event.frame, true)
      return
    case 'page.spared':
      world.pagedaemon = 'idle'
      memory.setBusy(event.frame, false)
      return
    case 'page.evicted':
      world.pagedaemon = 'idle'
      return
    case 'memory.awaited':
    case 'fault.refused':
    case 'fault.hollow':
      return
    default:
      unreachable(event)
  }
}
