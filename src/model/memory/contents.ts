/**
 * What pages hold: one number for each frame and for each copy in swap, 0 for a page of zeros. A cell is made for what
 * is first written, and for nothing else.
 */
import { type Cells, LATEST } from './cells.ts'
import { valueOutside } from './defects.ts'
import { isBetween, VALUES_MAX } from './limits.ts'

/** Bytes of an entry of a map, about. */
const MAP_ENTRY = 40

/** Cells by number. */
type ByNumber = Map<number, number>

function ascending(cells: ReadonlyMap<number, unknown>): number[] {
  return [...cells.keys()].sort((a, b) => a - b)
}

export class Contents {
  private readonly cells: Cells
  private readonly frames: ByNumber = new Map()
  /** By object, then by index. */
  private readonly swap: Map<number, ByNumber> = new Map()

  constructor(cells: Cells) {
    this.cells = cells
  }

  value(frame: number, limit: number): number {
    return this.read(this.frames.get(frame), limit)
  }

  swapValue(object: number, index: number, limit: number): number {
    return this.read(this.swap.get(object)?.get(index), limit)
  }

  private read(cell: number | undefined, limit: number): number {
    if (cell === undefined) return 0
    return limit === LATEST ? this.cells.get(cell) : this.cells.at(cell, limit)
  }

  /** Each frame that holds something, ascending. */
  eachValue(visit: (frame: number, value: number) => void, limit: number): void {
    for (const frame of ascending(this.frames)) {
      const value = this.value(frame, limit)
      if (value > 0) visit(frame, value)
    }
  }

  /** Each copy in swap that holds something, ascending by object and index. */
  eachSwapValue(visit: (object: number, index: number, value: number) => void, limit: number): void {
    for (const object of ascending(this.swap)) {
      for (const index of ascending(this.swap.get(object) ?? new Map())) {
        const value = this.swapValue(object, index, limit)
        if (value > 0) visit(object, index, value)
      }
    }
  }

  setValue(frame: number, value: number): void {
    this.put(this.frames, frame, value)
  }

  /** A frame holds zeros again. */
  clear(frame: number): void {
    if (this.frames.size > 0) this.setValue(frame, 0)
  }

  setSwapValue(object: number, index: number, value: number): void {
    let pages = this.swap.get(object)
    if (pages === undefined) {
      if (value === 0) return
      pages = new Map()
      this.swap.set(object, pages)
    }
    this.put(pages, index, value)
  }

  private put(map: ByNumber, key: number, value: number): void {
    if (!isBetween(value, 0, VALUES_MAX)) throw valueOutside(value, this.cells.version)
    let cell = map.get(key)
    if (cell === undefined) {
      if (value === 0) return
      cell = this.cells.allocateCell()
      map.set(key, cell)
    }
    if (this.cells.get(cell) !== value) this.cells.set(cell, value)
  }

  /** What its copies in swap held is gone. */
  dropObject(object: number): void {
    for (const index of this.swap.get(object)?.keys() ?? []) this.setSwapValue(object, index, 0)
  }

  /** Bytes of the maps; those of the cells are counted with the cells. */
  get bytes(): number {
    const swapped = [...this.swap.values()].reduce((sum, pages) => sum + pages.size + 1, 0)
    return (this.frames.size + swapped) * MAP_ENTRY
  }
}
