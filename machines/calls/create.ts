/**
 * VMM_IOC_CREATE: vmm_start() and vm_create().
 *
 * Source: vm_create() of vmm.c with the patch of May 2025, and of 1.8 (2025-12-17); before the patch, vm_create() of 1.2
 * (2023-05-13) with vm_impl_init() of vmm_machdep.c 1.34 (2024-09-03).
 */

import { gate, teardown, teardownOfSpace } from './fragments.ts'
import { DETACH_UNDER_KERNEL_LOCK } from './locks.ts'
import { callSetup, NO_CALL } from './setup.ts'

/** The way to an empty VM: virtualization on, the request judged, room for a vCPU. */
function allocating(then: string) {
  return {
    starting: {
      meta: { calls: 'vmm_start', source: 'vmmioctl(): VMM_IOC_CREATE starts virtualization first', sleeps: true },
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
      meta: {
        calls: 'check_capacity',
        source: 'vm_create(): "Bail if we\'re going to exceed vcpu_max", vm_lock R',
        sleeps: true,
      },
      on: { done: { target: 'allocating' }, refused: { target: 'refusingCapacity' } },
    },
    refusingCapacity: {
      meta: { calls: 'nothing', source: 'vm_create(): ENOMEM after the lock', pauses: ['rw_exit_read'] },
      on: { done: { target: 'leaving' } },
    },
    allocating: {
      meta: {
        calls: 'vm_get',
        source: 'vm_create(): pool_get(), identity, ranges',
        pauses: ['rw_exit_read'],
        sleeps: true,
      },
      on: { done: { target: then } },
    },
  } as const
}

/** From memory to a registered VM: its vCPU, its id, its place on the list. `failed` follows a vcpu_init() that failed. */
function registering(failed: string) {
  return {
    allocatingVcpu: {
      meta: { calls: 'vcpu_get', source: 'vm_create(): pool_get(&vcpu_pool)', sleeps: true },
      on: { done: { target: 'initialisingVcpu' } },
    },
    initialisingVcpu: {
      meta: {
        calls: 'vcpu_init',
        source: 'vm_create(): vcpu_init() and its place on the list',
        pauses: ['vcpu_init'],
        sleeps: true,
      },
      on: { done: { target: 'registering' }, refused: { target: failed } },
    },
    registering: {
      meta: {
        calls: 'vm_register',
        source: 'vm_create(): vm_lock W, capacity again, id, list, counts',
        pauses: ['rw_enter_write'],
        sleeps: true,
      },
      on: { 'vm.numbered': { target: 'leaving', actions: 'vmRegister' }, refused: { target: 'tearing' } },
    },
  } as const
}

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
      ...allocating('creatingPmap'),
      creatingPmap: {
        meta: { calls: 'pmap_create_nested', source: 'vm_create(): pmap_create()', sleeps: true },
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
        meta: {
          calls: 'uvm_map_slot',
          source: 'vm_create(): uvm_map() into the caller',
          pauses: ['uvm_map'],
          sleeps: true,
        },
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
          sleeps: true,
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
      ...registering(returnsVcpu ? 'returningVcpu' : 'tearing'),
      returningVcpu: {
        meta: { calls: 'vcpu_put', source: 'vm_create() 1.8: pool_put() of the vcpu that failed' },
        on: { done: { target: 'tearing' } },
      },
      ...teardown('leaving'),
    },
  })
}

/**
 * vm_create() before the patch. vm_impl_init() makes a vmspace and shares every range of the caller into it, MMIO
 * included; what it says when it fails is not passed on. The struct of a vCPU whose vcpu_init() failed leaks.
 */
export const createMachineOfSpace = callSetup.createMachine({
  id: 'vm_create_vmspace',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('starting'),
    ...allocating('checkingMode'),
    checkingMode: {
      meta: { calls: 'vm_impl_mode', source: 'vm_impl_init(): EPT or RVI, else no VM' },
      on: { done: { target: 'allocatingSpace' }, refused: { target: 'tearing' } },
    },
    allocatingSpace: {
      meta: { calls: 'uvmspace_alloc', source: 'vm_impl_init(): uvmspace_alloc() from the first gpa to the last' },
      on: { done: { target: 'choosingRange' } },
    },
    choosingRange: {
      meta: { calls: 'next_range', source: 'vm_impl_init(): the loop over vm_memranges[], MMIO included' },
      on: { next: { target: 'sharingRange' }, none: { target: 'converting' } },
    },
    sharingRange: {
      meta: {
        calls: 'uvm_share_nested',
        source: "vm_impl_init(): uvm_share() of the caller's memory at the gpa, RWX",
        pauses: ['uvm_share'],
      },
      on: {
        'uvm.shared': { target: 'choosingRange', actions: 'slotShared' },
        refused: { target: 'unwindingEntry', actions: 'slotRefused' },
      },
    },
    unwindingEntry: {
      meta: { calls: 'uvm_map_teardown_next', source: 'vm_impl_init(): uvmspace_free() after uvm_share() failed' },
      on: {
        next: { target: 'unwindingReference' },
        'uvm.unshared': { target: 'unwindingReference', actions: 'slotUnshared' },
        none: { target: 'unwindingSpace' },
      },
    },
    unwindingReference: {
      meta: {
        calls: 'uvm_unmap_detach',
        source: 'uvm_map_teardown(): amap_unref() of the entry',
        locks: DETACH_UNDER_KERNEL_LOCK,
      },
      on: { done: { target: 'unwindingEntry' } },
    },
    unwindingSpace: {
      meta: { calls: 'uvmspace_free', source: 'vm_impl_init(): pmap_destroy(), vm_vmspace = NULL' },
      on: { done: { target: 'tearing' } },
    },
    converting: {
      meta: { calls: 'vm_impl_init', source: 'vm_impl_init(): pmap_convert()' },
      on: { done: { target: 'allocatingVcpu' } },
    },
    ...registering('tearing'),
    ...teardownOfSpace('leaving'),
  },
})
