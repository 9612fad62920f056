/**
 * The side effects of an event in the words of a vector's trace. Each line is a call that the recorder of the real
 * kernel wrote down; an event that it could not see has none.
 */
import { hex } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { World } from '../model/world.ts'
import { frameName, pmapName } from './observe.ts'

function objectName(world: World, object: number): string {
  return world.objects[object]?.name ?? '?'
}

/** The nested pmap's name, or null for the pmap of a process, whose changes were not traced. */
function nestedName(world: World, pmap: number): string | null {
  const record = world.pmaps[pmap]
  return record === undefined || record.nested === 0 ? null : pmapName(record)
}

function nested(world: World, pmap: number, line: (name: string) => string): string | null {
  const name = nestedName(world, pmap)
  return name === null ? null : line(name)
}

/**
 * The line of an event, or null.
 *
 * @param world the world in which the event has just become true, except for an object, pmap or process that it ended.
 */
export function traceLine(world: World, event: VmmEvent): string | null {
  switch (event.type) {
    case 'vmm.started':
      return 'vmm_start 0'
    case 'vmm.startRefused':
      return `vmm_start ${event.errno}`
    case 'vmm.stopped':
      return 'vmm_stop'
    case 'vm.allocated':
      return 'vm_get'
    case 'vm.freed':
      return 'vm_put'
    case 'vcpu.allocated':
      return 'vcpu_get'
    case 'vcpu.freed':
      return 'vcpu_put'
    case 'vcpu.initialised':
      return 'vcpu_init 0'
    case 'vcpu.initRefused':
      return `vcpu_init ${event.errno}`
    case 'vcpu.deinitialised':
      return 'vcpu_deinit'
    case 'vcpu.reset':
      return `vcpu_reset ${event.errno ?? '0'}`
    case 'pmap.created':
      return nested(world, event.pmap, (name) => `pmap_create ${name}`)
    case 'pmap.converted':
      return nested(world, event.pmap, (name) => `pmap_convert ${name} ${event.to}`)
    case 'pmap.removed':
      return nested(world, event.pmap, (name) => `pmap_remove ${name} ${hex(event.first)} ${hex(event.last)}`)
    case 'pmap.entered':
      return nested(
        world,
        event.pmap,
        (name) => `pmap_enter ${name} ${hex(event.va)} ${frameName(world, event.frame)} 0`,
      )
    case 'pmap.refused':
      return nested(
        world,
        event.pmap,
        (name) => `pmap_enter ${name} ${hex(event.va)} ${frameName(world, event.frame)} ${event.errno}`,
      )
    case 'ept.invalidated':
      return 'invept'
    case 'object.created':
      return event.kind === 'aobj' ? `uao_create ${event.name} ${hex(event.pages * 4096)}` : null
    case 'object.refused':
      return `uao_create fail ${hex(event.size)}`
    case 'object.referenced':
      return event.why === 'split' ? null : `uao_ref ${objectName(world, event.object)}`
    case 'object.released':
      // mmap(2) gives up what it could not place without a call that was traced.
      if (event.why === 'carried' && world.objects[event.object]?.kind === 'anon') return null
      return `${event.why === 'entry' ? 'detach' : 'uao_det'} ${objectName(world, event.object)}`
    case 'space.mapped':
      return `uvm_map ${event.pid} ${objectName(world, event.object)} ${hex(event.size)} ${hex(event.start)}`
    case 'space.refused':
      return `uvm_map ${event.pid} ${objectName(world, event.object)} ${hex(event.size)} ${event.errno}`
    case 'space.sealed':
      return `immutable ${event.pid} ${hex(event.start)} ${hex(event.end)} 0`
    case 'space.sealRefused':
      return `immutable ${event.pid} ${hex(event.start)} ${hex(event.end)} ${event.errno}`
    case 'space.unmapped':
      return `uvm_unmap ${event.pid} ${hex(event.start)} ${hex(event.end)}`
    case 'page.wired':
      return `fault_wire ${event.pid} ${hex(event.va)} 0`
    case 'fault.hollow':
      return `fault_wire ${event.pid} ${hex(event.va)} 0`
    case 'fault.refused':
      return `fault_wire ${event.pid} ${hex(event.va)} ${event.errno}`
    case 'memory.awaited':
      return 'uvm_wait'
    case 'pledge.filtered':
      return `pledge_ioctl ${event.errno}`
    case 'pledge.broken':
      return `pledge_fail ${event.pid}`
    case 'machdep.activated':
      return `activate_machdep ${event.action}`
    default:
      return null
  }
}

/** The line of a pmap's end, which has to be made while the pmap is still there. */
export function endLine(world: World, event: VmmEvent): string | null {
  if (event.type !== 'pmap.destroyed') return null
  return nested(world, event.pmap, (name) => `pmap_destroy ${name}`)
}
