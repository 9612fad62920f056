/**
 * The page daemon: one kernel thread, which evicts one page at a time.
 *
 * Source: uvm_pdaemon.c, uvmpd_scan_inactive().
 */
import { emit, setup } from 'xstate'
import type { PageEvent } from '../events/object.ts'
import type { PagedaemonInput } from './tell.ts'

export const pagedaemonMachine = setup({
  types: { context: {} as object, events: {} as PagedaemonInput, emitted: {} as PageEvent },
}).createMachine({
  id: 'pagedaemon',
  context: {},
  initial: 'idle',
  states: {
    idle: {
      on: {
        busy: { target: 'evicting', actions: emit(({ event }) => ({ type: 'page.busied', frame: event.frame })) },
      },
    },
    evicting: {
      on: {
        evicted: {
          target: 'idle',
          actions: emit(({ event }) => ({ type: 'page.evicted', object: event.object, index: event.index })),
        },
        spare: { target: 'idle', actions: emit(({ event }) => ({ type: 'page.spared', frame: event.frame })) },
      },
    },
  },
})
