/**
 * A run as an actor, for people who live in xstate: `createActor(runLogic, { input: { boot } })` takes commands by
 * `send`, emits the recorded events, answers `subscribe` and `getPersistedSnapshot`, and shows in an inspector.
 *
 * Its snapshots are values. Sending to an actor that was started from an older snapshot goes on from there.
 */
import type { ActorLogic, ActorSystem, Snapshot } from 'xstate';
import type { Boot } from '../../events/boot.ts';
import type { CallCommand, Command } from '../../events/command.ts';
import type { Recorded } from '../../events/event.ts';
import type { ThreadId } from '../../events/ids.ts';
import type { Outcome } from '../../events/reply.ts';
import type { World } from '../model/world.ts';
import type { StepOutcome } from './engine.ts';
import { type RunSnapshot } from './run.ts';
export type RunInput = {
    readonly design?: string;
    readonly boot?: Partial<Boot>;
};
/** What an actor can be sent: a command to its end, a command on a thread, or one step of a thread. */
export type RunActorEvent = Command | {
    readonly type: 'thread.start';
    readonly thread: ThreadId;
    readonly command: CallCommand;
} | {
    readonly type: 'thread.step';
    readonly thread: ThreadId;
};
/** What an actor emits: each recorded event, under the type `recorded`. */
export type RunActorEmitted = {
    readonly type: 'recorded';
} & Recorded;
export type RunActorSnapshot = Snapshot<undefined> & {
    readonly design: string;
    readonly world: World;
    /** What the last thing that was sent came to. */
    readonly outcome: Outcome | StepOutcome | null;
};
/** A snapshot as plain data, for storage. */
export type RunActorPersisted = Snapshot<undefined> & {
    readonly run: RunSnapshot;
};
type Logic = ActorLogic<RunActorSnapshot, RunActorEvent, RunInput, ActorSystem<never>, RunActorEmitted>;
export declare const runLogic: Logic;
export {};
