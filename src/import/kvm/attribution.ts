/**
 * Which VM a line is about. Events carry a vCPU number at most; the answer is put together from
 * what else is known, strongest first, and may be that it cannot be told:
 *
 * 1. a pointer in the line, or the last line of the same thread that named a VM, by a pointer or by
 *    the descriptor of the ioctl that the thread is in;
 * 2. the process, when it has one VM;
 * 3. the thread, when it was only ever seen to serve one;
 * 4. for an entry of a page table: the VM in whose tables the line's old value stands;
 * 5. for an entry below a notifier's range: the VM whose slots lie in that range.
 */
import type { EntryChanged } from '../ftrace/event.ts'
import { decodeSpte } from './spte.ts'
import { type CutTable, hostAddress, type ImportState, type ThreadState, type VmState } from './state.ts'
import { findBelow } from './tree.ts'

/** The VM behind a kernel address, found anew if it is not known. */
export function vmByPointer(s: ImportState, thread: ThreadState, pointer: string): VmState {
  const known = s.byPointer.get(pointer)
  if (known !== undefined) return known
  // A VM without a pointer that this thread must be working for is the one.
  const nameless = candidates(s, thread).filter((vm) => vm.pointer === null)
  const [only] = nameless
  if (only !== undefined && nameless.length === 1) {
    only.pointer = pointer
    s.byPointer.set(pointer, only)
    return only
  }
  return findVm(s, thread, pointer)
}

/** Takes a VM into account whose beginning the trace does not show. */
export function findVm(s: ImportState, thread: ThreadState, pointer: string | null, whole = false): VmState {
  const vm = s.addVm(thread.process, pointer, whole)
  s.emit({ type: 'vm.found', line: s.line, time: s.time, vm: vm.number, process: vm.process, pointer })
  return vm
}

/** The VMs that a line of this thread can be about. */
export function candidates(s: ImportState, thread: ThreadState): VmState[] {
  const live = s.live()
  if (thread.process !== null) {
    const own = live.filter((vm) => vm.process === thread.process)
    if (own.length > 0) return own
  }
  const served = live.filter((vm) => thread.served.has(vm))
  return served.length > 0 ? served : live
}

/** The VM that a line of this thread is about, null when several can be meant or none is known. */
export function decide(s: ImportState, thread: ThreadState): VmState | null {
  if (thread.context !== null) return thread.context
  const among = candidates(s, thread)
  return among.length === 1 ? (among[0] ?? null) : null
}

/**
 * The VM whose vCPU this thread runs. A process without a known VM that runs a vCPU has one that
 * began before the trace, or unseen.
 */
export function decideForVcpu(s: ImportState, thread: ThreadState): VmState | null {
  if (thread.context !== null) return thread.context
  const among = candidates(s, thread)
  const [only] = among
  if (only === undefined) return findVm(s, thread, null)
  if (among.length > 1) return null
  if (thread.process !== null && only.process !== null && only.process !== thread.process)
    return findVm(s, thread, null)
  return only
}

/** The VM whose tables a `spte_changed` line is about. */
export function decideForEntry(s: ImportState, thread: ThreadState, entry: EntryChanged): VmState | null {
  if (thread.notifier === null) {
    if (thread.context !== null) return thread.context
    // A vCPU's fault was attributed when it began.
    if (thread.fault !== null && thread.fault.vm !== null) return thread.fault.vm
  }
  const among = candidates(s, thread)
  const [only] = among
  if (only === undefined) return findVm(s, thread, null)
  if (among.length === 1) return only
  let fitting = among.filter((vm) => holdsOld(s, vm, entry))
  const range = thread.notifier
  if (fitting.length !== 1 && range !== null) {
    const below = (fitting.length > 0 ? fitting : among).filter((vm) => slotLiesIn(vm, entry, range))
    if (below.length > 0) fitting = below
  }
  // Taking an entry out and putting another in are two lines in a row.
  if (fitting.length > 1 && range !== null && range.vm !== null && range.gfn === entry.gfn) return range.vm
  return fitting.length === 1 ? (fitting[0] ?? null) : null
}

/** Whether the lines before left the entry's old value in one of the VM's trees. */
function holdsOld(s: ImportState, vm: VmState, entry: EntryChanged): boolean {
  if (vm.cuts.some((cut) => isBelow(cut, entry) && findBelow(cut.table, entry.level, entry.gfn)?.spte === entry.old))
    return true
  let empty = true
  for (const tree of vm.trees) {
    if (tree.as !== entry.as) continue
    const cell = tree.find(entry.level, entry.gfn)
    if (cell === null) continue
    if (cell.spte === entry.old) return true
    const was = decodeSpte(cell.spte, entry.level, s.layout)
    const says = decodeSpte(entry.old, entry.level, s.layout)
    // Permissions and bits may have changed without a line; the frame may not.
    if (was.kind === 'leaf' && says.kind === 'leaf' && was.frame === says.frame) return true
    if (was.kind === 'leaf' || was.kind === 'table') empty = false
  }
  const says = decodeSpte(entry.old, entry.level, s.layout)
  return empty && (says.kind === 'empty' || says.kind === 'removed')
}

/** Whether the entry stands in the table that was cut off, or below it. */
export function isBelow(cut: CutTable, entry: EntryChanged): boolean {
  return (
    cut.as === entry.as &&
    entry.level <= cut.table.level &&
    entry.gfn >= cut.gfn &&
    entry.gfn < cut.gfn + 512 ** (cut.level - 1)
  )
}

function slotLiesIn(
  vm: VmState,
  entry: EntryChanged,
  range: { readonly start: number; readonly end: number },
): boolean {
  const first = entry.gfn * 4096
  const last = first + 512 ** (entry.level - 1) * 4096
  for (const [key, slot] of vm.slots) {
    if (Math.floor(key / 0x10000) !== entry.as || slot.hva === null) continue
    if (last <= slot.gpa || first >= slot.gpa + slot.size) continue
    const from = slot.hva + Math.max(first - slot.gpa, 0)
    const to = slot.hva + Math.min(last - slot.gpa, slot.size)
    if (from < range.end && to > range.start) return true
  }
  return false
}

/** Page-aligned bounds of a notifier's range. */
export function notifierRange(start: bigint, end: bigint): { start: number; end: number } {
  return { start: hostAddress(start), end: hostAddress(end) }
}
