/**
 * One run on two designs. The two record different events for the same act, so what is compared is what both have: the
 * answers, the memory that guests and processes reach, the wired pages, the references by holder, and what is left.
 */
import type { Outcome } from '../../events/reply.ts'
import type { Run } from '../engine/run.ts'
import type { World } from '../model/world.ts'
import type { Played } from '../scenario/play.ts'

/** What a world comes to, in terms that every design has. */
export type Tally = {
  readonly vms: number
  /** Pages that guests reach, in all nested pmaps. */
  readonly nestedPages: number
  /** Pages that processes reach by their own page tables. */
  readonly processPages: number
  readonly residentPages: number
  readonly wiredPages: number
  readonly swappedPages: number
  readonly objects: number
  /** References on memory: by map entries of processes, by nested maps, by vmm's slots. */
  readonly byEntries: number
  readonly byNestedMaps: number
  readonly bySlots: number
}

export const TALLY_FIELDS = [
  'vms',
  'nestedPages',
  'processPages',
  'residentPages',
  'wiredPages',
  'swappedPages',
  'objects',
  'byEntries',
  'byNestedMaps',
  'bySlots',
] as const satisfies readonly (keyof Tally)[]

/** Fields in which two designs that do the same for a guest must agree; who holds references may differ by design. */
const MUST_AGREE: readonly (keyof Tally)[] = ['vms', 'nestedPages', 'wiredPages', 'swappedPages']

/** Counts a world. */
export function tallyOf(world: World): Tally {
  const { memory } = world
  let nestedPages = 0
  let processPages = 0
  for (const { ref, nested } of Object.values(world.pmaps)) {
    if (nested > 0) nestedPages += memory.leafCount(ref)
    else processPages += memory.leafCount(ref)
  }
  const objects = Object.values(world.objects)
  let residentPages = 0
  let wiredPages = 0
  let swappedPages = 0
  for (const { ref } of objects) {
    residentPages += memory.residentCount(ref)
    swappedPages += memory.swapCount(ref)
    memory.eachResident(ref, (_, frame) => {
      if (memory.wireCount(frame) > 0) wiredPages += 1
    })
  }
  const vms = Object.values(world.vms)
  return {
    vms: vms.length,
    nestedPages,
    processPages,
    residentPages,
    wiredPages,
    swappedPages,
    objects: objects.length,
    byEntries: Object.values(world.processes).reduce((sum, { entries }) => sum + entries.length, 0),
    byNestedMaps: vms.reduce((sum, { space }) => sum + (space?.length ?? 0), 0),
    bySlots: vms.reduce((sum, { slots }) => sum + slots.filter(({ object }) => object !== null).length, 0),
  }
}

/** An answer in terms that do not depend on where a design puts things. */
export function answerOf({ result }: Played): string {
  if (result.kind === 'noted') return result.text
  // The steps of a routine are a design's own.
  if (result.kind === 'stands') return 'stands'
  return outcomeText(result.outcome)
}

function outcomeText(outcome: Outcome): string {
  if ('panic' in outcome) return `panic in ${outcome.panic.fn}`
  if ('blocked' in outcome) return `asleep on ${outcome.blocked}`
  if (!outcome.ok) return `${outcome.errno} (${outcome.at})`
  if ('left' in outcome && outcome.left !== null) return `left RUN: ${outcomeText(outcome.left)}`
  if ('reason' in outcome) return `0, ${outcome.reason}`
  if ('faulted' in outcome) return outcome.faulted ? '0, after a fault' : '0'
  return 'id' in outcome ? `0, vm ${outcome.id}` : '0'
}

/** The same act on both designs. */
export type Pair = {
  readonly played: readonly [Played, Played]
  readonly answers: readonly [string, string]
  readonly tallies: readonly [Tally, Tally]
  /** The answers differ, or the memory that is reached does. */
  readonly parts: boolean
  /** Fields of the tallies that differ and must not. */
  readonly differs: readonly (keyof Tally)[]
}

/** What a design's processes do for themselves, and another's do not have to. */
const OWN: readonly string[] = ['host.mmap', 'host.munmap']

/** The next act that both designs have, and the world after it. */
function nextActs(steps: Iterator<Played>, skipsOwn: boolean): Played | null {
  for (let next = steps.next(); !next.done; next = steps.next()) {
    if (!skipsOwn || next.value.command === null || !OWN.includes(next.value.command.type)) return next.value
  }
  return null
}

/**
 * Plays both in step.
 *
 * @param skipsOwn passes over what the processes of one design map for themselves: for sequences that are made for the
 *   design, not for scenarios that are the same line by line.
 */
export function* comparePlays(
  runs: readonly [Run, Run],
  plays: readonly [Iterable<Played>, Iterable<Played>],
  skipsOwn: boolean,
): Generator<Pair> {
  const [left, right] = [plays[0][Symbol.iterator](), plays[1][Symbol.iterator]()]
  for (;;) {
    const [a, b] = [nextActs(left, skipsOwn), nextActs(right, skipsOwn)]
    if (a === null || b === null) return
    const answers = [answerOf(a), answerOf(b)] as const
    const tallies = [tallyOf(runs[0].current), tallyOf(runs[1].current)] as const
    const differs = MUST_AGREE.filter((field) => tallies[0][field] !== tallies[1][field])
    yield { played: [a, b], answers, tallies, parts: answers[0] !== answers[1] || differs.length > 0, differs }
  }
}
