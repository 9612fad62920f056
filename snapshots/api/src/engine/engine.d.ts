/**
 * Steps calls. A step asks one kernel function, gives its answer to the call's machine, hands what that emits to
 * the machines of the entities concerned, and records all that became true. One direction, one queue, no promise, no
 * clock, no dice: a run is a function of the boot configuration and of the decisions.
 */
import type { Word64 } from '../../events/address.ts';
import type { CallCommand, GuestCommand } from '../../events/command.ts';
import type { ThreadId, VcpuId, VmId } from '../../events/ids.ts';
import type { Reply } from '../../events/reply.ts';
import type { WaitChannel } from '../../events/wait.ts';
import type { PausePoint } from '../../machines/calls/setup.ts';
import type { Design } from '../design/design.ts';
import type { World } from '../model/world.ts';
import type { Driver } from '../reduce/drivers.ts';
import { type RoutineStep } from './routines.ts';
import { type Recorder } from './stepping-kernel.ts';
export type { Recorder } from './stepping-kernel.ts';
/** How a step of a thread ended. */
export type StepOutcome = {
    readonly kind: 'moved';
    readonly place: string;
} | {
    readonly kind: 'blocked';
    readonly on: WaitChannel;
} | {
    readonly kind: 'replied';
    readonly reply: Reply;
} | {
    readonly kind: 'panicked';
    readonly fn: string;
    readonly panic: string;
};
export declare class Engine {
    #private;
    readonly design: Design;
    constructor(design: Design, driver: Driver, recorder: Recorder);
    get world(): World;
    /** Puts the command on the thread `id`; its first step is the next. */
    start(command: CallCommand, id: ThreadId): void;
    /** The step that the thread takes next. */
    nextStep(id: ThreadId): RoutineStep;
    /** Pause points that the thread passes when it takes its next step. A thread that was asleep passed them before. */
    pausesAhead(id: ThreadId): readonly PausePoint[];
    step(id: ThreadId): StepOutcome;
    /** The thread that is inside VMM_IOC_RUN of the vCPU and in its guest, or null. */
    runnerOf(id: VmId, vcpu: VcpuId): ThreadId | null;
    /** A guest that was scheduled out since it acted last has its thread call RUN again. */
    resume(runner: ThreadId): StepOutcome | null;
    /** Lets the guest act. Its thread must be in the guest. */
    guest(command: GuestCommand, runner: ThreadId): StepOutcome;
    /** The guest faults at `gpa`, whatever its tables say by now. Its thread must be in the guest. */
    guestFault(gpa: Word64, runner: ThreadId): StepOutcome;
}
