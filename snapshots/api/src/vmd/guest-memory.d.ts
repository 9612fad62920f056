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
/** alloc_guest_mem(): memory for every range, MMIO included, shared so that device processes can have it as well. */
export declare function allocateGuestMemory(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[]): Placed;
/**
 * remap_guest_mem(): finds places by mapping something there, gives them up again, and asks vmm(4) to share the guest's
 * memory to where they were. In between, anybody else in the process may take them.
 *
 * @returns where the ranges should lie: vmm(4) answers 0 also when it shared nothing. MMIO is at 0.
 */
export declare function remapGuestMemory(host: Dispatch, pid: Pid, vm: VmId, ranges: readonly RangeRequest[]): Placed;
