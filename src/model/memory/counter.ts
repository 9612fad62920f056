/**
 * A number that follows from the records: how many entries a tree has, how many frames are used. The
 * latest value is kept; the history is made from the records when somebody asks, see counts.ts.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { grown } from './columns.ts'

/** Shared by all counters without a history. */
const NOTHING = new Int32Array(0)

/** How a write changes a counter. */
export type Change = (counter: Counter, by: number) => void

export class Counter {
  /** The latest value. */
  now = 0
  /** Pairs, as far as the history is made: a record that changed the counter, and its value from then on. */
  private changes = NOTHING
  private length = 0

  /** Goes on with the history. */
  note(record: number, by: number): void {
    const before = this.length === 0 ? 0 : this.changes[this.length - 1]!
    if (this.length === this.changes.length) this.changes = grown(this.changes, this.length + 8)
    this.changes[this.length++] = record
    this.changes[this.length++] = before + by
  }

  /** The value as of a record up to which the history is made. */
  at(limit: number): number {
    const count = this.changesUpTo(limit)
    return count === 0 ? 0 : this.changes[count * 2 - 1]!
  }

  /** Forgets the history after a record. */
  cut(limit: number): void {
    this.length = this.changesUpTo(limit) * 2
  }

  private changesUpTo(limit: number): number {
    let low = 0
    let high = this.length >>> 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.changes[middle * 2]! > limit) high = middle
      else low = middle + 1
    }
    return low
  }

  get bytes(): number {
    return this.length * 4
  }
}
