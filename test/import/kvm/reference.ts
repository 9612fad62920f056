/**
 * A replay of imported facts that is as plain as can be: sets of what is mapped, and sums. It is not
 * shipped; it says whether the facts alone reproduce what the kernel counted.
 */

import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type SourceLine, splitLines } from '../../../src/import/ftrace/line.ts'
import { countersAt, type Journal, parseJournal } from '../../../src/import/journal.ts'
import type { KvmFact } from '../../../src/import/kvm/fact.ts'
import { type ImportCounts, KvmTraceImport } from '../../../src/import/kvm/import.ts'

const TRACES = new URL('../../../../shared/traces/', import.meta.url)

/** The lines of a trace that lies beside the project; `name` without its ending, such as `kvm-tdp/close`. */
export function traceLines(name: string): SourceLine[] {
  const packed = new URL(`${name}.trace.gz`, TRACES)
  const text = existsSync(packed) ? gunzipSync(readFileSync(packed)) : readFileSync(new URL(`${name}.trace`, TRACES))
  return [...splitLines([text.toString()])]
}

export function journalOf(name: string): Journal {
  return parseJournal(readFileSync(new URL(`${name}.journal`, TRACES), 'utf8').split('\n'))
}

/** All facts of a trace. */
export function factsOf(lines: Iterable<SourceLine>): { facts: KvmFact[]; counts: ImportCounts } {
  const importer = new KvmTraceImport()
  const facts: KvmFact[] = []
  for (const line of lines) facts.push(...importer.take(line))
  return { facts, counts: importer.counts() }
}

export type VcpuCounts = Record<
  | 'exits'
  | 'halt_exits'
  | 'io_exits'
  | 'mmio_exits'
  | 'signal_exits'
  | 'pf_taken'
  | 'pf_fixed'
  | 'pf_fast'
  | 'pf_emulate'
  | 'pf_spurious'
  | 'pf_mmio_spte_created',
  number
>
function noCounts(): VcpuCounts {
  return {
    exits: 0,
    halt_exits: 0,
    io_exits: 0,
    mmio_exits: 0,
    signal_exits: 0,
    pf_taken: 0,
    pf_fixed: 0,
    pf_fast: 0,
    pf_emulate: 0,
    pf_spurious: 0,
    pf_mmio_spte_created: 0,
  }
}

export class Reference {
  /** Leaves of each VM: `as/root/level/gfn`. */
  readonly leaves = new Map<number, Map<string, number>>()
  readonly tables = new Map<number, Set<string>>()
  readonly counts = new Map<string, VcpuCounts>()
  /** Facts that cannot follow from the ones before: entered twice, removed without having been entered. */
  readonly breaches: string[] = []

  pages(vm: number, level: number): number {
    let pages = 0
    for (const at of this.leaves.get(vm)?.values() ?? []) if (at === level) pages += 1
    return pages
  }

  vcpu(vm: number, vcpu: number): VcpuCounts {
    const key = `${vm}/${vcpu}`
    const known = this.counts.get(key) ?? noCounts()
    this.counts.set(key, known)
    return known
  }

  apply(fact: KvmFact): void {
    switch (fact.type) {
      case 'leaf.entered':
      case 'leaf.changed':
      case 'leaf.removed': {
        const leaves = this.leaves.get(fact.vm ?? 0) ?? new Map<string, number>()
        this.leaves.set(fact.vm ?? 0, leaves)
        const key = `${fact.as}/${fact.root}/${fact.level}/${fact.gfn}`
        if ((fact.type === 'leaf.entered') === leaves.has(key)) this.breaches.push(`${fact.line}: ${fact.type} ${key}`)
        if (fact.type === 'leaf.removed') leaves.delete(key)
        else leaves.set(key, fact.level)
        return
      }
      case 'table.linked':
      case 'table.removed': {
        const tables = this.tables.get(fact.vm ?? 0) ?? new Set<string>()
        this.tables.set(fact.vm ?? 0, tables)
        const key = `${fact.as}/${fact.root}/${fact.level}/${fact.gfn}`
        if ((fact.type === 'table.linked') === tables.has(key)) this.breaches.push(`${fact.line}: ${fact.type} ${key}`)
        if (fact.type === 'table.removed') tables.delete(key)
        else tables.add(key)
        return
      }
      case 'vcpu.exited': {
        if (fact.vm === null || fact.vcpu === null) return
        const counts = this.vcpu(fact.vm, fact.vcpu)
        counts.exits += 1
        if (fact.reason === 'hlt') counts.halt_exits += 1
        if (fact.reason === 'io') counts.io_exits += 1
        return
      }
      case 'vcpu.returned': {
        if (fact.vm === null || fact.vcpu === null) return
        const counts = this.vcpu(fact.vm, fact.vcpu)
        if (fact.reason === 'KVM_EXIT_MMIO') counts.mmio_exits += 1
        if (fact.reason === 'restart') counts.signal_exits += 1
        return
      }
      case 'fault.resolved': {
        if (fact.vm === null || fact.vcpu === null) return
        const counts = this.vcpu(fact.vm, fact.vcpu)
        if (fact.outcome !== 'mmio-known') counts.pf_taken += 1
        if (fact.outcome === 'fixed' || fact.outcome === 'fast') counts.pf_fixed += 1
        if (fact.outcome === 'spurious' || fact.outcome === 'fast-spurious') counts.pf_spurious += 1
        if (fact.outcome === 'fast' || fact.outcome === 'fast-spurious') counts.pf_fast += 1
        if (fact.outcome === 'mmio' || fact.outcome === 'emulated') counts.pf_emulate += 1
        if (fact.outcome === 'mmio') counts.pf_mmio_spte_created += 1
        return
      }
      default:
    }
  }
}

export type Verdict = {
  readonly checkpoint: number
  readonly fd: number
  readonly vcpu: number | null
  readonly name: string
  readonly kernel: number
  /** What the facts say; null where they cannot say it. */
  readonly facts: number | null
  readonly why: string | null
}

/** Compares the facts with the journal's counters, at every checkpoint that the trace shows. */
export function verdicts(facts: Iterable<KvmFact>, journal: Journal): { verdicts: Verdict[]; reference: Reference } {
  const reference = new Reference()
  const out: Verdict[] = []
  const seen = new Set<number>()
  for (const fact of facts) {
    reference.apply(fact)
    if (fact.type !== 'checkpoint.noted') continue
    seen.add(fact.number)
    const live = fact.live
    for (const { checkpoint, fd, vcpu, name, value: kernel } of countersAt(journal, fact.number)) {
      const at = { checkpoint, fd, vcpu, name, kernel }
      const vm = fact.descriptors.find((held) => held.fd === fd)?.vm ?? (live.length === 1 ? live[0] : undefined)
      if (vm === undefined) {
        out.push({ ...at, facts: null, why: 'no line tells which VM the descriptor is' })
        continue
      }
      const cloud = fact.clouded.find((other) => other.vm === vm)
      if (fact.running.some((other) => other.vm === vm)) {
        out.push({ ...at, facts: null, why: 'vCPUs run' })
        continue
      }
      const level = { pages_4k: 1, pages_2m: 2, pages_1g: 3 }[name]
      if (vcpu === null && level !== undefined) {
        if (cloud?.tables) out.push({ ...at, facts: null, why: 'events were lost' })
        else out.push({ ...at, facts: reference.pages(vm, level), why: null })
        continue
      }
      if (vcpu === null) continue
      const counts = reference.vcpu(vm, vcpu)
      if (!(name in counts)) continue
      if (cloud?.counters) out.push({ ...at, facts: null, why: 'events were lost' })
      else out.push({ ...at, facts: counts[name as keyof VcpuCounts], why: null })
    }
  }
  for (const { checkpoint, fd, vcpu, name, value: kernel } of journal.counters)
    if (!seen.has(checkpoint))
      out.push({
        checkpoint,
        fd,
        vcpu,
        name,
        kernel,
        facts: null,
        why: 'the mark of the checkpoint is not in the trace',
      })
  return { verdicts: out, reference }
}
