/**
 * What belongs to a pmap or an object as a whole. A number may be used again after its thing was
 * destroyed, though vmm(4) and UVM do not; each life has a tree and counters of its own.
 */
import { type Cells, LATEST } from './cells.ts'
import { Counter } from './counter.ts'
import type { Trees } from './trees.ts'

/** One life of a pmap or an object. */
export class Life {
  /** The root of its tree. */
  readonly root: number
  /** Leaves of a pmap, resident pages of an object. */
  readonly pages = new Counter()
  /** Tables of a pmap, swapped pages of an object. */
  readonly others = new Counter()
  /** The twig found last: neighbouring pages share one. Twigs never move. */
  recentPrefix = -1
  recentTwig = 0

  constructor(root: number) {
    this.root = root
  }
}

type Head = {
  /** Holds the root of the tree while the thing lives, and minus the root afterwards. */
  readonly cell: number
  /** The last life, over or not. */
  last: Life
  /** The life that goes on now. */
  now: Life | null
}

/** The heads of all pmaps, or of all objects, by number. */
export class Heads {
  private readonly heads: (Head | undefined)[] = []
  /** By root. */
  private readonly lives: (Life | undefined)[] = []
  private readonly cells: Cells
  private readonly trees: Trees

  constructor(cells: Cells, trees: Trees) {
    this.cells = cells
    this.trees = trees
  }

  /** The life that goes on now, or null. */
  now(number: number): Life | null {
    const head = this.heads[number]
    return head === undefined ? null : head.now
  }

  /** The life that a number has at a moment, or null. */
  at(number: number, limit: number): Life | null {
    const head = this.heads[number]
    if (head === undefined) return null
    return limit === LATEST ? head.now : this.lifeOf(this.cells.at(head.cell, limit))
  }

  /** The life whose tree has this root; null for what is no root. */
  lifeOf(root: number): Life | null {
    return (root > 0 && this.lives[root]) || null
  }

  /** Begins a life, with a tree that holds nothing. */
  begin(number: number): Life {
    let head = this.heads[number]
    if (head === undefined) {
      head = { cell: this.cells.allocateCell(), last: this.addLife(), now: null }
      this.heads[number] = head
    }
    // The tree of the last life holds cells still, unless that life was truncated away.
    if (head.last.root === -this.cells.get(head.cell)) head.last = this.addLife()
    head.now = head.last
    this.cells.set(head.cell, head.now.root)
    return head.now
  }

  private addLife(): Life {
    const life = new Life(this.trees.add())
    this.lives[life.root] = life
    return life
  }

  end(number: number): void {
    const head = this.heads[number]
    if (head?.now == null) return
    this.cells.set(head.cell, -head.now.root)
    head.now = null
  }

  /** The numbers of the living, ascending. */
  living(limit: number): number[] {
    const numbers: number[] = []
    this.heads.forEach((_head, number) => {
      if (this.at(number, limit) !== null) numbers.push(number)
    })
    return numbers
  }

  /** Sees again who lives, after writes were undone. */
  refresh(): void {
    this.heads.forEach((head) => {
      if (head !== undefined) head.now = this.lifeOf(this.cells.get(head.cell))
    })
  }
}
