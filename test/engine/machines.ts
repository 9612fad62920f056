/**
 * Machines for the tests of the compiled form, each with what is hard to get right about one part of
 * xstate. The inputs beside them reach all of their guards.
 */
import { and, emit, not, or, setup } from 'xstate'
import { Defect } from '../../events/defect.ts'

export type SlotInput =
  | { readonly type: 'uvm.mapped'; readonly hva: number }
  | { readonly type: 'uvm.refused' }
  | { readonly type: 'slot.release'; readonly last: boolean }
export type SlotEvent = { readonly type: 'slot.mapped'; readonly hva: number } | { readonly type: 'slot.detached' }
export type SlotContext = { readonly sizeMax: number; readonly sealed: boolean }

const slots = setup({
  types: { context: {} as SlotContext, events: {} as SlotInput, emitted: {} as SlotEvent },
  guards: { sealed: ({ context }) => context.sealed },
})

/** Guards in order, a targetless transition, a fixed event, and a state that is over. */
export const slot = slots.createMachine({
  id: 'slot',
  context: { sizeMax: 0, sealed: false },
  initial: 'backed',
  states: {
    backed: {
      meta: { routine: 'vm_create' },
      tags: ['held'],
      on: {
        'uvm.mapped': [
          { guard: ({ context, event }) => event.hva >= context.sizeMax, target: 'failed' },
          { target: 'mapped', actions: emit(({ event }) => ({ type: 'slot.mapped', hva: event.hva })) },
        ],
        'uvm.refused': { target: 'failed', actions: emit({ type: 'slot.detached' }) },
      },
    },
    mapped: {
      tags: ['held'],
      on: {
        'slot.release': [
          { guard: and(['sealed', ({ event }) => !event.last]), actions: emit({ type: 'slot.detached' }) },
          { guard: or([not('sealed'), ({ event }) => event.last]), target: 'failed' },
        ],
        'uvm.mapped': { guard: 'sealed', actions: emit(({ event }) => ({ type: 'slot.mapped', hva: event.hva })) },
      },
    },
    failed: { type: 'final' },
  },
})
export const slotContexts = [
  { sizeMax: 0, sealed: false },
  { sizeMax: 8, sealed: false },
  { sizeMax: 8, sealed: true },
]
export const slotInputs: SlotInput[] = [
  { type: 'uvm.mapped', hva: 4 },
  { type: 'uvm.mapped', hva: 12 },
  { type: 'uvm.refused' },
  { type: 'slot.release', last: true },
  { type: 'slot.release', last: false },
]

const told = (what: string) => ({ type: 'tell', params: { what } }) as const
const telling = setup({
  types: { context: {} as { readonly open: boolean }, emitted: {} as { type: string; heard: string } },
  guards: {
    open: ({ context }) => context.open,
    says: ({ event }, { type }: { readonly type: string }) => event.type === type,
  },
  actions: { tell: emit(({ event }, { what }: { readonly what: string }) => ({ type: what, heard: event.type })) },
})
export const context = { open: false }
export const both = [{ open: false }, { open: true }]
export const inputsOf = (types: string) => types.split(' ').map((type) => ({ type }))

/** Entries, exits and transitions of parents; into, within and out of nested states. */
export const nested = telling.createMachine({
  id: 'nested',
  context,
  initial: 'out',
  exit: told('root left'),
  states: {
    out: { exit: told('out left'), on: { enter: 'in', deep: '#deep', skip: { target: 'in.b', reenter: true } } },
    in: {
      initial: { target: 'a', actions: told('in by default') },
      entry: told('in entered'),
      exit: told('in left'),
      on: {
        up: { target: '#in', actions: told('up') },
        again: { target: '#in', reenter: true, actions: told('again') },
        stay: { actions: [told('stay 1'), told('stay 2')] },
        inner: '.b',
        outer: { target: '.b', reenter: true },
        both: { guard: 'open', target: 'out' },
        root: { target: '#nested', reenter: true },
      },
      id: 'in',
      states: {
        a: {
          entry: told('a entered'),
          exit: told('a left'),
          on: { both: { guard: not('open'), target: 'b' }, self: 'a', anew: { target: 'a', reenter: true }, stay: {} },
        },
        b: {
          initial: 'c',
          entry: told('b entered'),
          exit: told('b left'),
          states: { c: { id: 'deep', entry: told('c entered'), exit: told('c left'), on: { end: '#over' } }, d: {} },
        },
      },
    },
    over: { id: 'over', type: 'final', entry: told('over entered'), exit: told('over left') },
  },
})

/** The exact type before the longest stem before the star; the leaf before its parents. */
export const wild = telling.createMachine({
  id: 'wild',
  context,
  initial: 'one',
  on: { '*': { actions: told('root *') }, 'a.b.c': { actions: told('root exact') } },
  states: {
    one: {
      on: {
        '*': [{ guard: 'open', target: 'two', actions: told('one *') }],
        'a.*': { guard: { type: 'says', params: { type: 'a' } }, actions: told('one a.*') },
        'a.b.*': { guard: { type: 'says', params: ({ event }) => event }, actions: told('one a.b.*') },
        'a.b': { guard: 'open', actions: told('one a.b') },
      },
    },
    two: { on: { 'a.b': undefined, '*': { target: 'one', actions: told('two *') } } },
  },
})

/** Transitions without an input, and what the end of a nested state sets off. */
export const going = telling.createMachine({
  id: 'going',
  context,
  initial: 'start',
  states: {
    start: { on: { go: 'through', work: 'job', hum: 'humming' } },
    // Taken once after each step, not for ever.
    humming: {
      always: { guard: 'open', actions: told('hum') },
      on: { go: 'through', look: { actions: told('look') } },
    },
    through: {
      entry: told('through'),
      always: [
        { guard: 'open', target: 'end', actions: told('slipped') },
        { guard: { type: 'says', params: { type: 'nudge' } }, target: 'start' },
      ],
      on: { look: { actions: told('look') } },
    },
    job: {
      initial: 'doing',
      onDone: [
        { guard: 'open', target: 'end' },
        { target: 'through', actions: told('done') },
      ],
      states: { doing: { on: { finish: 'finished' } }, finished: { type: 'final', entry: told('finished') } },
    },
    // Nothing follows the end, whatever it declares.
    end: { type: 'final', always: 'start', on: { go: 'start' } },
  },
})

/** A ring of moves, where no step ends where it began. */
export const ring = telling.createMachine({
  id: 'ring',
  context,
  initial: 'a',
  states: { a: { on: { next: 'b' } }, b: { on: { next: 'c' } }, c: { on: { next: 'a' } } },
})

/** Runs `act` and answers with the code of the Defect it threw, or null. */
export function codeOf(act: () => unknown): string | null {
  try {
    act()
    return null
  } catch (error) {
    if (error instanceof Defect) return error.code
    throw error
  }
}
