/**
 * The life of a VM, from pool_get() to pool_put(). It may be torn down from every state: whether that was wise
 * is for the invariants to say.
 *
 * Source: vm_create(), vm_terminate() and vm_teardown() of vmm(4).
 */
import { emit, setup } from 'xstate'
import type { VmRef } from '../events/ids.ts'
import type { VmEvent } from '../events/vm.ts'
import type { VmInput } from './tell.ts'

export type VmContext = { readonly vm: VmRef }

export const vmMachine = setup({
  types: { context: {} as VmContext, events: {} as VmInput, emitted: {} as VmEvent },
  actions: {
    unlinked: emit(({ context: { vm } }) => ({ type: 'vm.unlinked', vm })),
    teardownBegun: emit(({ context: { vm } }) => ({ type: 'vm.teardownBegun', vm })),
  },
}).createMachine({
  id: 'vm',
  context: { vm: 0 as VmRef },
  initial: 'allocated',
  states: {
    allocated: {
      on: {
        register: {
          target: 'registered',
          actions: emit(({ context, event }) => ({ type: 'vm.registered', vm: context.vm, id: event.id })),
        },
        teardown: { target: 'tearing', actions: 'teardownBegun' },
      },
    },
    registered: {
      on: {
        condemn: {
          target: 'condemned',
          actions: emit(({ context }) => ({ type: 'vm.condemned', vm: context.vm })),
        },
        unlink: { target: 'unlinked', actions: 'unlinked' },
        teardown: { target: 'tearing', actions: 'teardownBegun' },
      },
    },
    condemned: {
      on: {
        unlink: { target: 'unlinked', actions: 'unlinked' },
        teardown: { target: 'tearing', actions: 'teardownBegun' },
      },
    },
    unlinked: { on: { teardown: { target: 'tearing', actions: 'teardownBegun' } } },
    tearing: {
      on: { free: { target: 'freed', actions: emit(({ context }) => ({ type: 'vm.freed', vm: context.vm })) } },
    },
    freed: { type: 'final' },
  },
})
