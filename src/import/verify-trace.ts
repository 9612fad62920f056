/**
 * Replays an imported run event by event, with the invariants on, and meets the journal's counts at its checkpoints.
 */
import type { Recorded } from '../../events/event.ts'
import { Monitor, type Violation } from '../invariant/index.ts'
import { VersionedMemory } from '../model/memory/versioned.ts'
import { bootWorld, type World } from '../model/world.ts'
import { driverOf } from '../reduce/drivers.ts'
import { judge, unplaced, type Verdict } from './checkpoint.ts'
import type { Journal } from './journal.ts'
import { VcpuCounters } from './kvm/counters.ts'
import type { CheckpointNoted, KvmFact } from './kvm/fact.ts'
import { IMPORT_BOOT } from './retell/telling.ts'

/**
 * The invariants that a trace of KVM can be held to. The others speak of what KVM does otherwise (it takes no reference
 * on a slot's memory, pins no page, keeps a table that was emptied, holds a VM by files) or of what no line of a trace
 * tells (page queues, locks, map entries).
 */
export const TRACE_INVARIANTS: readonly string[] = ['I05', 'I12b', 'I13', 'I17', 'I19', 'I31', 'I44']

export type TraceReplay = {
  readonly events: number
  /** Counters of the journal against the replay, by checkpoint. */
  readonly verdicts: readonly Verdict[]
  readonly violations: readonly Violation[]
  /** Violations after the trace lost lines: what does not hold may only not be known. */
  readonly unknown: number
  /** The world after the last event. */
  readonly world: World
  /** Most pages that were mapped at a time, by VM. */
  readonly mostPages: ReadonlyMap<number, number>
}

/** Leaves at `level` in all nested pmaps of a VM. */
function leavesAt(world: World, vm: number, level: number): number {
  let pages = 0
  for (const pmap of Object.values(world.pmaps)) {
    if (pmap.owner.kind !== 'nested' || pmap.owner.vm !== vm) continue
    world.memory.eachLeaf(pmap.ref, 0, 2 ** 36, (_page, _packed, at) => {
      if (at === level) pages += 1
    })
  }
  return pages
}

/** @param events of the tape; `facts` of the same trace. */
export function replayTrace(
  events: Iterable<Recorded>,
  facts: readonly KvmFact[],
  journal: Journal | null,
  progress?: (done: number) => void,
): TraceReplay {
  const memory = new VersionedMemory(IMPORT_BOOT.frames)
  const driver = driverOf('inPlace', bootWorld(IMPORT_BOOT, memory), memory)
  const violations: Violation[] = []
  let unknown = 0
  const monitor = new Monitor(driver.current, {
    report(violation) {
      if (!TRACE_INVARIANTS.includes(violation.id)) return
      if (driver.current.gaps > 0) unknown += 1
      else violations.push(violation)
    },
  })
  const checkpoints = new Map<number, CheckpointNoted>()
  for (const fact of facts) if (fact.type === 'checkpoint.noted') checkpoints.set(fact.line, fact)
  const counters = new VcpuCounters()
  const verdicts: Verdict[] = []
  const placed = new Set<number>()
  const mostPages = new Map<number, number>()
  let counted = 0
  let count = 0
  const answers = {
    pages: (vm: number, level: number) => leavesAt(driver.current, vm, level),
    count: (vm: number, vcpu: number, counter: Parameters<VcpuCounters['of']>[2]) => counters.of(vm, vcpu, counter),
  }
  for (const recorded of events) {
    driver.replay(recorded)
    monitor.take(recorded, driver.current)
    count += 1
    progress?.(count)
    const { event } = recorded
    if (event.type === 'pmap.entered') {
      const { owner } = driver.current.pmaps[event.pmap] ?? { owner: null }
      if (owner?.kind === 'nested') {
        const pages = driver.current.memory.leafCount(event.pmap)
        if (pages > (mostPages.get(owner.vm) ?? 0)) mostPages.set(owner.vm, pages)
      }
    }
    if (event.type !== 'trace.checkpointed' || journal === null) continue
    for (; counted < facts.length && (facts[counted] as KvmFact).line < event.line; counted += 1) {
      counters.take(facts[counted] as KvmFact)
    }
    const checkpoint = checkpoints.get(event.line)
    if (checkpoint === undefined) continue
    placed.add(checkpoint.number)
    verdicts.push(...judge(checkpoint, journal, answers))
  }
  if (journal !== null) verdicts.push(...unplaced(journal, placed))
  return { events: count, verdicts, violations, unknown, world: driver.snapshot(), mostPages }
}
