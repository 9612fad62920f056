/**
 * VMM_IOC_TERM: vm_terminate().
 *
 * Source: vm_terminate() of vmm.c 1.2 (2023-05-13), with the patch of May 2025, and of 1.8 (2025-12-17).
 */

import { finding, gate, type teardown, type teardownOfSpace } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

type Teardown = typeof teardown | typeof teardownOfSpace

/**
 * @param condemns whether vm_dying decides who of two callers tears down, as since December 2025.
 * @param tearing the vm_teardown() of the design.
 */
export function terminateMachineOf(condemns: boolean, tearing: Teardown) {
  return callSetup.createMachine({
    id: 'vm_terminate',
    context: NO_CALL,
    initial: 'filtering',
    states: {
      ...gate('finding'),
      ...finding(condemns ? 'condemning' : 'unlinkingFound'),
      condemning: {
        meta: {
          calls: 'vm_condemn',
          source: 'vm_terminate() 1.8: vm_dying 0 to 1, else EBUSY',
          pauses: ['rw_exit_read'],
        },
        on: { done: { target: 'unlinking', actions: 'vmCondemn' }, refused: { target: 'releasing' } },
      },
      unlinking: {
        meta: {
          calls: 'vm_unlink',
          source: 'vm_terminate(): vm_lock W, SLIST_REMOVE',
          pauses: ['rw_enter_write'],
          sleeps: true,
        },
        on: { done: { target: 'droppingList', actions: 'vmUnlink' } },
      },
      unlinkingFound: {
        meta: {
          calls: 'vm_unlink',
          source: 'vm_terminate(): vm_lock W, SLIST_REMOVE; nothing says whether somebody else was first',
          pauses: ['rw_exit_read', 'rw_enter_write'],
          sleeps: true,
        },
        on: { done: { target: 'droppingList', actions: 'vmUnlink' } },
      },
      droppingList: {
        meta: { calls: 'refcnt_rele_list', source: 'vm_terminate(): the reference of the list' },
        on: { done: { target: 'droppingOwn' } },
      },
      droppingOwn: {
        meta: { calls: 'refcnt_rele_own', source: "refcnt_finalize(): its caller's reference goes first" },
        on: { done: { target: 'draining' } },
      },
      draining: {
        meta: { calls: 'refcnt_finalize', source: 'refcnt_finalize(): sleeps, uninterruptibly, until the count is 0' },
        on: { done: { target: 'tearing' } },
      },
      ...tearing('uncounting'),
      uncounting: {
        meta: {
          calls: 'vm_uncount',
          source: 'vm_terminate(): vm_lock W, vm_ct, vcpu_ct',
          pauses: ['rw_enter_write'],
          sleeps: true,
        },
        on: { done: { target: 'stoppingLast' } },
      },
      stoppingLast: {
        meta: {
          calls: 'vmm_stop_last',
          source: 'vm_terminate(): vmm_stop() after the last VM, still under vm_lock W',
        },
        on: { done: { target: 'leaving' } },
      },
    },
  })
}
