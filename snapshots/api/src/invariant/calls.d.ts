/**
 * What is remembered of each call in flight, for the rules that compare how it ended with what it did.
 */
import type { CallCommand } from '../../events/command.ts';
import type { Errno } from '../../events/errno.ts';
import type { VmmEvent } from '../../events/event.ts';
import type { ObjectRef, Pid, ThreadId, VmRef } from '../../events/ids.ts';
import type { Holding } from '../model/backing.ts';
import type { Slot, World } from '../model/world.ts';
/** A stretch of a map that a call has mapped and that is still there. */
export type Mapped = {
    readonly start: number;
    readonly end: number;
    readonly object: ObjectRef;
    readonly place: string | null;
};
/** A slot, what backs it, and whether a map of guest-physical space says so. */
export type SlotFound = Slot & {
    readonly held: readonly Holding[];
    readonly ofSpace: boolean;
};
export type CallRecord = {
    readonly command: CallCommand;
    /** The VM that it makes or has found. */
    vm: VmRef | null;
    /** The slots of the VM as it found them. They never change while it holds its reference. */
    slots: readonly SlotFound[] | null;
    /** The object that it works on. */
    object: ObjectRef | null;
    /** The objects that it has made or mapped. */
    readonly objects: Set<ObjectRef>;
    /** Objects whose references it gives back once the map is unlocked. */
    dead: readonly ObjectRef[];
    /** What it has mapped into its process and nobody has removed since. */
    mapped: readonly Mapped[];
    /** The first change that it made to an entry of somebody else, in words. */
    foreign: string | null;
    /** Whether it has registered a VM. */
    registered: boolean;
    /** What uvm_map() last refused with. */
    mapErrno: Errno | null;
    /** What uvm_share() last refused with. */
    shareErrno: Errno | null;
    /** Ids on vm_list when INFO walked it. */
    listed: readonly number[] | null;
    /** The step that it stands at. */
    place: string | null;
};
/** Whether a call itself has mapped all of [start, end). */
export declare function hasMapped(call: CallRecord, start: number, end: number): boolean;
/** Whether what a call itself has mapped covers all of [start, end), in one piece or in several. */
export declare function hasMappedAll({ mapped }: CallRecord, start: number, end: number): boolean;
/** The process that a call belongs to, or null. */
export declare function pidOf(call: CallRecord): Pid | null;
/** The calls in flight, by thread. */
export declare class Calls {
    #private;
    get(thread: ThreadId | null): CallRecord | null;
    /** An event of a call has become true and was judged. */
    learn(event: VmmEvent, thread: ThreadId | null, world: World): void;
}
