/**
 * The law of the compiled machine: it does what xstate does. Every machine of machines/ is held to
 * it, with contexts and inputs that reach its guards.
 *
 * Two judges: xstate's pure `transition` from every state with every input, and a real actor on long
 * random walks. An input that neither can take is silence there and a Defect here.
 */
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
  /** Random walks for each context. 20 without it. */
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

const SEED = 20_251_122
const WALK_STEPS_MAX = 60

/**
 * Holds `machine` to its compiled form: every place x context x input, then random walks.
 *
 * @throws AssertionError naming the place and the input at which the two part.
 */
export function assertSameAsXstate<Machine extends AnyStateMachine>(
  machine: Machine,
  { contexts, inputs, compiled = compile(machine), walks = 20 }: Cases<Machine>,
): Compared {
  const counts = { pairs: 0, taken: 0, refused: 0, emitted: 0, walked: 0 }
  for (const context of contexts) {
    const placed = withContext(machine, context)
    assertSameStart(placed, compiled)
    for (const name of compiled.places)
      for (const input of inputs) {
        const wanted = outcomeOfXstate(machine, name, context, input)
        const found = outcomeOf(compiled, name, context, input)
        expect(found, `${machine.id} at ${name} on ${JSON.stringify(input)}`).to.deep.equal(wanted)
        counts.pairs += 1
        counts[wanted === null ? 'refused' : 'taken'] += 1
        counts.emitted += wanted?.emitted.length ?? 0
      }
    if (inputs.length > 0)
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: WALK_STEPS_MAX }), (walk) => {
          counts.walked += assertSameWalk(placed, compiled, context, walk)
        }),
        { seed: SEED, numRuns: walks },
      )
  }
  return counts
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

/** @returns how many inputs of the walk the actor took. */
function assertSameWalk<Machine extends AnyStateMachine>(
  placed: AnyStateMachine,
  compiled: CompiledFrom<Machine>,
  context: ContextFrom<Machine>,
  walk: readonly EventFrom<Machine>[],
): number {
  const heard: unknown[] = []
  const actor: AnyActor = createActor(placed)
  actor.on('*', (event: unknown) => heard.push(event))
  actor.start()
  let place = compiled.initial
  let walked = 0
  for (const input of walk) {
    const before = actor.getSnapshot() as AnyMachineSnapshot
    if (before.status === 'done') break
    const name = nameOf(before.value)
    const can = before.can(input)
    actor.send(input)
    const after = actor.getSnapshot() as AnyMachineSnapshot
    const reached = nameOf(after.value)
    const emitted = heard.splice(0)
    const taken = can || reached !== name || emitted.length > 0
    const found = outcomeOf(compiled, compiled.places[place] ?? '', context, input)
    expect(found, `${placed.id} on a walk, at ${name} on ${JSON.stringify(input)}`).to.deep.equal(
      taken ? { place: reached, over: after.status === 'done', emitted } : null,
    )
    if (found === null) continue
    place = compiled.placeOf(found.place)
    walked += 1
  }
  actor.stop()
  return walked
}

function nameOf(value: StateValue): string {
  if (typeof value === 'string') return value
  const [key, inner] = Object.entries(value)[0] ?? []
  return inner === undefined ? (key ?? '') : `${key}.${nameOf(inner)}`
}
