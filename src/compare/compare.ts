/**
 * One run on two designs. The two record different events for the same act, so what is compared is what both have: the
 * answers, the memory that guests and processes reach, the wired pages, the references by holder, and what is left.
 */
import { hex, type Word64 } from '../../events/address.ts'
import type { Boot } from '../../events/boot.ts'
import type { Command } from '../../events/command.ts'
import type { EventType } from '../../events/event.ts'
import type { Outcome } from '../../events/reply.ts'
import type { Design } from '../design/design.ts'
import { createRun, type Run } from '../engine/run.ts'
import { WORDS_FIRST } from '../model/words.ts'
import type { Played } from '../scenario/play.ts'
import { count } from '../show/table.ts'
import { plain } from '../tape/text.ts'
import type { Act } from './act.ts'
import { lookAhead } from './ahead.ts'
import { type Result, Retelling, type Told } from './retell.ts'
import { differencesOf, type Tally, tallyOf } from './tally.ts'
import { type Sighting, type Testimony, type Watched, Witness } from './witness.ts'

/** A run to take decisions from: a scenario or a tape. */
export type Source = {
  readonly boot: Partial<Boot>
  /** The design that the decisions were made for. */
  readonly design: Design
  /** The decisions, taken one after the other on a run of that design. Asked for twice. */
  readonly acts: (run: Run) => Iterable<Act>
}

/** What one design made of an act. */
export type Side = Told & {
  readonly answer: string
  readonly tally: Tally
  readonly testimony: Testimony
  readonly panicked: boolean
}

/** The same act on both designs. */
export type Pair = {
  readonly place: string
  /** As it was asked where the decisions come from. */
  readonly command: Command | null
  readonly sides: readonly [Side, Side]
  /** The answers differ, or the memory that is reached does. */
  readonly parts: boolean
  /** Fields of the tallies that differ and must not. */
  readonly differs: readonly (keyof Tally)[]
}

/** An answer in terms that do not depend on where a design puts things. */
function answerOf(result: Result): string {
  if (result.kind === 'noted' || result.kind === 'passed') return result.text
  // The steps of a routine are a design's own.
  if (result.kind === 'stands') return 'stands'
  return outcomeText(result.outcome)
}

function outcomeText(outcome: Outcome): string {
  if ('panic' in outcome) return `panic in ${outcome.panic.fn}`
  if ('blocked' in outcome) return outcome.blocked === 'guest' ? 'in the guest' : `asleep on ${outcome.blocked}`
  if (!outcome.ok) return `${outcome.errno} (${outcome.at})`
  if ('left' in outcome && outcome.left !== null) return `left RUN: ${outcomeText(outcome.left)}`
  if ('reason' in outcome) return `0, ${outcome.reason}`
  if ('faulted' in outcome) return ['0', ...contentsTexts(outcome), ...(outcome.faulted ? ['faulted'] : [])].join(', ')
  if ('vms' in outcome) {
    const vms = outcome.vms.map(({ id, usedSize, states }) => {
      const used = `id ${id} used ${hex(usedSize)}`
      return [used, ...states.map(({ state }) => `vcpu ${state}`)].join(' ')
    })
    return [`0, ${count(outcome.count, 'VM')}`, ...vms].join(', ')
  }
  if ('ranges' in outcome) return `0, ${count(outcome.ranges.length, 'range')}`
  return 'id' in outcome ? `0, vm ${outcome.id}` : ['0', ...restTexts(outcome)].join(', ')
}

/** What an access found, where it was about contents. */
function contentsTexts(found: object): readonly string[] {
  const { value, word } = found as { readonly value?: number | null; readonly word?: Word64 }
  if (word !== undefined) return [`holds word ${hex(word)}`]
  if (value === undefined) return []
  if (value === null) return ['holds noise']
  // Tables of words have a number each, in the order in which a run makes them.
  return [value >= WORDS_FIRST ? 'holds words' : `holds ${value}`]
}

/** Where things lie, and how the kernel's own report of an exit looks, is not compared. */
const OWN_FIELDS: readonly string[] = ['ok', 'va', 'report', 'left', 'exit', 'instructionLength', 'instructionInfo']

/** All else that is answered, field by field. */
function restTexts(outcome: object): readonly string[] {
  return Object.entries(outcome).flatMap(([key, found]) =>
    OWN_FIELDS.includes(key) || found === null
      ? []
      : [`${key} ${JSON.stringify(plain(found, key)).replaceAll('"', '')}`],
  )
}

/** What the caller sees of an answer: which routine refused, and whether an access faulted, is the kernel's own affair. */
export function callerSees(answer: string): string {
  return answer.replace(/ \(\w+\)$|, faulted$/, '')
}

function pairOf(
  at: Pick<Pair, 'place' | 'command'>,
  watched: readonly [Watched, Watched],
  told: readonly [Told, Told],
  testimonies: readonly [Testimony, Testimony],
): Pair {
  const sideOf = (index: 0 | 1): Side => {
    const { run, witness } = watched[index]
    const { result } = told[index]
    const tally = tallyOf(run.current, witness.wiredPages)
    const panicked = run.current.panic !== null
    return { ...told[index], answer: answerOf(result), tally, testimony: testimonies[index], panicked }
  }
  const sides = [sideOf(0), sideOf(1)] as const
  const worlds = [watched[0].run.current, watched[1].run.current] as const
  const differs = differencesOf(worlds, [sides[0].tally, sides[1].tally])
  const isAnswered = sides.every(({ result }) => result.kind !== 'passed')
  const parts = (isAnswered && callerSees(sides[0].answer) !== callerSees(sides[1].answer)) || differs.length > 0
  return { ...at, sides, parts, differs }
}

/** Two runs, one for each design, as they are compared. */
export type Comparison = {
  readonly runs: readonly [Run, Run]
  /** Each act once both have done it; the runs stand right after it then. */
  readonly pairs: () => Generator<Pair>
}

function watch(design: Design, boot: Partial<Boot>): Watched {
  const run = createRun({ design, boot })
  return { run, witness: new Witness(run) }
}

/** Takes the decisions of a run on two designs. A design that they were not made for gets them in its own way. */
export function compareRuns(source: Source, designs: readonly [Design, Design]): Comparison {
  const { boot } = source
  const lead = watch(source.design, boot)
  const leads = designs.findIndex(({ name }) => name === source.design.name)
  const watched = [leads === 0 ? lead : watch(designs[0], boot), leads === 1 ? lead : watch(designs[1], boot)] as const
  function* pairs(): Generator<Pair> {
    const ahead = lookAhead(source, source.design)
    const retellings = watched.map((one) => (one === lead ? null : new Retelling(lead, one, ahead)))
    let index = 0
    for (const act of source.acts(lead.run)) {
      const { place, command, result } = act
      const told = retellings.map((one): Told => one?.tell(act, index) ?? { command, result, notes: [] })
      const testimonies = watched.map(({ witness }) => witness.hear())
      if (!watched.includes(lead)) lead.witness.hear()
      const pair = pairOf({ place, command }, watched, told as [Told, Told], testimonies as [Testimony, Testimony])
      yield pair
      if (pair.sides.some(({ panicked }) => panicked)) return
      index += 1
    }
  }
  return { runs: [watched[0].run, watched[1].run], pairs }
}

/** What a design's processes do for themselves, and another's do not have to. */
const OWN: readonly string[] = ['host.mmap', 'host.munmap']

/** The next act that both designs have, and the world after it. */
function nextAct(steps: Iterator<Played>): Played | null {
  for (let next = steps.next(); !next.done; next = steps.next()) {
    if (next.value.command === null || !OWN.includes(next.value.command.type)) return next.value
  }
  return null
}

/** Two sequences of the same acts, each made for its design; what one design's processes map for themselves is passed over. */
export function comparePlays(
  boot: Partial<Boot>,
  designs: readonly [Design, Design],
  steps: (run: Run) => Iterable<Played>,
): Comparison {
  const watched = [watch(designs[0], boot), watch(designs[1], boot)] as const
  function* pairs(): Generator<Pair> {
    const [left, right] = watched.map(({ run }) => steps(run)[Symbol.iterator]()) as [
      Iterator<Played>,
      Iterator<Played>,
    ]
    for (;;) {
      const [a, b] = [nextAct(left), nextAct(right)]
      if (a === null || b === null) return
      const told = [a, b].map(({ command, result }): Told => ({ command, result, notes: [] }))
      const testimonies = watched.map(({ witness }) => witness.hear())
      const at = { place: `act of ${a.entry.place}`, command: a.command }
      const pair = pairOf(at, watched, told as [Told, Told], testimonies as [Testimony, Testimony])
      yield pair
      if (pair.sides.some(({ panicked }) => panicked)) return
    }
  }
  return { runs: [watched[0].run, watched[1].run], pairs }
}

/** Events that say where a call stands, not what became true of memory. */
const BOOKKEEPING = /^(call|failpoint)\./

/** What one side recorded of an act in events of types that the other did not record at all. */
export function onlyIn(side: Side, other: Side): readonly Sighting[] {
  const types = new Set<EventType>(other.testimony.seen.map(({ type }) => type))
  return side.testimony.seen.filter(({ type }) => !types.has(type) && !BOOKKEEPING.test(type))
}
