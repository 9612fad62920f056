/**
 * The kernel's own counters of vCPUs, as far as lines tell them: what KVM counts in its statistics
 * beside each of the tracepoints that facts are made of.
 *
 * Source: STATS_DESC_* of arch/x86/kvm/x86.c; vcpu->stat in svm.c, x86.c and mmu.c, Linux 6.1.
 */
import type { FaultOutcome, KvmFact } from './fact.ts'

/** Counters that facts give, by the kernel's names. */
export const VCPU_COUNTERS = [
  'exits',
  'halt_exits',
  'io_exits',
  'mmio_exits',
  'signal_exits',
  'pf_taken',
  'pf_fixed',
  'pf_fast',
  'pf_emulate',
  'pf_spurious',
  'pf_mmio_spte_created',
] as const
export type VcpuCounter = (typeof VCPU_COUNTERS)[number]

/** What a fault of each outcome adds 1 to. */
const OF_OUTCOME: Readonly<Record<FaultOutcome, readonly VcpuCounter[]>> = {
  fixed: ['pf_taken', 'pf_fixed'],
  spurious: ['pf_taken', 'pf_spurious'],
  fast: ['pf_taken', 'pf_fast', 'pf_fixed'],
  'fast-spurious': ['pf_taken', 'pf_fast', 'pf_spurious'],
  mmio: ['pf_taken', 'pf_emulate', 'pf_mmio_spte_created'],
  // Emulated before the fault was counted.
  'mmio-known': [],
  emulated: ['pf_taken', 'pf_emulate'],
  retried: ['pf_taken'],
  failed: ['pf_taken'],
  unknown: ['pf_taken'],
}

/** Exit reasons that have a counter of their own, in the spellings of both vendors. */
const OF_REASON: Readonly<Record<string, VcpuCounter>> = {
  hlt: 'halt_exits',
  HLT: 'halt_exits',
  io: 'io_exits',
  IO_INSTRUCTION: 'io_exits',
}
const OF_RETURN: Readonly<Record<string, VcpuCounter>> = { KVM_EXIT_MMIO: 'mmio_exits', restart: 'signal_exits' }

/** Counts what facts say of each vCPU, from its VM's beginning. */
export class VcpuCounters {
  readonly #counts = new Map<string, number>()

  take(fact: KvmFact): void {
    if (fact.type === 'vcpu.exited') {
      this.#add(fact.vm, fact.vcpu, 'exits')
      const own = OF_REASON[fact.reason]
      if (own !== undefined) this.#add(fact.vm, fact.vcpu, own)
    } else if (fact.type === 'vcpu.returned') {
      const own = OF_RETURN[fact.reason]
      if (own !== undefined) this.#add(fact.vm, fact.vcpu, own)
    } else if (fact.type === 'fault.resolved')
      for (const counter of OF_OUTCOME[fact.outcome]) this.#add(fact.vm, fact.vcpu, counter)
  }

  of(vm: number, vcpu: number, counter: VcpuCounter): number {
    return this.#counts.get(keyOf(vm, vcpu, counter)) ?? 0
  }

  #add(vm: number | null, vcpu: number | null, counter: VcpuCounter): void {
    if (vm === null || vcpu === null) return
    const key = keyOf(vm, vcpu, counter)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }
}

function keyOf(vm: number, vcpu: number, counter: VcpuCounter): string {
  return `${vm}/${vcpu}/${counter}`
}
