/**
 * Compiles a machine of xstate into a table of functions. The machine stays the definition, and
 * xstate the judge of what it means; the engine only steps some hundred times as fast as an actor.
 * The context is given from outside for each step, since the world holds it.
 *
 * What is refused at load, by name: everything that acts other than by `emit`, everything that takes
 * time, and everything that needs more than one number to say where the machine is.
 */
import type { AnyStateMachine, ContextFrom, EmittedFrom, EventFrom } from 'xstate'
import { Defect } from '../../events/defect.ts'
import { type Chart, chartOf, type Leaf } from './compile-chart.ts'
import type { Input } from './compile-part.ts'
import { isReserved, leafAt, type Result, rowOf, settle } from './compile-step.ts'

/** Where a step led and what it emitted, in order. Frozen when it is the same each time. */
export type StepResult<Emitted> = { readonly place: number; readonly emitted: readonly Emitted[] }

/** A *place* is the number of a leaf state: dense, from 0, in document order. */
export interface CompiledMachine<In extends { readonly type: string }, Emitted, Context> {
  readonly id: string
  /** Where a machine starts. Being there emits nothing. */
  readonly initial: number
  /** The dotted path of each place, such as `tearing.detaching`. */
  readonly places: readonly string[]
  /** @throws Defect ENG014 when no leaf state has that path. */
  placeOf(name: string): number
  /** Whether a transition is declared for `type`, in the state or around it; guards may still say no. */
  accepts(place: number, type: string): boolean
  /** The inputs that the machine names and that are accepted at `place`. */
  inputs(place: number): readonly string[]
  /** The `meta` of the state, or of the nearest one around it that has any; undefined without. */
  metaOf(place: number): unknown
  /** The tags of the state and of those around it. */
  tagsOf(place: number): readonly string[]
  /** Where one transition from there may lead, whatever its guard says. */
  targetsOf(place: number): readonly number[]
  /** Whether the machine is over; a final state inside another one ends only that. */
  isFinal(place: number): boolean
  /**
   * Takes one input. Nothing is remembered: the same arguments give the same result.
   *
   * @throws Defect ENG010 when no transition is declared for the input, ENG011 when their guards
   *   refuse it, ENG013 when the machine does not come to rest, ENG014 when there is no such place.
   */
  step(place: number, context: Context, input: In): StepResult<Emitted>
}

/** @throws Defect ENG001 to ENG008 naming the state and the construct that cannot be compiled. */
export function compile<Machine extends AnyStateMachine>(
  machine: Machine,
): CompiledMachine<EventFrom<Machine>, EmittedFrom<Machine>, ContextFrom<Machine>> {
  const chart = chartOf(machine)
  const names = chart.leaves.map((leaf) => leaf.name)
  const placeByName = new Map(names.map((name, place) => [name, place]))
  const rows = chart.leaves.map((leaf) => rowOf(chart, leaf))
  const inputs = chart.leaves.map((leaf) => Object.freeze(chart.types.filter((type) => declares(leaf, type))))

  function step(place: number, context: unknown, input: Input): Result {
    const { type } = input
    for (let cell = rows[place] ?? null; cell !== null; cell = cell.next) {
      if (cell.type !== type) continue
      for (let way = cell.way; way !== null; way = way.next) {
        const { guard, fixed, make } = way
        // Most steps look at nothing: the arguments are made where somebody does.
        if (guard !== null && !guard({ context, event: input })) continue
        if (fixed !== null) return fixed
        if (make !== null) return { place: way.place, emitted: [make({ context, event: input })] }
        const result = way.effect({ context, event: input })
        if (result === null) break
        return result
      }
      throw refusal(chart, place, type)
    }
    const result = settle(chart, place, context, input)
    if (result === null) throw refusal(chart, place, type)
    return result
  }

  return Object.freeze({
    id: chart.id,
    initial: chart.initial,
    places: Object.freeze(names),
    placeOf: (name: string) => {
      const place = placeByName.get(name)
      if (place === undefined)
        throw new Defect('ENG014', `machine "${chart.id}" has no place "${name}"; it has ${names.join(', ')}`)
      return place
    },
    accepts: (place: number, type: string) => {
      const leaf = leafAt(chart, place)
      return (inputs[place] ?? []).includes(type) || declares(leaf, type)
    },
    inputs: (place: number) => {
      leafAt(chart, place)
      return inputs[place] ?? []
    },
    metaOf: (place: number) => leafAt(chart, place).meta,
    tagsOf: (place: number) => leafAt(chart, place).tags,
    targetsOf: (place: number) => {
      const leaf = leafAt(chart, place)
      const takes = [...leaf.always, ...chart.types.flatMap((type) => leaf.candidates(type))]
      return [...new Set(takes.filter((take) => !take.forbidden).map((take) => take.place))]
    },
    isFinal: (place: number) => leafAt(chart, place).final,
    // What the machine's own types promise, its functions deliver; the table in between has no types.
    step: step as CompiledMachine<EventFrom<Machine>, EmittedFrom<Machine>, ContextFrom<Machine>>['step'],
  })
}

const declares = (leaf: Leaf, type: string): boolean =>
  !isReserved(type) && leaf.candidates(type).some((take) => !take.forbidden)

function refusal(chart: Chart, place: number, type: string): Defect {
  const leaf = leafAt(chart, place)
  const where = `machine "${chart.id}" state "${leaf.name}"`
  if (declares(leaf, type))
    return new Defect('ENG011', `${where} cannot take "${type}" now: no guard of its transitions lets it pass`)
  const inputs = chart.types.filter((known) => declares(leaf, known))
  const instead = leaf.final ? 'the machine is over' : `it takes ${inputs.join(', ') || 'nothing'}`
  return new Defect('ENG010', `${where} cannot take "${type}": ${instead}`)
}
