/**
 * The order of locks in a design, judged over all its steps at once: every way through every routine is walked with the
 * locks that are held on it. Nothing runs; what could go wrong is told whether or not some run has come there.
 */
import type { LockName } from '../../events/lock.ts';
import type { Design } from './design.ts';
/** What a design does to locks that it must not. */
export type LockFinding = {
    readonly kind: 'cycle' | 'sleeps' | 'again' | 'not held' | 'never given' | 'unknown';
    /** The routine and its step, such as `ioc.run classifying`; of a cycle, the first of its steps. */
    readonly step: string;
    /** Which line of the C the step stands for. */
    readonly source: string;
    readonly sentence: string;
};
/** What a design is judged by: which lock is taken while which other one is held. */
export declare function lockOrderOf(design: Design): readonly {
    readonly from: LockName;
    readonly to: LockName;
}[];
/**
 * What is wrong with the locks of a design: an order with a cycle, a sleep under a mutex, a lock that is taken twice,
 * given back without being held or never given back. A design may be wrong, and runs all the same: a deadlock is told
 * of the run that comes to it.
 *
 * @source I46: no sleeping action while a pmap mutex is held; vm_lock → sc_slock; map → object → page queues → pmap.
 */
export declare function lockFindings(design: Design): readonly LockFinding[];
