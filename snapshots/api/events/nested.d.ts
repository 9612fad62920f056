/**
 * What can have happened to the map of a VM's guest-physical space, in the design before the patch: a VM owns a
 * vmspace, whose map describes guest-physical space and whose pmap is the nested one. Addresses in it are
 * guest-physical.
 *
 * Source: vm_impl_init() of vmm_machdep.c 1.34 (2024-09-03), vm_teardown() of vmm.c 1.2 (2023-05-13); uvm_share(),
 * uvmspace_alloc() and uvmspace_free() of uvm_map.c 1.250 (2019).
 */
import type { Bytes, Frame, Gpa, Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { ObjectRef, SlotIndex, ThreadId, VmRef } from './ids.ts';
import type { Inherit } from './space.ts';
/** uvmspace_alloc(): an empty map; its pmap was made before. */
export type NestedMapCreated = {
    readonly type: 'nested.created';
    readonly vm: VmRef;
};
/**
 * uvm_share() into the nested map: a new entry maps `object` from page `offset` on. It absorbs the reference that
 * `thread` carries. Hiding and inheritance are those of the entry that it was shared from.
 */
export type NestedEntryMapped = {
    readonly type: 'nested.mapped';
    readonly vm: VmRef;
    readonly start: Gpa;
    readonly size: Bytes;
    readonly object: ObjectRef;
    readonly offset: number;
    readonly conceal: boolean;
    readonly inherit: Inherit;
    readonly thread: ThreadId;
};
/** An entry left the nested map. */
export type NestedEntryRemoved = {
    readonly type: 'nested.removed';
    readonly vm: VmRef;
    readonly start: Gpa;
    readonly size: Bytes;
    readonly object: ObjectRef;
};
/** uvmspace_free() of the last reference: the map is gone, its pmap went before. */
export type NestedMapFreed = {
    readonly type: 'nested.freed';
    readonly vm: VmRef;
};
/** uvm_fault_wire() of the nested map: `wires` is the page's wire count now; it is on no queue. */
export type NestedPageWired = {
    readonly type: 'nested.wired';
    readonly vm: VmRef;
    readonly gpa: Gpa;
    readonly frame: Frame;
    readonly wires: number;
};
/** uvm_fault_wire() of the nested map failed. */
export type NestedFaultRefused = {
    readonly type: 'nested.refused';
    readonly vm: VmRef;
    readonly gpa: Word64;
    readonly errno: Errno;
};
/** uvm_fault_wire() of the nested map reported success but mapped nothing. */
export type NestedFaultHollow = {
    readonly type: 'nested.hollow';
    readonly vm: VmRef;
    readonly gpa: Word64;
};
/** uvm_share() failed for the range `slot`; entries that it had made before it found out stay. */
export type ShareRefused = {
    readonly type: 'share.refused';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
    readonly into: 'nested' | 'process';
    readonly errno: Errno;
};
export type NestedEvent = NestedMapCreated | NestedEntryMapped | NestedEntryRemoved | NestedMapFreed | NestedPageWired | NestedFaultRefused | NestedFaultHollow | ShareRefused;
