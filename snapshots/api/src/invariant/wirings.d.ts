import type { VmRef } from '../../events/ids.ts';
import type { World } from '../model/world.ts';
import type { CallRecord } from './calls.ts';
import { type AnyRule, type Finding } from './invariant.ts';
export declare class Wirings {
    #private;
    /** @param world joined here: what entries do not count is taken for faults of the guest that has the page. */
    constructor(world: World);
    /** Wirings of a frame that faults of guests made. */
    faultsOf(frame: number): number;
    /** Wirings of a frame that were made for mlock(2) or the PSP and not undone. */
    locksOf(frame: number): number;
    /** The vmm term of a VM, gone or not: pages that faults of its guest have wired and that are wired still. */
    pagesOf(vm: VmRef): number;
    /** page.wired, nested.wired: by a fault of the guest of the VM that the call has found, or by a lock. */
    wired(frame: number, call: CallRecord | null): void;
    /** page.unwired: a lock's, as long as there is one. */
    unwired(frame: number): void;
    /** page.freed: whatever was wired is not. */
    freed(frame: number): void;
}
/** Judged at rest, of VMs that were freed before: until then whoever maps their pages may be on its way out as well. */
export declare const wiringsEndWithTheirVm: AnyRule;
/** What the faults of a guest have left wired whose VM is gone; null where nothing. */
export declare function wiringsLeftBy(wirings: Wirings, vm: VmRef): Finding | null;
export declare const wiringRules: readonly AnyRule[];
