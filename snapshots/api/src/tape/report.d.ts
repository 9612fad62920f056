/**
 * What reading a tape found: how much of it was accepted, and what is wrong with the rest.
 */
import type { FrameFault } from './frame.ts';
/** Bytes at the end that were being written when writing stopped: too few for a frame, or zeros. */
export type TornTail = {
    /** The first byte that was not accepted. */
    readonly offset: number;
    /** From there to the end of the file. */
    readonly bytes: number;
};
/** A frame that is not as it was written. Nothing from `offset` on is accepted. */
export type Corruption = TornTail & FrameFault & {
    /** Ordinal of the frame. */
    readonly frame: number;
    /** Frames after it that look intact on their own. Without any, a write may have been torn here. */
    readonly intactAfter: number;
    /** The first of those, by its offset. */
    readonly nextIntact: number | null;
};
export type TapeReport = {
    /** Size of the file. */
    readonly bytes: number;
    readonly accepted: {
        readonly bytes: number;
        readonly frames: number;
        readonly segments: number;
        readonly snapshots: number;
        readonly notes: number;
        readonly events: number;
        /** Null on a tape without events. */
        readonly firstSeq: number | null;
        readonly lastSeq: number | null;
    };
    /** What the acceptance rests on: every byte, the heads of the frames, or the index. */
    readonly verified: 'all' | 'heads' | 'index';
    /** Whether it ends in an index, as a tape does whose writer came to close it. */
    readonly closed: boolean;
    /** At most one of these two is not null. */
    readonly tornTail: TornTail | null;
    readonly corrupted: Corruption | null;
};
/** What is wrong, in one sentence without a path; null when nothing is. */
export declare function damageIn({ tornTail, corrupted }: TapeReport): string | null;
