/**
 * What can have happened to a call in flight. A call is data: where it stands and what it has learnt
 * is in the world, so that a world can be stored between any two steps.
 */
import type { CallCommand } from './command.ts';
import type { ThreadId } from './ids.ts';
import type { Reply } from './reply.ts';
import type { WaitChannel } from './wait.ts';
/** The command runs on a thread of its own; its first step is the next. */
export type CallStarted = {
    readonly type: 'call.started';
    readonly thread: ThreadId;
    readonly command: CallCommand;
};
/** A step of the call became true that changed nothing else. */
export type CallStepped = {
    readonly type: 'call.stepped';
    readonly thread: ThreadId;
};
/** The call learnt values of its locals. */
export type CallLearnt = {
    readonly type: 'call.learnt';
    readonly thread: ThreadId;
    readonly locals: Readonly<Record<string, unknown>>;
};
/** The thread cannot go on before what it waits for has happened. */
export type CallBlocked = {
    readonly type: 'call.blocked';
    readonly thread: ThreadId;
    readonly on: WaitChannel;
};
/** The call has ended and the thread with it. */
export type CallReplied = {
    readonly type: 'call.replied';
    readonly thread: ThreadId;
    readonly reply: Reply;
};
export type CallEvent = CallStarted | CallStepped | CallLearnt | CallBlocked | CallReplied;
