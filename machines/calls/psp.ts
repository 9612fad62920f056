/**
 * The ioctls of the PSP's driver. The driver has one request at a time: sc_lock is held for writing from end to end, also
 * while the caller sleeps for the answer of the PSP.
 *
 * Source: pspioctl() and what it calls, psp.c 1.20 (2025-08-14).
 */
import { callSetup, NO_CALL } from './setup.ts'

/** pspioctl() around `body`, which ends in `unlocking`. */
function driver<Body extends string>(body: Body) {
  return {
    filtering: {
      meta: { calls: 'pledge_ioctl_psp', source: 'pspopen(): ENXIO; pledge_ioctl_psp(), before the driver is called' },
      on: { done: { target: 'locking' }, refused: { target: 'replying' } },
    },
    locking: {
      meta: { calls: 'psp_lock', source: 'pspioctl(): rw_enter_write(sc_lock)', pauses: ['rw_enter_write'] },
      on: { done: { target: body } },
    },
    unlocking: {
      meta: { calls: 'psp_unlock', source: 'pspioctl(): rw_exit_write(sc_lock)' },
      on: { done: { target: 'replying' } },
    },
    replying: { type: 'final', meta: { calls: null, source: 'the answer of the ioctl' } },
  } as const
}

/** A request that is one command of the PSP. @param calls the driver's function, by its name. */
export function pspCommandMachine(calls: string, source: string) {
  return callSetup.createMachine({
    id: calls,
    context: NO_CALL,
    initial: 'filtering',
    states: {
      ...driver('commanding'),
      commanding: {
        meta: { calls, source, pauses: ['ccp_docmd'] },
        on: {
          done: { target: 'unlocking' },
          'psp.executed': { target: 'unlocking', actions: 'pspTold' },
          refused: { target: 'unlocking' },
        },
      },
    },
  })
}

export const launchUpdateMachine = callSetup.createMachine({
  id: 'psp_launch_update_data',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...driver('checking'),
    checking: {
      meta: { calls: 'psp_check_alignment', source: 'psp_launch_update_data(): AES_XTS_BLOCKSIZE' },
      on: { done: { target: 'wiring' }, refused: { target: 'unlocking' } },
    },
    wiring: {
      meta: {
        calls: 'psp_pageable_wire',
        source: 'psp_launch_update_data(): uvm_map_pageable(FALSE), entries cut and counted, map lock W',
        pauses: ['uvm_map_pageable'],
      },
      on: { done: { target: 'wiringPage' }, refused: { target: 'unwiring' } },
    },
    wiringPage: {
      meta: { calls: 'psp_fault_wire_next', source: 'uvm_map_pageable_wire(): uvm_fault_wire(), map lock R' },
      on: {
        next: { target: 'wiringPage', reenter: true },
        'memory.short': { target: 'wiringPage', reenter: true },
        none: { target: 'encryptingPage' },
        refused: { target: 'undoing' },
      },
    },
    undoing: {
      meta: { calls: 'uvm_map_pageable_undo', source: 'uvm_map_pageable_wire(): "undo our work"' },
      on: { done: { target: 'unwiring' } },
    },
    encryptingPage: {
      meta: {
        calls: 'psp_update_page',
        source: 'psp_launch_update_data(): pmap_extract(), LAUNCH_UPDATE_DATA of one page',
        pauses: ['ccp_docmd'],
      },
      on: {
        'psp.executed': { target: 'encryptingPage', reenter: true, actions: 'pspTold' },
        none: { target: 'unwiring' },
        refused: { target: 'unwiring' },
      },
    },
    unwiring: {
      meta: {
        calls: 'psp_pageable_pgon',
        source: 'psp_launch_update_data(): "Unwire again", uvm_map_pageable(TRUE), whatever came before',
        pauses: ['uvm_map_pageable'],
      },
      on: { done: { target: 'unlocking' } },
    },
  },
})

export const encryptStateMachine = callSetup.createMachine({
  id: 'psp_encrypt_state',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...driver('findingVmsa'),
    findingVmsa: {
      meta: {
        calls: 'svm_get_vmsa_pa',
        source: 'psp_encrypt_state(): svm_get_vmsa_pa(), which gives its reference on the VM back before it returns',
      },
      on: { done: { target: 'encryptingState' }, refused: { target: 'unlocking' } },
    },
    encryptingState: {
      meta: {
        calls: 'psp_launch_update_vmsa',
        source: 'psp_launch_update_vmsa(): LAUNCH_UPDATE_VMSA of the address that was found',
        pauses: ['ccp_docmd'],
      },
      on: {
        'psp.executed': { target: 'unlocking', actions: 'pspTold' },
        refused: { target: 'unlocking' },
      },
    },
  },
})

export const guestShutdownMachine = callSetup.createMachine({
  id: 'psp_guest_shutdown',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...driver('deactivating'),
    deactivating: {
      meta: { calls: 'psp_deactivate', source: 'psp_guest_shutdown(): psp_deactivate()', pauses: ['ccp_docmd'] },
      on: {
        done: { target: 'flushing' },
        'psp.executed': { target: 'flushing', actions: 'pspTold' },
        refused: { target: 'unlocking' },
      },
    },
    flushing: {
      meta: { calls: 'psp_df_flush', source: 'psp_guest_shutdown(): psp_df_flush()', pauses: ['ccp_docmd'] },
      on: { done: { target: 'decommissioning' }, refused: { target: 'unlocking' } },
    },
    decommissioning: {
      meta: { calls: 'psp_decommission', source: 'psp_guest_shutdown(): psp_decommission()', pauses: ['ccp_docmd'] },
      on: {
        'psp.executed': { target: 'unlocking', actions: 'pspTold' },
        refused: { target: 'unlocking' },
      },
    },
  },
})
