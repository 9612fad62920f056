import type { WaitChannel } from '../../events/wait.ts';
import type { LockProgram } from '../../machines/calls/locks.ts';
import type { Kernel } from '../kernel/kernel.ts';
/** A step's locks, and whether one of them outlives it. */
export type StepLocks = {
    readonly program: LockProgram;
    readonly outlives: boolean;
};
/** @param program what a step does to locks; null where nobody said. */
export declare function locksOf(program: LockProgram | null): StepLocks;
/**
 * Before a step, where anybody holds a lock: takes what the step takes, up to the first lock that somebody else holds.
 * What it took before that is held from now on, since the thread waits with it.
 *
 * @returns what the thread waits for, or null when the way is free.
 */
export declare function contend(kernel: Kernel, { program }: StepLocks): WaitChannel | null;
/** When a step has ended: what it keeps is held, and what it gave back, or had to wait for and needs no more, is not. */
export declare function settleLocks(kernel: Kernel, { program }: StepLocks): void;
/** A thread that falls asleep gives the kernel lock back, and takes it again when it goes on. */
export declare function sleepWithoutKernelLock(kernel: Kernel): void;
