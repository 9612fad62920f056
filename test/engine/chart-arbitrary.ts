/**
 * Random machines for the law of the compiled machine: up to three levels of states, with all that
 * the engine compiles in all the odd combinations that nobody would write.
 *
 * Each emit has a number of its own and repeats what it was shown, so that no two can be mistaken
 * for each other.
 */
import fc from 'fast-check'
import { and, emit, not, or, setup } from 'xstate'

export type Flags = { readonly flags: readonly boolean[] }
export type Signal = { readonly type: string; readonly flag: number }

export const SIGNAL_TYPES = ['a', 'a.x', 'a.x.y', 'ab', 'b', 'unheard']
const DESCRIPTORS = ['a', 'a.x', 'a.x.y', 'b', '*', 'a.*', 'a.x.*']
const FLAGS = 3

type Draw = (limit: number) => number

/** Builds from numbers, so that fast-check can shrink a whole machine by shrinking them. */
export const machines = fc
  .tuple(fc.array(fc.nat(), { minLength: 60, maxLength: 240 }), fc.boolean())
  .map(([numbers, eventless]) => machineFrom(numbers, eventless))

function machineFrom(numbers: readonly number[], eventless: boolean) {
  let at = 0
  const draw: Draw = (limit) => {
    const number = numbers[at % numbers.length] ?? 0
    // Going round the same numbers must not give the same machine part again and again.
    at += 1
    return (number + Math.floor(at / numbers.length)) % limit
  }
  const shape = grow('m', 0, draw)
  const ids = idsOf(shape)
  const build = setup({
    types: {
      context: {} as Flags,
      events: {} as Signal,
      emitted: {} as { type: string },
    },
    guards: {
      set: ({ context }, params: { readonly flag: number }) => context.flags[params.flag] === true,
      asked: ({ context, event }) => context.flags[event.flag] === true,
      never: () => false,
    },
    actions: {
      tell: emit(({ context, event }, params: { readonly what: string }) => ({
        type: params.what,
        heard: event.type,
        flags: context.flags.join(),
      })),
    },
  })
  let told = 0
  const tells = (limit: number): object[] =>
    Array.from({ length: draw(limit) }, () => {
      told += 1
      const what = `told-${told}`
      return draw(3) === 0
        ? emit({ type: what })
        : {
            type: 'tell',
            params: draw(2) === 0 ? { what } : ({ event }: { event: Signal }) => ({ what: `${what}-${event.type}` }),
          }
    })
  const guard = (depth: number): unknown => {
    const kinds = [
      () => ({ type: 'set', params: { flag: draw(FLAGS) } }),
      () => 'asked',
      () => ({ type: 'set', params: ({ event }: { event: Signal }) => ({ flag: event.flag }) }),
      () => 'never',
      () => not(guard(depth + 1) as 'asked'),
      () => and([guard(depth + 1) as 'asked', guard(depth + 1) as 'asked']),
      () => or([guard(depth + 1) as 'asked', guard(depth + 1) as 'asked']),
    ]
    return (kinds[draw(depth > 1 ? 4 : kinds.length)] ?? kinds[1])?.()
  }
  const transition = (own: string): object => ({
    ...(draw(4) > 0 ? { target: `#${draw(5) === 0 ? own : ids[draw(ids.length)]}` } : {}),
    ...(draw(2) === 0 ? { guard: guard(0) } : {}),
    ...(draw(3) === 0 ? { reenter: true } : {}),
    actions: tells(3),
  })
  const some = (own: string, limit: number) => Array.from({ length: draw(limit) }, () => transition(own))
  const write = (state: Shape, initial: boolean, root: boolean): object => {
    const inner = state.inner.map((child, index) => [child.key, write(child, initial && index === 0, false)])
    const descriptors = DESCRIPTORS.filter(() => draw(3) === 0)
    return {
      id: state.id,
      ...(inner.length > 0
        ? {
            initial: initial ? state.inner[0]?.key : { target: state.inner[0]?.key, actions: tells(2) },
            states: Object.fromEntries(inner),
          }
        : {}),
      ...(inner.length === 0 && !initial && draw(4) === 0 ? { type: 'final' } : {}),
      ...(initial ? {} : { entry: tells(2) }),
      ...(eventless && !initial && draw(3) === 0 ? { always: some(state.id, 3) } : {}),
      ...(!root && inner.length > 0 && draw(2) === 0 ? { onDone: some(state.id, 3) } : {}),
      exit: tells(2),
      on: Object.fromEntries(descriptors.map((descriptor) => [descriptor, some(state.id, 3)])),
    }
  }
  const config = { ...write(shape, true, true), context: { flags: [] } }
  return build.createMachine(config as Parameters<typeof build.createMachine>[0])
}

type Shape = { readonly id: string; readonly key: string; readonly inner: readonly Shape[] }

function grow(id: string, depth: number, draw: Draw): Shape {
  const count = depth === 0 ? 1 + draw(3) : depth > 2 ? 0 : draw(4) - 1
  const inner = Array.from({ length: Math.max(0, count) }, (_, index) => grow(`${id}-${index}`, depth + 1, draw))
  return { id, key: `k${id}`, inner }
}

const idsOf = (state: Shape): string[] => [state.id, ...state.inner.flatMap(idsOf)]
