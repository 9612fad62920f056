/**
 * What a trace of a real host says about itself: which lines are missing, what it does not tell, and what the program
 * under trace noted between the lines. Only imported runs have these.
 *
 * Source: the trace's own markers; `line` is the line of the trace, from 1.
 */
/** Events are missing; `events` how many, null where nobody counted. What is concluded from here on may be wrong. */
export type TraceLost = {
    readonly type: 'trace.lost';
    readonly line: number;
    readonly events: number | null;
    readonly where: string;
};
/** A line, or a value that the model needs, that does not tell what it is about. */
export type TraceUndecided = {
    readonly type: 'trace.undecided';
    readonly line: number;
    readonly what: string;
};
/** The program under trace read the kernel's own counters about here. */
export type TraceCheckpointed = {
    readonly type: 'trace.checkpointed';
    readonly line: number;
    readonly checkpoint: number;
    readonly title: string;
};
/** The program under trace wrote this between the events. */
export type TraceNoted = {
    readonly type: 'trace.noted';
    readonly line: number;
    readonly text: string;
};
export type TraceEvent = TraceLost | TraceUndecided | TraceCheckpointed | TraceNoted;
