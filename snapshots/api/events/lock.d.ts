/**
 * What can have happened to a lock that a thread keeps over several steps, or holds while it waits for another one. A
 * lock that is taken and given back within a step is no event: nobody can see it held. vc_lock and the
 * lock of the PSP's driver have events of their own.
 *
 * Source: rwlock(9), mutex(9); vmm.c, uvm_map.c and pmap.c, which take them.
 */
import type { ThreadId } from './ids.ts';
import type { WaitChannel } from './wait.ts';
/**
 * Kinds of locks, of which some are one for the host and others one for each map, object or pmap.
 *
 * `new map` is the map of an address space that nobody else can reach yet: it is locked, and nobody ever waits for it.
 * `nested map` and `nested pm_mtx` are those of guest-physical space, `map` and `pm_mtx` those of a process.
 */
export type LockName = 'kernel lock' | 'sc_slock' | 'vm_lock' | 'vc_lock' | 'psp sc_lock' | 'map' | 'nested map' | 'new map' | 'object' | 'page queues' | 'pm_mtx' | 'nested pm_mtx' | 'free pages';
/** For reading, which others may share, or for writing. Mutexes and the kernel lock are taken for writing only. */
export type LockMode = 'R' | 'W';
/** A lock by its kind and by whose it is: a process, a VM, an object; 0 where there is one for the host. */
export type LockRef = {
    readonly lock: LockName;
    readonly of: number;
};
/** Somebody else holds the lock, and the thread waits for it. */
export type LockAwaited = LockRef & {
    readonly type: 'lock.awaited';
    readonly mode: LockMode;
    readonly thread: ThreadId;
};
/** The thread holds the lock beyond the step, or while it waits for another one. */
export type LockTaken = LockRef & {
    readonly type: 'lock.taken';
    readonly mode: LockMode;
    readonly thread: ThreadId;
};
/** The thread gave it back; or, of the kernel lock, fell asleep. */
export type LockGiven = LockRef & {
    readonly type: 'lock.given';
    readonly thread: ThreadId;
};
export type LockEvent = LockAwaited | LockTaken | LockGiven;
/** What a thread that waits for such a lock is seen to wait for: the names that rw_init(9) gave them. */
export declare const CHANNEL_OF: Readonly<Record<LockName, WaitChannel>>;
