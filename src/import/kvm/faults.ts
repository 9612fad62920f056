/**
 * A vCPU's way: into the guest, out of it, and what became of a fault on the way. All lines of one
 * fault are of one thread: exit, page_fault, (requested, changed, set), entry.
 *
 * The outcome is what KVM itself counts (pf_fixed, pf_spurious, pf_fast, pf_emulate), read off the
 * lines between the fault and the next entry.
 *
 * Source: kvm_mmu_page_fault(), kvm_mmu_do_page_fault(), fast_page_fault() and
 * tdp_mmu_map_handle_target_level() of arch/x86/kvm/mmu, Linux 6.1.
 */
import type { PageFaulted, UserspaceExited, VcpuEntered, VcpuExited } from '../ftrace/event.ts'
import { candidates, decideForVcpu } from './attribution.ts'
import type { FaultOutcome } from './fact.ts'
import { decodeFaultError, decodeQualification } from './spte.ts'
import type { FaultState, ImportState, ThreadState, VcpuState, VmState } from './state.ts'

/** The guest runs: what was in flight is settled. */
export function vcpuEntered(s: ImportState, thread: ThreadState, event: VcpuEntered): void {
  resolveFault(s, thread, 'retried')
  const vm = vcpuOf(s, thread, event.vcpu, event.event)
  if (vm !== null) stateOf(s, vm, event.vcpu).running = true
  s.emit({
    type: 'vcpu.entered',
    line: s.line,
    time: s.time,
    vm: vm?.number ?? null,
    vcpu: event.vcpu,
    rip: event.rip,
  })
}

/** The guest stopped, for a reason that a fault line may follow. */
export function vcpuExited(s: ImportState, thread: ThreadState, event: VcpuExited): void {
  if (event.reason.startsWith('EPT')) s.layout = 'ept'
  thread.exitReason = event.reason
  const vcpu = event.vcpu ?? thread.vcpu
  const vm = vcpuOf(s, thread, vcpu, event.event)
  const { reason, rip, info1, info2 } = event
  s.emit({
    type: 'vcpu.exited',
    line: s.line,
    time: s.time,
    vm: vm?.number ?? null,
    vcpu,
    reason,
    rip,
    info1,
    info2,
  })
}

/** A fault begins; how it ends is told by the lines up to the next entry. */
export function guestFaulted(s: ImportState, thread: ThreadState, event: PageFaulted): void {
  resolveFault(s, thread, 'retried')
  const vcpu = event.vcpu ?? thread.vcpu
  const vm = vcpuOf(s, thread, vcpu, event.event)
  const { access, present, reserved, walking } =
    s.layout === 'ept' ? decodeQualification(event.error) : decodeFaultError(event.error)
  thread.fault = {
    vm,
    vcpu,
    line: s.line,
    address: event.address,
    reserved,
    changed: false,
    set: false,
    fast: null,
    marked: false,
    stale: false,
    emulated: false,
    lost: false,
  }
  s.emit({
    type: 'guest.faulted',
    line: s.line,
    time: s.time,
    vm: vm?.number ?? null,
    vcpu,
    address: event.address,
    space: /excp|EXCEPTION/.test(thread.exitReason) ? 'gva' : 'gpa',
    access,
    present,
    reserved,
    walking,
    rip: event.rip,
  })
}

/** KVM_RUN is about to return. */
export function userspaceExited(s: ImportState, thread: ThreadState, event: UserspaceExited): void {
  resolveFault(s, thread, event.reason === 'error' ? 'failed' : 'retried')
  const vm = vcpuOf(s, thread, thread.vcpu, event.event)
  // Without system calls, this is the last line of the call that tells.
  if (vm !== null && thread.vcpu !== null && thread.call === null) stateOf(s, vm, thread.vcpu).running = false
  const { reason, code } = event
  s.emit({
    type: 'vcpu.returned',
    line: s.line,
    time: s.time,
    vm: vm?.number ?? null,
    vcpu: thread.vcpu,
    reason,
    code,
  })
}

/**
 * A fault has left an entry in the tables. Where no `spte_changed` line ever told of the table above
 * it, KVM runs without its two-dimensional paging code, and what its tables hold is not told.
 */
export function entrySet(s: ImportState, thread: ThreadState): void {
  const { fault } = thread
  if (fault === null) return
  fault.set = true
  const { vm } = fault
  if (vm === null || vm.roots > 0) return
  // Of this code's entries, an unchanged one and a new one read alike; unchanged is a rare race.
  fault.changed = true
  if (vm.untraced || vm.cloud.tables) return
  vm.untraced = true
  vm.cloud.tables = true
  s.emit({
    type: 'value.unknown',
    line: s.line,
    time: s.time,
    vm: vm.number,
    what: 'what the nested page tables hold',
    why: 'KVM keeps them by its older code, which prints no line when an entry goes',
  })
}

/**
 * Tells how the thread's fault ended, if it is in one.
 *
 * @param otherwise the outcome when nothing was done about the fault.
 */
export function resolveFault(s: ImportState, thread: ThreadState, otherwise: 'retried' | 'failed'): void {
  const { fault } = thread
  if (fault === null) return
  thread.fault = null
  s.emit({
    type: 'fault.resolved',
    line: s.line,
    time: s.time,
    vm: fault.vm?.number ?? null,
    vcpu: fault.vcpu,
    address: fault.address,
    outcome: outcomeOf(fault, otherwise),
    faulted: fault.line,
  })
}

function outcomeOf(fault: FaultState, otherwise: 'retried' | 'failed'): FaultOutcome {
  if (fault.lost) return 'unknown'
  if (fault.fast !== null) return fault.fast === 'fixed' ? 'fast' : 'fast-spurious'
  if (fault.marked) return 'mmio'
  if (fault.emulated) return fault.reserved && !fault.stale ? 'mmio-known' : 'emulated'
  if (fault.set) return fault.changed ? 'fixed' : 'spurious'
  return otherwise
}

/** The VM of the vCPU that the thread runs; the vCPU is taken into account if it is new. */
function vcpuOf(s: ImportState, thread: ThreadState, vcpu: number | null, event: string): VmState | null {
  const vm = decideForVcpu(s, thread)
  if (vm === null) {
    const among = candidates(s, thread).map((other) => other.number)
    s.emit({ type: 'vm.undecided', line: s.line, time: s.time, among, event })
    for (const other of candidates(s, thread)) other.cloud.counters = true
    return null
  }
  thread.served.add(vm)
  if (vcpu !== null) {
    thread.vcpu = vcpu
    if (!vm.vcpus.has(vcpu)) {
      vm.vcpus.set(vcpu, { pointer: null, running: false })
      s.emit({ type: 'vcpu.found', line: s.line, time: s.time, vm: vm.number, vcpu })
    }
  }
  return vm
}

/** The vCPU of this number, taken into account if it is new. */
export function stateOf(s: ImportState, vm: VmState, vcpu: number): VcpuState {
  const known = vm.vcpus.get(vcpu)
  if (known !== undefined) return known
  const state: VcpuState = { pointer: null, running: false }
  vm.vcpus.set(vcpu, state)
  s.emit({ type: 'vcpu.found', line: s.line, time: s.time, vm: vm.number, vcpu })
  return state
}
