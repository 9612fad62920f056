/**
 * Going over a tape from its start, frame by frame, up to the first thing that is not as it was written.
 */
import { Contents, trailerOffset } from './contents.ts'
import { TapeError } from './error.ts'
import {
  type Checksums,
  chainOf,
  decodeHead,
  type FrameFault,
  type FrameHead,
  fault,
  isFault,
  judgeFrame,
  viewOf,
} from './frame.ts'
import { looksLike } from './guess.ts'
import { decodeHeader, type TapeHeader } from './header.ts'
import {
  ALIGNMENT_BYTES,
  FORMAT_VERSION,
  FRAME_MARK,
  frameBytes,
  HEAD_BYTES,
  MAGIC,
  PROLOGUE_BYTES,
  TRAILER_BYTES,
} from './layout.ts'
import type { Corruption, TapeReport, TornTail } from './report.ts'
import type { TapeSource } from './source.ts'

/** What is known of a tape once it was gone over. */
export type Scan = {
  readonly header: TapeHeader
  /** The header as it lies on the tape, for a copy that is to be the same. */
  readonly headerPayload: Uint8Array
  readonly contents: Contents
  readonly report: TapeReport
  /** Chain value of the last accepted frame. */
  readonly chain: Uint8Array
}

/** How thoroughly to look: at every byte, or as little as finding the frames takes. */
export type Verify = 'all' | 'lazy'

/** Bytes in which a search for intact frames proceeds. */
const STRIDE_BYTES = 2 ** 20

/**
 * @throws TapeError TAPE001, TAPE002, TAPE003 or TAPE006 when there is no header to go by. All else that is wrong
 *   is in the report.
 */
export function scanTape(source: TapeSource, sums: Checksums, verify: Verify): Scan {
  const start = readHeader(source, sums)
  if (verify === 'lazy') {
    const indexed = readIndex(source, sums)
    if (indexed !== null) return { ...start, ...indexed }
  }
  return { ...start, ...scanFrames(source, sums, verify, start) }
}

type Start = Pick<Scan, 'header' | 'headerPayload' | 'chain'> & { readonly end: number }

function readHeader(source: TapeSource, sums: Checksums): Start {
  const { path, size } = source
  if (size === 0) throw new TapeError('TAPE002', 'a tape was wanted, and the file is empty', { path })
  const first = source.read(0, Math.min(size, 512))
  const magic = MAGIC.slice(0, size)
  if (magic.some((byte, index) => first[index] !== byte))
    throw new TapeError('TAPE001', `a tape was wanted, and this looks like ${looksLike(first)}`, { path, offset: 0 })
  const damaged = (offset: number, sentence: string) => new TapeError('TAPE006', sentence, { path, offset })
  if (size < PROLOGUE_BYTES) throw damaged(size, `the tape ends at byte ${size}, inside its prologue`)
  const view = viewOf(first)
  if (view.getUint32(12, true) !== sums.crc32(first.subarray(0, 12)))
    throw damaged(0, 'the prologue of the tape, bytes 0 to 16, is damaged: its crc32 does not match')
  const version = view.getUint32(8, true)
  if (version > FORMAT_VERSION)
    throw new TapeError(
      'TAPE003',
      `the tape has format version ${version}, and this program reads up to version ${FORMAT_VERSION}; a newer one is needed`,
      { path, offset: 8 },
    )
  if (version === 0) throw damaged(8, 'the tape has format version 0, which there never was')
  const short = () => damaged(size, `the tape ends at byte ${size}, inside its header`)
  if (size < PROLOGUE_BYTES + HEAD_BYTES) throw short()
  const broken = ({ what, wanted, found }: FrameFault) =>
    damaged(
      PROLOGUE_BYTES,
      `the header at byte ${PROLOGUE_BYTES} is damaged (${what}): wanted ${wanted}, found ${found}`,
    )
  const head = decodeHead(source.read(PROLOGUE_BYTES, HEAD_BYTES), sums)
  if (isFault(head)) throw broken(head)
  const bytes = frameBytes(head.storedBytes)
  if (size < PROLOGUE_BYTES + bytes) throw short()
  const frame = source.read(PROLOGUE_BYTES, bytes)
  const wrong = judgeFrame(frame, first.subarray(0, PROLOGUE_BYTES), sums)
  if (wrong !== null) throw broken(wrong)
  if (head.kind !== 'header' || head.codec !== 'plain' || head.ordinal !== 0)
    throw broken(fault('kind', 'a plain header as frame 0', `a ${head.codec} ${head.kind} as frame ${head.ordinal}`))
  const headerPayload = frame.slice(HEAD_BYTES, HEAD_BYTES + head.storedBytes)
  const header = decodeHeader(headerPayload, path)
  return { header, headerPayload, chain: chainOf(frame).slice(), end: PROLOGUE_BYTES + bytes }
}

/** Goes from head to head; with `verify` at 'all' it also checks what lies between them. */
function scanFrames(
  source: TapeSource,
  sums: Checksums,
  verify: Verify,
  start: Start,
): Pick<Scan, 'contents' | 'report' | 'chain'> {
  const { size } = source
  const contents = new Contents()
  contents.add({ kind: 'header', offset: PROLOGUE_BYTES, seq: 0, count: 0 })
  let { chain, end: offset } = start
  let closed = false
  let tornTail: TornTail | null = null
  let corrupted: Corruption | null = null
  while (offset < size) {
    const frame = wholeFrame(source, offset, sums)
    if (frame === 'torn') {
      tornTail = { offset, bytes: size - offset }
      break
    }
    const wrong = isFault(frame) ? frame : judge(source, frame, offset, contents, chain, verify, sums)
    if (isFault(frame) || wrong !== null) {
      if (allZero(source, offset)) tornTail = { offset, bytes: size - offset }
      else if (wrong !== null)
        corrupted = {
          offset,
          bytes: size - offset,
          frame: contents.length,
          ...wrong,
          ...findIntact(source, offset + ALIGNMENT_BYTES, sums),
        }
      break
    }
    chain = chainOf(source.read(offset, HEAD_BYTES)).slice()
    contents.add({ kind: frame.kind, offset, seq: frame.seq, count: frame.count })
    closed = frame.kind === 'index'
    offset += frameBytes(frame.storedBytes)
  }
  const verified = verify === 'all' ? 'all' : 'heads'
  return {
    contents,
    chain,
    report: { ...reportOf(contents, size, offset, verified), closed: closed && offset === size, tornTail, corrupted },
  }
}

/** The head at `offset` if its frame lies within the file; a fault, or that the file ends inside the frame. */
function wholeFrame(source: TapeSource, offset: number, sums: Checksums): FrameHead | FrameFault | 'torn' {
  const rest = source.size - offset
  if (rest < HEAD_BYTES) return 'torn'
  const head = decodeHead(source.read(offset, HEAD_BYTES), sums)
  // The head passed its own checksum, so the length is the one that was written: the file is too short for it.
  if (!isFault(head) && frameBytes(head.storedBytes) > rest) return 'torn'
  return head
}

/** What is wrong with a frame whose head has passed. An index is small, and is always looked at in full. */
function judge(
  source: TapeSource,
  head: FrameHead,
  offset: number,
  contents: Contents,
  chain: Uint8Array,
  verify: Verify,
  sums: Checksums,
): FrameFault | null {
  if (verify === 'all' || head.kind === 'index') {
    const frame = source.read(offset, frameBytes(head.storedBytes))
    const wrong = judgeFrame(frame, chain, sums)
    if (wrong !== null) return wrong
    if (head.kind === 'index') {
      const index = Contents.decode(frame.subarray(HEAD_BYTES, HEAD_BYTES + head.storedBytes), offset)
      if (index === null || !index.equals(contents))
        return fault('index', `an index of the ${contents.length} frames before`, index === null ? 'none' : 'another')
    }
  }
  if (head.ordinal !== contents.length) return fault('order', `frame ${contents.length}`, `frame ${head.ordinal}`)
  const refusal = contents.refusal(head)
  return refusal === null ? null : fault('order', refusal.wanted, refusal.found)
}

/** The way in from the end of a closed tape; null when the tape has none that can be trusted. */
function readIndex(source: TapeSource, sums: Checksums): Pick<Scan, 'contents' | 'report' | 'chain'> | null {
  const { size } = source
  if (size < PROLOGUE_BYTES + HEAD_BYTES + TRAILER_BYTES) return null
  const offset = trailerOffset(source.read(size - TRAILER_BYTES, TRAILER_BYTES))
  if (offset === null || offset < PROLOGUE_BYTES || offset % ALIGNMENT_BYTES !== 0 || offset > size - HEAD_BYTES)
    return null
  const head = wholeFrame(source, offset, sums)
  if (head === 'torn' || isFault(head) || head.kind !== 'index' || offset + frameBytes(head.storedBytes) !== size)
    return null
  const frame = source.read(offset, size - offset)
  const contents = Contents.decode(frame.subarray(HEAD_BYTES, HEAD_BYTES + head.storedBytes), offset)
  if (contents === null || contents.length !== head.ordinal) return null
  // The frame before vouches for the index as the chain has it, and shows that the two belong together.
  const before = source.read(contents.at(contents.length - 1).offset, HEAD_BYTES)
  if (isFault(decodeHead(before, sums)) || judgeFrame(frame, chainOf(before), sums) !== null) return null
  contents.add({ kind: 'index', offset, seq: head.seq, count: 0 })
  return {
    contents,
    chain: chainOf(frame).slice(),
    report: { ...reportOf(contents, size, size, 'index'), closed: true, tornTail: null, corrupted: null },
  }
}

function reportOf(
  contents: Contents,
  bytes: number,
  acceptedBytes: number,
  verified: TapeReport['verified'],
): Omit<TapeReport, 'closed' | 'tornTail' | 'corrupted'> {
  const { length: frames, segments, snapshots, notes, events, firstSeq, lastSeq } = contents
  return {
    bytes,
    accepted: { bytes: acceptedBytes, frames, segments, snapshots, notes, events, firstSeq, lastSeq },
    verified,
  }
}

/** Looks for frames that are intact on their own from `from` on, which is where a frame can start. */
function findIntact(source: TapeSource, from: number, sums: Checksums): Pick<Corruption, 'intactAfter' | 'nextIntact'> {
  let intactAfter = 0
  let nextIntact: number | null = null
  let offset = from
  while (offset + HEAD_BYTES <= source.size) {
    offset = nextMark(source, offset)
    if (offset + HEAD_BYTES > source.size) break
    const head = wholeFrame(source, offset, sums)
    const bytes = head === 'torn' || isFault(head) ? 0 : frameBytes(head.storedBytes)
    if (bytes > 0 && judgeFrame(source.read(offset, bytes), null, sums) === null) {
      intactAfter += 1
      nextIntact ??= offset
      offset += bytes
    } else offset += ALIGNMENT_BYTES
  }
  return { intactAfter, nextIntact }
}

/** The first offset from `from` on, in steps of the alignment, at which a mark lies; or the end. */
function nextMark(source: TapeSource, from: number): number {
  for (let start = from; start < source.size; start += STRIDE_BYTES) {
    const bytes = source.read(start, Math.min(STRIDE_BYTES, source.size - start))
    const view = viewOf(bytes)
    for (let at = 0; at + ALIGNMENT_BYTES <= bytes.length; at += ALIGNMENT_BYTES)
      if (view.getUint32(at, true) === FRAME_MARK) return start + at
  }
  return source.size
}

/** File systems fill with zeros what a crash kept from being written. */
function allZero(source: TapeSource, from: number): boolean {
  for (let start = from; start < source.size; start += STRIDE_BYTES)
    if (source.read(start, Math.min(STRIDE_BYTES, source.size - start)).some((byte) => byte !== 0)) return false
  return true
}
