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
export const FORMAT_VERSION = 1

/** Like PNG's: a byte above 127, a name, and a line end that text-mode copying would spoil. */
export const MAGIC: readonly number[] = [0x89, 0x56, 0x54, 0x41, 0x50, 0x45, 0x0d, 0x0a]

export const PROLOGUE_BYTES = 16
export const HEAD_BYTES = 56
export const CHAIN_BYTES = 16
export const ALIGNMENT_BYTES = 8

/** "VTFR", read as a little-endian number. */
export const FRAME_MARK = 0x52465456
/** "VTAPEEND", the last bytes of an index and thus of a closed tape. */
export const END_MARK: readonly number[] = [0x56, 0x54, 0x41, 0x50, 0x45, 0x45, 0x4e, 0x44]
/** At the end of an index: the length of its map, the offset of its own head, and the end mark. */
export const TRAILER_BYTES = 24

/** No payload is larger, stored or expanded: a length beyond it is damage and not worth an allocation. */
export const PAYLOAD_BYTES_MAX = 2 ** 30

/** Where each field of a frame's head lies. */
export const AT = {
  mark: 0,
  kind: 4,
  codec: 5,
  zero: 6,
  storedBytes: 8,
  expandedBytes: 12,
  seq: 16,
  count: 24,
  ordinal: 28,
  headCrc: 32,
  crc: 36,
  chain: 40,
} as const

/** Kinds of frames by their number on the tape; number 0 is no kind. */
export const KINDS = [null, 'header', 'events', 'snapshot', 'note', 'index'] as const
export type FrameKind = Exclude<(typeof KINDS)[number], null>

/** Codecs of payloads by their number on the tape. */
export const CODECS = ['plain', 'brotli'] as const
export type Codec = (typeof CODECS)[number]

/** `length` and the zeros after it. */
export function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
}

/** Bytes that a payload of `length` bytes takes on the tape, head and zeros included. */
export function frameBytes(length: number): number {
  return HEAD_BYTES + aligned(length)
}
