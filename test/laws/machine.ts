/**
 * The law of the compiled machine: it does what xstate does. Every machine of machines/ is held to
 * it, with contexts and inputs that reach its guards.
 *
 * Two judges: xstate's pure `transition` from every state with every input, and a real actor on long
 * random walks. An input that neither can take is silence there and a Defect here.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type AnyActor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type ContextFrom,
  createActor,
  createMachine,
  type EmittedFrom,
  type EventFrom,
  initialTransition,
  pathToStateValue,
  type StateValue,
  transition,
} from 'xstate'
import { Defect } from '../../events/defect.ts'
import { type CompiledMachine, compile } from '../../src/engine/compile.ts'
import { runs } from '../support/seed.ts'

type CompiledFrom<Machine extends AnyStateMachine> = CompiledMachine<
  EventFrom<Machine>,
  EmittedFrom<Machine>,
  ContextFrom<Machine>
>

export type Cases<Machine extends AnyStateMachine> = {
  readonly contexts: readonly ContextFrom<Machine>[]
  readonly inputs: readonly EventFrom<Machine>[]
  /** What to judge; the machine's own compiled form without it. */
  readonly compiled?: CompiledFrom<Machine>
  /** Random walks for each context, more in a long test. 10 without it. */
  readonly walks?: number
}

/** What was compared, so that a caller can see that the law was not held of nothing. */
export type Compared = {
  readonly pairs: number
  readonly taken: number
  readonly refused: number
  readonly emitted: number
  /** Steps of the random walks that an actor took. */
  readonly walked: number
}

type ReturnedAction = { readonly type: string; readonly params: { readonly event: unknown } }

/** What one input came to: where it led and what was emitted, or null when it was not taken. */
type Outcome = {
  readonly place: string
  readonly over: boolean
  readonly emitted: readonly unknown[]
} | null

const WALK_STEPS_MAX = 200

/**
 * Holds `machine` to its compiled form: every place x context x input, then random walks.
 *
 * @throws AssertionError naming the place and the input at which the two part.
 */
export function assertSameAsXstate<Machine extends AnyStateMachine>(
  machine: Machine,
  { contexts, inputs, compiled = compile(machine), walks = 10 }: Cases<Machine>,
): Compared {
  const counts = { pairs: 0, taken: 0, refused: 0, emitted: 0, walked: 0 }
  for (const context of contexts)
    for (const name of compiled.places)
      for (const input of inputs) {
        const wanted = outcomeOfXstate(machine, name, context, input)
        const found = outcomeOf(compiled, name, context, input)
        assertSame(found, wanted, () => `${machine.id} at ${name} on ${JSON.stringify(input)}`)
        counts.pairs += 1
        counts[wanted === null ? 'refused' : 'taken'] += 1
        counts.emitted += wanted?.emitted.length ?? 0
      }
  // Walks come last: a single step that is wrong is better told by its place than by a way there.
  for (const context of contexts) {
    const placed = withContext(machine, context)
    assertSameStart(placed, compiled)
    if (inputs.length === 0) continue
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: WALK_STEPS_MAX, size: 'max' }), (walk) => {
        counts.walked += assertSameWalk(placed, compiled, context, walk)
      }),
      { numRuns: runs(walks), includeErrorInReport: true },
    )
  }
  return counts
}

/** chai tells the difference well but slowly; it is asked only when there is one. */
function assertSame(found: unknown, wanted: unknown, where: () => string): void {
  if (!isDeepStrictEqual(found, wanted)) expect(found, where()).to.deep.equal(wanted)
}

/** The machine as an actor would start it with `context`; the engine's machines get theirs later. */
function withContext(machine: AnyStateMachine, context: unknown): AnyStateMachine {
  const config = { ...machine.config, context } as AnyStateMachine['config']
  return createMachine(config, machine.implementations) as AnyStateMachine
}

function assertSameStart<Machine extends AnyStateMachine>(
  placed: AnyStateMachine,
  compiled: CompiledFrom<Machine>,
): void {
  const [snapshot, actions] = initialTransition(placed)
  expect(compiled.places[compiled.initial], `${placed.id} starts at`).to.equal(nameOf(snapshot.value))
  expect(actions, `${placed.id} acts before its first input`).to.deep.equal([])
}

function outcomeOfXstate(
  machine: AnyStateMachine,
  name: string,
  context: unknown,
  input: EventFrom<AnyStateMachine>,
): Outcome {
  const before = machine.resolveState({ value: pathToStateValue(name.split('.')), context })
  // An actor that is done is stopped; transition() alone would go on.
  if (before.status === 'done') return null
  const [after, actions] = transition(machine, before, input)
  // The types of xstate know of no emit among the actions that it returns.
  const emitted = (actions as readonly ReturnedAction[]).map(({ type, params }) => {
    expect(type, `${machine.id} at ${name} acts`).to.equal('xstate.emit')
    return params.event
  })
  const place = nameOf(after.value)
  const taken = before.can(input) || place !== name || emitted.length > 0
  return taken ? { place, over: after.status === 'done', emitted } : null
}

function outcomeOf<Machine extends AnyStateMachine>(
  compiled: CompiledFrom<Machine>,
  name: string,
  context: ContextFrom<Machine>,
  input: EventFrom<Machine>,
): Outcome {
  try {
    const { place, emitted } = compiled.step(compiled.placeOf(name), context, input)
    return { place: compiled.places[place] ?? `no place ${place}`, over: compiled.isFinal(place), emitted }
  } catch (error) {
    if (error instanceof Defect && ['ENG010', 'ENG011'].includes(error.code)) return null
    throw error
  }
}

/** A machine that is over starts anew. @returns how many inputs of the walk the actors took. */
function assertSameWalk<Machine extends AnyStateMachine>(
  placed: AnyStateMachine,
  compiled: CompiledFrom<Machine>,
  context: ContextFrom<Machine>,
  walk: readonly EventFrom<Machine>[],
): number {
  const heard: unknown[] = []
  const start = (): AnyActor => {
    const actor: AnyActor = createActor(placed)
    actor.on('*', (event: unknown) => heard.push(event))
    return actor.start()
  }
  let actor = start()
  let place = compiled.initial
  let walked = 0
  for (const input of walk) {
    const before = actor.getSnapshot() as AnyMachineSnapshot
    const can = before.can(input)
    actor.send(input)
    const after = actor.getSnapshot() as AnyMachineSnapshot
    const emitted = heard.splice(0)
    const [from, to, over] = [nameOf(before.value), nameOf(after.value), after.status === 'done']
    const taken = can || to !== from || emitted.length > 0
    const found = outcomeOf(compiled, compiled.places[place] ?? '', context, input)
    assertSame(
      found,
      taken ? { place: to, over, emitted } : null,
      () => `${placed.id} on a walk, at ${from} on ${JSON.stringify(input)}`,
    )
    if (!taken) continue
    walked += 1
    place = over ? compiled.initial : compiled.placeOf(to)
    if (over) actor = start()
  }
  actor.stop()
  return walked
}

function nameOf(value: StateValue): string {
  if (typeof value === 'string') return value
  const [key, inner] = Object.entries(value)[0] ?? []
  return inner === undefined ? (key ?? '') : `${key}.${nameOf(inner)}`
}
