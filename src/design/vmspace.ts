/**
 * The design before the patch of May 2025: a VM owns a vmspace. Its map describes guest-physical space and shares the
 * memory that the creating process had mapped itself; its pmap is the nested one. Guest faults go through that map and
 * wire, whoever runs the vCPU.
 *
 * What is not named here is the same code as with one memory object per slot.
 *
 * Source: vmm.c 1.2 (2023-05-13), vmm_machdep.c 1.34 (2024-09-03), uvm_map.c 1.250 (2019).
 */
import { createMachineOfSpace } from '../../machines/calls/create.ts'
import { nestedFaultOfSpace, teardownOfSpace } from '../../machines/calls/fragments.ts'
import { mprotecteptMachine } from '../../machines/calls/mprotectept.ts'
import { faultMachineOf, runMachineOf } from '../../machines/calls/run.ts'
import { sharememMachineOfSpace } from '../../machines/calls/sharemem.ts'
import { terminateMachineOf } from '../../machines/calls/term.ts'
import { filterRequestOfSpace } from '../kernel/pledge.ts'
import { handlerOfInstructions } from '../kernel/vmm_instruction.ts'
import * as protect from '../kernel/vmm_mprotectept.ts'
import * as space from '../kernel/vmspace.ts'
import { aobj } from './aobj.ts'
import type { Design } from './design.ts'

export const vmspace: Design = {
  name: 'vmspace',
  about: 'before the patch: memory that the creator mapped, shared into a map of guest-physical space; until May 2025',
  memoryFrom: 'creator',
  recorded: null,
  routines: {
    ...aobj.routines,
    'ioc.create': createMachineOfSpace,
    'ioc.sharemem': sharememMachineOfSpace,
    'ioc.run': runMachineOf(nestedFaultOfSpace),
    'ioc.term': terminateMachineOf(false, teardownOfSpace),
    'ioc.mprotectept': mprotecteptMachine,
    'guest.fault': faultMachineOf(nestedFaultOfSpace),
  },
  primitives: {
    ...aobj.primitives,
    pledge_ioctl_vmm: filterRequestOfSpace,
    vm_create_check_mem_ranges: space.validateCreateOfSpace,
    vm_impl_mode: space.checkMode,
    // The wall clock came later. Medium: with which revision, between 1.34 and 1.64.
    handle_instruction: handlerOfInstructions(false),
    uvmspace_alloc: space.allocateSpace,
    next_range: space.nextRange,
    uvm_share_nested: space.shareRange,
    uvm_map_teardown_next: space.tearNextEntry,
    uvmspace_free: space.freeSpace,
    compare_ranges: space.compareRangesOfSpace,
    uvm_share_process: space.shareSlot,
    np_fault_classify: space.classifyNestedFault,
    uvm_fault_wire_nested: space.wireNested,
    uvm_fault_wire_nested_again: space.wireNestedAgain,
    mprotect_check: protect.checkProtect,
    mprotect_next_page: protect.nextProtected,
    uvm_fault_wire_protected: protect.wireProtected,
    mprotect_leaf: protect.protectLeaf,
    invept: protect.invalidateNested,
  },
}
