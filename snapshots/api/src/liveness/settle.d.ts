/**
 * What becomes of the calls in flight if every thread gets its turn: a fair continuation of a run, up to a bound. No new
 * call begins. Threads take one step each, in turn, in the order in which they began; a guest whose turn comes leaves at
 * the end of its quantum, as vcpu_run_vmx() and vcpu_run_svm() do when the scheduler wants the CPU.
 *
 * Where nobody can move, the host around them acts, one thing at a time: the page daemon evicts a page where somebody
 * waits for memory, and a device that is suspended wakes up. What happens then is said. Where that does not help either,
 * who is asleep sleeps for ever.
 *
 * A finite run proves what it shows: that a call returns, and that it cannot. Where the bound ends it, nothing is known.
 */
import type { ThreadId } from '../../events/ids.ts';
import type { Reply } from '../../events/reply.ts';
import type { WaitChannel } from '../../events/wait.ts';
import { type Run, type RunSnapshot } from '../engine/run.ts';
import type { World } from '../model/world.ts';
/** Steps of all threads together, unless told. */
export declare const SETTLE_BOUND = 100000;
/** What became of a call. */
export type Fate = 
/** `waitedFor`: what had to happen outside this call before it could go on, in order. */
{
    readonly kind: 'returns';
    readonly steps: number;
    readonly reply: Reply;
    readonly waitedFor: readonly string[];
}
/** Nothing that it waits for can happen any more. `for`: threads, or what holds it from outside all calls. */
 | {
    readonly kind: 'sleeps';
    readonly on: WaitChannel;
    readonly for: readonly string[];
    readonly outside: boolean;
}
/** The host stopped. */
 | {
    readonly kind: 'ended';
    readonly panic: string;
} | {
    readonly kind: 'unknown';
    readonly bound: number;
    readonly steps: number;
};
export type Settled = {
    /** Number of the event after which the run was continued. */
    readonly from: number;
    /** Steps that were taken in all, what the host around them did among them. */
    readonly steps: number;
    readonly bound: number;
    /** What the host around the calls did, in order. */
    readonly around: readonly string[];
    /** By thread, of the calls that were in flight. */
    readonly fates: ReadonlyMap<ThreadId, Fate>;
    /** The world in which it ended. */
    readonly world: World;
};
export type SettleOptions = {
    /** Steps of all threads together; SETTLE_BOUND unless told. */
    readonly bound?: number;
};
/** Continues a run that nobody else uses. */
export declare function settleInPlace(run: Run, { bound }?: SettleOptions): Settled;
/**
 * What becomes of the calls in flight of `run`, on a copy of it. `run` stays where it is.
 *
 * @param run a run, or one that was stored; of a design that is not built in, the run itself.
 */
export declare function settle(run: Run | RunSnapshot, options?: SettleOptions): Settled;
