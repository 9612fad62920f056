/**
 * A design made ready to step: each routine's machine compiled, each step with the kernel function that it calls. What
 * a machine names and the design does not have is refused here, at load.
 */
import type { Answer } from '../../events/answer.ts';
import type { CallCommand } from '../../events/command.ts';
import { type LockProgram } from '../../machines/calls/locks.ts';
import type { CallContext, PausePoint, StepMeta } from '../../machines/calls/setup.ts';
import type { Tell } from '../../machines/tell.ts';
import type { Design } from '../design/design.ts';
import type { Primitive } from '../kernel/kernel.ts';
import { type CompiledMachine } from './compile.ts';
import { type StepLocks } from './locking.ts';
/** One state of a routine's machine, ready to run. */
export type RoutineStep = {
    readonly name: string;
    readonly place: number;
    /** The command whose routine it belongs to, and the routine. */
    readonly of: CallCommand['type'];
    readonly routine: Routine;
    /** Null in a final state. */
    readonly primitive: Primitive | null;
    readonly meta: StepMeta;
    readonly pauses: readonly PausePoint[];
    /** How a step ends that leads here: the same each time. */
    readonly moved: {
        readonly kind: 'moved';
        readonly place: string;
    };
    readonly locks: StepLocks;
};
export type Routine = {
    readonly machine: CompiledMachine<Answer, Tell, CallContext>;
    readonly initial: string;
    readonly steps: readonly RoutineStep[];
    readonly byName: ReadonlyMap<string, RoutineStep>;
};
export type Routines = ReadonlyMap<CallCommand['type'], Routine>;
/** What a step does to locks; null where neither its machine nor the table of kernel functions says so. */
export declare function lockProgramOf({ calls, locks }: StepMeta): LockProgram | null;
/** The routines of a design; compiled once. */
export declare function routinesOf(design: Design): Routines;
/** Looks up the C that a step of a call stands for; null where nobody knows. */
export type SourceOf = (call: string, place: string) => string | null;
/** @param design null where nobody knows which it was. */
export declare function sourcesOf(design: Design | null): SourceOf;
/** The machines of the entities; the same in every design. */
export declare const LIVES: {
    readonly vm: CompiledMachine<import("../../machines/tell.ts").VmInput, import("../../events/vm.ts").VmEvent, import("../../machines/vm.ts").VmContext>;
    readonly slot: CompiledMachine<import("../../machines/tell.ts").SlotInput, import("../../events/vm.ts").SlotEvent, import("../../machines/slot.ts").SlotContext>;
    readonly vcpu: CompiledMachine<import("../../machines/tell.ts").VcpuInput, import("../../events/vcpu.ts").VcpuEvent, import("../../machines/vcpu.ts").VcpuContext>;
    readonly process: CompiledMachine<import("../../machines/tell.ts").ProcessInput, import("../../events/space.ts").ProcessEvent, import("../../machines/process.ts").ProcessContext>;
    readonly pagedaemon: CompiledMachine<import("../../machines/tell.ts").PagedaemonInput, import("../../events/object.ts").PageEvent, object>;
    readonly psp: CompiledMachine<import("../../events/psp.ts").PspDone, import("../../events/psp.ts").PspEvent, import("../../machines/psp.ts").PspContext>;
};
