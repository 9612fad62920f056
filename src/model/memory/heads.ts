/**
 * What belongs to a pmap or an object as a whole: whether it lives, its tree, and its two counters.
 */
import { type Cells, LATEST } from './cells.ts'
import { Series } from './series.ts'
import type { Trees } from './trees.ts'

export class Head {
  /** Holds the root of the tree while the thing lives, and minus the root afterwards. */
  readonly cell: number
  /** The root of the tree while the thing lives now, else 0. It repeats what the cell says. */
  root = 0
  /** The tree of the last life. */
  tree = 0
  /** The twig found last: neighbouring pages share one. */
  recentPrefix = -1
  recentTwig = 0
  /** Leaves of a pmap, resident pages of an object. */
  readonly pages: Series
  /** Tables of a pmap, swapped pages of an object. */
  readonly others: Series

  constructor(cells: Cells) {
    this.cell = cells.allocateCell()
    this.pages = new Series(cells)
    this.others = new Series(cells)
  }
}

export class Heads {
  private readonly heads: (Head | undefined)[] = []
  private readonly cells: Cells
  private readonly trees: Trees

  constructor(cells: Cells, trees: Trees) {
    this.cells = cells
    this.trees = trees
  }

  /** The head of what lives now, else undefined. */
  alive(number: number): Head | undefined {
    const head = this.heads[number]
    return head !== undefined && head.root !== 0 ? head : undefined
  }

  /** The head of what lives at a moment. */
  live(number: number, limit: number): Head | undefined {
    const head = this.heads[number]
    return head !== undefined && this.rootOf(head, limit) !== 0 ? head : undefined
  }

  /** Its root, 0 when it does not live. */
  root(number: number, limit: number): number {
    const head = this.heads[number]
    return head === undefined ? 0 : this.rootOf(head, limit)
  }

  /** The root of a head at a moment, 0 when it does not live then. */
  rootOf(head: Head, limit: number): number {
    return limit === LATEST ? head.root : Math.max(0, this.cells.at(head.cell, limit))
  }

  /** Begins a life, with a tree that holds nothing and counters at 0. */
  revive(number: number): Head {
    const head = this.heads[number] ?? new Head(this.cells)
    this.heads[number] = head
    // The tree of the last life may hold cells still, unless that life was truncated away.
    if (head.tree === -this.cells.get(head.cell)) {
      head.tree = this.trees.add()
      head.recentPrefix = -1
    }
    this.cells.set(head.cell, head.tree)
    head.root = head.tree
    head.pages.add(-head.pages.now)
    head.others.add(-head.others.now)
    return head
  }

  bury(head: Head): void {
    this.cells.set(head.cell, -head.root)
    head.root = 0
  }

  /** The numbers of the living, ascending. */
  living(limit: number): number[] {
    const numbers: number[] = []
    this.heads.forEach((_head, number) => {
      if (this.live(number, limit) !== undefined) numbers.push(number)
    })
    return numbers
  }

  /** All counters, for what concerns the whole history. */
  get series(): Series[] {
    return this.heads.flatMap((head) => (head === undefined ? [] : [head.pages, head.others]))
  }

  /** After writes were undone: forgets what came after `limit`. */
  truncate(limit: number): void {
    this.heads.forEach((head) => {
      head!.root = Math.max(0, this.cells.get(head!.cell))
    })
    for (const series of this.series) series.truncate(limit)
  }
}
