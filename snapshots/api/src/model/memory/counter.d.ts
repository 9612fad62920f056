/** How a write changes a counter. */
export type Change = (counter: Counter, by: number) => void;
export declare class Counter {
    /** The latest value. */
    now: number;
    /** Pairs, as far as the history is made: a record that changed the counter, and its value from then on. */
    private changes;
    private length;
    /** Goes on with the history. */
    note(record: number, by: number): void;
    /** The value as of a record up to which the history is made. */
    at(limit: number): number;
    /** Forgets the history after a record. */
    cut(limit: number): void;
    private changesUpTo;
    get bytes(): number;
}
