/**
 * The layout of a tape, in bytes. `docs/tape-format.md` tells the same with examples.
 *
 * A tape is one append-only file: a prologue, then frames, one after the other, up to its end. All
 * numbers are little endian; the prologue and every frame are a multiple of 8 bytes long, so that a
 * payload always starts on an 8-byte boundary of the file.
 *
 *     prologue, 16 bytes
 *       0  8  magic: 89 56 54 41 50 45 0D 0A ("\x89VTAPE\r\n")
 *       8  4  format version
 *      12  4  crc32 of bytes 0..12
 *
 *     frame: a head of 56 bytes, the payload, zeros up to a multiple of 8
 *       0  4  mark: 56 54 46 52 ("VTFR")
 *       4  1  kind: 1 header, 2 events, 3 snapshot, 4 note, 5 index
 *       5  1  codec of the payload: 0 plain, 1 brotli
 *       6  2  zero
 *       8  4  length of the payload as stored, without the zeros after it
 *      12  4  length of the payload once expanded; equal to the one above if plain
 *      16  8  seq: of the first event, or of the moment that a snapshot or note is about
 *      24  4  number of events; zero in other kinds
 *      28  4  ordinal of the frame, from 0 (the header)
 *      32  4  crc32 of bytes 0..32
 *      36  4  crc32 of bytes 0..36, the payload and the zeros after it
 *      40 16  chain: first 16 bytes of the sha-256 of this whole frame, taken with the chain value
 *             of the frame before in this place. For the first frame that is the prologue.
 *
 * The head has a checksum of its own so that a wrong length is told from a file that ends too early.
 * The checksums find accidents; the chain also finds frames that were exchanged, repeated or left
 * out, and its last value names the content of the whole tape.
 *
 * The first frame is the header: a msgpack map. Frames of events follow each other without a gap in
 * `seq`. A snapshot is the world after event `seq` was applied; a note is UTF-8 text about that
 * moment. Neither may be about a moment that the events before it do not reach. An index repeats
 * where every frame before it lies; it is written when a tape is closed, its last 24 bytes lead
 * back to its head, and a tape without one is read by going over the heads. A tape that was opened
 * again and appended to has an index in its middle, which means nothing any more.
 */
/** The version that this code writes, and the newest that it reads. */
export declare const FORMAT_VERSION = 1;
/** Like PNG's: a byte above 127, a name, and a line end that text-mode copying would spoil. */
export declare const MAGIC: readonly number[];
export declare const PROLOGUE_BYTES = 16;
export declare const HEAD_BYTES = 56;
export declare const CHAIN_BYTES = 16;
export declare const ALIGNMENT_BYTES = 8;
/** "VTFR", read as a little-endian number. */
export declare const FRAME_MARK = 1380340822;
/** "VTAPEEND", the last bytes of an index and thus of a closed tape. */
export declare const END_MARK: readonly number[];
/** At the end of an index: the length of its map, the offset of its own head, and the end mark. */
export declare const TRAILER_BYTES = 24;
/** No payload is larger, stored or expanded: a length beyond it is damage and not worth an allocation. */
export declare const PAYLOAD_BYTES_MAX: number;
/** Where each field of a frame's head lies. */
export declare const AT: {
    readonly mark: 0;
    readonly kind: 4;
    readonly codec: 5;
    readonly zero: 6;
    readonly storedBytes: 8;
    readonly expandedBytes: 12;
    readonly seq: 16;
    readonly count: 24;
    readonly ordinal: 28;
    readonly headCrc: 32;
    readonly crc: 36;
    readonly chain: 40;
};
/** Kinds of frames by their number on the tape; number 0 is no kind. */
export declare const KINDS: readonly [null, 'header', 'events', 'snapshot', 'note', 'index'];
export type FrameKind = Exclude<(typeof KINDS)[number], null>;
/** Codecs of payloads by their number on the tape. */
export declare const CODECS: readonly ['plain', 'brotli'];
export type Codec = (typeof CODECS)[number];
/** `length` and the zeros after it. */
export declare function aligned(length: number): number;
/** Bytes that a payload of `length` bytes takes on the tape, head and zeros included. */
export declare function frameBytes(length: number): number;
