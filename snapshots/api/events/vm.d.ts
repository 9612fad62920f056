/**
 * What can have happened to a VM and to its memory slots.
 *
 * Source: vm_create(), vm_find(), vm_terminate() and vm_teardown() of vmm(4).
 */
import type { Bytes, Gpa, Hva, Word64 } from './address.ts';
import type { ObjectRef, Pid, SlotIndex, ThreadId, VmId, VmRef } from './ids.ts';
/** An element of vm_memranges[] that validation let through. */
export type MemoryRange = {
    readonly gpa: Gpa;
    readonly size: Bytes;
    readonly memtype: number;
    /** The user address as handed in. */
    readonly hint: Word64;
};
/** vm_create(): the struct comes from its pool, with its identity and its ranges. */
export type VmAllocated = {
    readonly type: 'vm.allocated';
    readonly vm: VmRef;
    readonly pid: Pid;
    readonly name: string;
    readonly ranges: readonly MemoryRange[];
    /** Sum of the ranges that are not MMIO. */
    readonly memorySize: Bytes;
};
/** vm_create(): on the list, counted, with its id and the list's reference. */
export type VmRegistered = {
    readonly type: 'vm.registered';
    readonly vm: VmRef;
    readonly id: VmId;
};
/** vm_terminate() of December 2025: vm_dying went from 0 to 1. */
export type VmCondemned = {
    readonly type: 'vm.condemned';
    readonly vm: VmRef;
};
/** vm_terminate(): off the list; later lookups answer ENOENT. */
export type VmUnlinked = {
    readonly type: 'vm.unlinked';
    readonly vm: VmRef;
};
/** vm_find(): vm_refcnt went up for the request of `holder`. */
export type VmReferenced = {
    readonly type: 'vm.referenced';
    readonly vm: VmRef;
    readonly holder: ThreadId;
};
/** refcnt_rele(): `holder` gave its reference back; `list` is the one that membership of vm_list holds. */
export type VmReleased = {
    readonly type: 'vm.released';
    readonly vm: VmRef;
    readonly holder: ThreadId | 'list';
};
/** vm_teardown() began. */
export type VmTeardownBegun = {
    readonly type: 'vm.teardownBegun';
    readonly vm: VmRef;
};
/** vm_teardown(): back in its pool. */
export type VmFreed = {
    readonly type: 'vm.freed';
    readonly vm: VmRef;
};
/** vm_terminate(): vm_ct went down by one and vcpu_ct by `vcpus`. */
export type VmUncounted = {
    readonly type: 'vm.uncounted';
    readonly vcpus: number;
};
/** A reference taken from outside any request is known as `as`. */
export type HoldTaken = {
    readonly type: 'hold.taken';
    readonly as: string;
    readonly vm: VmRef;
};
export type HoldDropped = {
    readonly type: 'hold.dropped';
    readonly as: string;
};
/** vm_create(): the slot's object exists; the thread owns its only reference. */
export type SlotBacked = {
    readonly type: 'slot.backed';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
    readonly object: ObjectRef;
};
/** vm_create(): the slot's object is mapped into the creator at `hva`; the map entry owns the reference now. */
export type SlotMapped = {
    readonly type: 'slot.mapped';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
    readonly hva: Hva;
};
/** vm_create(): userland can no longer change the mapping. */
export type SlotSealed = {
    readonly type: 'slot.sealed';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
};
/** vm_create(): vmm holds a reference of its own, in vm_memory_slot[]. */
export type SlotHeld = {
    readonly type: 'slot.held';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
    readonly object: ObjectRef;
};
/** vm_impl_init() before the patch: the creator's memory at `hva` is shared into the map of guest-physical space. */
export type SlotShared = {
    readonly type: 'slot.shared';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
    readonly hva: Hva;
};
/** vm_teardown(): vmm gave its reference back. */
export type SlotReleased = {
    readonly type: 'slot.released';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
};
/** vm_create() gave the slot up before vmm held it. */
export type SlotAbandoned = {
    readonly type: 'slot.abandoned';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
};
export type VmEvent = VmAllocated | VmRegistered | VmCondemned | VmUnlinked | VmReferenced | VmReleased | VmTeardownBegun | VmFreed | VmUncounted;
export type SlotEvent = SlotBacked | SlotMapped | SlotSealed | SlotHeld | SlotShared | SlotReleased | SlotAbandoned;
export type HoldEvent = HoldTaken | HoldDropped;
