/** Makes vCPU events true. @see events/vcpu.ts */
import { addressOf } from '../../events/address.ts'
import { unreachable } from '../../events/event.ts'
import type { VcpuId, VmRef } from '../../events/ids.ts'
import type { VcpuEvent } from '../../events/vcpu.ts'
import type { VcpuLife } from '../model/world.ts'
import { VCPU_RUNNING, VCPU_STOPPED, VCPU_TERMINATED } from '../model/world.ts'
import { enterOnCpu, forgetCached, unplace } from './cpu.ts'
import type { WorldDraft } from './draft.ts'
import { vcpuOf, vmOf } from './lookup.ts'

/** Entering and leaving the guest are most of what a vCPU does; they have a form without an event object. */
export function enterGuest(world: WorldDraft, vm: VmRef, vcpu: VcpuId): void {
  const one = vcpuOf(world, vm, vcpu)
  one.life = 'inGuest'
  if (one.cachedOn !== one.lastCpu) enterOnCpu(one)
  // An exception that waited goes in with the entry.
  if (one.guest !== undefined && one.guest.exception !== null) one.guest.exception = null
}

/** The other way: a VM exit. */
export function leaveGuest(world: WorldDraft, vm: VmRef, vcpu: VcpuId): void {
  vcpuOf(world, vm, vcpu).life = 'handling'
}

/** Where a vCPU without a runner stands whose state word was written from outside. */
function lifeOfState(state: number): VcpuLife {
  if (state === VCPU_STOPPED) return 'ready'
  return state === VCPU_TERMINATED ? 'terminated' : 'running'
}

/** vcpu_reset_regs_svm(): the nested root, and a flush at the next entry. What the VMX one does to the VMCS has its own events. */
function resetVcpu(world: WorldDraft, vm: VmRef, id: VcpuId): void {
  const vcpu = vcpuOf(world, vm, id)
  if (vcpu.vmcs !== null) return
  const pmap = vmOf(world, vm).pmap
  const root = pmap === null ? undefined : world.pmaps[pmap]?.roots[0]
  vcpu.nestedCr3 = root === undefined ? null : addressOf(root)
  vcpu.tlbControl = 'flush'
  unplace(world, vm, vcpu)
}

/** Makes one event true. */
export function reduceVcpu(world: WorldDraft, event: VcpuEvent): void {
  switch (event.type) {
    case 'vcpu.allocated':
      world.pools.vcpu += 1
      vmOf(world, event.vm).vcpuCt += 1
      return
    case 'vcpu.initialised': {
      const vm = vmOf(world, event.vm)
      vm.vcpus.push({
        id: event.vcpu,
        state: VCPU_STOPPED,
        life: 'ready',
        lock: null,
        asid: event.asid ?? 0,
        lastCpu: null,
        vmcs: world.boot.mode === 'ept' ? { state: 'clear', launched: false, active: [] } : null,
        tlbControl: 'none',
        cachedOn: null,
        nestedCr3: null,
        ...(event.sev === undefined ? {} : { sev: event.sev }),
      })
      return
    }
    case 'vcpu.deinitialised': {
      const vm = vmOf(world, event.vm)
      vm.vcpus = vm.vcpus.filter((vcpu) => vcpu.id !== event.vcpu)
      // Whoever gets its VPID or ASID next starts with a flush.
      forgetCached(world, event.vm, event.vcpu)
      return
    }
    case 'vcpu.freed':
      world.pools.vcpu -= 1
      return
    case 'vcpu.locked':
      vcpuOf(world, event.vm, event.vcpu).lock = event.thread
      return
    case 'vcpu.unlocked':
      vcpuOf(world, event.vm, event.vcpu).lock = null
      return
    case 'vcpu.started': {
      const vcpu = vcpuOf(world, event.vm, event.vcpu)
      vcpu.state = VCPU_RUNNING
      vcpu.life = 'running'
      return
    }
    case 'vcpu.entered':
      enterGuest(world, event.vm, event.vcpu)
      return
    case 'vcpu.faulted':
    case 'vcpu.exited':
      leaveGuest(world, event.vm, event.vcpu)
      return
    case 'vcpu.stopped': {
      const vcpu = vcpuOf(world, event.vm, event.vcpu)
      vcpu.state = VCPU_STOPPED
      vcpu.life = 'ready'
      // The next RUN starts with INVEPT; on SVM it flushes on another CPU only.
      if (vcpu.vmcs !== null) unplace(world, event.vm, vcpu)
      return
    }
    case 'vcpu.terminated': {
      const vcpu = vcpuOf(world, event.vm, event.vcpu)
      vcpu.state = VCPU_TERMINATED
      vcpu.life = 'terminated'
      unplace(world, event.vm, vcpu)
      return
    }
    case 'vcpu.poked': {
      const vcpu = vcpuOf(world, event.vm, event.vcpu)
      vcpu.state = event.state
      // One that has a runner, or may have one, stays where it is.
      if (vcpu.life === 'ready' || vcpu.life === 'terminated') vcpu.life = lifeOfState(event.state)
      return
    }
    case 'vcpu.reset':
      if (event.errno === null) resetVcpu(world, event.vm, event.vcpu)
      return
    case 'vcpu.initRefused':
    case 'vmcs.reloaded':
    case 'ept.invalidated':
    case 'fault.translated':
      return
    default:
      unreachable(event)
  }
}
