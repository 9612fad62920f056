/**
 * vmm_translate_gva(), which nothing in the tree calls: as a caller of its own would, with the lookup and the lock that its
 * look at the registers needs.
 *
 * Source: vmm_translate_gva() of vmm_machdep.c 1.64 (2025-09-14).
 */

import { finding, gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

export const walkMachine = callSetup.createMachine({
  id: 'vmm_translate_gva',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('findingVcpu'),
    findingVcpu: {
      meta: { calls: 'vm_find_vcpu', source: 'vm_find_vcpu()', pauses: ['rw_exit_read'] },
      on: { done: { target: 'locking' }, refused: { target: 'releasing' } },
    },
    locking: {
      meta: { calls: 'vcpu_lock', source: 'rw_enter_write(vc_lock)', pauses: ['rw_enter_write'] },
      on: { done: { target: 'choosingMode' } },
    },
    choosingMode: {
      meta: { calls: 'rwregs_mode', source: 'vmm_translate_gva(): vcpu_readregs_vmx() or vcpu_readregs_svm()' },
      on: { next: { target: 'reloading' }, done: { target: 'choosingPaging' }, refused: { target: 'unlocking' } },
    },
    reloading: {
      meta: { calls: 'vcpu_reload_vmcs_vmx', source: 'vcpu_readregs_vmx(): vcpu_reload_vmcs_vmx()' },
      on: { done: { target: 'choosingPaging' }, refused: { target: 'unlocking' } },
    },
    choosingPaging: {
      meta: { calls: 'walk_begin', source: 'vmm_translate_gva(): CR0.PG, CR0.PE, CR4.PAE, EFER.LMA' },
      on: { done: { target: 'extractingEntry' }, none: { target: 'unlocking' }, refused: { target: 'unlocking' } },
    },
    extractingEntry: {
      meta: { calls: 'walk_extract', source: 'vmm_translate_gva(): pmap_extract() of the address of the entry' },
      on: { 'page.present': { target: 'readingEntry' }, refused: { target: 'unlocking' } },
    },
    readingEntry: {
      meta: { calls: 'walk_read', source: 'vmm_translate_gva(): the entry by the direct map; PG_V, PG_RW, PG_u' },
      on: { done: { target: 'markingEntry' }, refused: { target: 'unlocking' } },
    },
    markingEntry: {
      meta: { calls: 'walk_mark', source: 'vmm_translate_gva(): PG_U and PG_M are stored; PG_PS' },
      on: { next: { target: 'extractingEntry' }, none: { target: 'unlocking' } },
    },
    unlocking: {
      meta: { calls: 'vcpu_unlock', source: 'rw_exit_write(vc_lock)' },
      on: { done: { target: 'releasing' } },
    },
  },
})
