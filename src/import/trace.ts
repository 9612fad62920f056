/**
 * A trace of a real host as a run: its facts as recorded events, with what the trace does not tell in its place.
 */
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { SourceLine } from './ftrace/line.ts'
import type { KvmFact } from './kvm/fact.ts'
import { type ImportCounts, importKvmTrace } from './kvm/import.ts'
import { retell, type Unretold } from './retell/retell.ts'

/** All facts of a trace, and what was read to get them. */
export type TraceFacts = { readonly facts: readonly KvmFact[]; readonly counts: ImportCounts }

/** Reads a trace. It throws nothing on account of what the trace holds. */
export function readTrace(lines: Iterable<SourceLine>): TraceFacts {
  const facts: KvmFact[] = []
  const reading = importKvmTrace(lines)
  for (;;) {
    const next = reading.next()
    if (next.done) return { facts, counts: next.value }
    facts.push(next.value)
  }
}

/** What a fact says about the trace itself, or null. */
function aboutTrace(fact: KvmFact): VmmEvent | null {
  const { line } = fact
  switch (fact.type) {
    case 'events.lost':
      return {
        type: 'trace.lost',
        line,
        events: fact.count,
        where: fact.cpu === null ? fact.where : `${fact.where}, CPU ${fact.cpu}`,
      }
    case 'vm.undecided':
      return { type: 'trace.undecided', line, what: `${fact.event} may be about VM ${fact.among.join(' or ')}` }
    case 'value.unknown':
      return { type: 'trace.undecided', line, what: `${fact.what}: ${fact.why}` }
    case 'line.unparsed':
      return { type: 'trace.undecided', line, what: `not a line of ftrace: ${fact.reason}` }
    case 'event.undecoded':
      return { type: 'trace.undecided', line, what: `${fact.event}: ${fact.reason}` }
    case 'checkpoint.noted':
      return { type: 'trace.checkpointed', line, checkpoint: fact.number, title: fact.title }
    case 'note.written':
      return { type: 'trace.noted', line, text: fact.text }
    default:
      return null
  }
}

/** A recorded event with the line of the trace that proves it. */
export type Imported = { readonly line: number; readonly recorded: Recorded }

/**
 * The facts as recorded events, in the order of the trace.
 *
 * @returns facts that no event stands for, by type.
 */
export function* recordTrace(facts: readonly KvmFact[]): Generator<Imported, Unretold> {
  let seq = 0
  const record = (line: number, event: VmmEvent): Imported => {
    seq += 1
    return { line, recorded: { seq, thread: null, place: null, event } }
  }
  const notes = facts.filter((fact) => aboutTrace(fact) !== null)
  const told = new Set(notes.map(({ type }) => type))
  let next = 0
  const retelling = retell(facts)
  for (;;) {
    const one = retelling.next()
    const line = one.done ? Number.POSITIVE_INFINITY : one.value.line
    for (; next < notes.length && (notes[next] as KvmFact).line <= line; next += 1) {
      const note = notes[next] as KvmFact
      yield record(note.line, aboutTrace(note) as VmmEvent)
    }
    // What has just been told has its place after all.
    if (one.done) return new Map([...one.value].filter(([type]) => !told.has(type)))
    yield record(one.value.line, one.value.event)
  }
}
