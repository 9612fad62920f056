/**
 * What vmd(8) did with guest memory itself, before the patch of May 2025 left it to vmm(4): it mapped the memory of a
 * guest before it created the VM, and the places where a device process wanted it before it asked for it.
 *
 * Source: alloc_guest_mem() and remap_guest_mem() of usr.sbin/vmd/vm.c, as the patch of May 2025 removed them.
 */
import type { Word64 } from '../../events/address.ts';
import type { CallCommand, RangeRequest } from '../../events/command.ts';
import type { Pid, VmId } from '../../events/ids.ts';
import type { Outcome, Refusal } from '../../events/reply.ts';
/** Whoever takes commands: a run, or somebody who does something between two of them. */
export type Dispatch = {
    dispatch<Asked extends CallCommand>(command: Asked): Outcome<Asked['type']>;
};
/** The ranges with the addresses that they have in the process. */
export type Placed = {
    readonly ok: true;
    readonly ranges: readonly RangeRequest[];
} | Refusal;
/** An address for each range, by index, or undefined for wherever the kernel likes. */
export type Places = readonly (Word64 | undefined)[];
/**
 * alloc_guest_mem(): memory for every range, MMIO included, shared so that device processes can have it as well.
 *
 * @param at where each range is to lie, if that is free; vmd leaves it to the kernel.
 */
export declare function allocateGuestMemory(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[], at?: Places): Placed;
/**
 * The first half of remap_guest_mem(): finds places by mapping something there, and gives them up again. From then on
 * anybody else in the process may take them.
 *
 * @returns the ranges with the places that were found; MMIO is at 0.
 */
export declare function findPlaces(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[], at?: Places): Placed;
/**
 * remap_guest_mem(): finds places, and asks vmm(4) to share the guest's memory to where they were.
 *
 * @returns where the ranges should lie: vmm(4) answers 0 also when it shared nothing. MMIO is at 0.
 */
export declare function remapGuestMemory(host: Dispatch, pid: Pid, vm: VmId, ranges: readonly RangeRequest[]): Placed;
