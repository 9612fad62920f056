/**
 * What pages hold: one number for each frame and for each copy in swap, 0 for a page of zeros. Nothing is kept for
 * what was never written.
 *
 * Both maps are from a pair of numbers to a number, with all their versions, which is what the pages of objects are:
 * a frame that holds `value` is filed as page `frame` whose "frame" is `value`.
 */
import type { Cells } from './cells.ts'
import { LATEST } from './cells.ts'
import { valueOutside } from './defects.ts'
import { INDEXES_MAX, isBetween, VALUES_MAX } from './limits.ts'
import { Objects } from './objects.ts'
import type { Series } from './series.ts'

export class Contents {
  private readonly cells: Cells
  /** By the high and the low part of the frame's number. */
  private readonly frames: Objects
  /** By object and index. */
  private readonly swap: Objects

  constructor(cells: Cells) {
    this.cells = cells
    this.frames = new Objects(cells)
    this.swap = new Objects(cells)
  }

  value(frame: number, limit: number): number {
    const found = this.frames.resident(1 + Math.floor(frame / INDEXES_MAX), frame % INDEXES_MAX, limit)
    return found < 0 ? 0 : found
  }

  swapValue(object: number, index: number, limit: number): number {
    const found = this.swap.resident(object, index, limit)
    return found < 0 ? 0 : found
  }

  /** Each frame that holds something, ascending. */
  eachValue(visit: (frame: number, value: number) => void, limit: number): void {
    for (const part of this.frames.numbers(limit))
      this.frames.each(part, (index, value) => visit((part - 1) * INDEXES_MAX + index, value), limit)
  }

  /** Each copy in swap that holds something, ascending by object and index. */
  eachSwapValue(visit: (object: number, index: number, value: number) => void, limit: number): void {
    for (const object of this.swap.numbers(limit))
      this.swap.each(object, (index, value) => visit(object, index, value), limit)
  }

  setValue(frame: number, value: number): void {
    this.put(this.frames, 1 + Math.floor(frame / INDEXES_MAX), frame % INDEXES_MAX, value)
  }

  setSwapValue(object: number, index: number, value: number): void {
    this.put(this.swap, object, index, value)
  }

  private put(map: Objects, object: number, index: number, value: number): void {
    if (!isBetween(value, 0, VALUES_MAX)) throw valueOutside(value, this.cells.version)
    const found = map.resident(object, index, LATEST)
    if (found === value || (found < 0 && value === 0)) return
    if (found >= 0) map.clearResident(object, index)
    if (value > 0) map.setResident(object, index, value)
  }

  dropObject(object: number): void {
    this.swap.drop(object)
  }

  truncate(limit: number): void {
    this.frames.truncate(limit)
    this.swap.truncate(limit)
  }

  get series(): Series[] {
    return [...this.frames.series, ...this.swap.series]
  }

  get bytes(): number {
    return this.frames.bytes + this.swap.bytes
  }
}
