/**
 * The kernel that a step sees: the world as it is at this instant and the thread that takes the step; and what the
 * step records, each event made true at once, and handed on when it is known whether it ends the step.
 *
 * A class, not a literal with getters: each literal would have a shape of its own, and every kernel function would
 * look its fields up anew for each engine.
 */
import type { Failpoint } from '../../events/command.ts';
import type { Errno } from '../../events/errno.ts';
import type { Recorded, VmmEvent } from '../../events/event.ts';
import type { ThreadId } from '../../events/ids.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Thread, World } from '../model/world.ts';
import type { Driver } from '../reduce/drivers.ts';
/** Gets every event as soon as the step that it belongs to is sure of it, in order. */
export type Recorder = (recorded: Recorded) => void;
export declare class SteppingKernel implements Kernel {
    #private;
    /** @param mayMove whether a thread stands where it may have slept or been preempted. */
    constructor(driver: Driver, recorder: Recorder, mayMove: (thread: ThreadId) => boolean);
    get world(): World;
    get thread(): Thread;
    /** Number of the last event. */
    get seq(): number;
    /** The thread `id`, which has a call in flight. @throws Defect ENG030 when it has none. */
    live(id: ThreadId): Thread;
    /** What is recorded next belongs to a call of thread `id` that has not begun. */
    enterFirst(id: ThreadId): void;
    /** The next step is one of thread `id`. */
    enter(id: ThreadId): Thread;
    /** The call of the thread has ended; what it recorded is handed on. */
    leave(): void;
    record(event: VmmEvent): void;
    /** Hands the last event on. The one that ends a step carries the place in which the step leaves its call. */
    flush(place: string | null): void;
    /** Ends the step: the call stands at `place`. A step that recorded nothing is recorded as that. */
    endStep(place: string): void;
    mayMove(thread: ThreadId): boolean;
    fails(fn: Failpoint): Errno | null;
}
