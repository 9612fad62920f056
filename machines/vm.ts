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

const teardown = {
  target: 'tearing',
  actions: emit(({ context }: { context: VmContext }) => ({ type: 'vm.teardownBegun', vm: context.vm }) as const),
} as const
const unlink = {
  target: 'unlinked',
  actions: emit(({ context }: { context: VmContext }) => ({ type: 'vm.unlinked', vm: context.vm }) as const),
} as const

export const vmMachine = setup({
  types: { context: {} as VmContext, events: {} as VmInput, emitted: {} as VmEvent },
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
        teardown,
      },
    },
    registered: {
      on: {
        condemn: {
          target: 'condemned',
          actions: emit(({ context }) => ({ type: 'vm.condemned', vm: context.vm })),
        },
        unlink,
        teardown,
      },
    },
    condemned: { on: { unlink, teardown } },
    unlinked: { on: { teardown } },
    tearing: {
      on: { free: { target: 'freed', actions: emit(({ context }) => ({ type: 'vm.freed', vm: context.vm })) } },
    },
    freed: { type: 'final' },
  },
})
