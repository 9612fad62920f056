/**
 * Which locks each kernel function takes, in which order and mode, which of them it gives back, and where it may sleep.
 * A step calls one kernel function, so that this is what a step does to locks; a step that does something else says so in
 * its own `meta.locks`.
 *
 * Within a step nobody else runs, so that most of this is never seen. It is judged at rest: the order of all steps of a
 * design must be acyclic, and nothing may sleep under a mutex. What outlives a step is an event.
 *
 * Source: vmm.c and vmm_machdep.c; uvm_map.c, uvm_fault.c, uvm_aobj.c, uvm_pdaemon.c; pmap.c; kern_rwlock.c. Medium:
 * which of the system calls of the environment run under the kernel lock, which changes from release to release, and
 * that the map of a design before the patch is locked while it is torn down.
 */
import type { LockMode, LockName } from '../../events/lock.ts';
/** One thing that a kernel function does to locks, or one place at which it may sleep. */
export type LockAct = 
/** `tries`: without sleeping; where the lock is taken already, the function goes on without it. */
{
    readonly act: 'take';
    readonly lock: LockName;
    readonly mode: LockMode;
    readonly tries?: true;
} | {
    readonly act: 'give';
    readonly lock: LockName;
} | {
    readonly act: 'sleep';
    readonly why: string;
};
/** What a kernel function does to locks, in order. */
export type LockProgram = readonly LockAct[];
/** Spinning locks: who holds one must not sleep. */
export declare const MUTEXES: ReadonlySet<LockName>;
export declare const take: (lock: LockName, mode?: LockMode) => LockAct;
export declare const give: (lock: LockName) => LockAct;
export declare const sleep: (why: string) => LockAct;
/** The lock around what is done under it. */
export declare function under(lock: LockName, mode: LockMode, ...inner: LockProgram): LockProgram;
/** By the name under which steps call the function. */
export declare const LOCKS: Readonly<Record<string, LockProgram>>;
/** uvm_unmap_detach() within the teardown of a vmspace. */
export declare const DETACH_UNDER_KERNEL_LOCK: LockProgram;
