/**
 * A run: a booted host that takes commands. `dispatch` steps one call to its end and answers as the ioctl would;
 * `start` and `step` leave the order of the threads to the caller. There is one path: the first is a loop of the others.
 */
import { type Word64 } from '../../events/address.ts';
import { type Boot } from '../../events/boot.ts';
import type { CallCommand, Command, GuestCommand } from '../../events/command.ts';
import { type ThreadId } from '../../events/ids.ts';
import type { Outcome, Reply } from '../../events/reply.ts';
import type { Design } from '../design/design.ts';
import type { MemoryDump } from '../model/memory/dump.ts';
import { VersionedMemory } from '../model/memory/versioned.ts';
import { type WorldRecords } from '../model/upcast.ts';
import { type World } from '../model/world.ts';
import { type DriverKind } from '../reduce/drivers.ts';
import { type Recorder, type StepOutcome } from './engine.ts';
import type { RoutineStep } from './routines.ts';
/** What a run can be stored as, between any two steps: plain data, which msgpack holds. */
export type RunSnapshot = {
    readonly design: string;
    /** The world without its memory. */
    readonly records: WorldRecords;
    readonly memory: MemoryDump;
};
export type RunOptions = {
    /** A design or its name; the newest when left out. */
    readonly design?: Design | string;
    readonly boot?: Partial<Boot>;
    /** How events are reduced; all give the same worlds. `inPlace` is the quickest. */
    readonly driver?: DriverKind;
    /** Gets each event as soon as its step is sure of it. */
    readonly record?: Recorder;
};
export type Unsubscribe = () => void;
export declare class Run {
    #private;
    readonly design: Design;
    constructor(design: Design, world: World, memory: VersionedMemory, options: RunOptions);
    /** The world as a value that never changes. */
    get world(): World;
    /** The world as it is now, without a copy: to look at and let go of. */
    get current(): World;
    /** Number of the last event. */
    get seq(): number;
    subscribe(listener: Recorder): Unsubscribe;
    /**
     * Asks for one thing and steps it to its end.
     *
     * @returns what the caller gets; a panic where the host stopped; or, where the call fell asleep, its thread, which
     *   `step` moves on once what it waits for has happened.
     */
    dispatch<Asked extends Command>(command: Asked): Outcome<Asked['type']>;
    /** Puts a call on a thread, `thread` or the next unused one; its first step is the next. */
    start(command: CallCommand, thread?: ThreadId): ThreadId;
    /** One step of a thread. */
    step(thread: ThreadId): StepOutcome;
    /** The step that the thread takes next: its place, the kernel function, the C that it stands for. */
    next(thread: ThreadId): RoutineStep;
    /** Steps a thread until its call answers or sleeps. */
    finish(thread: ThreadId): Outcome;
    /** One action of a guest, up to its next entry or the end of its RUN. */
    guest(command: GuestCommand, runner: ThreadId): StepOutcome;
    /** The guest of `runner` faults at `gpa`, whatever its tables say: how a recorded fault is taken again. */
    guestFault(gpa: Word64, runner: ThreadId): StepOutcome;
    /** Threads with a call in flight. */
    get threads(): readonly ThreadId[];
    /** The thread that is in the guest of a vCPU, or null. */
    runnerOf(vm: number, vcpu: number): ThreadId | null;
    /** The whole run as data. Any moment between two steps will do, also in the middle of an ioctl. */
    snapshot(): RunSnapshot;
}
/** Whether a command is told to a call in flight. */
export declare function isGuestCommand(command: Command): command is GuestCommand;
/** A step that was the last one for now, as an answer. */
export declare function outcomeOf(outcome: Exclude<StepOutcome, {
    kind: 'moved';
}>, thread: ThreadId): Outcome;
/** Boots a host. */
export declare function createRun(options?: RunOptions): Run;
/** Goes on with a run that was stored; `options.design` and `options.boot` are the snapshot's own. */
export declare function restoreRun(snapshot: RunSnapshot, options?: Omit<RunOptions, 'boot'>): Run;
/** What a call answered, for callers that know that it neither sleeps nor panics. */
export declare function answered(outcome: Outcome): Reply;
