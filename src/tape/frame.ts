/**
 * Frames as bytes: making one, and judging one that was read. Pure; checksums come in as functions, so
 * that it runs in a browser page as well as on Node.
 */
import {
  AT,
  CHAIN_BYTES,
  CODECS,
  type Codec,
  FORMAT_VERSION,
  FRAME_MARK,
  type FrameKind,
  frameBytes,
  HEAD_BYTES,
  KINDS,
  MAGIC,
  PAYLOAD_BYTES_MAX,
  PROLOGUE_BYTES,
} from './layout.ts'

/** The two checksums of a tape. */
export type Checksums = {
  /** CRC-32 (IEEE 802.3) of `bytes`, going on from `before`; below 2^32. */
  readonly crc32: (bytes: Uint8Array, before?: number) => number
  /** SHA-256 of `head` followed by `body`; 32 bytes. */
  readonly sha256: (head: Uint8Array, body: Uint8Array) => Uint8Array
}

/** What the head of a frame says. */
export type FrameHead = {
  readonly kind: FrameKind
  readonly codec: Codec
  readonly storedBytes: number
  readonly expandedBytes: number
  readonly seq: number
  readonly count: number
  readonly ordinal: number
}

/**
 * What a frame failed on, in the order in which it is looked at. `kind` covers the mark, the kind, the
 * codec and the reserved bytes; `order` the ordinal and the seq; `index` an index that is not of this tape.
 */
export type FrameFault = {
  readonly what: 'kind' | 'crc' | 'length' | 'chain' | 'order' | 'index'
  readonly wanted: string
  readonly found: string
}

/** The first 16 bytes of every tape. */
export function encodePrologue({ crc32 }: Checksums, version: number = FORMAT_VERSION): Uint8Array {
  const bytes = new Uint8Array(PROLOGUE_BYTES)
  bytes.set(MAGIC)
  const view = new DataView(bytes.buffer)
  view.setUint32(8, version, true)
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true)
  return bytes
}

/**
 * Writes a whole frame into `into` at `offset`.
 *
 * @param chain chain value of the frame before; for the first frame, the prologue.
 * @returns the chain value of this frame.
 */
export function encodeFrame(
  into: Uint8Array,
  offset: number,
  head: FrameHead,
  payload: Uint8Array,
  chain: Uint8Array,
  { crc32, sha256 }: Checksums,
): Uint8Array {
  const bytes = into.subarray(offset, offset + frameBytes(head.storedBytes))
  const view = viewOf(bytes)
  view.setUint32(AT.mark, FRAME_MARK, true)
  bytes[AT.kind] = KINDS.indexOf(head.kind)
  bytes[AT.codec] = CODECS.indexOf(head.codec)
  view.setUint16(AT.zero, 0, true)
  view.setUint32(AT.storedBytes, head.storedBytes, true)
  view.setUint32(AT.expandedBytes, head.expandedBytes, true)
  writeUint64(view, AT.seq, head.seq)
  view.setUint32(AT.count, head.count, true)
  view.setUint32(AT.ordinal, head.ordinal, true)
  const body = bytes.subarray(HEAD_BYTES)
  body.set(payload)
  body.fill(0, payload.length)
  view.setUint32(AT.headCrc, crc32(bytes.subarray(0, AT.headCrc)), true)
  view.setUint32(AT.crc, crc32(body, crc32(bytes.subarray(0, AT.crc))), true)
  bytes.set(chain, AT.chain)
  const own = sha256(bytes.subarray(0, HEAD_BYTES), body).slice(0, CHAIN_BYTES)
  bytes.set(own, AT.chain)
  return own
}

/**
 * Reads a head, `HEAD_BYTES` long.
 *
 * @returns the head, or what is wrong with it. Of a head that passes, every field is possible, and the
 *   length can be trusted to be the one that was written.
 */
export function decodeHead(bytes: Uint8Array, { crc32 }: Checksums): FrameHead | FrameFault {
  const view = viewOf(bytes)
  const mark = view.getUint32(AT.mark, true)
  if (mark !== FRAME_MARK) return fault('kind', `a frame's mark ${hex(FRAME_MARK)}`, hex(mark))
  const crc = crc32(bytes.subarray(0, AT.headCrc))
  const headCrc = view.getUint32(AT.headCrc, true)
  if (crc !== headCrc) return fault('crc', `a head with crc32 ${hex(headCrc)}`, hex(crc))
  const kind = KINDS[bytes[AT.kind] ?? 0]
  if (kind === undefined || kind === null)
    return fault('kind', `a kind from 1 to ${KINDS.length - 1}`, String(bytes[AT.kind]))
  const codec = CODECS[bytes[AT.codec] ?? 0]
  if (codec === undefined) return fault('kind', `a codec from 0 to ${CODECS.length - 1}`, String(bytes[AT.codec]))
  const zero = view.getUint16(AT.zero, true)
  if (zero !== 0) return fault('kind', 'zero in the reserved bytes', hex(zero))
  const storedBytes = view.getUint32(AT.storedBytes, true)
  const expandedBytes = view.getUint32(AT.expandedBytes, true)
  const longest = Math.max(storedBytes, expandedBytes)
  if (longest > PAYLOAD_BYTES_MAX)
    return fault('length', `a payload of at most ${PAYLOAD_BYTES_MAX} bytes`, `${longest} bytes`)
  if (codec === 'plain' && storedBytes !== expandedBytes)
    return fault('length', `a plain payload of ${storedBytes} bytes`, `${expandedBytes} bytes`)
  const seq = readUint64(view, AT.seq)
  const count = view.getUint32(AT.count, true)
  if (!Number.isSafeInteger(seq + count)) return fault('order', 'a seq below 2^53', `seq ${seq} and ${count} events`)
  if ((kind === 'events') !== count > 0)
    return fault('order', kind === 'events' ? 'at least one event' : 'no event', `${count} events`)
  return { kind, codec, storedBytes, expandedBytes, seq, count, ordinal: view.getUint32(AT.ordinal, true) }
}

/** Tells a head that passed from what is wrong with one that did not. */
export function isFault(judged: FrameHead | FrameFault): judged is FrameFault {
  return 'what' in judged
}

/**
 * Judges a whole frame whose head has passed: its checksum, then its chain value.
 *
 * @param chain chain value of the frame before, or null to leave the chain alone.
 * @returns what is wrong, or null.
 */
export function judgeFrame(
  frame: Uint8Array,
  chain: Uint8Array | null,
  { crc32, sha256 }: Checksums,
): FrameFault | null {
  const view = viewOf(frame)
  const body = frame.subarray(HEAD_BYTES)
  const crc = crc32(body, crc32(frame.subarray(0, AT.crc)))
  const written = view.getUint32(AT.crc, true)
  if (crc !== written) return fault('crc', `a frame with crc32 ${hex(written)}`, hex(crc))
  if (chain === null) return null
  const head = frame.slice(0, HEAD_BYTES)
  head.set(chain, AT.chain)
  const computed = sha256(head, body).subarray(0, CHAIN_BYTES)
  const stored = chainOf(frame)
  if (computed.every((byte, at) => byte === stored[at])) return null
  return fault('chain', `a frame with chain value ${hexOf(stored)}`, hexOf(computed))
}

/** The chain value that a frame carries. */
export function chainOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(AT.chain, AT.chain + CHAIN_BYTES)
}

/** A fault as a value; `wanted` and `found` end up in a sentence. */
export function fault(what: FrameFault['what'], wanted: string, found: string): FrameFault {
  return { what, wanted, found }
}

/** The same bytes, to read numbers from. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A 64-bit number below 2^53, in two halves: a bigint would cost an allocation for each frame. */
export function writeUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true)
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}

/** The 64-bit number at `at`; beyond 2^53 it is not exact, and the caller refuses it. */
export function readUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
}

/** Two digits for each byte, as digests are shown. */
function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
