import { type EventsFrame } from '../reader.ts';
import type { TapeReport } from '../report.ts';
import { type TapeFileSystem } from './system.ts';
export type SealOptions = {
    readonly overwrite?: boolean;
    /** Seal what comes before the damage of a damaged tape; without it such a tape is refused. */
    readonly salvage?: boolean;
    /**
     * Makes one payload of several frames of events that follow each other; a tape that was synced after each event has
     * one frame for each. Without it frames stay as they are.
     */
    readonly merge?: (segments: readonly EventsFrame[]) => Uint8Array;
    /** Events from which on a merged frame is full; 8192 unless told. */
    readonly mergedEvents?: number;
    readonly fileSystem?: TapeFileSystem;
};
/** @returns what was found at `from`; and the sizes of the two files, in bytes. */
export type Sealed = {
    readonly report: TapeReport;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
};
/**
 * Writes a sealed copy of the tape at `from` to `to`, beside it first, so that `to` is whole or not there.
 *
 * @throws TapeError TAPE007 when `to` exists, TAPE011 when the tape is damaged, and what reading and writing throw.
 */
export declare function sealTape(from: string, to: string, options?: SealOptions): Sealed;
