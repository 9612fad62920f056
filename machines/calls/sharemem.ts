/**
 * VMM_IOC_SHAREMEM: vm_share_mem(). The entry is mapped before its reference is taken, so between the two it lives
 * on somebody else's.
 *
 * Source: vm_share_mem() of vmm.c with the patch of May 2025; before it, of 1.2 (2023-05-13).
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
      meta: { calls: 'uvm_map_shared', source: 'vm_share_mem(): uvm_map()', pauses: ['uvm_map'], sleeps: true },
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
        sleeps: true,
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

/**
 * vm_share_mem() before the patch: the caller says where each range is to lie. What uvm_share() says when it fails is
 * lost, and what was shared before stays.
 */
export const sharememMachineOfSpace = callSetup.createMachine({
  id: 'vm_share_mem_vmspace',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('comparing'),
    comparing: {
      meta: {
        calls: 'compare_ranges',
        source: 'vm_share_mem(): count, type, gpa, size, page-aligned vmr_va',
        pauses: ['rw_exit_read'],
      },
      // A mismatch leaves with the 0 that vm_find() returned.
      on: { done: { target: 'choosingSlot' }, none: { target: 'releasing' } },
    },
    choosingSlot: {
      meta: { calls: 'next_shared_slot', source: 'vm_share_mem(): the loop over the ranges, MMIO skipped' },
      on: { next: { target: 'sharingSlot' }, none: { target: 'releasing' } },
    },
    sharingSlot: {
      meta: {
        calls: 'uvm_share_process',
        source: "vm_share_mem(): uvm_share() of vm_map at the caller's address, RW",
        pauses: ['uvm_share'],
      },
      // The error ends the loop, and 0 is answered.
      on: { done: { target: 'choosingSlot' }, refused: { target: 'releasing' } },
    },
  },
})
