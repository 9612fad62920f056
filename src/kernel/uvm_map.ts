/**
 * Address spaces of processes: placement, entries, sealing and unmapping.
 *
 * Source: uvm_map.c (2025).
 */

import type { Bytes, Hva, Word64 } from '../../events/address.ts'
import { isPageAligned, offset, VM_MAXUSER_ADDRESS, VM_MIN_ADDRESS } from '../../events/address.ts'
import type { Errno } from '../../events/errno.ts'
import type { ObjectRef, Pid } from '../../events/ids.ts'
import type { Entry, Process } from '../model/world.ts'
import type { Kernel } from './kernel.ts'
import { removeRange } from './pmap.ts'
import { referenceObject } from './uvm_aobj.ts'

/** Where the search for a free place starts. A real kernel starts at a random address. */
const FIRST_FIT = 0x1000000000 as Hva

export type MapRequest = {
  readonly hint: Word64
  readonly size: Bytes
  readonly object: ObjectRef
  readonly conceal: boolean
  readonly inherit: 'none' | 'copy'
}

export type Mapped = { readonly ok: true; readonly start: Hva } | { readonly ok: false; readonly errno: Errno }

/** The entry that holds `address`. */
export function entryAt(process: Process, address: Word64): Entry | undefined {
  for (const entry of process.entries) {
    if (address < entry.start) return undefined
    if (address < offset(entry.start, entry.size)) return entry
  }
  return undefined
}

/** Whether no entry lies in [start, start + size). */
export function isFree(process: Process, start: Hva, size: Bytes): boolean {
  return !process.entries.some((entry) => entry.start < start + size && start < offset(entry.start, entry.size))
}

/** Whether [start, start + size) is user space; `start` may be any 64-bit value. */
export function inUserSpace(start: Word64, size: Bytes): start is Hva {
  return typeof start === 'number' && start >= VM_MIN_ADDRESS && start <= VM_MAXUSER_ADDRESS - size
}

/** A hint is used exactly where it can be; otherwise the lowest gap that is large enough. Null when there is none. */
export function findSpace(process: Process, hint: Word64, size: Bytes): Hva | null {
  if (hint !== 0 && isPageAligned(hint) && inUserSpace(hint, size) && isFree(process, hint, size)) return hint
  let start = FIRST_FIT
  for (const entry of process.entries) {
    if (offset(entry.start, entry.size) <= start) continue
    if (entry.start - start >= size) break
    start = offset(entry.start, entry.size)
  }
  return start <= VM_MAXUSER_ADDRESS - size ? start : null
}

/** uvm_map() with an object: the entry absorbs the caller's reference, none is taken. No page, no PTE. */
export function mapObject(kernel: Kernel, pid: Pid, request: MapRequest): Mapped {
  const { size, object, conceal, inherit } = request
  const injected = kernel.fails('uvm_map')
  const process = kernel.world.processes[pid]
  const start = process === undefined ? null : findSpace(process, request.hint, size)
  const errno = injected ?? (start === null ? 'ENOMEM' : null)
  if (errno !== null || start === null) {
    kernel.record({ type: 'space.refused', pid, size, object, errno: errno ?? 'ENOMEM' })
    return { ok: false, errno: errno ?? 'ENOMEM' }
  }
  kernel.record({
    type: 'space.mapped',
    pid,
    start,
    size,
    object,
    offset: 0,
    conceal,
    inherit,
    thread: kernel.thread.id,
  })
  return { ok: true, start }
}

/** UVM_MAP_CLIP_START, UVM_MAP_CLIP_END: the entry around `at` becomes two, and its object gets a reference more. */
function clip(kernel: Kernel, pid: Pid, at: Hva): void {
  const process = kernel.world.processes[pid]
  const entry = process === undefined ? undefined : entryAt(process, at)
  if (entry === undefined || entry.start === at) return
  kernel.record({ type: 'space.split', pid, at })
  referenceObject(kernel, entry.object, 'split')
}

/** Entries that overlap [start, end). */
function entriesWithin(kernel: Kernel, pid: Pid, start: Hva, end: Hva): readonly Entry[] {
  const entries = kernel.world.processes[pid]?.entries ?? []
  return entries.filter((entry) => entry.start < end && start < offset(entry.start, entry.size))
}

/** uvm_map_immutable(): holes are skipped, and it is a success all the same. */
export function sealRange(kernel: Kernel, pid: Pid, start: Hva, end: Hva): Errno | null {
  const errno = kernel.fails('uvm_map_immutable')
  if (errno !== null) {
    kernel.record({ type: 'space.sealRefused', pid, start, end, errno })
    return errno
  }
  if (entriesWithin(kernel, pid, start, end).length > 0) {
    clip(kernel, pid, start)
    clip(kernel, pid, end)
  }
  kernel.record({ type: 'space.sealed', pid, start, end })
  return null
}

/**
 * uvm_unmap_remove(): takes the entries of [start, end) out, immutable or not, and removes their pages from the
 * process pmap.
 *
 * @returns the objects whose references the caller gives back once the map is unlocked, one for each entry.
 */
export function removeEntries(kernel: Kernel, pid: Pid, start: Hva, end: Hva): readonly ObjectRef[] {
  if (start >= end) return []
  clip(kernel, pid, start)
  clip(kernel, pid, end)
  const dead: ObjectRef[] = []
  for (const entry of entriesWithin(kernel, pid, start, end)) {
    removeEntry(kernel, pid, entry)
    dead.push(entry.object)
  }
  return dead
}

/** One entry and what the process pmap has of it. */
export function removeEntry(kernel: Kernel, pid: Pid, entry: Entry): void {
  const process = kernel.world.processes[pid]
  const pmap = process === undefined ? undefined : kernel.world.pmaps[process.pmap]
  if (pmap !== undefined) removeRange(kernel, pmap, entry.start, offset(entry.start, entry.size))
  kernel.record({ type: 'space.removed', pid, start: entry.start, size: entry.size, object: entry.object })
}

/** uvm_unmap() by the kernel of [start, end), clipped to the address space. */
export function unmapRange(kernel: Kernel, pid: Pid, start: Word64, end: Word64): readonly ObjectRef[] {
  const clipped = (value: Word64): Hva => {
    if (value <= VM_MIN_ADDRESS) return VM_MIN_ADDRESS
    return (value >= VM_MAXUSER_ADDRESS ? VM_MAXUSER_ADDRESS : Number(value)) as Hva
  }
  const dead = removeEntries(kernel, pid, clipped(start), clipped(end))
  kernel.record({ type: 'space.unmapped', pid, start, end })
  return dead
}
