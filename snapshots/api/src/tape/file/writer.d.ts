import { type TapeHeader, type TapeHeaderInput } from '../header.ts';
import { type TapeReport } from '../report.ts';
import { type TapeFileSystem } from './system.ts';
/**
 * When the disk is waited for: never by itself (only in `sync`), after each frame, or once so many events have been
 * appended since the last time. A wait takes 0.2 to 0.5 ms whatever the size.
 */
export type SyncPolicy = 'never' | 'segment' | number;
export type WriterOptions = {
    /** 'segment' unless told. */
    readonly sync?: SyncPolicy;
    /** Compress the payloads of events and snapshots as they are written. */
    readonly seal?: boolean;
    readonly fileSystem?: TapeFileSystem;
};
export type CreateOptions = WriterOptions & {
    /** Replace what is at the path; without it an existing file is refused. */
    readonly overwrite?: boolean;
};
export type ResumeOptions = WriterOptions & {
    /**
     * Told of everything that is wrong with the end of the tape before anything is done about it; the answer is
     * whether that end may be cut off. Left out, a tape with such an end is refused.
     */
    readonly cut?: (report: TapeReport) => boolean;
};
/** One tape that is being written. There must be no other writer of the same file; one is noticed, not kept away. */
export declare class TapeWriter {
    #private;
    readonly header: TapeHeader;
    private constructor();
    /**
     * Starts a tape. Once this returns, the header is on the disk, unless `sync` is 'never'.
     *
     * @throws TapeError TAPE007 when the file exists, TAPE008 when it cannot be made or written; then no file is left.
     *   TAPE014 when the header holds what it cannot.
     */
    static create(path: string, header: TapeHeaderInput, options?: CreateOptions): TapeWriter;
    /** The same with a header as it lies on another tape, of which this one becomes a copy. */
    static createWith(path: string, headerPayload: Uint8Array, options?: CreateOptions): TapeWriter;
    /**
     * Goes on with a tape, after looking at every byte of it. What it holds is on the disk once this returns.
     *
     * @throws TapeError TAPE012 when its end is damaged and `cut` did not allow to cut it, TAPE013 when intact frames
     *   follow the damage: cutting would lose them. TAPE008, TAPE009, and what reading throws, too.
     */
    static resume(path: string, options?: ResumeOptions): TapeWriter;
    get path(): string;
    /** Seq of the last event that is known to be on the disk; -1 when none is. */
    get acknowledged(): number;
    /** Seq of the last event that was appended; -1 when none was. */
    get lastSeq(): number;
    /** Bytes of the tape so far. */
    get bytes(): number;
    /**
     * Appends a frame of `count` events, of which the first has seq `firstSeq`: one after the last one so far.
     *
     * @throws TapeError TAPE014 when they do not follow, TAPE008 when writing failed: then the tape ends where it ended
     *   before, and appending may be tried again; TAPE009 when the disk could not be waited for: then the writer gives
     *   up, since nobody knows what is on the disk. TAPE010 after that.
     */
    appendEvents(payload: Uint8Array, count: number, firstSeq: number): void;
    /** Appends a snapshot: the world after event `seq`, which is on the tape; or the start of a fork, before any event. */
    appendSnapshot(seq: number, payload: Uint8Array): void;
    /** Appends a note about the moment after event `seq`. */
    appendNote(seq: number, text: string): void;
    /** Returns once everything appended is on the disk, and acknowledges it. */
    sync(): void;
    /**
     * Writes the index and lets go of the file. Without it the tape opens all the same. Closing again does nothing.
     *
     * @throws what appending throws, once the file is closed; the events are then on the tape as before.
     */
    close(): void;
    /** Lets go of the file as it is, without an index and without waiting for the disk. */
    abandon(): void;
}
