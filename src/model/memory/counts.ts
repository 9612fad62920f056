/**
 * The histories of all counters, made from the records as far as they are asked for. A replay of a
 * million events that nobody asks about the past pays nothing for them; the first question about a
 * moment pays some nanoseconds for each record up to it, and later ones only look up.
 */
import type { Cells } from './cells.ts'
import type { Change, Counter } from './counter.ts'

/** Says which counters a write changes: a cell went from one value to another. */
export type EffectsOf = (cell: number, from: number, to: number, change: Change) => void

export class Counts {
  private readonly cells: Cells
  private readonly effectsOf: EffectsOf
  /** The histories are made up to this record. */
  private made = 0
  private readonly counters = new Set<Counter>()

  constructor(cells: Cells, effectsOf: EffectsOf) {
    this.cells = cells
    this.effectsOf = effectsOf
  }

  /** Makes the histories up to a record. */
  upTo(limit: number): void {
    const { cells, effectsOf, counters } = this
    let record = this.made + 1
    const note: Change = (counter, by) => {
      counters.add(counter)
      counter.note(record, by)
    }
    for (; record <= limit; record++)
      effectsOf(cells.cellOf(record), cells.valueOf(cells.before(record)), cells.valueOf(record), note)
    this.made = Math.max(this.made, limit)
  }

  /** Forgets the histories after a record. */
  cut(limit: number): void {
    if (limit >= this.made) return
    this.made = limit
    for (const counter of this.counters) counter.cut(limit)
  }

  get bytes(): number {
    return [...this.counters].reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
