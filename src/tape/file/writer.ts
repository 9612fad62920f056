/**
 * Writing a tape: whole frames at its end, each by one write, and the promise of which events survive a crash.
 */
import { Contents } from '../contents.ts'
import { reasonOf, TapeError } from '../error.ts'
import { encodeFrame, encodePrologue } from '../frame.ts'
import { decodeHeader, encodeHeader, type TapeHeader, type TapeHeaderInput } from '../header.ts'
import { type Codec, type FrameKind, frameBytes, PAYLOAD_BYTES_MAX, PROLOGUE_BYTES } from '../layout.ts'
import { damageIn, type TapeReport } from '../report.ts'
import { scanTape } from '../scan.ts'
import { TapeEnd } from './end.ts'
import { compress, nodeMeans } from './means.ts'
import { openSource } from './source.ts'
import { codeOf, nodeFileSystem, type TapeFileSystem } from './system.ts'

/**
 * When the disk is waited for: never by itself (only in `sync`), after each frame, or once so many events have been
 * appended since the last time. A wait takes 0.2 to 0.5 ms whatever the size.
 */
export type SyncPolicy = 'never' | 'segment' | number

export type WriterOptions = {
  /** 'segment' unless told. */
  readonly sync?: SyncPolicy
  /** Compress the payloads of events and snapshots as they are written. */
  readonly seal?: boolean
  readonly fileSystem?: TapeFileSystem
}

export type CreateOptions = WriterOptions & {
  /** Replace what is at the path; without it an existing file is refused. */
  readonly overwrite?: boolean
}

export type ResumeOptions = WriterOptions & {
  /**
   * Told of everything that is wrong with the end of the tape before anything is done about it; the answer is
   * whether that end may be cut off. Left out, a tape with such an end is refused.
   */
  readonly cut?: (report: TapeReport) => boolean
}

/** A frame buffer larger than this is not kept for the next frame. */
const KEPT_BUFFER_BYTES = 2 ** 22

/** One tape that is being written. There must be no other writer of the same file; one is noticed, not kept away. */
export class TapeWriter {
  readonly header: TapeHeader
  readonly #end: TapeEnd
  readonly #policy: SyncPolicy
  readonly #seal: boolean
  readonly #contents: Contents
  /** Chain value of the last frame. */
  #chain: Uint8Array
  #buffer = new Uint8Array(2 ** 16)
  #unsyncedEvents = 0

  private constructor(
    end: TapeEnd,
    header: TapeHeader,
    contents: Contents,
    chain: Uint8Array,
    { sync = 'segment', seal = false }: WriterOptions,
  ) {
    this.header = header
    this.#end = end
    this.#contents = contents
    this.#chain = chain
    this.#policy = sync
    this.#seal = seal
  }

  /**
   * Starts a tape. Once this returns, the header is on the disk, unless `sync` is 'never'.
   *
   * @throws TapeError TAPE007 when the file exists, TAPE008 when it cannot be made or written; then no file is left.
   *   TAPE014 when the header holds what it cannot.
   */
  static create(path: string, header: TapeHeaderInput, options: CreateOptions = {}): TapeWriter {
    return TapeWriter.createWith(path, encodeHeader(header), options)
  }

  /** The same with a header as it lies on another tape, of which this one becomes a copy. */
  static createWith(path: string, headerPayload: Uint8Array, options: CreateOptions = {}): TapeWriter {
    const { overwrite = false, fileSystem = nodeFileSystem, sync = 'segment' } = options
    refuseSyncPolicy(sync, path)
    const header = decodeHeader(headerPayload, path)
    const end = new TapeEnd(path, fileSystem, createFile(path, overwrite, fileSystem), 0, -1)
    const prologue = encodePrologue(nodeMeans.checksums)
    const writer = new TapeWriter(end, header, new Contents(), prologue, options)
    try {
      end.write(prologue, PROLOGUE_BYTES, -1)
      writer.#append('header', 0, 0, headerPayload)
      if (sync !== 'never') {
        writer.sync()
        end.syncName()
      }
    } catch (cause) {
      // A file without a header would only be in the way of the next attempt.
      quietly(() => end.close())
      quietly(() => fileSystem.remove(path))
      throw cause
    }
    return writer
  }

  /**
   * Goes on with a tape, after looking at every byte of it. What it holds is on the disk once this returns.
   *
   * @throws TapeError TAPE012 when its end is damaged and `cut` did not allow to cut it, TAPE013 when intact frames
   *   follow the damage: cutting would lose them. TAPE008, TAPE009, and what reading throws, too.
   */
  static resume(path: string, options: ResumeOptions = {}): TapeWriter {
    const { fileSystem = nodeFileSystem, cut = () => false, sync = 'segment' } = options
    refuseSyncPolicy(sync, path)
    const source = openSource(path, fileSystem)
    let scan: ReturnType<typeof scanTape>
    try {
      scan = scanTape(source, nodeMeans.checksums, 'all')
    } finally {
      source.close()
    }
    const { report, header, contents, chain } = scan
    const damage = damageIn(report)
    const offset = report.accepted.bytes
    const refuse = (code: 'TAPE012' | 'TAPE013', sentence: string) =>
      new TapeError(code, `${sentence}: ${damage}`, { path, offset })
    if (report.corrupted !== null && report.corrupted.intactAfter > 0)
      throw refuse('TAPE013', 'the tape cannot be gone on with')
    if (damage !== null && !cut(report))
      throw refuse('TAPE012', 'the end of the tape must be cut off before it can be gone on with')
    const file = reopenFile(path, report.bytes, offset, fileSystem)
    const end = new TapeEnd(path, fileSystem, file, offset, contents.lastSeq ?? -1)
    const writer = new TapeWriter(end, header, contents, chain, options)
    try {
      writer.sync()
      end.syncName()
    } catch (cause) {
      quietly(() => end.close())
      throw cause
    }
    return writer
  }

  get path(): string {
    return this.#end.path
  }

  /** Seq of the last event that is known to be on the disk; -1 when none is. */
  get acknowledged(): number {
    return this.#end.acknowledged
  }

  /** Seq of the last event that was appended; -1 when none was. */
  get lastSeq(): number {
    return this.#end.lastSeq
  }

  /** Bytes of the tape so far. */
  get bytes(): number {
    return this.#end.offset
  }

  /**
   * Appends a frame of `count` events, of which the first has seq `firstSeq`: one after the last one so far.
   *
   * @throws TapeError TAPE014 when they do not follow, TAPE008 when writing failed: then the tape ends where it ended
   *   before, and appending may be tried again; TAPE009 when the disk could not be waited for: then the writer gives
   *   up, since nobody knows what is on the disk. TAPE010 after that.
   */
  appendEvents(payload: Uint8Array, count: number, firstSeq: number): void {
    if (!Number.isInteger(count) || count < 1 || count >= 2 ** 32)
      throw this.#unfit(`a frame holds from 1 to 2^32 - 1 events, and ${count} were given`)
    this.#append('events', firstSeq, count, payload)
    this.#unsyncedEvents += count
    this.#syncWhenDue()
  }

  /** Appends a snapshot: the world after event `seq`, which is on the tape; or the start of a fork, before any event. */
  appendSnapshot(seq: number, payload: Uint8Array): void {
    this.#append('snapshot', seq, 0, payload)
    this.#syncWhenDue()
  }

  /** Appends a note about the moment after event `seq`. */
  appendNote(seq: number, text: string): void {
    const payload = new TextEncoder().encode(text)
    if (new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload) !== text)
      throw this.#unfit('a note must be whole text, and this has half a surrogate pair')
    this.#append('note', seq, 0, payload)
    this.#syncWhenDue()
  }

  /** Returns once everything appended is on the disk, and acknowledges it. */
  sync(): void {
    this.#end.sync()
    this.#unsyncedEvents = 0
  }

  /**
   * Writes the index and lets go of the file. Without it the tape opens all the same. Closing again does nothing.
   *
   * @throws what appending throws, once the file is closed; the events are then on the tape as before.
   */
  close(): void {
    const end = this.#end
    try {
      if (!end.writable) return
      try {
        this.#append('index', Math.max(0, end.lastSeq), 0, this.#contents.encode(end.offset))
      } finally {
        // The events count more than the index: where there is no room for it, they are waited for all the same.
        if (end.writable && this.#policy !== 'never') this.sync()
      }
    } finally {
      end.close()
    }
  }

  /** Lets go of the file as it is, without an index and without waiting for the disk. */
  abandon(): void {
    this.#end.close()
  }

  #append(kind: FrameKind, seq: number, count: number, payload: Uint8Array): void {
    const end = this.#end
    end.refuseWhenDone()
    if (!Number.isSafeInteger(seq + count) || !Number.isSafeInteger(seq) || seq < 0)
      throw this.#unfit(`a seq is an integer from 0 to 2^53 - 1, and ${seq} was given`)
    const refusal = this.#contents.refusal({ kind, seq, count })
    if (refusal !== null) throw this.#unfit(`the tape wants ${refusal.wanted}, and was given ${refusal.found}`)
    if (payload.length > PAYLOAD_BYTES_MAX)
      throw this.#unfit(`a frame holds at most ${PAYLOAD_BYTES_MAX} bytes, and ${payload.length} were given`)
    const { stored, codec } = this.#seal ? sealed(kind, payload) : { stored: payload, codec: 'plain' as const }
    const length = frameBytes(stored.length)
    const buffer = this.#bufferFor(length)
    const ordinal = this.#contents.length
    const head = { kind, codec, storedBytes: stored.length, expandedBytes: payload.length, seq, count, ordinal }
    const chain = encodeFrame(buffer, 0, head, stored, this.#chain, nodeMeans.checksums)
    const { offset } = end
    end.write(buffer, length, kind === 'events' ? seq + count - 1 : end.lastSeq)
    this.#contents.add({ kind, offset, seq, count })
    this.#chain = chain
  }

  #syncWhenDue(): void {
    const policy = this.#policy
    if (policy === 'segment' || (policy !== 'never' && this.#unsyncedEvents >= policy)) this.sync()
  }

  #bufferFor(length: number): Uint8Array {
    if (length <= this.#buffer.length) return this.#buffer
    const larger = new Uint8Array(Math.max(length, Math.min(2 * this.#buffer.length, KEPT_BUFFER_BYTES)))
    if (larger.length <= KEPT_BUFFER_BYTES) this.#buffer = larger
    return larger
  }

  #unfit(sentence: string): TapeError {
    return new TapeError('TAPE014', sentence, { path: this.path, offset: this.bytes })
  }
}

/** Compressed if that is of use: what does not become smaller stays as it is, and is quicker to read. */
function sealed(kind: FrameKind, payload: Uint8Array): { readonly stored: Uint8Array; readonly codec: Codec } {
  if (kind === 'events' || kind === 'snapshot') {
    const compressed = compress(payload)
    if (compressed.length < payload.length) return { stored: compressed, codec: 'brotli' }
  }
  return { stored: payload, codec: 'plain' }
}

function createFile(path: string, overwrite: boolean, fileSystem: TapeFileSystem): number {
  try {
    return fileSystem.open(path, overwrite ? 'w+' : 'wx+')
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'EEXIST')
      throw new TapeError('TAPE007', 'a new tape was wanted, and there is a file already', { path, cause })
    if (code === 'EISDIR')
      throw new TapeError('TAPE004', 'a new tape was wanted, and there is a directory', { path, cause })
    throw new TapeError('TAPE008', `the tape cannot be made: ${reasonOf(cause)}`, { path, offset: 0, cause })
  }
}

/** Opens a file that was read as `bytes` bytes, and cuts it to `length`. */
function reopenFile(path: string, bytes: number, length: number, fileSystem: TapeFileSystem): number {
  let file = -1
  try {
    file = fileSystem.open(path, 'r+')
    if (fileSystem.size(file) !== bytes)
      throw new TapeError('TAPE015', `the tape had ${bytes} bytes and changed while it was read`, { path })
    if (length < bytes) fileSystem.truncate(file, length)
    return file
  } catch (cause) {
    if (file !== -1) quietly(() => fileSystem.close(file))
    if (cause instanceof TapeError) throw cause
    throw new TapeError('TAPE008', `the tape cannot be written to: ${reasonOf(cause)}`, { path, offset: length, cause })
  }
}

function refuseSyncPolicy(policy: SyncPolicy, path: string): void {
  if (typeof policy === 'string' || (Number.isInteger(policy) && policy >= 1)) return
  const sentence = `'never', 'segment' or a number of events from 1 on was wanted for sync, and ${policy} was given`
  throw new TapeError('TAPE014', sentence, { path })
}

/** For cleaning up after a failure that is already being told. */
function quietly(action: () => void): void {
  try {
    action()
  } catch {
    // The first failure is the one to tell.
  }
}
