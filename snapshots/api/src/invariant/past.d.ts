import type { VmmEvent } from '../../events/event.ts';
import type { Pid, ThreadId, VmRef } from '../../events/ids.ts';
import type { TableLevel } from '../../events/pmap.ts';
import type { MapEntry, World } from '../model/world.ts';
import { Calls } from './calls.ts';
import { FlatMemory } from './flat.ts';
import { Wirings } from './wirings.ts';
/** A nested leaf that names a page which was freed under it. */
export type Stale = {
    readonly object: number;
    readonly pmap: number;
    readonly page: number;
};
export declare class Past {
    #private;
    readonly calls: Calls;
    /** What reads must find. */
    readonly flat: FlatMemory;
    /** Whose a guest's memory is, where somebody knows the design. */
    readonly memoryFrom: 'vmm' | 'creator' | null;
    /** Who wired which page. */
    readonly wirings: Wirings;
    readonly converted: Set<number>;
    readonly torn: Set<VmRef>;
    vmIdx: number;
    /** Leaves removed from a nested pmap in this step: the lowest and the highest page. */
    readonly cleared: {
        pmap: number;
        first: number;
        last: number;
    };
    /** Table pages that lost an entry in this step: pmap, page and level of each. */
    readonly emptied: {
        pmap: number;
        page: number;
        level: TableLevel;
    }[];
    /** Nested leaves that lost their page in this step. */
    readonly stale: Stale[];
    constructor(world: World, memoryFrom?: 'vmm' | 'creator' | null);
    /** Leaves of a pmap before this event. */
    leavesOf(pmap: number): number;
    /** Pages of an object that were resident before this event. */
    residentOf(object: number): number;
    /** uo_refs before this event; undefined for an object that is freed. */
    refsOf(object: number): number | undefined;
    /** The map of a process before this step. */
    entriesOf(pid: Pid): readonly MapEntry[];
    /** An event has become true and was judged. */
    learn(event: VmmEvent, thread: ThreadId | null, world: World): void;
    /** The step has ended. `pids` are the processes whose maps it changed. */
    endStep(world: World, pids: Iterable<Pid>): void;
}
