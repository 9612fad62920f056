/**
 * A versioned counter. Counters change with nearly every event and are read at a past moment seldom,
 * so theirs is a shorter history than that of cells: 8 bytes a change, and a past value is found by
 * halving.
 *
 * A counter changes after the fact that it counts is written: the record of the fact dates it.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { type Cells, LATEST } from './cells.ts'
import { grown } from './columns.ts'

/** Shared by all counters that never changed. */
const NOTHING = new Int32Array(0)

export class Series {
  /** The latest value, below 2^31. */
  now = 0
  /** Pairs: how many records there were when the counter changed, and its value from then on. */
  private changes = NOTHING
  private length = 0
  private readonly cells: Cells

  constructor(cells: Cells) {
    this.cells = cells
  }

  add(by: number): void {
    this.now += by
    const { cells } = this
    if (this.length > 0 && this.changes[this.length - 2]! >= cells.open) {
      this.changes[this.length - 1] = this.now
      return
    }
    if (this.length === this.changes.length) this.changes = grown(this.changes, this.length + 8)
    this.changes[this.length] = cells.count
    this.changes[this.length + 1] = this.now
    this.length += 2
  }

  at(limit: number): number {
    if (limit === LATEST) return this.now
    const count = this.changesUpTo(limit)
    return count === 0 ? 0 : this.changes[count * 2 - 1]!
  }

  /** How many changes a limit lets count. */
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

  truncate(limit: number): void {
    this.length = this.changesUpTo(limit) * 2
    this.now = this.length === 0 ? 0 : this.changes[this.length - 1]!
  }

  /**
   * Keeps only the value at `limit` and what changed after it.
   *
   * @param renumbered the new number of each record.
   */
  dropBefore(limit: number, renumbered: Int32Array): void {
    const first = Math.max(0, this.changesUpTo(limit) - 1) * 2
    const kept = this.changes.slice(first, this.length)
    for (let at = 0; at < kept.length; at += 2) kept[at] = renumbered[kept[at]!]!
    this.changes = kept
    this.length = kept.length
  }

  get bytes(): number {
    return this.changes.byteLength
  }
}
