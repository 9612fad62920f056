/**
 * Memory slots: a request, the exchanges of the slot table that it causes, and the answer, which
 * alone says whether it was accepted. All three are lines of one thread.
 *
 * A slot exists from the exchange on, before the call returns; a deletion and a move exchange the
 * table twice, first to mark the slot invalid, so that faults into it wait.
 *
 * Source: __kvm_set_memory_region(), kvm_set_memslot() and kvm_activate_memslot() of
 * virt/kvm/kvm_main.c, Linux 6.1.
 */
import type { SlotAnswered, SlotRequested, SlotsSwapped } from '../ftrace/event.ts'
import { decide, vmByPointer } from './attribution.ts'
import type { SlotShape } from './fact.ts'
import {
  hostAddress,
  type ImportState,
  type SlotRequestState,
  slotKey,
  type ThreadState,
  type VmState,
} from './state.ts'

/** Bits of kvm_userspace_memory_region.flags. @source include/uapi/linux/kvm.h */
const DIRTY_LOG_FLAGS: readonly number[] = [1, 3]
const READ_ONLY_FLAGS: readonly number[] = [2, 3]

/** User space asks; nothing is true yet. */
export function slotRequested(s: ImportState, thread: ThreadState, asked: SlotRequested): void {
  abandonRequest(s, thread)
  const vm = vmByPointer(s, thread, asked.kvm)
  thread.context = vm
  thread.served.add(vm)
  thread.request = { asked, vm, swaps: 0 }
}

/** The table was exchanged: the request was accepted. */
export function slotsSwapped(s: ImportState, thread: ThreadState, event: SlotsSwapped): void {
  const vm = vmByPointer(s, thread, event.kvm)
  thread.context = vm
  const { request } = thread
  if (request === null) return
  request.swaps += 1
  const change = changeOf(vm, request.asked)
  if (change === 'unknown') return
  if ((change === 'deleted' || change === 'moved') && request.swaps === 1) {
    const { as, slot } = request.asked
    s.emit({ type: 'slot.invalidated', line: s.line, time: s.time, vm: vm.number, as, slot })
    return
  }
  apply(s, vm, request.asked, change)
}

/** The call returns. */
export function slotAnswered(s: ImportState, thread: ThreadState, event: SlotAnswered): void {
  const { request } = thread
  thread.request = null
  if (request === null) {
    const vm = decide(s, thread)
    const what = event.result === 0 ? 'a slot call that was accepted' : 'a slot call that was refused'
    unknown(s, vm, what, 'the line with the request is missing')
    return
  }
  const { asked } = request
  const vm = request.vm ?? vmByPointer(s, thread, asked.kvm)
  if (event.result < 0) {
    const { as, slot, gpa, size, hva, flags } = asked
    const errno = -event.result
    s.emit({ type: 'slot.refused', line: s.line, time: s.time, vm: vm.number, as, slot, gpa, size, hva, flags, errno })
    return
  }
  const key = slotKey(asked.as, asked.slot)
  const change = changeOf(vm, asked)
  if (change === 'unknown') {
    // It was there before the trace, or its creation was lost: two exchanges are a move.
    apply(s, vm, asked, request.swaps === 2 ? 'moved' : 'created')
    return
  }
  // Without the probe on the exchange, the answer is the only line that tells.
  if (request.swaps === 0 && change !== 'kept' && (change !== 'deleted' || vm.slots.has(key)))
    apply(s, vm, asked, change)
}

/** A thread ended, or asked again, and no line said how its request was answered. */
export function abandonRequest(s: ImportState, thread: ThreadState): void {
  const request: SlotRequestState | null = thread.request
  thread.request = null
  if (request !== null)
    unknown(s, request.vm, `whether the request for slot ${request.asked.slot} was accepted`, 'no line answers it')
}

type Change = 'created' | 'moved' | 'reflagged' | 'deleted' | 'kept' | 'unknown'

function changeOf(vm: VmState, asked: SlotRequested): Change {
  if (asked.size === 0n) return 'deleted'
  const known = vm.slots.get(slotKey(asked.as, asked.slot))
  if (known === undefined) return vm.cloud.counters ? 'unknown' : 'created'
  if (known.gpa !== Number(asked.gpa)) return 'moved'
  const shape = shapeOf(asked)
  return shape.dirtyLog === known.dirtyLog && shape.readOnly === known.readOnly ? 'kept' : 'reflagged'
}

function apply(
  s: ImportState,
  vm: VmState,
  asked: SlotRequested,
  change: Exclude<Change, 'unknown' | 'kept'> | 'kept',
) {
  const { as, slot } = asked
  const key = slotKey(as, slot)
  const known = vm.slots.get(key) ?? null
  const at = { line: s.line, time: s.time, vm: vm.number, as, slot }
  if (change === 'deleted') {
    vm.slots.delete(key)
    s.emit({ type: 'slot.deleted', ...at, known })
    return
  }
  const shape = shapeOf(asked)
  vm.slots.set(key, shape)
  if (change === 'created') s.emit({ type: 'slot.created', ...at, ...shape })
  else if (change === 'moved') s.emit({ type: 'slot.moved', ...at, ...shape, from: known?.gpa ?? null })
  else s.emit({ type: 'slot.reflagged', ...at, ...shape })
}

/** What was accepted fits: KVM refuses an address or a size that is no page's, or wraps. */
function shapeOf(asked: SlotRequested): SlotShape {
  return {
    gpa: Number(asked.gpa),
    size: Number(asked.size),
    hva: asked.hva === null ? null : hostAddress(asked.hva),
    readOnly: READ_ONLY_FLAGS.includes(asked.flags % 4),
    dirtyLog: DIRTY_LOG_FLAGS.includes(asked.flags % 4),
  }
}

function unknown(s: ImportState, vm: VmState | null, what: string, why: string): void {
  s.emit({ type: 'value.unknown', line: s.line, time: s.time, vm: vm?.number ?? null, what, why })
}
