/**
 * What a guest fault must come to, from the memory of the VM alone: which range contains the address, and which page of
 * which object is behind it there. Who runs the vCPU, and what that process has mapped, is not looked at.
 *
 * Source: I60 and I84; vmm_get_guest_memtype() of vmm_machdep.c.
 */
import { type Word64 } from '../../events/address.ts';
import { type Vm, type World } from '../model/world.ts';
export type ReferenceFault = 
/** The nested leaf shows page `index` of `object`; null where the VM holds none there. */
{
    readonly verdict: 'completes';
    readonly page: {
        readonly object: number;
        readonly index: number;
    } | null;
}
/** MMIO: userland emulates the access. */
 | {
    readonly verdict: 'assist';
}
/** A hole: RUN fails with EINVAL, and the vCPU is TERMINATED. */
 | {
    readonly verdict: 'dies';
};
/** What the fault of a guest of `vm` at `gpa` must come to. */
export declare function referenceFault(vm: Vm, gpa: Word64): ReferenceFault;
/** Whether `pid` is the process that created the VM, and still the same program. */
export declare function isCreator(world: World, vm: Vm, pid: number): boolean;
