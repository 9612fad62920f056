/**
 * VMM_IOC_CREATE: vmm_start() and vm_create().
 *
 * Source: vm_create() of vmm.c with the patch of May 2025, and of 1.8 (2025-12-17).
 */

import { gate, teardown } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

/**
 * @param returnsVcpu whether the vCPU whose vcpu_init() failed goes back to its pool, as since December 2025.
 */
export function createMachineOf(returnsVcpu: boolean) {
  return callSetup.createMachine({
    id: 'vm_create',
    context: NO_CALL,
    initial: 'filtering',
    states: {
      ...gate('starting'),
      starting: {
        meta: { calls: 'vmm_start', source: 'vmmioctl(): VMM_IOC_CREATE starts virtualization first' },
        on: { done: { target: 'validating' }, refused: { target: 'stopping' } },
      },
      stopping: {
        meta: { calls: 'vmm_stop', source: 'vmmioctl(): vmm_stop() after a start that failed' },
        on: { done: { target: 'leaving' } },
      },
      validating: {
        meta: { calls: 'vm_create_check_mem_ranges', source: 'vm_create(): ranges, then vcp_ncpus' },
        on: { done: { target: 'checkingCapacity' }, refused: { target: 'leaving' } },
      },
      checkingCapacity: {
        meta: { calls: 'check_capacity', source: 'vm_create(): "Bail if we\'re going to exceed vcpu_max", vm_lock R' },
        on: { done: { target: 'allocating' }, refused: { target: 'refusingCapacity' } },
      },
      refusingCapacity: {
        meta: { calls: 'nothing', source: 'vm_create(): ENOMEM after the lock', pauses: ['rw_exit_read'] },
        on: { done: { target: 'leaving' } },
      },
      allocating: {
        meta: { calls: 'vm_get', source: 'vm_create(): pool_get(), identity, ranges', pauses: ['rw_exit_read'] },
        on: { done: { target: 'creatingPmap' } },
      },
      creatingPmap: {
        meta: { calls: 'pmap_create_nested', source: 'vm_create(): pmap_create()' },
        on: { done: { target: 'choosingSlot' } },
      },
      choosingSlot: {
        meta: { calls: 'next_backed_slot', source: 'vm_create(): the loop over vm_memranges[], MMIO skipped' },
        on: { next: { target: 'creatingObject' }, none: { target: 'converting' } },
      },
      creatingObject: {
        meta: { calls: 'uao_create', source: 'vm_create(): uao_create(CANFAIL)', pauses: ['uao_create'] },
        on: { 'uao.created': { target: 'mappingSlot', actions: 'slotBacked' }, refused: { target: 'tearing' } },
      },
      mappingSlot: {
        meta: { calls: 'uvm_map_slot', source: 'vm_create(): uvm_map() into the caller', pauses: ['uvm_map'] },
        on: { 'uvm.mapped': { target: 'sealingSlot', actions: 'slotMapped' }, refused: { target: 'detachingObject' } },
      },
      detachingObject: {
        meta: { calls: 'uao_detach_carried', source: 'vm_create(): uao_detach() after uvm_map() failed' },
        on: { done: { target: 'tearing', actions: 'slotRefused' } },
      },
      sealingSlot: {
        meta: {
          calls: 'uvm_map_immutable_slot',
          source: 'vm_create(): uvm_map_immutable()',
          pauses: ['uvm_map_immutable'],
        },
        on: {
          'uvm.sealed': { target: 'referencingObject', actions: 'slotSealed' },
          refused: { target: 'unmappingSlot' },
        },
      },
      unmappingSlot: {
        meta: { calls: 'uvm_unmap_slot', source: 'vm_create(): uvm_unmap() after uvm_map_immutable() failed' },
        on: { done: { target: 'detachingEntries', actions: 'slotRefused' } },
      },
      detachingEntries: {
        meta: { calls: 'uvm_unmap_detach', source: 'uvm_unmap_detach(): references go after the map is unlocked' },
        on: { done: { target: 'tearing' } },
      },
      referencingObject: {
        meta: {
          calls: 'uao_reference_slot',
          source: 'vm_create(): "Take a reference for vmm."',
          pauses: ['uao_reference'],
        },
        on: { 'uao.referenced': { target: 'choosingSlot', actions: 'slotHeld' } },
      },
      converting: {
        meta: { calls: 'vm_impl_init', source: 'vm_impl_init(): pmap_convert()' },
        on: { done: { target: 'allocatingVcpu' }, refused: { target: 'tearing' } },
      },
      allocatingVcpu: {
        meta: { calls: 'vcpu_get', source: 'vm_create(): pool_get(&vcpu_pool)' },
        on: { done: { target: 'initialisingVcpu' } },
      },
      initialisingVcpu: {
        meta: {
          calls: 'vcpu_init',
          source: 'vm_create(): vcpu_init() and its place on the list',
          pauses: ['vcpu_init'],
        },
        on: {
          done: { target: 'registering' },
          refused: returnsVcpu ? { target: 'returningVcpu' } : { target: 'tearing' },
        },
      },
      returningVcpu: {
        meta: { calls: 'vcpu_put', source: 'vm_create() 1.8: pool_put() of the vcpu that failed' },
        on: { done: { target: 'tearing' } },
      },
      registering: {
        meta: {
          calls: 'vm_register',
          source: 'vm_create(): vm_lock W, capacity again, id, list, counts',
          pauses: ['rw_enter_write'],
        },
        on: { 'vm.numbered': { target: 'leaving', actions: 'vmRegister' }, refused: { target: 'tearing' } },
      },
      ...teardown('leaving'),
    },
  })
}
