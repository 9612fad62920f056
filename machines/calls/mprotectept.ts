/**
 * VMM_IOC_MPROTECT_EPT: vm_mprotect_ept(), which the patch removed.
 *
 * Source: vmm_machdep.c 1.34 (2024-09-03).
 */

import { finding, gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

export const mprotecteptMachine = callSetup.createMachine({
  id: 'vm_mprotect_ept',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('findingVcpu'),
    findingVcpu: {
      meta: { calls: 'vm_find_vcpu', source: 'vm_mprotect_ept(): vm_find_vcpu()', pauses: ['rw_exit_read'] },
      on: { done: { target: 'locking' }, refused: { target: 'releasing' } },
    },
    locking: {
      meta: {
        calls: 'vcpu_lock',
        source: 'vm_mprotect_ept(): rw_enter_write(vc_lock)',
        pauses: ['rw_enter_write'],
        sleeps: true,
      },
      on: { done: { target: 'checking' } },
    },
    checking: {
      meta: { calls: 'mprotect_check', source: 'vm_mprotect_ept(): STOPPED or EBUSY; rights and range or EINVAL' },
      // On RVI the leaves are done with: pmap_write_protect().
      on: { done: { target: 'choosingPage' }, none: { target: 'unlocking' }, refused: { target: 'unlocking' } },
    },
    choosingPage: {
      meta: { calls: 'mprotect_next_page', source: 'vmx_mprotect_ept(): the loop over the pages of the range' },
      on: {
        'page.present': { target: 'protecting' },
        'page.absent': { target: 'wiring' },
        none: { target: 'invalidating' },
      },
    },
    wiring: {
      meta: {
        calls: 'uvm_fault_wire_protected',
        source: 'vmx_mprotect_ept(): uvm_fault() of vm_map where there is no leaf',
        pauses: ['uvm_fault_wire'],
        sleeps: true,
      },
      on: {
        done: { target: 'protecting' },
        'memory.short': { target: 'wiring', reenter: true },
        refused: { target: 'unlocking' },
      },
    },
    protecting: {
      meta: { calls: 'mprotect_leaf', source: 'vmx_mprotect_ept(): R, W and X of the leaf' },
      on: { done: { target: 'choosingPage' } },
    },
    invalidating: {
      meta: { calls: 'invept', source: 'vmx_mprotect_ept(): INVEPT, on this CPU' },
      on: { done: { target: 'unlocking' } },
    },
    unlocking: {
      meta: { calls: 'vcpu_unlock', source: 'vm_mprotect_ept(): rw_exit_write(vc_lock)' },
      on: { done: { target: 'releasing' } },
    },
  },
})
