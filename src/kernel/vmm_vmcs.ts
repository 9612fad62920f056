/**
 * VMCSs, the CPUs that work with them, and what is flushed when a vCPU goes on elsewhere.
 *
 * A thread in the guest stands for all the quanta that it gets: when another thread's VMCS took its CPU meanwhile, or it
 * was moved, its RUN has returned and was called again in between, as SPCF_SHOULDYIELD makes it.
 *
 * Source: vcpu_init_vmx(), vcpu_reload_vmcs_vmx(), vcpu_reset_regs_vmx(), vcpu_run_vmx(), vcpu_run_svm(),
 * vcpu_deinit_vmx() and vmm_quiesce_vmx() of vmm_machdep.c 1.34 (2024-09-03); pmap_shootept() of pmap.c (2025). That
 * vcpu_run_vmx() sets ci_ept_pmap as well is of a later revision, and held for all designs.
 */

import { addressOf } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Errno } from '../../events/errno.ts'
import type { CpuId, PmapRef, VcpuId } from '../../events/ids.ts'
import type { Pmap, Thread, Vcpu, Vm, World } from '../model/world.ts'
import { DONE, type Kernel, refuse, vmOf } from './kernel.ts'

/** (IA32_EPT_PAGE_WALK_LENGTH - 1) << 3. */
const EPT_WALK_4 = 24
/** IA32_EPT_PAGING_CACHE_TYPE_WB. */
const EPT_WRITE_BACK = 6

/** The vCPU that the call is about; undefined where there is none. */
function vcpuOf(kernel: Kernel): Vcpu | undefined {
  const { vcpu } = kernel.thread.locals
  const { vcpus } = vmOf(kernel)
  return vcpus[vcpu]?.id === vcpu ? vcpus[vcpu] : vcpus.find(({ id }) => id === vcpu)
}

/** Whether the VMCS of the vCPU is the one that its thread's CPU works with. */
function isCurrent({ cpus }: World, cpu: CpuId, vm: Vm, vcpu: VcpuId): boolean {
  const current = cpus[cpu]?.vmcs
  return current !== null && current !== undefined && current.vm === vm.ref && current.vcpu === vcpu
}

/** VMCLEAR by the thread's own CPU; null, or the errno of a failure. */
function clearHere(kernel: Kernel, vm: Vm, vcpu: VcpuId): Errno | null {
  const errno = kernel.fails('vmclear')
  const { cpu } = kernel.thread
  kernel.record({ type: errno === null ? 'vmcs.cleared' : 'vmcs.clearRefused', vm: vm.ref, vcpu, cpu })
  return errno
}

/**
 * The first half of vcpu_reload_vmcs_vmx(): where the VMCS is on another CPU as far as vc_last_pcpu knows, that one is
 * asked to clear it, and waited for.
 */
function fetchVmcs(kernel: Kernel, vm: Vm, { id, lastCpu }: Vcpu): Errno | null {
  if (lastCpu === null) return clearHere(kernel, vm, id)
  if (lastCpu !== kernel.thread.cpu) kernel.record({ type: 'vmcs.cleared', vm: vm.ref, vcpu: id, cpu: lastCpu })
  return null
}

/** vcpu_reload_vmcs_vmx() before the run loop and for a reset: null, or EINVAL. */
function loadVmcs(kernel: Kernel, vm: Vm, vcpu: Vcpu): Errno | null {
  const failed = fetchVmcs(kernel, vm, vcpu) ?? kernel.fails('vmptrld')
  if (failed !== null) return 'EINVAL'
  kernel.record({ type: 'vmcs.loaded', vm: vm.ref, vcpu: vcpu.id, cpu: kernel.thread.cpu })
  return null
}

/** vcpu_reload_vmcs_vmx() of a fault: the thread may have slept, and woken on any CPU. */
export function reloadVmcs(kernel: Kernel): Answer {
  const vm = vmOf(kernel)
  const { vcpu } = kernel.thread.locals
  const record = vcpuOf(kernel)
  const cleared = record === undefined || record.vmcs === null ? null : fetchVmcs(kernel, vm, record)
  const errno = cleared ?? kernel.fails('vmptrld')
  kernel.record({ type: 'vmcs.reloaded', vm: vm.ref, vcpu, errno: errno === null ? null : 'EINVAL' })
  return errno === null ? DONE : refuse(kernel, 'EINVAL', 'vcpu_reload_vmcs_vmx')
}

/** vc_last_pcpu = curcpu(), before a sleep and at the end of the run loop. */
function parkVcpu(kernel: Kernel, vm: Vm, vcpu: Vcpu): void {
  const { cpu } = kernel.thread
  if (vcpu.lastCpu !== cpu) kernel.record({ type: 'vcpu.parked', vm: vm.ref, vcpu: vcpu.id, cpu })
}

/** vmx_fault_page() is about to sleep: it writes down where it is. SVM does not. */
export function parkBeforeSleep(kernel: Kernel): void {
  const vcpu = kernel.thread.locals.handler === 'ept' ? vcpuOf(kernel) : undefined
  if (vcpu !== undefined && vcpu.lastCpu !== kernel.thread.cpu) parkVcpu(kernel, vmOf(kernel), vcpu)
}

/** The same where no run loop has written anything down yet, whichever way the handler came to its sleep. */
export function parkUnknown(kernel: Kernel): void {
  if (kernel.thread.locals.handler === 'ept' && vcpuOf(kernel)?.lastCpu === null) parkBeforeSleep(kernel)
}

/**
 * The run loop finds itself on another CPU than before: INVEPT there, or the ASID flushed at the next VMRUN.
 */
function placeVcpu(kernel: Kernel, vm: Vm, { id, vmcs }: Vcpu): void {
  const { cpu } = kernel.thread
  kernel.record({ type: 'vcpu.placed', vm: vm.ref, vcpu: id, cpu })
  if (vmcs !== null && vm.pmap !== null) kernel.record({ type: 'ept.invalidated', pmap: vm.pmap, cpus: [cpu] })
}

/** From the call of vcpu_run_vmx() or vcpu_run_svm() to the first entry. On SVM the CPU that it ran on last needs no flush. */
function beginLoop(kernel: Kernel, vm: Vm, vcpu: Vcpu): Errno | null {
  if (vcpu.vmcs !== null) {
    const errno = loadVmcs(kernel, vm, vcpu)
    if (errno !== null) return errno
  }
  if (vcpu.vmcs !== null || vcpu.lastCpu !== kernel.thread.cpu) placeVcpu(kernel, vm, vcpu)
  return null
}

/** The start of the run loop: null, or the refusal that ends it. */
export function beginRun(kernel: Kernel): Answer | null {
  const vcpu = vcpuOf(kernel)
  const errno = vcpu === undefined ? null : beginLoop(kernel, vmOf(kernel), vcpu)
  return errno === null ? null : refuse(kernel, errno, 'vcpu_reload_vmcs_vmx')
}

/** Whether a thread in the guest has to call RUN again before the guest can go on. */
export function isScheduledOut(world: World, { cpu, locals }: Thread): boolean {
  const vm = locals.vm === null ? undefined : world.vms[locals.vm]
  const vcpu = vm?.vcpus[locals.vcpu]
  // One that was stored in the guest before there were CPUs was never placed.
  if (vm === undefined || vcpu === undefined || vcpu.lastCpu === null) return false
  if (vcpu.lastCpu !== cpu) return true
  return vcpu.vmcs !== null && !isCurrent(world, cpu, vm, vcpu.id)
}

/** Its RUN returned at the end of its quantum, and was called again. */
export function runAgain(kernel: Kernel): Answer {
  return beginRun(kernel) ?? { type: 'guest.yielded' }
}

/** Between two entries, after whatever the exit needed: the guest is entered with the VMCS that is current. */
export function checkPlacement(kernel: Kernel): void {
  const { world, thread } = kernel
  const vm = vmOf(kernel)
  const vcpu = vcpuOf(kernel)
  if (vcpu === undefined || vcpu.lastCpu === null) return
  if (vcpu.vmcs !== null && !isCurrent(world, thread.cpu, vm, vcpu.id)) missVmcs(kernel, vm, vcpu.id, 'vmresume')
  if (vcpu.lastCpu !== thread.cpu) placeVcpu(kernel, vm, vcpu)
}

function missVmcs(kernel: Kernel, vm: Vm, vcpu: VcpuId, use: 'vmread' | 'vmresume'): void {
  const { cpu } = kernel.thread
  const current = kernel.world.cpus[cpu]?.vmcs ?? null
  kernel.record({ type: 'vmcs.missed', vm: vm.ref, vcpu, cpu, use, current: current === null ? null : { ...current } })
}

/**
 * The end of the run loop: vc_last_pcpu, and on VMX the registers, out of whichever VMCS is current. Where none is,
 * VMREAD fails.
 */
export function leaveLoop(kernel: Kernel): Answer {
  const vm = vmOf(kernel)
  const vcpu = vcpuOf(kernel)
  if (vcpu === undefined || vcpu.lastCpu === null || vcpu.vmcs === null) return DONE
  parkVcpu(kernel, vm, vcpu)
  if (isCurrent(kernel.world, kernel.thread.cpu, vm, vcpu.id)) return DONE
  missVmcs(kernel, vm, vcpu.id, 'vmread')
  const current = kernel.world.cpus[kernel.thread.cpu]?.vmcs ?? null
  return current === null ? refuse(kernel, 'EINVAL', 'vcpu_readregs_vmx') : DONE
}

/** What vcpu_init_vmx() does to its CPU; the errno where the CPU does not offer what it takes. */
export function initialiseVmcs(kernel: Kernel, vcpu: VcpuId): Errno | null {
  const vm = vmOf(kernel)
  const { cpu } = kernel.thread
  const { eptWalk4, eptWriteBack } = kernel.world.boot
  kernel.record({ type: 'vmcs.loaded', vm: vm.ref, vcpu, cpu })
  if (!eptWalk4) {
    // vcpu_deinit_vmx() at once, while the VMCS is current.
    kernel.record({ type: 'vmcs.freed', vm: vm.ref, vcpu })
    return 'EINVAL'
  }
  const pmap = vm.pmap === null ? undefined : kernel.world.pmaps[vm.pmap]
  if (pmap !== undefined) {
    const eptp = addressOf(pmap.roots[0] ?? 0) + EPT_WALK_4 + (eptWriteBack ? EPT_WRITE_BACK : 0)
    kernel.record({ type: 'ept.pointed', pmap: pmap.ref, eptp })
  }
  kernel.record({ type: 'vmcs.cleared', vm: vm.ref, vcpu, cpu })
  return null
}

/** vcpu_reset_regs_vmx(): loads the VMCS, writes to it, and leaves it clear. vc_last_pcpu stays as it was. */
export function resetVmcs(kernel: Kernel, vm: Vm, vcpu: Vcpu): Errno | null {
  if (vcpu.vmcs === null) return null
  return loadVmcs(kernel, vm, vcpu) ?? clearHere(kernel, vm, vcpu.id)
}

/** The end of vcpu_writeregs_vmx() for the ioctl: VMCLEAR. vcpu_readregs_vmx() has none, and leaves the VMCS active. */
export function clearWritten(kernel: Kernel): Errno | null {
  const vcpu = vcpuOf(kernel)
  const isLoaded = vcpu !== undefined && vcpu.vmcs !== null
  return isLoaded && clearHere(kernel, vmOf(kernel), vcpu.id) !== null ? 'EINVAL' : null
}

/** vcpu_deinit_vmx(): the page goes back as it is. */
export function freeVmcs(kernel: Kernel, vm: Vm, vcpu: Vcpu): void {
  if (vcpu.vmcs !== null) kernel.record({ type: 'vmcs.freed', vm: vm.ref, vcpu: vcpu.id })
}

/**
 * vmm_quiesce_vmx(): every launched VMCS is cleared, where vc_last_pcpu says that it is. A VMCLEAR that fails is logged,
 * and ends the loop: VMCSs of later vCPUs are left as they are.
 */
export function quiesceVmx(kernel: Kernel): void {
  for (const ref of kernel.world.softc.list) {
    const vm = kernel.world.vms[ref]
    for (const { id, lastCpu, vmcs } of vm?.vcpus ?? []) {
      if (vm === undefined || vmcs?.state !== 'launched') continue
      if (lastCpu !== null && lastCpu !== kernel.thread.cpu)
        kernel.record({ type: 'vmcs.cleared', vm: ref, vcpu: id, cpu: lastCpu })
      else if (clearHere(kernel, vm, id) !== null) return
    }
  }
}

/** pmap_shootept(): INVEPT here, and on the CPUs that loaded this pmap last; where virtualization is on. */
export function shootEpt(kernel: Kernel, { ref }: Pmap): void {
  const here = kernel.thread.cpu
  const isTold = (cpu: CpuId, eptPmap: PmapRef | null): boolean => cpu === here || eptPmap === ref
  const cpus = kernel.world.cpus.flatMap(({ on, eptPmap }, cpu) => (on && isTold(cpu, eptPmap) ? [cpu] : []))
  kernel.record({ type: 'ept.invalidated', pmap: ref, cpus })
}
