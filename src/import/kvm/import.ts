/**
 * The importer: lines of an ftrace recording of KVM in, facts out.
 *
 * It is a fold over the lines and keeps no more than `ImportState`. It never throws on what a trace
 * holds: what cannot be read, decided or known comes out as a fact that says so.
 */
import type { TraceEvent } from '../ftrace/event.ts'
import { decodeEvent } from '../ftrace/events.ts'
import { type HeaderLine, type LossMarker, parseLine, type SourceLine, type TraceRecord } from '../ftrace/line.ts'
import { candidates, decideForEntry } from './attribution.ts'
import { endCut, endZapping, entryChanged, fastFaulted, rootsInvalidated } from './entries.ts'
import type { KvmFact } from './fact.ts'
import { entrySet, guestFaulted, userspaceExited, vcpuEntered, vcpuExited } from './faults.ts'
import { hostAged, hostRemapped, hostUnmapped } from './host.ts'
import { callEntered, callReturned, childSeen, forked, functionEntered, threadExited, tscTracked } from './lives.ts'
import { noteWritten } from './notes.ts'
import { slotAnswered, slotRequested, slotsSwapped } from './slots.ts'
import { decodeSpte } from './spte.ts'
import { ImportState, type ThreadState } from './state.ts'

/** What was read, for the report's first lines. */
export type ImportCounts = {
  readonly lines: number
  readonly records: number
  readonly unparsed: number
  readonly undecoded: number
  /** Events that the markers and the header say are missing; null when some are and nobody counted. */
  readonly lost: number | null
  /** Lines of each event that the importer knows, by name. */
  readonly known: ReadonlyMap<string, number>
  /** Lines of each event that it passes over. */
  readonly passedOver: ReadonlyMap<string, number>
}

/** Lines that belong to what the thread is clearing, notifying or taking apart. */
const WITHIN_ZAP: ReadonlySet<TraceEvent['event']> = new Set([
  'kvm_tdp_mmu_spte_changed',
  'kvm_mmu_prepare_zap_page',
  'flush_remote_tlbs',
  'tdp_mmu_invalidate_roots',
  'tdp_mmu_zap_invalidated',
  'kvm_mmu_zap_all_fast',
])

export class KvmTraceImport {
  readonly #s = new ImportState()
  readonly #known = new Map<string, number>()
  readonly #passedOver = new Map<string, number>()
  #records = 0
  #unparsed = 0
  #undecoded = 0
  #lost: number | null = 0
  #cpus: number | null = null
  readonly #started = new Set<number>()
  #overran = false

  /**
   * Takes the next line.
   *
   * @returns the facts that it proves, none for most lines; the list is good until the next line is taken.
   */
  take(source: SourceLine): readonly KvmFact[] {
    const s = this.#s
    s.line += 1
    s.facts.length = 0
    const line = parseLine(s.line, source)
    switch (line.kind) {
      case 'record':
        this.#record(line)
        break
      case 'loss':
        this.#loss(line)
        break
      case 'header':
        this.#header(line)
        break
      case 'unparsable':
        this.#unparsed += 1
        s.emit({ type: 'line.unparsed', line: s.line, time: s.time, text: line.text, reason: line.reason })
    }
    return s.facts
  }

  counts(): ImportCounts {
    return {
      lines: this.#s.line,
      records: this.#records,
      unparsed: this.#unparsed,
      undecoded: this.#undecoded,
      lost: this.#lost,
      known: this.#known,
      passedOver: this.#passedOver,
    }
  }

  #header(line: HeaderLine): void {
    const s = this.#s
    if (line.cpus !== null) this.#cpus = line.cpus
    if (line.entries !== null && line.entries.kept < line.entries.written) {
      this.#overran = true
      const count = line.entries.written - line.entries.kept
      this.#lost = this.#lost === null ? null : this.#lost + count
      // A VM that begins before every CPU has had its first line may lack lines of the late ones.
      for (let cpu = 0; cpu < (this.#cpus ?? 1); cpu += 1) s.unstarted.add(cpu)
      s.emit({ type: 'events.lost', line: s.line, time: s.time, where: 'overrun', cpu: null, count })
    }
  }

  #loss({ cpu, count }: LossMarker): void {
    const s = this.#s
    this.#lost = count === null || this.#lost === null ? null : this.#lost + count
    s.emit({ type: 'events.lost', line: s.line, time: s.time, where: 'marker', cpu, count })
    this.#cloud()
  }

  /** Nothing that was going on is known to have gone on as it began. */
  #cloud(): void {
    for (const vm of this.#s.vms) {
      vm.cloud.tables = true
      vm.cloud.counters = true
      vm.cloud.settling = false
      vm.cuts = []
    }
    for (const thread of this.#s.threads.values()) {
      if (thread.fault !== null) thread.fault.lost = true
      thread.context = null
      thread.call = null
      thread.cut = null
      thread.notifier = null
      thread.zapping = null
    }
  }

  #record(record: TraceRecord): void {
    const s = this.#s
    this.#records += 1
    s.time = record.time
    if (this.#overran && !this.#started.has(record.cpu)) this.#cpuStarted(record.cpu)
    childSeen(s, record.pid, record.tgid)
    const event = decodeEvent(record)
    if (event === null) {
      this.#passedOver.set(record.event, (this.#passedOver.get(record.event) ?? 0) + 1)
      return
    }
    this.#known.set(record.event, (this.#known.get(record.event) ?? 0) + 1)
    if (event.event === 'undecoded') {
      this.#undecoded += 1
      const { name, reason } = event
      s.emit({ type: 'event.undecoded', line: s.line, time: s.time, event: name, reason })
      return
    }
    const thread = s.thread(record.pid, record.tgid)
    this.#leave(thread, event)
    this.#event(thread, event)
  }

  #cpuStarted(cpu: number): void {
    const s = this.#s
    this.#started.add(cpu)
    s.unstarted.delete(cpu)
    // The first line of the file begins its CPU; what a later CPU lost happened beside lines that are there.
    if (this.#started.size === 1) return
    s.emit({ type: 'events.lost', line: s.line, time: s.time, where: 'start', cpu, count: null })
    this.#cloud()
  }

  /** What a thread was in the middle of ends with the first line that is about something else. */
  #leave(thread: ThreadState, event: TraceEvent): void {
    const s = this.#s
    if (WITHIN_ZAP.has(event.event)) return
    if (thread.cut !== null) endCut(s, thread)
    if (thread.zapping !== null) endZapping(s, thread)
    thread.notifier = null
    // Without system calls, nothing says when the function that named a VM has returned.
    if (thread.call === null && !KEEPS_CONTEXT.has(event.event)) thread.context = null
  }

  #event(thread: ThreadState, event: TraceEvent): void {
    const s = this.#s
    switch (event.event) {
      case 'kvm_tdp_mmu_spte_changed': {
        const vm = decideForEntry(s, thread, event)
        if (vm === null) {
          const among = candidates(s, thread)
          for (const other of among) other.cloud.tables = true
          const numbers = among.map((other) => other.number)
          s.emit({ type: 'vm.undecided', line: s.line, time: s.time, among: numbers, event: event.event })
          return
        }
        if (thread.notifier !== null) {
          thread.notifier.vm = vm
          thread.notifier.gfn = event.gfn
        }
        if (thread.fault !== null && decodeSpte(event.new, event.level, s.layout).kind === 'leaf')
          thread.fault.changed = true
        entryChanged(s, thread, vm, event)
        return
      }
      case 'kvm_entry':
        vcpuEntered(s, thread, event)
        return
      case 'kvm_exit':
        vcpuExited(s, thread, event)
        return
      case 'kvm_page_fault':
        guestFaulted(s, thread, event)
        return
      case 'kvm_mmu_set_spte':
        entrySet(s, thread)
        return
      case 'fast_page_fault':
        if (thread.fault !== null && (event.fixed || event.spurious))
          thread.fault.fast = event.fixed ? 'fixed' : 'spurious'
        if (thread.fault?.vm) fastFaulted(s, thread.fault.vm, event)
        return
      case 'mark_mmio_spte':
        if (thread.fault !== null) thread.fault.marked = true
        return
      case 'check_mmio_spte':
        if (thread.fault !== null && !event.valid) thread.fault.stale = true
        return
      case 'handle_mmio_page_fault':
      case 'kvm_emulate_insn':
      case 'vcpu_match_mmio':
        if (thread.fault !== null) thread.fault.emulated = true
        return
      case 'kvm_mmio': {
        const { direction, gpa, length, value } = event
        const vm = thread.context?.number ?? thread.fault?.vm?.number ?? null
        const { vcpu } = thread
        s.emit({ type: 'mmio.accessed', line: s.line, time: s.time, vm, vcpu, direction, gpa, length, value })
        return
      }
      case 'kvm_userspace_exit':
        userspaceExited(s, thread, event)
        return
      case 'kvm_smm_transition': {
        const vm = thread.context?.number ?? null
        s.emit({ type: 'vcpu.moved', line: s.line, time: s.time, vm, vcpu: event.vcpu, as: event.entering ? 1 : 0 })
        return
      }
      case 'kvm_mmu_zap_all_fast': {
        const among = candidates(s, thread)
        const vm = thread.context ?? (among.length === 1 ? (among[0] ?? null) : null)
        if (vm !== null) rootsInvalidated(s, thread, vm)
        return
      }
      case 'set_memory_region':
        slotRequested(s, thread, event)
        return
      case 'set_memory_region_ret':
        slotAnswered(s, thread, event)
        return
      case 'swap_active_memslots':
        slotsSwapped(s, thread, event)
        return
      case 'kvm_unmap_hva_range':
        hostUnmapped(s, thread, event)
        return
      case 'kvm_set_spte_hva':
        hostRemapped(s, thread, event)
        return
      case 'kvm_age_hva':
        hostAged(s, thread, event)
        return
      case 'syscall.entered':
        callEntered(s, thread, event)
        return
      case 'syscall.returned':
        callReturned(s, thread, event)
        return
      case 'sched_process_fork':
        forked(s, thread, event.child)
        return
      case 'sched_process_exit':
        threadExited(s, thread)
        return
      case 'kvm_track_tsc':
        tscTracked(s, thread, event)
        return
      case 'tracing_mark_write':
        noteWritten(s, thread, event.text)
        return
      case 'kvm_mmu_spte_requested':
      case 'kvm_mmu_get_page':
      case 'kvm_mmu_prepare_zap_page':
      case 'kvm_mmu_split_huge_page':
      case 'dev_ioctl':
        // What they tell, a neighbouring line tells better.
        return
      default:
        functionEntered(s, thread, event)
    }
  }
}

const KEEPS_CONTEXT: ReadonlySet<TraceEvent['event']> = new Set([
  'swap_active_memslots',
  'set_memory_region_ret',
  'kvm_mmu_get_page',
  'kvm_track_tsc',
  'vcpu_create',
  'vm_release',
  'vcpu_release',
  'put_kvm',
  'destroy_vm',
  'mmu_notifier_release',
  'flush_shadow_all',
  'flush_shadow_memslot',
  'mmu_zap_all',
  'arch_destroy_vm',
  'vcpu_mmu_unload',
  'destroy_vcpus',
  'vcpu_destroy',
  'mmu_uninit_vm',
  'arch_free_memslot',
])

/** All facts of a trace, one after the other. */
export function* importKvmTrace(lines: Iterable<SourceLine>): Generator<KvmFact, ImportCounts> {
  const importer = new KvmTraceImport()
  for (const line of lines) yield* importer.take(line)
  return importer.counts()
}
