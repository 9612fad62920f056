/**
 * A VM's trees as nested pmaps: each is created empty, gains tables and leaves, loses them one by
 * one, and is destroyed when nothing is left.
 */
import { type Frame, type Gpa, offset, type Va } from '../../../events/address.ts'
import type { PmapRef, VmRef } from '../../../events/ids.ts'
import type { TableLevel } from '../../../events/pmap.ts'
import type { LeafChanged, LeafEntered, LeafRemoved, TableLinked, TableRemoved } from '../kvm/fact.ts'
import type { LeafBits } from '../kvm/spte.ts'
import type { Telling } from './telling.ts'

/** LEAF_* bits of a packed leaf, and what a frame is packed by. @see src/model/memory.ts */
const READ = 1
const WRITE = 2
const EXECUTE = 4
const FRAME = 32

const PAGE = 4096
/** First gfn that four levels do not reach. */
const GFN_END = 2 ** 36

/** `tables`: the frame of each table, by the entry that leads to it. */
type Tree = { readonly pmap: PmapRef; readonly root: Frame; readonly tables: Map<string, Frame> }
type Place = { readonly as: number; readonly root: number; readonly level: number; readonly gfn: number }

export class Trees {
  readonly #telling: Telling
  readonly #vm: VmRef
  readonly #trees = new Map<string, Tree>()

  constructor(telling: Telling, vm: VmRef) {
    this.#telling = telling
    this.#vm = vm
  }

  begun(as: number, root: number): void {
    const tree: Tree = { pmap: this.#telling.nextPmap(), root: this.#telling.takeFrame(null), tables: new Map() }
    this.#trees.set(keyOf(as, root), tree)
    const { pmap } = tree
    this.#telling.tell({ type: 'pmap.created', pmap, owner: { kind: 'nested', vm: this.#vm }, roots: [tree.root] })
    this.#telling.tell({ type: 'pmap.converted', pmap, to: 'rvi', freed: null })
  }

  /** @returns false when there is no such tree; so do all that follow when the model cannot hold the place. */
  gone(as: number, root: number): boolean {
    return this.#destroyed(keyOf(as, root))
  }

  allGone(): void {
    for (const key of [...this.#trees.keys()]) this.#destroyed(key)
  }

  flushed(): boolean {
    for (const { pmap } of this.#trees.values()) this.#telling.tell({ type: 'ept.invalidated', pmap })
    return this.#trees.size > 0
  }

  tableAdded(fact: TableLinked): boolean {
    const tree = this.#treeOf(fact)
    const level = tableLevel(fact.level - 1)
    if (tree === null || level === null) return false
    const frame = this.#telling.takeFrame(fact.frame)
    tree.tables.set(entryOf(fact), frame)
    this.#telling.tell({ type: 'table.added', pmap: tree.pmap, va: vaOf(fact.gfn), level, frame })
    return true
  }

  tableFreed(fact: TableRemoved): boolean {
    const tree = this.#treeOf(fact)
    const level = tableLevel(fact.level - 1)
    const frame = tree?.tables.get(entryOf(fact))
    if (tree === null || level === null || frame === undefined) return false
    tree.tables.delete(entryOf(fact))
    this.#telling.freeFrame(frame)
    this.#telling.tell({ type: 'table.freed', pmap: tree.pmap, va: vaOf(fact.gfn), level, frame })
    return true
  }

  entered(fact: LeafEntered | LeafChanged): boolean {
    const tree = this.#treeOf(fact)
    const level = tableLevel(fact.level)
    if (tree === null || level === null) return false
    const frame = fact.frame as Frame
    const flags = flagsOf(fact)
    const old = fact.type === 'leaf.changed' ? frame * FRAME + flagsOf(fact.was) : -1
    // Accessed and dirty bits are not the model's.
    if (old === frame * FRAME + flags) return true
    this.#telling.tell({ type: 'pmap.entered', pmap: tree.pmap, va: vaOf(fact.gfn), level, frame, flags, old })
    return true
  }

  cleared(fact: LeafRemoved): boolean {
    const tree = this.#treeOf(fact)
    const level = tableLevel(fact.level)
    if (tree === null || level === null) return false
    const old = fact.frame * FRAME + flagsOf(fact)
    this.#telling.tell({ type: 'pmap.cleared', pmap: tree.pmap, va: vaOf(fact.gfn), level, old })
    return true
  }

  #treeOf({ as, root, gfn }: Place): Tree | null {
    return gfn < GFN_END ? (this.#trees.get(keyOf(as, root)) ?? null) : null
  }

  #destroyed(key: string): boolean {
    const tree = this.#trees.get(key)
    if (tree === undefined) return false
    this.#trees.delete(key)
    for (const frame of [tree.root, ...tree.tables.values()]) this.#telling.freeFrame(frame)
    this.#telling.tell({ type: 'pmap.destroyed', pmap: tree.pmap, roots: [tree.root] })
    return true
  }
}

function keyOf(as: number, root: number): string {
  return `${as}/${root}`
}

function entryOf({ level, gfn }: Place): string {
  return `${level}/${gfn}`
}

/** The model has tables of three levels below the root, and leaves in them. */
function tableLevel(level: number): TableLevel | null {
  return level === 1 || level === 2 || level === 3 ? level : null
}

function vaOf(gfn: number): Va {
  return offset(0 as Gpa, gfn * PAGE)
}

function flagsOf({ read, write, execute }: LeafBits): number {
  return (read ? READ : 0) + (write ? WRITE : 0) + (execute ? EXECUTE : 0)
}
