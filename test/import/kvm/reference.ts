/**
 * A replay of imported facts that is as plain as can be: sets of what is mapped. It is not shipped;
 * it says whether the facts alone reproduce what the kernel counted.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { judge, unplaced, type Verdict } from '../../../src/import/checkpoint.ts'
import { type SourceLine, splitLines } from '../../../src/import/ftrace/line.ts'
import { type Journal, parseJournal } from '../../../src/import/journal.ts'
import { VcpuCounters } from '../../../src/import/kvm/counters.ts'
import type { KvmFact } from '../../../src/import/kvm/fact.ts'
import { type ImportCounts, importKvmTrace } from '../../../src/import/kvm/import.ts'

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
  const facts: KvmFact[] = []
  const importing = importKvmTrace(lines)
  for (;;) {
    const step = importing.next()
    if (step.done === true) return { facts, counts: step.value }
    facts.push(step.value)
  }
}

export class Reference {
  /** Leaves of each VM: the level by `as/root/level/gfn`. */
  readonly #leaves = new Map<number, Map<string, number>>()
  readonly #tables = new Map<number, Map<string, number>>()
  /** Facts that cannot follow from the ones before: entered twice, removed without having been entered. */
  readonly breaches: string[] = []

  pages(vm: number, level: number): number {
    let pages = 0
    for (const at of this.#leaves.get(vm)?.values() ?? []) if (at === level) pages += 1
    return pages
  }

  take(fact: KvmFact): void {
    switch (fact.type) {
      case 'leaf.entered':
      case 'leaf.changed':
      case 'leaf.removed':
      case 'table.linked':
      case 'table.removed': {
        const books = fact.type === 'table.linked' || fact.type === 'table.removed' ? this.#tables : this.#leaves
        const book = books.get(fact.vm ?? 0) ?? new Map<string, number>()
        books.set(fact.vm ?? 0, book)
        const key = `${fact.as}/${fact.root}/${fact.level}/${fact.gfn}`
        const isNew = fact.type === 'leaf.entered' || fact.type === 'table.linked'
        if (isNew === book.has(key)) this.breaches.push(`${fact.line}: ${fact.type} ${key}`)
        if (fact.type === 'leaf.removed' || fact.type === 'table.removed') book.delete(key)
        else book.set(key, fact.level)
        return
      }
      default:
    }
  }
}

/** Compares the facts with the journal's counters, at every checkpoint. */
export function verdicts(facts: Iterable<KvmFact>, journal: Journal): { verdicts: Verdict[]; reference: Reference } {
  const reference = new Reference()
  const counters = new VcpuCounters()
  const replay = {
    pages: (vm: number, level: number) => reference.pages(vm, level),
    count: counters.of.bind(counters),
  }
  const out: Verdict[] = []
  const placed = new Set<number>()
  for (const fact of facts) {
    reference.take(fact)
    counters.take(fact)
    if (fact.type !== 'checkpoint.noted') continue
    placed.add(fact.number)
    out.push(...judge(fact, journal, replay))
  }
  return { verdicts: [...out, ...unplaced(journal, placed)], reference }
}
