/**
 * Frames as bytes: making one, and judging one that was read. Pure; checksums come in as functions, so
 * that it runs in a browser page as well as on Node.
 */
import { type Codec, type FrameKind } from './layout.ts';
/** The two checksums of a tape. */
export type Checksums = {
    /** CRC-32 (IEEE 802.3) of `bytes`, going on from `before`; below 2^32. */
    readonly crc32: (bytes: Uint8Array, before?: number) => number;
    /** SHA-256 of `head` followed by `body`; 32 bytes. */
    readonly sha256: (head: Uint8Array, body: Uint8Array) => Uint8Array;
};
/** What the head of a frame says. */
export type FrameHead = {
    readonly kind: FrameKind;
    readonly codec: Codec;
    readonly storedBytes: number;
    readonly expandedBytes: number;
    readonly seq: number;
    readonly count: number;
    readonly ordinal: number;
};
/**
 * What a frame failed on, in the order in which it is looked at. `kind` covers the mark, the kind, the
 * codec and the reserved bytes; `order` the ordinal and the seq; `index` an index that is not of this tape.
 */
export type FrameFault = {
    readonly what: 'kind' | 'crc' | 'length' | 'chain' | 'order' | 'index';
    readonly wanted: string;
    readonly found: string;
};
/** The first 16 bytes of every tape. */
export declare function encodePrologue({ crc32 }: Checksums, version?: number): Uint8Array;
/**
 * Writes a whole frame into `into` at `offset`.
 *
 * @param chain chain value of the frame before; for the first frame, the prologue.
 * @returns the chain value of this frame.
 */
export declare function encodeFrame(into: Uint8Array, offset: number, head: FrameHead, payload: Uint8Array, chain: Uint8Array, { crc32, sha256 }: Checksums): Uint8Array;
/**
 * Reads a head, `HEAD_BYTES` long.
 *
 * @returns the head, or what is wrong with it. Of a head that passes, every field is possible, and the
 *   length can be trusted to be the one that was written.
 */
export declare function decodeHead(bytes: Uint8Array, { crc32 }: Checksums): FrameHead | FrameFault;
/** Tells a head that passed from what is wrong with one that did not. */
export declare function isFault(judged: FrameHead | FrameFault): judged is FrameFault;
/**
 * Judges a whole frame whose head has passed: its checksum, then its chain value.
 *
 * @param chain chain value of the frame before, or null to leave the chain alone.
 * @returns what is wrong, or null.
 */
export declare function judgeFrame(frame: Uint8Array, chain: Uint8Array | null, { crc32, sha256 }: Checksums): FrameFault | null;
/** The chain value that a frame carries. */
export declare function chainOf(frame: Uint8Array): Uint8Array;
/** A fault as a value; `wanted` and `found` end up in a sentence. */
export declare function fault(what: FrameFault['what'], wanted: string, found: string): FrameFault;
/** The same bytes, to read numbers from. */
export declare function viewOf(bytes: Uint8Array): DataView;
/** A 64-bit number below 2^53, in two halves: a bigint would cost an allocation for each frame. */
export declare function writeUint64(view: DataView, at: number, value: number): void;
/** The 64-bit number at `at`; beyond 2^53 it is not exact, and the caller refuses it. */
export declare function readUint64(view: DataView, at: number): number;
