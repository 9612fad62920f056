/**
 * Derives a design from another one: what a kernel would do if some of its routines took another way, or some of its
 * functions another form. What is wrong with the derivation is said when it is made, by name.
 */
import { type AnyStateMachine, createMachine } from 'xstate'
import type { CallCommand } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { LockProgram } from '../../machines/calls/locks.ts'
import { routinesOf } from '../engine/routines.ts'
import { UserError } from '../errors.ts'
import type { Primitive } from '../kernel/kernel.ts'
import type { Design } from './design.ts'

/** Other ways through a routine: for each state and answer, the state that it leads to instead. */
export type Detours = Readonly<Record<string, Readonly<Record<string, string>>>>

export type Derivation = {
  readonly name: string
  /** One sentence: in which way it differs. */
  readonly about: string
  /** A whole machine in place of the base's, or other ways through that. */
  readonly routines?: Readonly<Partial<Record<CallCommand['type'], AnyStateMachine | Detours>>>
  /** Kernel functions by the name under which steps call them. */
  readonly primitives?: Readonly<Record<string, Primitive>>
}

/**
 * The design that differs from `base` in what is given.
 *
 * @throws UserError naming a routine, a state, an answer or a kernel function that does not exist, and a machine that
 *   cannot be compiled.
 */
export function defineDesign(base: Design, { name, about, routines = {}, primitives = {} }: Derivation): Design {
  if (name === '' || name === base.name)
    throw new UserError(`a design derived from '${base.name}' needs a name of its own; found '${name}'`)
  const derived: Record<string, AnyStateMachine> = { ...base.routines }
  for (const [type, given] of Object.entries(routines)) {
    const machine = derived[type]
    if (machine === undefined) throw new UserError(`design '${name}' has a routine for '${type}', which is no command`)
    derived[type] = isMachine(given) ? given : detoured(machine, given, `design '${name}': the routine for ${type}`)
  }
  const design: Design = {
    ...base,
    name,
    about,
    routines: derived as Design['routines'],
    primitives: { ...base.primitives, ...primitives },
  }
  refuseStrangers(design, Object.keys(primitives))
  return compiled(design)
}

function isMachine(given: AnyStateMachine | Detours): given is AnyStateMachine {
  return 'transition' in given && typeof given.transition === 'function'
}

type State = { readonly on?: Readonly<Record<string, object>>; readonly meta?: object }

/**
 * `machine` with other ways through it. What a transition tells the entities stays; one that a guard chose becomes a
 * plain one.
 *
 * @param whose begins the sentence about what does not exist.
 * @throws UserError naming a state or an answer that the machine does not have.
 */
export function detoured(machine: AnyStateMachine, detours: Detours, whose: string = machine.id): AnyStateMachine {
  const states = { ...(machine.config.states as Readonly<Record<string, State>>) }
  for (const [place, answers] of Object.entries(detours)) {
    const state = stateOf(states, place, whose)
    const on: Record<string, object> = { ...state.on }
    for (const [answer, target] of Object.entries(answers)) {
      const taken = on[answer]
      if (taken === undefined)
        throw new UserError(`${whose} takes no '${answer}' at '${place}'; it takes ${Object.keys(on).join(', ')}`)
      stateOf(states, target, whose)
      on[answer] = { ...(Array.isArray(taken) ? {} : taken), target }
    }
    states[place] = { ...state, on }
  }
  return createMachine({ ...machine.config, states } as never, machine.implementations as never) as AnyStateMachine
}

/**
 * `machine` with other locks: what its states do to locks instead of what their kernel functions do.
 *
 * @param locks by state; see `lockFindings` for what a design is told about them.
 * @throws UserError naming a state that the machine does not have.
 */
export function relocked(machine: AnyStateMachine, locks: Readonly<Record<string, LockProgram>>): AnyStateMachine {
  const states = { ...(machine.config.states as Readonly<Record<string, State>>) }
  for (const [place, program] of Object.entries(locks)) {
    const state = stateOf(states, place, machine.id)
    states[place] = { ...state, meta: { ...state.meta, locks: program } }
  }
  return createMachine({ ...machine.config, states } as never, machine.implementations as never) as AnyStateMachine
}

function stateOf(states: Readonly<Record<string, State>>, place: string, whose: string): State {
  const state = states[place]
  if (state !== undefined) return state
  throw new UserError(`${whose} has no state '${place}'; it has ${Object.keys(states).join(', ')}`)
}

/** Names of the kernel functions that the steps of a design call. */
function calledBy(design: Design): ReadonlySet<unknown> {
  const machines = Object.values(design.routines)
  return new Set(machines.flatMap((machine) => Object.values(machine.states).map((state) => Object(state.meta).calls)))
}

/** A kernel function that nobody calls was misspelt, or belongs to another design. */
function refuseStrangers(design: Design, names: readonly string[]): void {
  const called = calledBy(design)
  const stranger = names.find((one) => !called.has(one))
  if (stranger !== undefined)
    throw new UserError(`design '${design.name}' has a kernel function '${stranger}', which no step of it calls`)
}

function compiled(design: Design): Design {
  try {
    routinesOf(design)
  } catch (error) {
    if (error instanceof Defect) throw new UserError(`design '${design.name}' cannot be run: ${error.message}`)
    throw error
  }
  return design
}
