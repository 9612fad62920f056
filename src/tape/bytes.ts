// biome-ignore-all lint/suspicious/noBitwiseOperators: variable-length numbers are packed words.
/**
 * Bytes that grow while they are written, and bytes that are read in order. Numbers of variable length have seven
 * bits in each byte, the lowest first; bit operators are used on those, and only below 2^31.
 */
import { TapeError } from './error.ts'

/** Bytes of a number of variable length that has 53 bits. */
const NUMBER_BYTES_MAX = 8

/** A payload in the making. */
export class ByteSink {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  /** @param capacity bytes to start with; it grows by itself. */
  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** What lies below; replaced when it grows, so ask again after each `claim`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** A view of what was written, valid until something else is. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Starts again from nothing, and keeps the memory. */
  clear(): void {
    this.#length = 0
  }

  /** Forgets what was written from byte `length` on. */
  drop(length: number): void {
    this.#length = Math.min(length, this.#length)
  }

  /** Makes room for `count` more bytes and returns where they start. They hold what was there before. */
  claim(count: number): number {
    const start = this.#length
    const wanted = start + count
    if (wanted > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, start))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = wanted
    return start
  }

  byte(value: number): void {
    // First the room: it may be in another array than before.
    const at = this.claim(1)
    this.#bytes[at] = value
  }

  /** A number from 0 to 2^53 - 1, in 1 to 8 bytes. */
  uint(value: number): void {
    let at = this.claim(NUMBER_BYTES_MAX)
    const bytes = this.#bytes
    let rest = value
    while (rest >= 128) {
      bytes[at++] = 128 + (rest % 128)
      rest = Math.floor(rest / 128)
    }
    bytes[at++] = rest
    this.#length = at
  }

  /** An integer from -2^53 + 1 to 2^53 - 1, in 1 to 8 bytes: the sign in the lowest bit, as zigzag has it. */
  int(value: number): void {
    const sign = value < 0 ? 1 : 0
    const size = value < 0 ? -1 - value : value
    // Doubling a number of 53 bits is not exact, so the first byte is put together by hand.
    const first = (size % 64) * 2 + sign
    if (size < 64) this.byte(first)
    else {
      this.byte(128 + first)
      this.uint(Math.floor(size / 64))
    }
  }

  double(value: number): void {
    const at = this.claim(8)
    this.#view.setFloat64(at, value, true)
  }

  raw(bytes: Uint8Array): void {
    const at = this.claim(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Runs `write`, and puts the length of what it wrote before it. */
  sized(write: () => void): void {
    // Nearly all that is written so is short: room for one byte of length is left at once.
    const start = this.claim(1)
    write()
    const end = this.#length
    const count = end - start - 1
    const more = lengthBytes(count) - 1
    if (more > 0) {
      this.claim(more)
      this.#bytes.copyWithin(start + 1 + more, start + 1, end)
    }
    let at = start
    let rest = count
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[at++] = 128 + (rest % 128)
    this.#bytes[at] = rest
  }
}

/** Bytes that `ByteSink.uint` takes for `value`. */
function lengthBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1
  return bytes
}

/** A payload being read. Nothing is read beyond its end; what asks for it is malformed. */
export class ByteSource {
  readonly bytes: Uint8Array
  readonly #view: DataView
  /** The next byte to be read. */
  at: number
  /** Where reading must stop; at most the length of the bytes. */
  end: number

  constructor(bytes: Uint8Array) {
    // A Buffer is a Uint8Array of another shape; loops that see one shape only run faster.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
    this.end = bytes.length
  }

  /** Goes on by `count` bytes, all of which there must be, and returns where they start. */
  take(count: number): number {
    const start = this.at
    if (count > this.end - start)
      throw this.malformed(`${count} more bytes were wanted, and ${this.end - start} are left`)
    this.at = start + count
    return start
  }

  byte(): number {
    return this.bytes[this.take(1)] as number
  }

  uint(): number {
    let value = 0
    let factor = 1
    for (let count = 0; count < NUMBER_BYTES_MAX; count++) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      factor *= 128
    }
    throw this.malformed('a number below 2^53 was wanted, and a larger one was found')
  }

  /** A number that may be at most `most`: a count, of which there cannot be more. */
  countUpTo(most: number, what: string): number {
    const count = this.uint()
    if (count > most) throw this.malformed(`at most ${most} ${what} were wanted, and ${count} were found`)
    return count
  }

  int(): number {
    const first = this.byte()
    const low = (first & 127) >>> 1
    const size = first < 128 ? low : low + this.uint() * 64
    const value = (first & 1) === 0 ? size : -1 - size
    if (!Number.isSafeInteger(value))
      throw this.malformed('an integer of 53 bits was wanted, and a larger one was found')
    return value
  }

  double(): number {
    return this.#view.getFloat64(this.take(8), true)
  }

  /** @returns the error to throw; its offset is a byte of the payload. */
  malformed(sentence: string): TapeError {
    return new TapeError('TAPE016', `byte ${this.at} of a payload is malformed: ${sentence}`, { offset: this.at })
  }
}
