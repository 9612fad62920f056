/**
 * The second of the two kinds of failure. A refusal is an answer that vmm(4) really gives, and is
 * data. A defect is a fault of the model, of a tape or of a caller; nothing can be decided after it,
 * so it is thrown.
 */
/** What must not happen happened; carries a code that tests and front ends compare. */
export declare class Defect extends Error {
    /** Stable, such as `ENG010`. The message begins with it. */
    readonly code: string;
    /** The event at which a debugger should open, or null when no event is to blame. */
    readonly seq: number | null;
    constructor(code: string, sentence: string, seq?: number | null);
}
