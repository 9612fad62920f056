/**
 * One step, in two forms. `settle` is all that a step can be. `Cell` is the common case laid out for
 * speed: transitions after which the machine rests, found by comparing a few strings. Data and one
 * loop, not generated source: a page with a content security policy may not make functions of text,
 * and this costs no more than a switch written by hand.
 */
import { Defect } from '../../events/defect.ts'
import type { Chart, Leaf, Take } from './compile-chart.ts'
import type { Args, Emission, Guard, Input } from './compile-part.ts'

export type Result = { readonly place: number; readonly emitted: readonly unknown[] }

/** What one input type may lead to at one place. A linked list, for one loop without bound checks. */
export type Cell = { readonly type: string; readonly way: Way | null; readonly next: Cell | null }

/** One transition. `make` is null unless it emits exactly one event, made anew each time. */
type Way = {
  readonly guard: Guard | null
  readonly place: number
  readonly make: ((args: Args) => unknown) | null
  /** What comes of it where that is the same each time. */
  readonly fixed: Result | null
  /** All the other cases; null for a transition that forbids the input. */
  readonly effect: (args: Args) => Result | null
  readonly next: Way | null
}

/** Chains of transitions without input longer than any sound machine has; xstate would hang. */
const MICROSTEPS_MAX = 1_000

const NOTHING: readonly unknown[] = Object.freeze([])

/** The cells of one place; types after which the machine may go on by itself have none. */
export function rowOf(chart: Chart, leaf: Leaf): Cell | null {
  if (leaf.always.length > 0) return null
  return chart.types.reduceRight<Cell | null>((next, type) => {
    const takes = leaf.candidates(type)
    if (takes.length === 0 || !takes.every((take) => rests(chart, take))) return next
    return { type, way: wayOf(takes), next }
  }, null)
}

function wayOf(takes: readonly Take[]): Way | null {
  return takes.reduceRight<Way | null>((next, take) => {
    const { guard, place, emissions } = take
    const [only] = emissions
    const make = emissions.length === 1 && only?.kind === 'made' ? only.make : null
    return { guard, place, make, fixed: fixedOf(take), effect: effectOf(take), next }
  }, null)
}

/** Whether nothing follows `take` without another input. */
function rests(chart: Chart, { place, raised }: Take): boolean {
  const leaf = leafAt(chart, place)
  return leaf.always.length === 0 && (raised === null || leaf.candidates(raised.type).length === 0)
}

/** What is always the same is made once, shared and frozen. */
function fixedOf({ place, emissions, forbidden }: Take): Result | null {
  if (forbidden || emissions.some((emission) => emission.kind === 'made')) return null
  const emitted = emissions.map((emission) => (emission.kind === 'fixed' ? emission.event : null))
  return Object.freeze({ place, emitted: emitted.length > 0 ? Object.freeze(emitted) : NOTHING })
}

function effectOf({ place, emissions, forbidden }: Take): (args: Args) => Result | null {
  if (forbidden) return () => null
  return (args) => ({ place, emitted: emissions.map((emission) => eventOf(emission, args)) })
}

const eventOf = (emission: Emission, args: Args): unknown =>
  emission.kind === 'fixed' ? emission.event : emission.make(args)

/**
 * Takes the input and then what follows without one: `always`, and `onDone` of the states around a
 * final one. Guards and emitters see what xstate shows them: the input, or what was raised last.
 *
 * @returns null when nothing was taken.
 * @throws Defect ENG013 when that never ends.
 * @source xstate 5.33, stateUtils.ts: macrostep().
 */
export function settle(chart: Chart, start: number, context: unknown, input: Input): Result | null {
  const emitted: unknown[] = []
  const raised: Input[] = []
  let place = start
  let args: Args = { context, event: input }
  const select = (takes: readonly Take[]): Take | undefined => takes.find(({ guard }) => guard === null || guard(args))
  const apply = (take: Take | undefined): void => {
    if (take === undefined) return
    for (const emission of take.emissions) emitted.push(eventOf(emission, args))
    if (take.raised !== null) raised.push(take.raised)
    place = take.place
  }

  const taken = select(isReserved(input.type) ? [] : leafAt(chart, start).candidates(input.type))
  apply(taken)
  let eventless = true
  for (let count = 0; count < MICROSTEPS_MAX; count += 1) {
    const leaf = leafAt(chart, place)
    const before = place
    const free = eventless ? select(leaf.always) : undefined
    if (free !== undefined) {
      apply(free)
      // One that stays where it is would be taken for ever; xstate takes it once.
      eventless = place !== before
      continue
    }
    const event = leaf.final ? undefined : raised.shift()
    if (event === undefined) {
      const moved = place !== start || emitted.length > 0
      return moved || (taken !== undefined && !taken.forbidden) ? { place, emitted } : null
    }
    args = { context, event }
    apply(select(leaf.candidates(event.type)))
    eventless = true
  }
  throw new Defect(
    'ENG013',
    `machine "${chart.id}" state "${leafAt(chart, start).name}" does not come to rest after ` +
      `"${input.type}": transitions without input go round through "${leafAt(chart, place).name}"`,
  )
}

/** xstate's own: what it raises itself, and the wildcard. No input is called so. */
export const isReserved = (type: string): boolean => type === '*' || type.startsWith('xstate.')

/** @throws Defect ENG014 when the machine has no such place. */
export function leafAt(chart: Chart, place: number): Leaf {
  const leaf = chart.leaves[place]
  if (leaf !== undefined) return leaf
  const last = chart.leaves.length - 1
  throw new Defect('ENG014', `machine "${chart.id}" has places 0 to ${last}; ${place} is none of them`)
}
