/**
 * Stretches of C that several routines run through: the way into the device and out of it, the lookup of a VM,
 * the teardown of a VM and the handling of a nested fault. Each gives the states of the stretch; the arguments name
 * the states in which it ends.
 */

/** vmmioctl(): pledge filter, then the gate that a suspended device keeps shut. `leaving` gives the count back. */
export function gate<Body extends string>(body: Body) {
  return {
    filtering: {
      meta: { calls: 'pledge_ioctl_vmm', source: 'kern_pledge.c: pledge_ioctl(), before the driver is called' },
      on: { done: { target: 'entering' }, refused: { target: 'replying' } },
    },
    entering: {
      meta: { calls: 'vmmioctl_enter', source: 'vmmioctl(): sc_slock, the wait for ACTIVE, sc_refcnt++' },
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
      meta: { calls: 'vm_find', source: 'vm_find(): search, pledge test, vm_refcnt++' },
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

/** vm_teardown() of the designs with one object per slot. */
export function teardown<After extends string>(after: After) {
  return {
    tearing: {
      meta: { calls: 'vm_teardown', source: 'vm_teardown(): entry; the kernel lock is not held' },
      on: { done: { target: 'freeingVcpus', actions: 'vmTeardown' } },
    },
    freeingVcpus: {
      meta: { calls: 'next_vcpu', source: 'vm_teardown(): SLIST_FOREACH_SAFE over vm_vcpu_list' },
      on: { next: { target: 'returningTornVcpu', actions: 'vcpuDeinit' }, none: { target: 'removingRanges' } },
    },
    returningTornVcpu: {
      meta: { calls: 'vcpu_put', source: 'vm_teardown(): pool_put(&vcpu_pool)' },
      on: { done: { target: 'freeingVcpus' } },
    },
    removingRanges: {
      meta: { calls: 'pmap_remove_range', source: 'vm_teardown(): pmap_remove() of every range, MMIO included' },
      on: { next: { target: 'removingRanges', reenter: true }, none: { target: 'releasingSlots' } },
    },
    releasingSlots: {
      meta: { calls: 'next_held_slot', source: 'vm_teardown(): the loop over vm_memory_slot[]' },
      on: { next: { target: 'detachingSlot' }, none: { target: 'destroyingPmap' } },
    },
    detachingSlot: {
      meta: { calls: 'uao_detach_slot', source: 'vm_teardown(): vm_memory_slot[i] = NULL, uao_detach()' },
      on: { done: { target: 'releasingSlots', actions: 'slotDetached' } },
    },
    destroyingPmap: {
      meta: { calls: 'pmap_destroy', source: 'vm_teardown(): pmap_destroy()' },
      on: { done: { target: 'freeingVm' } },
    },
    freeingVm: {
      meta: { calls: 'vm_put', source: 'vm_teardown(): pool_put(&vm_pool)' },
      on: { done: { target: after, actions: 'vmFree' } },
    },
  } as const
}

/**
 * A nested fault in the designs with a bare pmap: classify and translate, look for a page in the caller's pmap, wire
 * one where there is none, and enter the leaf. Only the VMX handler has a VMCS to load again after it may have slept.
 */
export function nestedFault<Handled extends string, Assist extends string, Refused extends string>(
  handled: Handled,
  assist: Assist,
  refused: Refused,
) {
  return {
    classifying: {
      meta: {
        calls: 'np_fault_classify',
        source: 'vmx_handle_np_fault(), svm_handle_np_fault(): memory type, access, vmm_translate_gpa()',
      },
      on: { done: { target: 'extracting' }, 'fault.assist': { target: assist }, refused: { target: refused } },
    },
    extracting: {
      meta: { calls: 'pmap_extract_curproc', source: 'fault_page(): "If we don\'t already have a backing page"' },
      on: { 'page.present': { target: 'enteringLeaf' }, 'page.absent': { target: 'wiring' } },
    },
    wiring: {
      meta: {
        calls: 'uvm_fault_wire_curproc',
        source: 'fault_page(): uvm_fault_wire() of one page of curproc',
        pauses: ['uvm_fault_wire'],
      },
      on: {
        done: [{ guard: 'vmx', target: 'reloading' }, { target: 'extractingAgain' }],
        'memory.short': { target: 'wiringAgain' },
        // vmx_fault_page() returns here without loading the VMCS again.
        refused: { target: refused },
      },
    },
    wiringAgain: {
      meta: { calls: 'uvm_fault_wire_again', source: 'uvm_fault(): ReFault after uvm_wait()' },
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
