/**
 * What a kernel function sees while it runs: the world as it is at this instant, what it has recorded itself
 * included, and the thread that runs it. It reads the world and records what becomes true; it writes nothing.
 */
import type { Word64 } from '../../events/address.ts';
import type { Answer } from '../../events/answer.ts';
import type { CallCommand, Failpoint } from '../../events/command.ts';
import type { Errno } from '../../events/errno.ts';
import type { VmmEvent } from '../../events/event.ts';
import type { Pid, ThreadId, VmId } from '../../events/ids.ts';
import type { WaitChannel } from '../../events/wait.ts';
import type { Locals, Process, Thread, Vm, World } from '../model/world.ts';
/** The thread cannot go on before what it waits for has happened; the step is tried again then. */
export type Blocked = {
    readonly type: 'blocked';
    readonly on: WaitChannel;
};
export interface Kernel {
    readonly world: World;
    readonly thread: Thread;
    record(event: VmmEvent): void;
    /** Counts a call of `fn`; the errno with which it must fail, or null. */
    fails(fn: Failpoint): Errno | null;
    /** Whether a thread stands where it may have slept or been preempted. */
    mayMove(thread: ThreadId): boolean;
}
/** A kernel function as a step calls it. */
export type Primitive = (kernel: Kernel) => Answer | Blocked;
export declare const DONE: Answer;
export declare const NONE: Answer;
export declare const SHORT: Answer;
export declare const PRESENT: Answer;
export declare const ABSENT: Answer;
export declare const MUST_STOP: Answer;
export declare const ASSIST: Answer;
export declare const CLOCK_DUE: Answer;
export declare const WALLCLOCK_DUE: Answer;
export declare const PDPTES_DUE: Answer;
export declare const GHCB_NAMED: Answer;
export declare const GHCB_DUE: Answer;
export declare const TRAPPED: Answer;
export declare const KICKED: Answer;
export declare function blocked(on: WaitChannel): Blocked;
/** The call's locals change; what it knows is part of the world. */
export declare function learn(kernel: Kernel, locals: Partial<Locals>): void;
/** The routine `at` says no. */
export declare function refuse(kernel: Kernel, errno: Errno, at: string, locals?: Partial<Locals>): Answer;
/** The host stops in `fn`. What is answered does not matter: nothing steps any more. */
export declare function panic(kernel: Kernel, fn: string, kind: 'panic' | 'assert' | 'trap' | 'uaf'): Answer;
/** The command of the call, which a step of its routine knows to be of `type`. */
export declare function commandOf<Type extends CallCommand['type']>(kernel: Kernel, type: Type): Extract<CallCommand, {
    readonly type: Type;
}>;
/** The VM that the call found; its reference keeps it. */
export declare function vmOf(kernel: Kernel): Vm;
/** The calling process, or undefined when it is dead. One that ends has no thread but the one that ends it. */
export declare function curproc(kernel: Kernel): Process | undefined;
/** Threads of the process that are in the kernel, but for this one. Who signals or spawns it is none of them. */
export declare function siblingsOf(kernel: Kernel, pid: Pid): readonly Thread[];
/** A registered VM by the id that a caller gave. */
export declare function lookup(world: World, id: Word64): Vm | undefined;
/** The VM with an id, also when it is off the list: its guest runs on while it waits to be torn down. */
export declare function vmWithId(world: World, id: VmId): Vm | undefined;
