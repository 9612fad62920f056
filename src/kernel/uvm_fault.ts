/**
 * Faults in the map of a process, ordinary and wiring.
 *
 * Source: uvm_fault.c and uvm_page.c (2025).
 */

import type { Frame, Gpa, Hva } from '../../events/address.ts'
import { pagesOf, truncPage } from '../../events/address.ts'
import type { Errno } from '../../events/errno.ts'
import type { ObjectRef } from '../../events/ids.ts'
import type { Entry, MapEntry, Process, Vm } from '../model/world.ts'
import type { Kernel } from './kernel.ts'
import { enterProcess, enterWired } from './pmap.ts'
import { rightsOf } from './protection.ts'

/**
 * 'ok', an errno, 'short' where the fault has to be tried again once there is memory, or 'busy' where the page daemon
 * has the page and the fault sleeps until it is gone.
 */
export type FaultResult = 'ok' | 'short' | 'busy' | Errno

/**
 * Finds page `index` of `object`: resident, in swap, or zero-filled.
 *
 * @returns its frame, or why there is none now.
 */
export function pageIn(kernel: Kernel, object: ObjectRef, index: number): Frame | Exclude<FaultResult, 'ok'> {
  const { memory } = kernel.world
  const resident = memory.resident(object, index)
  if (resident >= 0) return memory.busy(resident) ? 'busy' : (resident as Frame)
  if (kernel.fails('page_alloc') !== null) return waitForMemory(kernel)
  const frame = kernel.world.memory.lowestFreeFrame() as Frame
  // Memory and swap are exhausted: no page will ever come free for the waiting.
  if (frame < 0) return 'ENOMEM'
  const from = kernel.world.memory.swapped(object, index) ? 'swap' : 'zero'
  kernel.record({ type: 'page.allocated', object, index, frame, from })
  return frame
}

/** The fault could not enter its page: it waits for a page-table page or a pv entry, unless no page is left at all. */
export function shortOfTables(kernel: Kernel): 'short' | 'ENOMEM' {
  return kernel.world.memory.lowestFreeFrame() < 0 ? 'ENOMEM' : waitForMemory(kernel)
}

/** A wired page is dirty for good: its copy in swap is worthless. */
export function dropSwapped(kernel: Kernel, object: ObjectRef, index: number): void {
  if (kernel.world.memory.swapped(object, index)) kernel.record({ type: 'swap.released', object, index })
}

/**
 * Brings the page of `entry` at `va` in, from the object, from swap or zero-filled, and enters it into the process
 * pmap; `wired` wires the page itself as well, which nothing but its end undoes.
 */
export function faultIn(kernel: Kernel, process: Process, entry: MapEntry, va: Hva, wired: boolean): FaultResult {
  const page = truncPage(va)
  const index = entry.offset + pagesOf(page - entry.start)
  const { object } = entry
  const frame = pageIn(kernel, object, index)
  if (typeof frame !== 'number') return frame
  if (enterProcess(kernel, process.pmap, page, frame, rightsOf(entry.prot), wired) !== 'ok')
    return shortOfTables(kernel)
  if (wired) {
    const wires = kernel.world.memory.wireCount(frame) + 1
    kernel.record({ type: 'page.wired', frame, wires, pid: process.pid, va: page })
    dropSwapped(kernel, object, index)
  } else if (kernel.world.memory.queue(frame) === 'inactive') kernel.record({ type: 'page.activated', frame })
  return 'ok'
}

/**
 * uvm_fault_wire() of a page of the map of guest-physical space, before the patch: the page is wired, and its leaf is
 * entered under the locks of the memory. A shortage of page-table pages or pv entries waits, as one of pages does.
 *
 * @source uvm_fault.c with PMAP_WIRED and PMAP_CANFAIL
 */
export function faultNested(kernel: Kernel, vm: Vm, entry: Entry<Gpa>, gpa: Gpa): FaultResult {
  const pmap = vm.pmap === null ? undefined : kernel.world.pmaps[vm.pmap]
  if (pmap === undefined) return 'EFAULT'
  const page = truncPage(gpa)
  const index = entry.offset + pagesOf(page - entry.start)
  const frame = pageIn(kernel, entry.object, index)
  if (typeof frame !== 'number') return frame
  if (enterWired(kernel, pmap, page, frame) !== 'ok') return shortOfTables(kernel)
  const wires = kernel.world.memory.wireCount(frame) + 1
  kernel.record({ type: 'nested.wired', vm: vm.ref, gpa: page, frame, wires })
  dropSwapped(kernel, entry.object, index)
  return 'ok'
}

/** uvm_wait(): the page daemon makes room, then the fault is tried again. */
function waitForMemory(kernel: Kernel): 'short' {
  kernel.record({ type: 'memory.awaited', thread: kernel.thread.id })
  return 'short'
}
