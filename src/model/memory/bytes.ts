/**
 * Whole numbers as bytes: seven bits a byte, the lowest first, the top bit set on all but the last
 * (LEB128, as in the DWARF standard). A signed number is folded to 0, -1, 1, -2, … first.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { grown } from './columns.ts'
import { dumpDamaged } from './defects.ts'

/** The longest number: 53 bits in groups of seven. */
const BYTES_MAX = 8

export class ByteWriter {
  private bytes = new Uint8Array(64)
  private length = 0

  /** @param value a whole number from 0 to 2^53 - 1. */
  number(value: number): void {
    if (this.length + BYTES_MAX > this.bytes.length) this.bytes = grown(this.bytes, this.length + BYTES_MAX)
    const bytes = this.bytes
    let rest = value
    // Bit operators take 32 bits, so what is larger is cut down by division.
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) bytes[this.length++] = (rest & 127) | 128
    for (; rest >= 128; rest >>>= 7) bytes[this.length++] = (rest & 127) | 128
    bytes[this.length++] = rest
  }

  /** @param value a whole number below 2^52 either way. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /** What was written, as an array of its own. */
  done(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }
}

/** Reads what a ByteWriter wrote. */
export class ByteReader {
  private readonly bytes: Uint8Array
  private readonly part: string
  private at = 0

  /** @param part the name of these bytes, for messages. */
  constructor(bytes: Uint8Array, part: string) {
    this.bytes = bytes
    this.part = part
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length
  }

  /** @throws Defect MEM022 when the bytes end within a number or the number is none of ours. */
  number(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < BYTES_MAX; count++) {
      const byte = this.bytes[this.at]
      if (byte === undefined) throw this.damaged('an end within a number')
      this.at++
      value += (byte & 127) * scale
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw this.damaged('a number above 53 bits')
  }

  signed(): number {
    const folded = this.number()
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }

  damaged(found: string): Error {
    return dumpDamaged(this.part, this.at, found)
  }
}
