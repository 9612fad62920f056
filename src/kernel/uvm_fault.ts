/**
 * Faults in the map of a process, ordinary and wiring.
 *
 * Source: uvm_fault.c and uvm_page.c (2025).
 */

import type { Frame, Gpa, Hva } from '../../events/address.ts'
import { offset, PAGE_SIZE, pageOf, pagesOf, truncPage } from '../../events/address.ts'
import type { Errno } from '../../events/errno.ts'
import type { ObjectRef } from '../../events/ids.ts'
import type { Entry, MapEntry, Process, Vm } from '../model/world.ts'
import { type Kernel, panic } from './kernel.ts'
import { enterProcess, enterWired } from './pmap.ts'
import { rightsOf } from './protection.ts'
import { deactivatePage } from './uvm_aobj.ts'
import { isSwapFull } from './uvm_pdaemon.ts'

/**
 * 'ok', an errno, 'short' where the fault has to be tried again, 'starved' where it sleeps until a page is free, or
 * 'busy' where the page daemon has the page and it sleeps until that is gone.
 */
export type FaultResult = 'ok' | 'short' | 'starved' | 'busy' | Errno

/**
 * Finds page `index` of `object`: resident, in swap, or zero-filled.
 *
 * @returns its frame, or why there is none now.
 */
function pageIn(kernel: Kernel, object: ObjectRef, index: number): Frame | Exclude<FaultResult, 'ok'> {
  const { memory } = kernel.world
  const resident = memory.resident(object, index)
  if (resident >= 0) return memory.busy(resident) ? 'busy' : (resident as Frame)
  if (kernel.fails('page_alloc') !== null) return waitForMemory(kernel)
  const frame = kernel.world.memory.lowestFreeFrame() as Frame
  if (frame < 0) return starve(kernel)
  const from = kernel.world.memory.swapped(object, index) ? 'swap' : 'zero'
  kernel.record({ type: 'page.allocated', object, index, frame, from })
  return frame
}

/** The fault could not enter its page: it waits for a page-table page or a pv entry. */
function shortOfTables(kernel: Kernel): 'short' | 'starved' | 'ENOMEM' {
  return kernel.world.memory.lowestFreeFrame() < 0 ? starve(kernel) : waitForMemory(kernel)
}

/**
 * No page is free: uvm_wait() sleeps until one is, which the page daemon sees to. With swap full as well none will ever
 * be, and the fault answers ENOMEM.
 */
function starve(kernel: Kernel): 'starved' | 'ENOMEM' {
  if (isSwapFull(kernel)) return 'ENOMEM'
  // A thread that comes back too early has said so before.
  if (kernel.thread.waiting !== 'memory') waitForMemory(kernel)
  return 'starved'
}

/** A wired page is dirty for good: its copy in swap is worthless. */
function dropSwapped(kernel: Kernel, object: ObjectRef, index: number): void {
  if (kernel.world.memory.swapped(object, index)) kernel.record({ type: 'swap.released', object, index })
}

/** How far an ordinary fault reaches: `back` pages before and `forward` pages after, by the entry's advice. */
function reachOf({ advice }: MapEntry, faultAhead: number): { readonly back: number; readonly forward: number } {
  if (advice === 'random') return { back: 0, forward: 0 }
  if (advice === 'sequential') return { back: 2 * faultAhead, forward: 2 * faultAhead - 1 }
  return { back: faultAhead - 1, forward: faultAhead }
}

/**
 * Fault-ahead: resident neighbours that are not mapped yet are mapped as the page itself will be, not wired. What cannot
 * be entered is left out. Behind a sequential reader pages are deactivated instead.
 *
 * @source uvm_fault.c: "map in the backpages and frontpages"; pmap_enter() with PMAP_CANFAIL, its result ignored
 */
function mapNeighbours(kernel: Kernel, process: Process, entry: MapEntry, page: Hva): void {
  const { back, forward } = reachOf(entry, kernel.world.boot.faultAhead)
  const first = Math.max(entry.start, page - back * PAGE_SIZE) as Hva
  const end = Math.min(offset(entry.start, entry.size), page + (forward + 1) * PAGE_SIZE)
  for (let va = first; va < end; va = offset(va, PAGE_SIZE)) {
    const { memory } = kernel.world
    const frame = memory.resident(entry.object, entry.offset + pagesOf(va - entry.start)) as Frame
    if (va === page || frame < 0 || memory.busy(frame)) continue
    if (entry.advice === 'sequential' && va < page) {
      if (memory.wireCount(frame) === 0) deactivatePage(kernel, frame)
      continue
    }
    if (memory.leaf(process.pmap, pageOf(va)) >= 0) continue
    if (memory.queue(frame) === 'inactive') kernel.record({ type: 'page.activated', frame })
    enterProcess(kernel, process.pmap, va, frame, rightsOf(entry.prot), false)
  }
}

/** Whether an entry shows an object that was freed under it: the fault locks freed memory, and the host stops there. */
function isGone(kernel: Kernel, object: ObjectRef): boolean {
  if (kernel.world.objects[object] !== undefined) return false
  panic(kernel, 'uvm_fault', 'uaf')
  return true
}

/**
 * Brings the page of `entry` at `va` in, from the object, from swap or zero-filled, and enters it into the process
 * pmap; `wired` wires the page itself as well, which nothing but its end undoes.
 */
export function faultIn(kernel: Kernel, process: Process, entry: MapEntry, va: Hva, wired: boolean): FaultResult {
  const page = truncPage(va)
  const index = entry.offset + pagesOf(page - entry.start)
  const { object } = entry
  if (isGone(kernel, object)) return 'ok'
  if (!wired && kernel.world.boot.faultAhead > 0) mapNeighbours(kernel, process, entry, page)
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
  if (isGone(kernel, entry.object)) return 'ok'
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

/** Whether the thread comes back from a sleep in the middle of its fault, which then goes on where it was. */
export function isAsleepInFault({ thread }: Kernel): boolean {
  return thread.waiting === 'pagedaemon' || thread.waiting === 'memory'
}
