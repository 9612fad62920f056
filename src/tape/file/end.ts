/**
 * The end of a tape that is being written: a frame is there whole or not at all, and what is known to be on the disk
 * is counted.
 */
import { reasonOf, TapeError } from '../error.ts'
import { codeOf, type TapeFileSystem } from './system.ts'

/** Where frames are appended. After a failure that leaves it unknown what the file holds, nothing more is. */
export class TapeEnd {
  readonly path: string
  readonly #fileSystem: TapeFileSystem
  readonly #file: number
  #offset: number
  #lastSeq: number
  #acknowledged = -1
  #closed = false
  /** Why nothing can be appended any more, once that is so. */
  #givenUp: TapeError | null = null

  /**
   * @param file open for writing, `offset` bytes long.
   * @param lastSeq seq of the last event in it; -1 without any.
   */
  constructor(path: string, fileSystem: TapeFileSystem, file: number, offset: number, lastSeq: number) {
    this.path = path
    this.#fileSystem = fileSystem
    this.#file = file
    this.#offset = offset
    this.#lastSeq = lastSeq
  }

  /** Size of the file, in bytes. */
  get offset(): number {
    return this.#offset
  }

  /** Seq of the last event appended; -1 when none was. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Seq of the last event known to be on the disk; -1 when none is. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Whether appending and waiting can succeed at all. */
  get writable(): boolean {
    return this.#givenUp === null && !this.#closed
  }

  /**
   * Appends the first `length` bytes of `bytes`, or leaves the end where it was.
   *
   * @param lastSeq seq of the last event in the file afterwards.
   * @throws TapeError TAPE008 when that failed, TAPE015 when the file has another size than it should, TAPE010 after
   *   a failure that was final.
   */
  write(bytes: Uint8Array, length: number, lastSeq: number): void {
    this.refuseWhenDone()
    try {
      if (this.#fileSystem.size(this.#file) !== this.#offset) throw this.#giveUp(this.#changed())
      let done = 0
      while (done < length) {
        const written = this.#writeSome(bytes, done, length)
        if (written <= 0) throw new Error('the file system took no byte and gave no reason')
        done += written
      }
    } catch (cause) {
      throw cause instanceof TapeError ? cause : this.#undone(length, cause)
    }
    this.#offset += length
    this.#lastSeq = lastSeq
  }

  /**
   * Returns once all that was appended is on the disk, and acknowledges it.
   *
   * @throws TapeError TAPE009. It is final: a second fdatasync may succeed although the pages of the first were dropped.
   */
  sync(): void {
    this.refuseWhenDone()
    try {
      this.#fileSystem.sync(this.#file)
    } catch (cause) {
      throw this.#waitingFailed('the disk', cause)
    }
    this.#acknowledged = this.#lastSeq
  }

  /** Returns once the name of the file is on the disk. @throws TapeError TAPE009. */
  syncName(): void {
    try {
      this.#fileSystem.syncName(this.path)
    } catch (cause) {
      throw this.#waitingFailed('the directory', cause)
    }
  }

  /** Lets go of the file as it is. Closing again does nothing. @throws TapeError TAPE009 when that failed. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.#fileSystem.close(this.#file)
    } catch (cause) {
      throw this.#waitingFailed('the file to be closed', cause)
    }
  }

  /** @throws TapeError TAPE010 when it is closed or has failed for good. */
  refuseWhenDone(): void {
    if (this.#givenUp !== null)
      throw this.#error('TAPE010', `nothing more can be written after this: ${this.#givenUp.message}`, this.#givenUp)
    if (this.#closed) throw this.#error('TAPE010', 'the tape was closed, and is written to')
  }

  #writeSome(bytes: Uint8Array, done: number, length: number): number {
    for (;;)
      try {
        return this.#fileSystem.write(this.#file, bytes, done, length - done, this.#offset + done)
      } catch (cause) {
        // A signal came before the first byte: nothing was written and nothing is wrong.
        if (codeOf(cause) !== 'EINTR') throw cause
      }
  }

  /** Cuts off what a failed write left, and tells of it. */
  #undone(length: number, cause: unknown): TapeError {
    const failed = `writing ${length} bytes at byte ${this.#offset} failed: ${reasonOf(cause)}`
    const last = this.#lastSeq < 0 ? '' : `, with event ${this.#lastSeq}`
    try {
      this.#fileSystem.truncate(this.#file, this.#offset)
    } catch (second) {
      const sentence = `${failed}, and cutting off what was written of it failed, too: ${reasonOf(second)}`
      return this.#giveUp(this.#error('TAPE008', `${sentence}; ${this.#durable()}`, cause))
    }
    return this.#error('TAPE008', `${failed}; the tape ends before this frame${last}, and ${this.#durable()}`, cause)
  }

  #waitingFailed(what: string, cause: unknown): TapeError {
    const sentence = `waiting for ${what} failed at byte ${this.#offset}: ${reasonOf(cause)}; ${this.#durable()}`
    return this.#giveUp(this.#error('TAPE009', sentence, cause))
  }

  #changed(): TapeError {
    const sentence = `the tape should have ${this.#offset} bytes and has another size: somebody else writes to it`
    return this.#error('TAPE015', sentence)
  }

  #durable(): string {
    if (this.#acknowledged < 0) return 'no event is known to be on the disk'
    return `events up to ${this.#acknowledged} are on the disk`
  }

  #giveUp(error: TapeError): TapeError {
    this.#givenUp = error
    return error
  }

  #error(code: 'TAPE008' | 'TAPE009' | 'TAPE010' | 'TAPE015', sentence: string, cause?: unknown): TapeError {
    return new TapeError(code, sentence, {
      path: this.path,
      offset: this.#offset,
      acknowledged: this.#acknowledged,
      cause,
    })
  }
}
