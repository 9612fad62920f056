/**
 * Stretches of C that several routines run through: the way into the device and out of it, the lookup of a VM,
 * the teardown of a VM and the handling of a nested fault. Each gives the states of the stretch; the arguments name
 * the states in which it ends.
 */

import { DETACH_UNDER_KERNEL_LOCK } from './locks.ts'

/** vmmioctl(): pledge filter, then the gate that a suspended device keeps shut. `leaving` gives the count back. */
export function gate<Body extends string>(body: Body) {
  return {
    filtering: {
      meta: { calls: 'pledge_ioctl_vmm', source: 'kern_pledge.c: pledge_ioctl(), before the driver is called' },
      on: { done: { target: 'entering' }, refused: { target: 'replying' } },
    },
    entering: {
      meta: { calls: 'vmmioctl_enter', source: 'vmmioctl(): sc_slock, the wait for ACTIVE, sc_refcnt++', sleeps: true },
      on: { done: { target: body }, refused: { target: 'replying' } },
    },
    leaving: {
      meta: { calls: 'vmmioctl_leave', source: 'vmmioctl(): refcnt_rele_wake(sc_refcnt)' },
      on: { done: { target: 'replying' } },
    },
    replying: { type: 'final', meta: { calls: null, source: 'the answer of the ioctl' } },
  } as const
}

/** vm_find(): under vm_lock for reading, in one step; the reference is taken before the lock is dropped. */
export function finding<Found extends string>(found: Found) {
  return {
    finding: {
      meta: { calls: 'vm_find', source: 'vm_find(): search, pledge test, vm_refcnt++', sleeps: true },
      on: { done: { target: found }, refused: { target: 'refusingLookup' } },
    },
    refusingLookup: {
      meta: {
        calls: 'nothing',
        source: 'vm_find(): ENOENT or the broken pledge, after the lock',
        pauses: ['rw_exit_read'],
      },
      on: { done: { target: 'leaving' } },
    },
    releasing: {
      meta: { calls: 'refcnt_rele_wake', source: 'refcnt_rele_wake(vm_refcnt)' },
      on: { done: { target: 'leaving' } },
    },
  } as const
}

/** The head of vm_teardown(): the vCPUs go first. */
function tearingVcpus<Then extends string>(then: Then) {
  return {
    tearing: {
      meta: { calls: 'vm_teardown', source: 'vm_teardown(): entry; the kernel lock is not held' },
      on: { done: { target: 'freeingVcpus', actions: 'vmTeardown' } },
    },
    freeingVcpus: {
      meta: { calls: 'next_vcpu', source: 'vm_teardown(): SLIST_FOREACH_SAFE over vm_vcpu_list' },
      on: { next: { target: 'returningTornVcpu', actions: 'vcpuDeinit' }, none: { target: then } },
    },
    returningTornVcpu: {
      meta: { calls: 'vcpu_put', source: 'vm_teardown(): pool_put(&vcpu_pool)' },
      on: { done: { target: 'freeingVcpus' } },
    },
  } as const
}

/** The end of vm_teardown(). */
function freeingVm<After extends string>(after: After) {
  return {
    freeingVm: {
      meta: { calls: 'vm_put', source: 'vm_teardown(): pool_put(&vm_pool)' },
      on: { done: { target: after, actions: 'vmFree' } },
    },
  } as const
}

/** vm_teardown() of the designs with one object per slot. */
export function teardown(after: string) {
  return {
    ...tearingVcpus('removingRanges'),
    removingRanges: {
      meta: { calls: 'pmap_remove_range', source: 'vm_teardown(): pmap_remove() of every range, MMIO included' },
      on: { next: { target: 'removingRanges', reenter: true }, none: { target: 'releasingSlots' } },
    },
    releasingSlots: {
      meta: { calls: 'next_held_slot', source: 'vm_teardown(): the loop over vm_memory_slot[]' },
      on: { next: { target: 'detachingSlot' }, none: { target: 'destroyingPmap' } },
    },
    detachingSlot: {
      meta: { calls: 'uao_detach_slot', source: 'vm_teardown(): vm_memory_slot[i] = NULL, uao_detach()', sleeps: true },
      on: { done: { target: 'releasingSlots', actions: 'slotDetached' } },
    },
    destroyingPmap: {
      meta: { calls: 'pmap_destroy', source: 'vm_teardown(): pmap_destroy()' },
      on: { done: { target: 'freeingVm' } },
    },
    ...freeingVm(after),
  } as const
}

/**
 * vm_teardown() before the patch: the vmspace goes, with its map and its pmap. This runs under the kernel lock.
 *
 * Source: vm_teardown() of vmm.c 1.2 (2023-05-13); uvmspace_free() and uvm_map_teardown() of uvm_map.c 1.250.
 */
export function teardownOfSpace(after: string) {
  return {
    ...tearingVcpus('removingEntry'),
    removingEntry: {
      meta: { calls: 'uvm_map_teardown_next', source: 'uvm_map_teardown(): pmap_remove() of an entry, exclusive end' },
      on: {
        next: { target: 'releasingEntry' },
        'uvm.unshared': { target: 'releasingEntry', actions: 'slotUnshared' },
        none: { target: 'freeingSpace' },
      },
    },
    releasingEntry: {
      meta: {
        calls: 'uvm_unmap_detach',
        source: 'uvm_map_teardown(): amap_unref() of the entry',
        locks: DETACH_UNDER_KERNEL_LOCK,
      },
      on: { done: { target: 'removingEntry' } },
    },
    freeingSpace: {
      meta: { calls: 'uvmspace_free', source: 'uvmspace_free(): pmap_destroy(), pool_put()' },
      on: { done: { target: 'freeingVm' } },
    },
    ...freeingVm(after),
  } as const
}

/**
 * A nested fault in the designs with a bare pmap: classify and translate, look for a page in the caller's pmap, wire
 * one where there is none, and enter the leaf. Only the VMX handler has a VMCS to load again after it may have slept.
 */
export function nestedFault(handled: string, assist: string, refused: string) {
  return {
    classifying: {
      meta: {
        calls: 'np_fault_classify',
        source: 'vmx_handle_np_fault(), svm_handle_np_fault(): memory type, access, vmm_translate_gpa()',
      },
      on: { done: { target: 'extracting' }, 'fault.assist': { target: assist }, refused: { target: refused } },
    },
    extracting: {
      meta: {
        calls: 'pmap_extract_first',
        source: 'fault_page(): "If we don\'t already have a backing page"; then vc_last_pcpu on VMX',
      },
      on: { 'page.present': { target: 'enteringLeaf' }, 'page.absent': { target: 'wiring' } },
    },
    wiring: {
      meta: {
        calls: 'uvm_fault_wire_curproc',
        source: 'fault_page(): uvm_fault_wire() of one page of curproc',
        pauses: ['uvm_fault_wire'],
        sleeps: true,
      },
      on: {
        done: [{ guard: 'vmx', target: 'reloading' }, { target: 'extractingAgain' }],
        'memory.short': { target: 'wiringAgain' },
        // vmx_fault_page() returns here without loading the VMCS again.
        refused: { target: refused },
      },
    },
    wiringAgain: {
      meta: { calls: 'uvm_fault_wire_again', source: 'uvm_fault(): ReFault after uvm_wait()', sleeps: true },
      on: {
        done: [{ guard: 'vmx', target: 'reloading' }, { target: 'extractingAgain' }],
        'memory.short': { target: 'wiringAgain', reenter: true },
        refused: { target: refused },
      },
    },
    reloading: {
      meta: { calls: 'vcpu_reload_vmcs_vmx', source: 'vmx_fault_page(): vcpu_reload_vmcs_vmx()' },
      on: { done: { target: 'extractingAgain' }, refused: { target: refused } },
    },
    extractingAgain: {
      meta: { calls: 'pmap_extract_curproc', source: 'fault_page(): "...and then get the mapping."' },
      on: { 'page.present': { target: 'enteringLeaf' }, 'page.absent': { target: 'refusingAbsent' } },
    },
    refusingAbsent: {
      meta: { calls: 'refuse_absent', source: 'fault_page(): EINVAL, no mapping after a fault that succeeded' },
      on: { refused: { target: refused } },
    },
    enteringLeaf: {
      meta: { calls: 'pmap_enter_nested', source: 'fault_page(): pmap_enter(vm_pmap, pa, hpa, RWX, 0)' },
      on: { done: { target: handled }, refused: { target: refused } },
    },
  } as const
}

/**
 * A nested fault before the patch: uvm_fault_wire() of the map of guest-physical space, whoever runs the vCPU. It wires
 * the page and enters the leaf under the locks of the memory. VMX loads its VMCS again in any case, and only then looks
 * at what the fault said.
 *
 * Source: vmx_fault_page(), svm_fault_page() of vmm_machdep.c 1.34 (2024-09-03).
 */
export function nestedFaultOfSpace(handled: string, assist: string, refused: string) {
  const ended = {
    done: [{ guard: 'vmx', target: 'reloading' }, { target: handled }],
    'memory.short': { target: 'wiringAgain', reenter: true },
    refused: [{ guard: 'vmx', target: 'reloadingRefused' }, { target: refused }],
  } as const
  return {
    classifying: {
      meta: {
        calls: 'np_fault_classify',
        source: 'vmx_handle_np_fault(), svm_handle_np_fault(): memory type and access',
      },
      on: { done: { target: 'wiring' }, 'fault.assist': { target: assist }, refused: { target: refused } },
    },
    wiring: {
      meta: {
        calls: 'uvm_fault_wire_nested',
        source: 'fault_page(): uvm_fault_wire() of one page of vm_map, RWX',
        pauses: ['uvm_fault_wire'],
        sleeps: true,
      },
      on: ended,
    },
    wiringAgain: {
      meta: { calls: 'uvm_fault_wire_nested_again', source: 'uvm_fault(): ReFault after uvm_wait()', sleeps: true },
      on: ended,
    },
    reloading: {
      meta: { calls: 'vcpu_reload_vmcs_vmx', source: 'vmx_fault_page(): vcpu_reload_vmcs_vmx()' },
      on: { done: { target: handled }, refused: { target: refused } },
    },
    reloadingRefused: {
      meta: { calls: 'vcpu_reload_vmcs_vmx', source: 'vmx_fault_page(): vcpu_reload_vmcs_vmx(), then the error' },
      on: { done: { target: refused }, refused: { target: refused } },
    },
  } as const
}
