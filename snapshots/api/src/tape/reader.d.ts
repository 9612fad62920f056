import { type Checksums } from './frame.ts';
import type { TapeHeader } from './header.ts';
import { type TapeReport } from './report.ts';
import { type Verify } from './scan.ts';
import type { TapeSource } from './source.ts';
/** A run of events. */
export type EventsFrame = {
    readonly kind: 'events';
    readonly offset: number;
    readonly firstSeq: number;
    readonly count: number;
    /** Whether it lies compressed on the tape. */
    readonly sealed: boolean;
    /** Expanded; what the codec of events made. A view that stays valid and must not be written to. */
    readonly payload: Uint8Array;
};
/** The world after event `seq` was applied. */
export type SnapshotFrame = {
    readonly kind: 'snapshot';
    readonly offset: number;
    readonly seq: number;
    /** Whether it lies compressed on the tape. */
    readonly sealed: boolean;
    readonly payload: Uint8Array;
};
/** What somebody had to say about the moment after event `seq`. */
export type NoteFrame = {
    readonly kind: 'note';
    readonly offset: number;
    readonly seq: number;
    readonly text: string;
};
export type TapeFrame = EventsFrame | SnapshotFrame | NoteFrame;
/** What reading needs from around it. */
export type ReadingMeans = {
    readonly checksums: Checksums;
    /**
     * Expands a payload to `expandedBytes`, or throws. Left out where there is no brotli; then sealed frames cannot
     * be read, and say so.
     */
    readonly expand?: (stored: Uint8Array, expandedBytes: number) => Uint8Array;
};
/** One open tape. Reading changes nothing, so any number of readers may have the same tape open. */
export declare class TapeReader {
    #private;
    readonly header: TapeHeader;
    readonly report: TapeReport;
    /**
     * @param verify 'all' looks at every byte now: what is damaged is in the report, and all that the reader then
     *   hands out comes from before the damage. 'lazy' opens by the index, or by the heads if there is none, and
     *   looks at a frame when it is read; a damaged one is thrown as TAPE011 then.
     * @throws TapeError TAPE001, TAPE002, TAPE003 or TAPE006 when there is no header to go by.
     */
    constructor(source: TapeSource, means: ReadingMeans, verify?: Verify);
    /** The header as it lies on the tape, for a copy that is to be the same. */
    get headerPayload(): Uint8Array;
    /** Names all that was accepted: equal values mean equal tapes, byte by byte. 16 bytes. */
    get chain(): Uint8Array;
    /** What is wrong with the tape, in a sentence, or null. */
    get damage(): string | null;
    /** Where indexes lie, in bytes: one at the end of a closed tape, and one wherever a closed tape was gone on with. */
    get indexes(): readonly number[];
    /** The frames in the order of the file. */
    frames(): IterableIterator<TapeFrame>;
    /** The frames of events in order of seq, from the one that holds event `seq` on; all of them if it is before the first. */
    segments(seq?: number): IterableIterator<EventsFrame>;
    notes(): IterableIterator<NoteFrame>;
    /** The frame that holds event `seq`, or null when no accepted one does. */
    segmentFor(seq: number): EventsFrame | null;
    /** The latest snapshot of a moment at or before `seq`, or null: then replay starts from the header. */
    snapshotBefore(seq: number): SnapshotFrame | null;
    /** Lets go of the file. Frames that were handed out stay valid. */
    close(): void;
}
