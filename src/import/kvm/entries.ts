/**
 * Changes of nested page tables: what a `spte_changed` line means for the tree it belongs to.
 *
 * KVM prints a line for every change of an entry under its lock, children of a table that is thrown
 * away included, and nothing for three things: the marker 5a0 turned to 0 after a flush, the 512
 * entries of a table that replaces a large leaf, and what the hardware does to accessed and dirty
 * bits. Write permission given back by the fast path has a line of another name.
 *
 * Source: __handle_changed_spte(), handle_removed_pt(), tdp_mmu_zap_spte_atomic() and
 * tdp_mmu_split_huge_page() of arch/x86/kvm/mmu/tdp_mmu.c, Linux 6.1.
 */
import type { EntryChanged, FastFaulted } from '../ftrace/event.ts'
import { isBelow } from './attribution.ts'
import { decodeSpte, frameOf } from './spte.ts'
import type { CutTable, ImportState, ThreadState, VmState } from './state.ts'
import { EntryTree, entriesBelow, entryBase, findBelow } from './tree.ts'
import { EntryWriter } from './writer.ts'

/** Four-level paging is the rule; a line about level 5 says otherwise. */
const USUAL_ROOT_LEVEL = 4

export function entryChanged(s: ImportState, thread: ThreadState, vm: VmState, entry: EntryChanged): void {
  const { as, level, gfn } = entry
  const own = thread.cut
  if (own !== null && own.vm === vm && isBelow(own, entry)) {
    clearCut(s, own, entry)
    return
  }
  endCut(s, thread)
  const tree = treeFor(s, thread, vm, entry)
  if (vm.cuts.length > 0 && tree.tableAt(level, gfn) === null) {
    const other = vm.cuts.find((cut) => isBelow(cut, entry))
    if (other !== undefined) {
      // Another thread wrote where this tree was cut off a moment ago.
      findBelow(other.table, level + 1, gfn)?.below?.cells.set(entryBase(level, gfn), { spte: entry.new, below: null })
      if (other.table.level === level) other.table.cells.set(entryBase(level, gfn), { spte: entry.new, below: null })
      s.emit({ type: 'entry.stranded', line: s.line, time: s.time, vm: vm.number, as, level, gfn, spte: entry.new })
      return
    }
  }
  const writer = new EntryWriter(s, vm, tree)
  const table = tree.tableFor(level, gfn, (above, first, entry) => writer.missing(above, first, entry))
  const base = entryBase(level, gfn)
  let cell = table.cells.get(base)
  if (cell === undefined) {
    cell = { spte: 0n, below: null }
    table.cells.set(base, cell)
  }
  if (cell.spte !== entry.old) writer.reconcile(level, base, cell, entry.old)
  const taken = writer.write(level, base, cell, entry.new, 'line')
  if (taken !== null) {
    thread.cut = { vm, tree, as, level, gfn: base, table: taken }
    vm.cuts.push(thread.cut)
  }
}

/** A line about an entry of a table that is cut off already: its facts were told with the cut. */
function clearCut(s: ImportState, cut: CutTable, entry: EntryChanged): void {
  const { as, level, gfn } = entry
  const cell = findBelow(cut.table, level, gfn)
  const was = cell?.spte ?? 0n
  if (cell !== null) cell.spte = entry.new
  if (was === entry.old || cut.vm.cloud.tables) return
  const expected = decodeSpte(was, level, s.layout)
  const found = decodeSpte(entry.old, level, s.layout)
  const gone = found.kind !== 'leaf' && found.kind !== 'table'
  if (gone && expected.kind !== 'leaf' && expected.kind !== 'table') return
  // The hardware and the fast path change bits without a line here.
  if (expected.kind === found.kind && frameOf(was) === frameOf(entry.old)) return
  s.emit({
    type: 'entry.disagreed',
    line: s.line,
    time: s.time,
    vm: cut.vm.number,
    as,
    root: cut.tree.root,
    level,
    gfn,
    expected: was,
    found: entry.old,
  })
}

/** Ends what a thread was clearing: its next line is about something else. */
export function endCut(s: ImportState, thread: ThreadState): void {
  const cut = thread.cut
  if (cut === null) return
  const { vm, tree } = cut
  thread.cut = null
  vm.cuts = vm.cuts.filter((other) => other !== cut)
  if (!vm.cloud.tables)
    // KVM prints one line for every present entry of a table that it throws away.
    for (const { level, gfn, cell } of entriesBelow(cut.table)) {
      const left = decodeSpte(cell.spte, level, s.layout)
      if (left.kind !== 'leaf' && left.kind !== 'table') continue
      s.emit({
        type: 'entry.disagreed',
        line: s.line,
        time: s.time,
        vm: vm.number,
        as: cut.as,
        root: tree.root,
        level,
        gfn,
        expected: cell.spte,
        found: 0n,
      })
    }
  dropIfEmpty(s, vm, tree)
}

/** Write permission came back without the lock: the leaf at the address, and nothing but its bits. */
export function fastFaulted(s: ImportState, vm: VmState, fault: FastFaulted): void {
  if (!fault.fixed || fault.old === fault.new) return
  const gfn = Number(fault.address / 4096n)
  for (const tree of vm.current.values())
    for (const level of [1, 2, 3]) {
      const cell = tree.find(level, gfn)
      if (cell === null || decodeSpte(cell.spte, level, s.layout).kind !== 'leaf') continue
      if (frameOf(cell.spte) !== frameOf(fault.old)) continue
      const writer = new EntryWriter(s, vm, tree)
      const base = entryBase(level, gfn)
      if (cell.spte !== fault.old) writer.reconcile(level, base, cell, fault.old)
      writer.write(level, base, cell, fault.new, 'line')
      return
    }
  if (!vm.cloud.tables)
    s.emit({
      type: 'value.unknown',
      line: s.line,
      time: s.time,
      vm: vm.number,
      what: 'the leaf that fast_page_fault changed',
      why: 'no line entered it',
    })
}

/** All trees of the VM are given up; the next fault begins a new one. */
export function rootsInvalidated(s: ImportState, thread: ThreadState, vm: VmState): void {
  thread.zapping = vm
  vm.cloud.settling = vm.cloud.tables && !vm.untraced
  const given = vm.trees.filter((tree) => !tree.invalid)
  if (given.length === 0) return
  for (const tree of given) tree.invalid = true
  vm.current.clear()
  s.emit({
    type: 'roots.invalidated',
    line: s.line,
    time: s.time,
    vm: vm.number,
    roots: given.map((tree) => tree.root),
  })
  for (const tree of given) dropIfEmpty(s, vm, tree)
}

/** The thread that took given-up trees apart goes on to something else: they must be empty now. */
export function endZapping(s: ImportState, thread: ThreadState): void {
  const vm = thread.zapping
  if (vm === null) return
  thread.zapping = null
  const left = vm.trees.filter((tree) => tree.invalid)
  if (vm.cloud.settling) {
    // What is left here was taken out by lines that were lost: the kernel has come to the end.
    for (const tree of left) {
      const writer = new EntryWriter(s, vm, tree)
      for (const [gfn, cell] of tree.top.cells) writer.write(tree.top.level, gfn, cell, 0n, 'untold')
      dropIfEmpty(s, vm, tree)
    }
    vm.cloud.tables = false
    vm.cloud.settling = false
    return
  }
  if (left.length === 0 || vm.cloud.tables) return
  const { leaves, tables } = contentsOf(s, left)
  const roots = left.map((tree) => tree.root)
  s.emit({ type: 'mappings.left', line: s.line, time: s.time, vm: vm.number, roots, leaves, tables })
}

/** How much the trees hold. */
export function contentsOf(s: ImportState, trees: readonly EntryTree[]): { leaves: number; tables: number } {
  let leaves = 0
  let tables = 0
  for (const tree of trees)
    for (const { level, cell } of entriesBelow(tree.top)) {
      if (cell.below !== null) tables += 1
      else if (decodeSpte(cell.spte, level, s.layout).kind === 'leaf') leaves += 1
    }
  return { leaves, tables }
}

/**
 * The tree that an entry stands in. A fault is refused by KVM when its root was given up, so that
 * what a fault installs is in the current one; the thread that takes the old ones apart is in them;
 * anything else is where its old value is.
 */
function treeFor(s: ImportState, thread: ThreadState, vm: VmState, entry: EntryChanged): EntryTree {
  const current = vm.current.get(entry.as) ?? null
  const fits = (tree: EntryTree): boolean => tree.find(entry.level, entry.gfn)?.spte === entry.old
  if (thread.zapping === vm) {
    const given = vm.trees.filter((tree) => tree.invalid && tree.as === entry.as)
    const found = given.find(fits) ?? given[0]
    if (found !== undefined) return found
  } else if (thread.fault === null && (current === null || !fits(current))) {
    const found = vm.trees.find((tree) => tree.as === entry.as && tree !== current && fits(tree))
    if (found !== undefined) return found
  }
  return current ?? newTree(s, vm, entry)
}

function newTree(s: ImportState, vm: VmState, entry: EntryChanged): EntryTree {
  vm.untraced = false
  vm.roots += 1
  const level = Math.max(USUAL_ROOT_LEVEL, entry.level)
  const tree = new EntryTree(vm.roots, entry.as, level)
  vm.trees.push(tree)
  vm.current.set(entry.as, tree)
  s.emit({
    type: 'root.created',
    line: s.line,
    time: s.time,
    vm: vm.number,
    as: entry.as,
    root: tree.root,
    level,
  })
  return tree
}

function dropIfEmpty(s: ImportState, vm: VmState, tree: EntryTree): void {
  if (!tree.invalid || !tree.isEmpty() || !vm.trees.includes(tree)) return
  vm.trees = vm.trees.filter((other) => other !== tree)
  s.emit({ type: 'mappings.dropped', line: s.line, time: s.time, vm: vm.number, as: tree.as, root: tree.root })
}
