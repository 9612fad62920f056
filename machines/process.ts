/**
 * The life of a process, as far as vmm(4) can tell.
 *
 * Source: kern_exit.c.
 */
import { emit, setup } from 'xstate'
import type { Pid } from '../events/ids.ts'
import type { ProcessEvent } from '../events/space.ts'
import type { ProcessInput } from './tell.ts'

export type ProcessContext = { readonly pid: Pid }

export const processMachine = setup({
  types: { context: {} as ProcessContext, events: {} as ProcessInput, emitted: {} as ProcessEvent },
}).createMachine({
  id: 'process',
  context: { pid: 0 },
  initial: 'alive',
  states: {
    alive: {
      on: { exit: { target: 'exited', actions: emit(({ context: { pid } }) => ({ type: 'process.exited', pid })) } },
    },
    exited: { type: 'final' },
  },
})
