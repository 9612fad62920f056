/**
 * VMM_IOC_SHAREMEM: vm_share_mem(). The entry is mapped before its reference is taken, so between the two it lives
 * on somebody else's.
 *
 * Source: vm_share_mem() of vmm.c with the patch of May 2025.
 */

import { finding, gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

export const sharememMachine = callSetup.createMachine({
  id: 'vm_share_mem',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('comparing'),
    comparing: {
      meta: {
        calls: 'compare_ranges',
        source: 'vm_share_mem(): count, type, gpa, size, vsp_va',
        pauses: ['rw_exit_read'],
      },
      // A mismatch leaves with the 0 that vm_find() returned.
      on: { done: { target: 'choosingSlot' }, none: { target: 'releasing' } },
    },
    choosingSlot: {
      meta: { calls: 'next_shared_slot', source: 'vm_share_mem(): the loop over the ranges, MMIO skipped' },
      on: { next: { target: 'mappingSlot' }, none: { target: 'releasing' } },
    },
    mappingSlot: {
      meta: { calls: 'uvm_map_shared', source: 'vm_share_mem(): uvm_map()', pauses: ['uvm_map'] },
      on: { 'uvm.mapped': { target: 'referencingObject' }, refused: { target: 'unwinding' } },
    },
    referencingObject: {
      meta: { calls: 'uao_reference_shared', source: '"Add a reference for the process."', pauses: ['uao_reference'] },
      on: { 'uao.referenced': { target: 'sealingSlot' } },
    },
    sealingSlot: {
      meta: {
        calls: 'uvm_map_immutable_shared',
        source: 'vm_share_mem(): uvm_map_immutable()',
        pauses: ['uvm_map_immutable'],
      },
      on: { 'uvm.sealed': { target: 'choosingSlot' }, refused: { target: 'unwinding' } },
    },
    unwinding: {
      meta: { calls: 'uvm_unmap_shared', source: 'vm_share_mem(): uvm_unmap() of every range before, MMIO included' },
      on: { next: { target: 'detachingEntries' }, none: { target: 'releasing' } },
    },
    detachingEntries: {
      meta: { calls: 'uvm_unmap_detach', source: 'uvm_unmap_detach(): references go after the map is unlocked' },
      on: { done: { target: 'unwinding' } },
    },
  },
})
