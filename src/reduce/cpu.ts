/**
 * Makes events of CPUs true: what runs where, which VMCS a CPU works with, and what a TLB may keep.
 *
 * A translation becomes stale when the tables lose it while a vCPU can go on without a flush; entering one makes nothing
 * stale, so that a fault costs nothing here. @see events/cpu.ts
 */
import type { CpuEvent } from '../../events/cpu.ts'
import { unreachable } from '../../events/event.ts'
import type { CpuId, PmapRef, VcpuId, VmRef } from '../../events/ids.ts'
import type { Cpu, Stale } from '../model/cpu.ts'
import type { Vcpu } from '../model/world.ts'
import type { Draft, WorldDraft } from './draft.ts'
import { pmapOf, threadOf, vcpuIn } from './lookup.ts'

/** The vCPU goes on with nothing that was cached before. */
export function forgetCached(world: WorldDraft, vm: VmRef, vcpu: VcpuId): void {
  for (const frame in world.stale) {
    const kept = (world.stale[frame] as Draft<Stale>[]).filter((one) => one.vm !== vm || one.vcpu !== vcpu)
    if (kept.length === 0) delete world.stale[frame]
    else world.stale[frame] = kept
  }
}

/** VMPTRLD. The VMCS that was current before stays active; its guest, if it was in there, has left RUN since. */
export function loadVmcs(world: WorldDraft, vm: VmRef, vcpu: VcpuId, id: CpuId): void {
  const cpu = world.cpus[id]
  if (cpu === undefined) return
  const before = cpu.vmcs
  if (before === null || before.vm !== vm || before.vcpu !== vcpu) {
    const left = before === null ? undefined : vcpuIn(world, before.vm, before.vcpu)
    if (left?.life === 'inGuest') {
      left.cachedOn = null
      forgetCached(world, before?.vm as VmRef, left.id)
    }
    cpu.vmcs = { vm, vcpu }
  }
  const active = vcpuIn(world, vm, vcpu)?.vmcs?.active
  if (active !== undefined && !active.includes(id)) active.push(id)
}

function clearVmcs(world: WorldDraft, vm: VmRef, vcpu: VcpuId, id: CpuId): void {
  const cpu = world.cpus[id]
  if (cpu?.vmcs?.vm === vm && cpu.vmcs.vcpu === vcpu) cpu.vmcs = null
  const vmcs = vcpuIn(world, vm, vcpu)?.vmcs
  if (vmcs === undefined || vmcs === null) return
  vmcs.state = 'clear'
  if (vmcs.active.includes(id)) vmcs.launched = false
  vmcs.active = vmcs.active.filter((one) => one !== id)
}

/** The page is free, and whoever had the VMCS active or current has it still: nothing has cleared it there. */
function freeVmcs(world: WorldDraft, vm: VmRef, vcpu: VcpuId): void {
  const active = vcpuIn(world, vm, vcpu)?.vmcs?.active
  for (const [id, cpu] of world.cpus.entries()) {
    const isCurrent = cpu.vmcs?.vm === vm && cpu.vmcs.vcpu === vcpu
    if (active?.includes(id) ?? isCurrent) cpu.freed.push({ vm, vcpu })
  }
}

/** VMXON and VMXOFF, or EFER.SVME, on all CPUs. VMXOFF leaves no VMCS current. */
export function switchCpus(world: WorldDraft, on: boolean): void {
  for (const cpu of world.cpus as Draft<Cpu>[]) {
    cpu.on = on
    if (on) continue
    cpu.vmcs = null
    cpu.freed = []
  }
}

/** The first entry after the run loop was placed: what this flushes is gone, what is cached from here on stays. */
export function enterOnCpu(vcpu: Draft<Vcpu>): void {
  vcpu.cachedOn = vcpu.lastCpu
  vcpu.tlbControl = 'none'
  if (vcpu.vmcs === null) return
  vcpu.vmcs.state = 'launched'
  vcpu.vmcs.launched = true
}

/** A nested translation is gone, or lost rights, and whoever may go on without a flush may keep it. */
export function keepStale(
  world: WorldDraft,
  vm: VmRef,
  page: number,
  level: number,
  frame: number,
  flags: number,
  freed: boolean,
): void {
  for (const { id, cachedOn } of world.vms[vm]?.vcpus ?? []) {
    if (cachedOn === null) continue
    world.stale[frame] ??= []
    world.stale[frame]?.push({ vm, vcpu: id, cpu: cachedOn, page, level, flags, freed })
  }
}

/** A frame is free: what still names it names somebody else's page from now on. */
export function markFreed(world: WorldDraft, frame: number): void {
  const kept = world.stale[frame]
  if (kept !== undefined) for (const one of kept) one.freed = true
}

/** INVEPT on `cpus`, on all of them where it is not said which. */
export function invalidateEpt(world: WorldDraft, pmap: PmapRef, cpus: readonly CpuId[] | undefined): void {
  const owner = world.pmaps[pmap]?.owner
  if (owner?.kind !== 'nested') return
  for (const { id, cachedOn } of world.vms[owner.vm]?.vcpus ?? []) {
    if (cachedOn !== null && (cpus === undefined || cpus.includes(cachedOn))) forgetCached(world, owner.vm, id)
  }
}

/** The vCPU will start with a flush, wherever it is entered. */
export function unplace(world: WorldDraft, vm: VmRef, vcpu: Draft<Vcpu>): void {
  vcpu.cachedOn = null
  forgetCached(world, vm, vcpu.id)
}

/** Makes one event true. */
export function reduceCpu(world: WorldDraft, event: CpuEvent): void {
  switch (event.type) {
    case 'thread.migrated':
      threadOf(world, event.thread).cpu = event.cpu
      return
    case 'vmcs.loaded':
      loadVmcs(world, event.vm, event.vcpu, event.cpu)
      return
    case 'vmcs.cleared':
      clearVmcs(world, event.vm, event.vcpu, event.cpu)
      return
    case 'vmcs.clearRefused': {
      const vmcs = vcpuIn(world, event.vm, event.vcpu)?.vmcs
      if (vmcs !== undefined && vmcs !== null) vmcs.state = 'clear'
      return
    }
    case 'ept.pointed':
      pmapOf(world, event.pmap).eptp = event.eptp
      return
    case 'vcpu.placed': {
      const vcpu = vcpuIn(world, event.vm, event.vcpu)
      const cpu = world.cpus[event.cpu]
      if (vcpu === undefined || cpu === undefined) return
      if (vcpu.vmcs !== null) cpu.eptPmap = world.vms[event.vm]?.pmap ?? null
      else vcpu.tlbControl = 'flush'
      vcpu.lastCpu = event.cpu
      unplace(world, event.vm, vcpu)
      return
    }
    case 'vcpu.parked': {
      const vcpu = vcpuIn(world, event.vm, event.vcpu)
      if (vcpu !== undefined) vcpu.lastCpu = event.cpu
      return
    }
    case 'vmcs.freed':
      freeVmcs(world, event.vm, event.vcpu)
      return
    case 'vmcs.missed':
      return
    default:
      unreachable(event)
  }
}
