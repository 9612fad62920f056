/**
 * Going over a tape from its start, frame by frame, up to the first thing that is not as it was written.
 */
import { Contents } from './contents.ts';
import { type Checksums } from './frame.ts';
import { type TapeHeader } from './header.ts';
import type { TapeReport } from './report.ts';
import type { TapeSource } from './source.ts';
/** What is known of a tape once it was gone over. */
export type Scan = {
    readonly header: TapeHeader;
    /** The header as it lies on the tape, for a copy that is to be the same. */
    readonly headerPayload: Uint8Array;
    readonly contents: Contents;
    readonly report: TapeReport;
    /** Chain value of the last accepted frame. */
    readonly chain: Uint8Array;
};
/** How thoroughly to look: at every byte, or as little as finding the frames takes. */
export type Verify = 'all' | 'lazy';
/**
 * @throws TapeError TAPE001, TAPE002, TAPE003 or TAPE006 when there is no header to go by. All else that is wrong
 *   is in the report.
 */
export declare function scanTape(source: TapeSource, sums: Checksums, verify: Verify): Scan;
