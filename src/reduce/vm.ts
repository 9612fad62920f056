/** Makes VM and slot events true. @see events/vm.ts */
import { unreachable } from '../../events/event.ts'
import type { SlotEvent, VmEvent } from '../../events/vm.ts'
import type { WorldDraft } from './draft.ts'
import { slotOf, takeOut, vmOf } from './lookup.ts'

export function reduceVm(world: WorldDraft, event: VmEvent): void {
  const { softc } = world
  switch (event.type) {
    case 'vm.allocated':
      world.made.vm = event.vm
      world.pools.vm += 1
      world.vms[event.vm] = {
        ref: event.vm,
        id: 0,
        life: 'allocated',
        creator: event.pid,
        name: event.name,
        memorySize: event.memorySize,
        slots: event.ranges.map(({ gpa, size, memtype, hint }) => ({
          gpa,
          size,
          memtype,
          hint,
          hva: null,
          object: null,
          backing: null,
          life: 'none' as const,
        })),
        pmap: null,
        space: null,
        vcpus: [],
        vcpuCt: 0,
        dying: false,
        listed: false,
        refcnt: 0,
        holders: [],
      }
      return
    case 'vm.registered': {
      const vm = vmOf(world, event.vm)
      vm.id = event.id
      vm.life = 'registered'
      vm.listed = true
      vm.refcnt = 1
      vm.holders = ['list']
      softc.vmIdx = event.id
      softc.list.unshift(event.vm)
      softc.vmCt += 1
      softc.vcpuCt += vm.vcpuCt
      return
    }
    case 'vm.condemned': {
      const vm = vmOf(world, event.vm)
      vm.dying = true
      vm.life = 'condemned'
      return
    }
    case 'vm.unlinked': {
      const vm = vmOf(world, event.vm)
      vm.listed = false
      vm.life = 'unlinked'
      takeOut(softc.list, event.vm, 'listed vm', world.seq)
      return
    }
    case 'vm.referenced': {
      const vm = vmOf(world, event.vm)
      vm.refcnt += 1
      vm.holders.push(event.holder)
      return
    }
    case 'vm.released': {
      const vm = vmOf(world, event.vm)
      vm.refcnt -= 1
      takeOut(vm.holders, event.holder, 'holder', world.seq)
      return
    }
    case 'vm.teardownBegun':
      vmOf(world, event.vm).life = 'tearing'
      return
    case 'vm.freed':
      world.pools.vm -= 1
      delete world.vms[event.vm]
      return
    case 'vm.uncounted':
      softc.vmCt -= 1
      softc.vcpuCt -= event.vcpus
      return
    default:
      unreachable(event)
  }
}

/** Makes one event of a slot true: its life, and what it holds. */
export function reduceSlot(world: WorldDraft, event: SlotEvent): void {
  const slot = slotOf(world, event.vm, event.slot)
  switch (event.type) {
    case 'slot.backed':
      slot.backing = event.object
      slot.life = 'backed'
      return
    case 'slot.mapped':
      slot.hva = event.hva
      slot.life = 'mapped'
      return
    case 'slot.sealed':
      slot.life = 'sealed'
      return
    case 'slot.held':
      slot.object = event.object
      slot.life = 'held'
      return
    case 'slot.shared':
      slot.hva = event.hva
      slot.life = 'shared'
      return
    case 'slot.released':
      slot.object = null
      slot.life = 'released'
      return
    case 'slot.abandoned':
      slot.backing = null
      slot.life = 'abandoned'
      return
    default:
      unreachable(event)
  }
}
