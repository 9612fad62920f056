import { type FrameKind } from './layout.ts';
/** One line of the table. */
export type ContentsEntry = {
    readonly kind: FrameKind;
    /** Byte of the file at which the frame's head starts. */
    readonly offset: number;
    readonly seq: number;
    readonly count: number;
};
/** A table that grows by one line for each frame, and finds frames by moment. */
export declare class Contents {
    #private;
    get length(): number;
    get segments(): number;
    get snapshots(): number;
    get notes(): number;
    /** Seq of the first event, or null on a tape without events. */
    get firstSeq(): number | null;
    /** Seq of the last event, or null on a tape without events. */
    get lastSeq(): number | null;
    get events(): number;
    at(ordinal: number): ContentsEntry;
    /** Why `entry` cannot come next, as what was wanted and what was found; null when it can. */
    refusal(entry: Omit<ContentsEntry, 'offset'>): {
        readonly wanted: string;
        readonly found: string;
    } | null;
    add({ kind, offset, seq, count }: ContentsEntry): void;
    /** The ordinal of the frame that holds event `seq`, or null. */
    segmentFor(seq: number): number | null;
    /** The ordinal of the latest snapshot of a moment at or before `seq`, or null. */
    snapshotBefore(seq: number): number | null;
    /**
     * The payload of an index frame whose head will lie at `offset`: a msgpack map of the four columns, zeros
     * up to a multiple of 8, and the trailer.
     */
    encode(offset: number): Uint8Array;
    /** The table that an index frame at `offset` holds; null when it holds none or one of another place. */
    static decode(payload: Uint8Array, offset: number): Contents | null;
    equals(other: Contents): boolean;
}
/** Where the last bytes of an index say that its head lies, or null when they are no trailer. */
export declare function trailerOffset(bytes: Uint8Array): number | null;
