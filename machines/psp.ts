/**
 * The life of a guest's context in the PSP, from LAUNCH_START to DECOMMISSION. A command that the PSP refuses is an
 * answer, and is told to nobody.
 *
 * Source: PSP_GSTATE_* of pspvar.h 1.7; Secure Encrypted Virtualization API 0.24, "Guest State Machine".
 */
import { emit, setup } from 'xstate'
import type { PspEvent, PspHandle } from '../events/psp.ts'
import type { PspInput } from './tell.ts'

export type PspContext = { readonly handle: PspHandle }

/** Activating and deactivating do not change the state of a guest, and are legal in all of them. */
const anytime = {
  activate: { actions: 'activated' },
  deactivate: { actions: 'deactivated' },
  decommission: { target: 'decommissioned', actions: 'decommissioned' },
} as const

export const pspMachine = setup({
  types: { context: {} as PspContext, events: {} as PspInput, emitted: {} as PspEvent },
  actions: {
    activated: emit(({ context: { handle }, event }) => ({
      type: 'psp.activated',
      handle,
      asid: event.type === 'activate' ? event.asid : 0,
    })),
    deactivated: emit(({ context: { handle }, event }) => ({
      type: 'psp.deactivated',
      handle,
      asid: event.type === 'deactivate' ? event.asid : 0,
    })),
    decommissioned: emit(({ context: { handle } }) => ({ type: 'psp.decommissioned', handle })),
  },
}).createMachine({
  id: 'psp',
  context: { handle: 0 },
  initial: 'uninitialised',
  states: {
    uninitialised: {
      on: {
        start: {
          target: 'launchUpdate',
          actions: emit(({ context: { handle }, event: { es } }) => ({ type: 'psp.launched', handle, es })),
        },
      },
    },
    launchUpdate: {
      on: {
        ...anytime,
        encrypt: {
          actions: emit(({ context: { handle }, event }) => {
            const { pid, va, object, index, frame, generation } = event
            return { type: 'psp.encrypted', handle, pid, va, object, index, frame, generation }
          }),
        },
        encryptState: {
          actions: emit(({ context: { handle }, event: { vm, vcpu } }) => ({
            type: 'psp.stateEncrypted',
            handle,
            vm,
            vcpu,
          })),
        },
        measure: {
          target: 'launchSecret',
          actions: emit(({ context: { handle } }) => ({ type: 'psp.measured', handle })),
        },
      },
    },
    launchSecret: {
      on: {
        ...anytime,
        finish: {
          target: 'running',
          actions: emit(({ context: { handle } }) => ({ type: 'psp.finished', handle })),
        },
      },
    },
    running: { on: anytime },
    decommissioned: { type: 'final' },
  },
})
