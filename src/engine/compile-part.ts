/**
 * Guards and emitted events of a machine, resolved once at load: names looked up, params bound,
 * `and`, `or` and `not` unfolded. What remains are plain functions of the context and the input.
 *
 * Anything but a pure guard and an `emit` is refused here, since the engine has no actor that could
 * carry out an effect.
 */
import { type AnyStateMachine, and, not, or } from 'xstate'
import { Defect } from '../../events/defect.ts'

export type Input = { readonly type: string }

/** What guards and emitters are called with. xstate adds `self` and `system`; there are none here. */
export type Args = { readonly context: unknown; readonly event: Input }
export type Guard = (args: Args) => unknown
/** An event to emit: always the same value, or made of the context and the input. */
export type Emission =
  | { readonly kind: 'fixed'; readonly event: unknown }
  | { readonly kind: 'made'; readonly make: (args: Args) => unknown }

/** Whose part is being read; defects name it. */
export type Owner = { readonly machine: AnyStateMachine; readonly state: string }

type Callable = (args: Args, params?: unknown) => unknown

/** @throws Defect always: what `owner` asks for cannot be compiled. */
export function refuse(code: string, { machine, state }: Owner, sentence: string): never {
  throw new Defect(code, `machine "${machine.id}" state "${state}" ${sentence}`)
}

// xstate marks its combinators by a `check` function only; names do not survive minifying.
const checkOf = (guard: unknown): unknown => (guard as { readonly check?: unknown }).check
const AND = checkOf(and([]))
const OR = checkOf(or([]))
const NOT = checkOf(not(() => true))

/** Binds what `{ type, params }` adds to a call; params may be a function of the same arguments. */
function bind(call: Callable, reference: unknown): (args: Args) => unknown {
  if (typeof reference !== 'object' || reference === null || !('params' in reference)) return call
  const params = reference.params
  if (typeof params !== 'function') return (args) => call(args, params)
  const read = params as (args: Args) => unknown
  return (args) => call(args, read(args))
}

/** The name in `'name'` or `{ type: 'name', params }`, or null. */
function nameOf(reference: unknown): string | null {
  if (typeof reference === 'string') return reference
  if (typeof reference !== 'object' || reference === null || !('type' in reference)) return null
  return typeof reference.type === 'string' ? reference.type : null
}

/**
 * @param within names being resolved, so that a guard that is defined by itself is found.
 * @throws Defect ENG004 when a guard is missing, circular, or of a kind that needs a snapshot.
 */
export function guardOf(guard: unknown, owner: Owner, within: readonly string[] = []): Guard {
  if (typeof guard === 'function') return combined(guard as Callable, owner, within)
  const name = nameOf(guard)
  if (name === null) refuse('ENG004', owner, 'has a guard that is no function and no name')
  if (within.includes(name)) refuse('ENG004', owner, `defines guard "${name}" by itself`)
  const found: unknown = owner.machine.implementations.guards[name]
  if (found === undefined) refuse('ENG004', owner, `names guard "${name}", which setup() lacks`)
  // As in xstate, an alias and a combinator get no params.
  if (typeof found !== 'function' || 'check' in found) return guardOf(found, owner, [...within, name])
  return bind(found as Callable, guard)
}

function combined(guard: Callable, owner: Owner, within: readonly string[]): Guard {
  if (!('check' in guard)) return guard
  const check = checkOf(guard)
  if (check !== AND && check !== OR && check !== NOT)
    refuse('ENG004', owner, `uses guard ${guard.name}; only functions, and, or and not are compiled`)
  const parts = (guard as unknown as { readonly guards: readonly unknown[] }).guards
  const guards = parts.map((part) => guardOf(part, owner, within))
  if (check === AND) return (args) => guards.every((part) => part(args))
  if (check === OR) return (args) => guards.some((part) => part(args))
  return (args) => !guards.some((part) => part(args))
}

/**
 * @throws Defect ENG002 for an action other than emit, ENG003 for one that nobody wrote.
 */
export function emissionOf(action: unknown, owner: Owner): Emission {
  const name = nameOf(action)
  const found: unknown =
    typeof action === 'function' ? action : name === null ? undefined : owner.machine.implementations.actions[name]
  const called = name === null ? '' : ` "${name}"`
  if (typeof found !== 'function') refuse('ENG003', owner, `names action${called}, which setup() lacks`)
  const built = found as unknown as { readonly type?: unknown; readonly event?: unknown }
  if (!('resolve' in found) || typeof built.type !== 'string')
    refuse('ENG002', owner, `runs a function of its own as action${called}; only emit is compiled`)
  if (built.type !== 'xstate.emit')
    refuse('ENG002', owner, `uses ${built.type.replace('xstate.', '')}; only emit is compiled`)
  if (typeof built.event !== 'function') return { kind: 'fixed', event: built.event }
  return { kind: 'made', make: bind(built.event as Callable, action) }
}
