/**
 * What CPUs, VMCSs and TLBs must be like: a guest goes on with the state that is its own and with translations that are
 * in force.
 *
 * Source: vcpu_reload_vmcs_vmx(), vcpu_run_vmx(), vcpu_run_svm(), vcpu_deinit_vmx() and vmm_quiesce_vmx() of
 * vmm_machdep.c; pmap_remove_ept(), pmap_shootept(), pmap_do_remove() and pmap_page_remove() of pmap.c; Intel SDM vol. 3C,
 * "Software Use of Virtual-Machine Control Structures" and "Invalidating Cached Translation Information"; AMD64 APM vol.
 * 2, "TLB Control".
 */
import { addressOf, hex, pageOf, type Word64 } from '../../events/address.ts'
import { holdingsOf } from '../model/backing.ts'
import type { Stale } from '../model/cpu.ts'
import { leafFlags, leafFrame } from '../model/memory.ts'
import type { Vcpu, Vm, World } from '../model/world.ts'
import { type AnyRule, always, atRest, type Claim, rule } from './invariant.ts'

const gpaText = (page: number): string => hex(addressOf(page) as Word64)

/** Why the VMCS of a vCPU is not where it should be, or null. */
function strayVmcs({ id, vmcs, lastCpu, lock }: Vcpu): string | null {
  const active = vmcs?.active ?? []
  if (active.length > 1) return `the VMCS of vCPU ${id} is active on CPUs ${active.join(' and ')}`
  const [cpu] = active
  if (cpu === undefined || lastCpu === cpu || lock !== null) return null
  const named = lastCpu === null ? 'no CPU' : `CPU ${lastCpu}`
  return `the VMCS of vCPU ${id} is active on CPU ${cpu}, and vc_last_pcpu names ${named}`
}

const vmcsIsActiveWhereItIsSaidToBe = always('vm', {
  id: 'I61',
  name: 'vmcs-is-active-where-vc-last-pcpu-says',
  source:
    'vcpu_reload_vmcs_vmx() asks the CPU of vc_last_pcpu alone for a VMCLEAR; whoever holds vc_lock may be about to write it down',
  of: ({ vms }, ref) => vms[ref]?.vcpus.reduce<string | null>((found, vcpu) => found ?? strayVmcs(vcpu), null) ?? null,
})

const vmcsIsCurrentWhenUsed = rule({
  id: 'I61',
  name: 'vmcs-is-current-when-used',
  source: 'vmx_fault_page(): the VMCS is loaded again after a sleep; vcpu_readregs_vmx(), vmx_enter_guest() use it',
  on: ['vmcs.missed'],
  counterexample({ event: { vm, vcpu, cpu, use, current } }) {
    const found = current === null ? 'none is current' : `that of vm ${current.vm} vcpu ${current.vcpu} is current`
    const what = use === 'vmread' ? 'its registers are read' : 'its guest is entered'
    return { subject: `vm ${vm} vcpu ${vcpu}`, sentence: `${what} on CPU ${cpu}, where ${found}` }
  },
})

/**
 * A CPU may write to the page of an active VMCS at any time. A teardown clears none, and that of the last VM switches
 * virtualization off right after it; what is left at rest stays for as long as any other VM does.
 */
const freedVmcsIsActiveNowhere = atRest(
  'device',
  {
    id: 'I63',
    name: 'freed-vmcs-is-active-nowhere',
    source: 'vcpu_deinit_vmx(): km_free() of vc_control_va, without a VMCLEAR',
    of({ cpus }) {
      for (const [cpu, { freed }] of cpus.entries()) {
        const [one] = freed
        if (one !== undefined)
          return `the VMCS of vm ${one.vm} vcpu ${one.vcpu} is freed and still active on CPU ${cpu}`
      }
      return null
    },
  },
  'warning',
)

const launchedVmcsIsClearedBeforeSleep = always('device', {
  id: 'I45',
  name: 'launched-vmcs-is-cleared-before-sleep',
  source: 'vmm_quiesce_vmx(): VMCLEAR of every launched VMCS before vmm_stop(); the first that fails ends the loop',
  of({ softc, cpus, vms }) {
    if (softc.status !== 'suspended' || softc.refcnt > 0 || cpus.some(({ on }) => on)) return null
    for (const { ref, vcpus } of Object.values(vms)) {
      for (const { id, vmcs } of vcpus) {
        if (vmcs === null || (vmcs.state === 'clear' && !vmcs.launched)) continue
        return `the device is suspended and virtualization off, and the VMCS of vm ${ref} vcpu ${id} was not cleared`
      }
    }
    return null
  },
})

/** Everything stale of a VM, by frame. */
function* staleOf(world: World, ref: number): Generator<Stale & { readonly frame: number }> {
  for (const [frame, kept] of Object.entries(world.stale)) {
    for (const one of kept) if (one.vm === ref) yield { ...one, frame: Number(frame) }
  }
}

/** Whether the tables say what a TLB may have kept: the same page, with these rights at least. */
function isImplied(
  world: World,
  { pmap }: Vm,
  { page, level, flags, frame, freed }: Stale & { readonly frame: number },
) {
  if (pmap === null || level > 0 || freed) return false
  const packed = world.memory.leaf(pmap, page)
  const ALL_RIGHTS = 8
  const [had, has] = [flags % ALL_RIGHTS, leafFlags(packed) % ALL_RIGHTS]
  const lost = [1, 2, 4].some((right) => Math.floor(had / right) % 2 > Math.floor(has / right) % 2)
  return packed >= 0 && leafFrame(packed) === frame && !lost
}

/** The strict form, about what is not yet wrong: nobody's page is named by it so far. */
const cachedTranslationIsInTheTables: Claim = {
  ...always('vm', {
    id: 'I10',
    name: 'cached-translation-is-in-the-tables',
    source:
      'pmap_page_remove(), pmap_do_remove(): shoot-downs go to CPUs that run the pmap as a process, never to the ASID of a guest',
    of(world, ref) {
      const vm = world.vms[ref]
      if (vm === undefined) return null
      for (const one of staleOf(world, ref)) {
        if (isImplied(world, vm, one)) continue
        const what = one.level > 0 ? `the page table of gpa ${gpaText(one.page)}` : `gpa ${gpaText(one.page)}`
        return `CPU ${one.cpu} may find ${what} for vCPU ${one.vcpu} in frame ${one.frame}, and the tables do not`
      }
      return null
    },
  }),
  severity: 'warning',
}

/** A vCPU that can go on with what was cached, and where. */
function cacherOf({ vcpus }: Vm): Vcpu | undefined {
  return vcpus.find(({ cachedOn }) => cachedOn !== null)
}

/** The leaf by which a VM still has the page of an object that was freed; null where it has none. */
function leafOn(world: World, vm: Vm, object: number, index: number, frame: number): number | null {
  if (vm.pmap === null) return null
  for (const { object: held, first, offset, pages } of holdingsOf(vm)) {
    if (held !== object || index < offset || index >= offset + pages) continue
    const page = first + index - offset
    const packed = world.memory.leaf(vm.pmap, page)
    if (packed >= 0 && leafFrame(packed) === frame) return page
  }
  return null
}

const freedPageIsInNoTlb = rule({
  id: 'I10',
  name: 'freed-page-is-in-no-tlb',
  source:
    'uvm_pagefree() after pmap_page_protect(): the guest that may have cached the page has been flushed, or will be before it goes on',
  on: ['page.freed'],
  counterexample({ event: { frame, object, index }, world }) {
    const [kept] = world.stale[frame] ?? []
    if (kept !== undefined) {
      const { vm, vcpu, cpu, page } = kept
      const sentence = `frame ${frame} is freed, and CPU ${cpu} may go on translating to it for vCPU ${vcpu}`
      return { subject: `vm ${vm} gpa ${gpaText(page)}`, sentence }
    }
    for (const ref in world.vms) {
      const vm = world.vms[ref] as Vm
      const cacher = cacherOf(vm)
      const page = cacher === undefined ? null : leafOn(world, vm, object, index, frame)
      if (cacher === undefined || page === null) continue
      const sentence = `frame ${frame} is freed while the tables have it, and CPU ${cacher.cachedOn} may have it cached`
      return { subject: `vm ${vm.ref} gpa ${gpaText(page)}`, sentence }
    }
    return null
  },
})

const freedTableIsWalkedByNobody = rule({
  id: 'I11',
  name: 'freed-table-is-walked-by-nobody',
  source:
    'pmap_do_remove_ept(): uvm_pagefree() in the loop, before INVEPT; pmap_do_remove(): after a shoot-down that reaches no guest',
  on: ['table.freed'],
  counterexample({ event: { pmap, va, level, frame }, world }) {
    const record = world.pmaps[pmap]
    const vm = record?.owner.kind === 'nested' ? world.vms[record.owner.vm] : undefined
    // What INVEPT follows at once is in doubt only while the guest runs; an ASID is not flushed at all.
    const walker = vm?.vcpus.find(
      ({ cachedOn, life, vmcs }) => cachedOn !== null && (vmcs === null || life === 'inGuest'),
    )
    if (vm === undefined || walker === undefined) return null
    const sentence = `its page table of level ${level} in frame ${frame} is freed, and CPU ${walker.cachedOn} may walk it for vCPU ${walker.id}`
    return { subject: `vm ${vm.ref} gpa ${gpaText(pageOf(va))}`, sentence }
  },
})

export const cpuClaims: readonly Claim[] = [
  vmcsIsActiveWhereItIsSaidToBe,
  launchedVmcsIsClearedBeforeSleep,
  freedVmcsIsActiveNowhere,
  cachedTranslationIsInTheTables,
]

export const cpuRules: readonly AnyRule[] = [vmcsIsCurrentWhenUsed, freedPageIsInNoTlb, freedTableIsWalkedByNobody]
