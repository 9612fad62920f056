/**
 * The skeleton of radix trees of 512 entries a node: where the cells of an entry are. It holds no
 * fact: it only grows, and is the same for all versions. A node stands for a place, not for a table
 * page: when a table is unlinked and linked again its node, then empty, serves once more.
 *
 * A *branch* is a node above the last level, a *twig* one of the last level, whose entries are the
 * leaves. A node's 512 cells are 32 chunks, each made when one of its entries is first written, so
 * that a table with one entry takes 64 bytes of cells and 128 of directory.
 *
 * One of the files that pack words: bit operators are at home here.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words
import { type Cells, CHUNK } from './cells.ts'
import { grown } from './columns.ts'
import { OWNER_NOBODY } from './owners.ts'

const ENTRIES = 512
/** Chunks of a node. */
const CHUNKS = 32

/** The directory of the cells of each node; node 0 is "none" and stays empty. */
export class Nodes {
  /** First cell of each chunk of each node, 0 for none; what is computed from 0 is a cell that reads 0. */
  private chunks = new Int32Array(2 * CHUNKS)
  /** A number for each node, 0 at first, for its owner to use. */
  states = new Int32Array(2)
  /** The root of the tree that each node is in. */
  private roots = new Int32Array(2)
  count = 1
  private readonly cells: Cells

  constructor(cells: Cells) {
    this.cells = cells
  }

  /** @param root of the tree that the node is in; without one, it is the root itself. */
  add(root?: number): number {
    const node = this.count++
    if (node >= this.states.length) {
      this.states = grown(this.states, node + 1)
      this.roots = grown(this.roots, node + 1)
    }
    this.roots[node] = root ?? node
    if (this.count * CHUNKS > this.chunks.length) this.chunks = grown(this.chunks, this.count * CHUNKS)
    return node
  }

  root(node: number): number {
    return this.roots[node]!
  }

  /** The cell of an entry, for reading. */
  cell(node: number, index: number): number {
    return this.chunks[(node << 5) + (index >>> 4)]! + (index & (CHUNK - 1))
  }

  /**
   * The cell of an entry, for writing.
   *
   * @param owner the kind of the cell, see owners.ts; its place is that of its chunk in the directory.
   */
  ensureCell(node: number, index: number, owner: number): number {
    const at = (node << 5) + (index >>> 4)
    let first = this.chunks[at]!
    if (first === 0) {
      first = this.cells.allocate(1, owner === OWNER_NOBODY ? OWNER_NOBODY : owner + at) * CHUNK
      this.chunks[at] = first
    }
    return first + (index & (CHUNK - 1))
  }

  /** The node that a place in the directory is of. */
  static nodeAt(place: number): number {
    return place >>> 5
  }

  /** The index of the entry whose cell it is. */
  static indexAt(place: number, cell: number): number {
    return ((place & 31) << 4) + (cell & (CHUNK - 1))
  }

  /** The first entry from `index` on that may have been written, or 512. */
  next(node: number, index: number): number {
    let at = index
    while (at < ENTRIES && this.chunks[(node << 5) + (at >>> 4)] === 0) at = (at | (CHUNK - 1)) + 1
    return Math.min(at, ENTRIES)
  }

  get bytes(): number {
    return this.count * (CHUNKS + 2) * 4
  }
}

/**
 * A *prefix* is a page number without its last nine bits. A tree of four levels has up to 2^27 of
 * them, one of three levels 2^18.
 */
export class Trees {
  readonly branches: Nodes
  readonly twigs: Nodes
  /** The node below each entry of each branch, a twig under the branches of level 2. */
  private below = new Int32Array(2 * ENTRIES)

  constructor(cells: Cells) {
    this.branches = new Nodes(cells)
    this.twigs = new Nodes(cells)
  }

  /** A new tree, named by its root. */
  add(): number {
    return this.addBranch()
  }

  private addBranch(root?: number): number {
    const branch = this.branches.add(root)
    if (this.branches.count * ENTRIES > this.below.length) this.below = grown(this.below, this.branches.count * ENTRIES)
    return branch
  }

  child(branch: number, index: number): number {
    return this.below[(branch << 9) + index]!
  }

  /** The twig of a tree of four levels, 0 for none. */
  twig(root: number, prefix: number): number {
    const { below } = this
    // Branch 0 has only 0 below it, so what is missing needs no test on the way.
    const third = below[(root << 9) + (prefix >>> 18)]!
    const second = below[(third << 9) + ((prefix >>> 9) & 511)]!
    return below[(second << 9) + (prefix & 511)]!
  }

  /** The twig of a tree of three levels, 0 for none. */
  twigOfThree(root: number, prefix: number): number {
    const second = this.below[(root << 9) + (prefix >>> 9)]!
    return this.below[(second << 9) + (prefix & 511)]!
  }

  /** The branch on the way to `prefix` whose entries are of `level`, 2 to 4; 0 for none. */
  branch(root: number, prefix: number, level: number): number {
    if (level === 4) return root
    const third = this.below[(root << 9) + (prefix >>> 18)]!
    return level === 3 ? third : this.below[(third << 9) + ((prefix >>> 9) & 511)]!
  }

  ensureTwig(root: number, prefix: number): number {
    return this.ensureTwigBelow(root, this.ensureBranch(root, prefix, 2), prefix & 511)
  }

  ensureTwigOfThree(root: number, prefix: number): number {
    return this.ensureTwigBelow(root, this.ensureBelow(root, root, prefix >>> 9), prefix & 511)
  }

  private ensureTwigBelow(root: number, branch: number, index: number): number {
    const there = this.below[(branch << 9) + index]!
    if (there !== 0) return there
    const made = this.twigs.add(root)
    this.below[(branch << 9) + index] = made
    return made
  }

  ensureBranch(root: number, prefix: number, level: number): number {
    if (level === 4) return root
    const third = this.ensureBelow(root, root, prefix >>> 18)
    return level === 3 ? third : this.ensureBelow(root, third, (prefix >>> 9) & 511)
  }

  private ensureBelow(root: number, branch: number, index: number): number {
    const there = this.below[(branch << 9) + index]!
    if (there !== 0) return there
    const made = this.addBranch(root)
    this.below[(branch << 9) + index] = made
    return made
  }

  get bytes(): number {
    return this.branches.bytes + this.twigs.bytes + this.branches.count * ENTRIES * 4
  }
}
