/**
 * Which frames are used now, so that the lowest free one is found by one descent: a radix of 32 bits
 * a word, where a bit of level 0 is a used frame and a bit above is a word below that is full.
 *
 * It repeats what the states of frames say, for the latest moment only.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { grown } from './columns.ts'

const FULL = -1

export class FreeMap {
  private readonly framesMax: number
  /** From the frames up; the last has one word. */
  private readonly levels: Int32Array[] = []

  constructor(framesMax: number) {
    this.framesMax = framesMax
    for (let words = framesMax; words > 1 || this.levels.length === 0; ) {
      words = Math.ceil(words / 32)
      this.levels.push(new Int32Array(Math.min(words, 8)))
    }
  }

  use(frame: number): void {
    let bit = frame
    for (let level = 0; level < this.levels.length; level++, bit >>>= 5) {
      const at = bit >>> 5
      if (at >= this.levels[level]!.length) this.levels[level] = grown(this.levels[level]!, at + 1)
      const words = this.levels[level]!
      words[at]! |= 1 << (bit & 31)
      if (words[at] !== FULL) return
    }
  }

  free(frame: number): void {
    let bit = frame
    for (let level = 0; level < this.levels.length; level++, bit >>>= 5) {
      const words = this.levels[level]!
      const wasFull = words[bit >>> 5] === FULL
      words[bit >>> 5]! &= ~(1 << (bit & 31))
      if (!wasFull) return
    }
  }

  /** The lowest free frame, or -1. */
  lowest(): number {
    let word = 0
    for (let level = this.levels.length - 1; level >= 0; level--) {
      const free = ~(this.levels[level]![word] ?? 0)
      // Only the topmost word can be met full.
      if (free === 0) return -1
      word = word * 32 + lowestBit(free)
    }
    return word < this.framesMax ? word : -1
  }

  /** The `count` lowest free frames, ascending. */
  lowestFew(count: number): number[] {
    const found: number[] = []
    if (count > 0) this.freeBelow(this.levels.length - 1, 0, count, found)
    return found
  }

  /** @returns false when enough are found or no frame can follow. */
  private freeBelow(level: number, word: number, count: number, found: number[]): boolean {
    for (let free = ~(this.levels[level]![word] ?? 0); free !== 0; free &= free - 1) {
      const next = word * 32 + lowestBit(free)
      if (level > 0) {
        if (!this.freeBelow(level - 1, next, count, found)) return false
        continue
      }
      if (next >= this.framesMax) return false
      found.push(next)
      if (found.length === count) return false
    }
    return true
  }

  get bytes(): number {
    return this.levels.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}
