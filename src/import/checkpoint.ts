/**
 * A replay against the kernel's own counters. At a checkpoint the journal says what the kernel
 * counted, and the replay what it holds; where the trace cannot tell, the verdict is that it is not
 * known, and why.
 */
import { type CheckpointCounter, countersAt, type Journal } from './journal.ts'
import { VCPU_COUNTERS, type VcpuCounter } from './kvm/counters.ts'
import type { CheckpointNoted } from './kvm/fact.ts'

export type Verdict = {
  readonly checkpoint: number
  /** The VM that the journal's descriptor was; null where no line tells. */
  readonly vm: number | null
  readonly vcpu: number | null
  /** The kernel's name of the counter. */
  readonly name: string
  readonly kernel: number
  /** What the replay holds; null where it cannot be known. */
  readonly replay: number | null
  readonly verdict: 'equal' | 'differs' | 'unknown'
  /** Why it is not known, as the end of a sentence; null when it is. */
  readonly why: string | null
}

/** What a replay is asked. */
export type Replay = {
  /** Leaves of a VM's nested pmaps at `level`: 1 for 4 KB, 2 for 2 MB, 3 for 1 GB. */
  readonly pages: (vm: number, level: number) => number
  readonly count: (vm: number, vcpu: number, counter: VcpuCounter) => number
}

const PAGE_LEVELS: Readonly<Record<string, number>> = { pages_4k: 1, pages_2m: 2, pages_1g: 3 }

/**
 * Judges one checkpoint, at its place in the trace.
 *
 * @returns a verdict for each of the journal's counters that a trace can give at all.
 */
export function judge(checkpoint: CheckpointNoted, journal: Journal, replay: Replay): Verdict[] {
  return countersAt(journal, checkpoint.number).flatMap((counter) => {
    const { fd, vcpu, name } = counter
    const level = vcpu === null ? PAGE_LEVELS[name] : undefined
    const known = VCPU_COUNTERS.find((one) => vcpu !== null && one === name)
    if (level === undefined && known === undefined) return []
    const { descriptors, live } = checkpoint
    const vm = descriptors.find((held) => held.fd === fd)?.vm ?? (live.length === 1 ? (live[0] ?? null) : null)
    const why =
      vm === null ? 'no line tells which VM the descriptor is' : unknownFor(checkpoint, vm, level !== undefined)
    if (vm === null || why !== null) return [verdictOf(counter, vm, null, why)]
    if (level !== undefined) return [verdictOf(counter, vm, replay.pages(vm, level), null)]
    if (vcpu === null || known === undefined) return []
    return [verdictOf(counter, vm, replay.count(vm, vcpu, known), null)]
  })
}

/** Verdicts for the checkpoints of the journal whose marks the trace does not hold. */
export function unplaced(journal: Journal, placed: ReadonlySet<number>): Verdict[] {
  return journal.counters
    .filter((counter) => !placed.has(counter.checkpoint) && isTold(counter))
    .map((counter) => verdictOf(counter, null, null, 'the mark of the checkpoint is not in the trace'))
}

function isTold({ vcpu, name }: CheckpointCounter): boolean {
  return vcpu === null ? name in PAGE_LEVELS : VCPU_COUNTERS.some((one) => one === name)
}

function unknownFor(checkpoint: CheckpointNoted, vm: number, pages: boolean): string | null {
  if (checkpoint.running.some((vcpu) => vcpu.vm === vm)) return 'vCPUs run'
  const cloud = checkpoint.clouded.find((one) => one.vm === vm)
  if (cloud === undefined || !(pages ? cloud.tables : cloud.counters)) return null
  return cloud.untraced ? 'KVM prints no line when an entry goes' : 'events were lost'
}

function verdictOf(
  { checkpoint, vcpu, name, value }: CheckpointCounter,
  vm: number | null,
  replay: number | null,
  why: string | null,
): Verdict {
  const verdict = replay === null ? 'unknown' : replay === value ? 'equal' : 'differs'
  return { checkpoint, vm, vcpu, name, kernel: value, replay, verdict, why }
}
