/**
 * Address spaces of processes: placement, entries, sealing and unmapping.
 *
 * Source: uvm_map.c (2025).
 */

import type { Bytes, Hva, Word64 } from '../../events/address.ts'
import {
  addWords,
  isPageAligned,
  offset,
  PAGE_SIZE,
  truncPage,
  VM_MAXUSER_ADDRESS,
  VM_MIN_ADDRESS,
  word64,
} from '../../events/address.ts'
import type { Errno } from '../../events/errno.ts'
import type { ObjectRef, Pid } from '../../events/ids.ts'
import type { Inherit, Protection } from '../../events/space.ts'
import type { MapEntry, Process } from '../model/world.ts'
import type { Kernel } from './kernel.ts'
import { removeRange } from './pmap.ts'
import { referenceObject } from './uvm_aobj.ts'
import { releaseWirings } from './uvm_unwire.ts'

/** Where the search for a free place starts. A real kernel starts at a random address. */
const FIRST_FIT = 0x1000000000 as Hva

export type MapRequest = {
  readonly hint: Word64
  readonly size: Bytes
  readonly object: ObjectRef
  readonly conceal: boolean
  readonly inherit: Inherit
  /** Pages into the object; 0 when left out. */
  readonly offset?: number
  /** 'rw' when left out. */
  readonly prot?: Protection
  /** 'rw' when left out. */
  readonly maxProt?: Protection
}

export type Mapped = { readonly ok: true; readonly start: Hva } | { readonly ok: false; readonly errno: Errno }

/** The entry that holds `address`. */
export function entryAt(process: Process, address: Word64): MapEntry | undefined {
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
function findSpace(process: Process, hint: Word64, size: Bytes): Hva | null {
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
  const { size, object } = request
  const injected = kernel.fails('uvm_map')
  const process = kernel.world.processes[pid]
  const start = process === undefined ? null : findSpace(process, request.hint, size)
  const errno = injected ?? (start === null ? 'ENOMEM' : null)
  if (errno !== null || start === null) {
    kernel.record({ type: 'space.refused', pid, size, object, errno: errno ?? 'ENOMEM' })
    return { ok: false, errno: errno ?? 'ENOMEM' }
  }
  insertEntry(kernel, pid, start, request)
  return { ok: true, start }
}

/** uvm_map_mkentry() at a place that is free. */
export function insertEntry(kernel: Kernel, pid: Pid, start: Hva, request: Omit<MapRequest, 'hint'>): void {
  const { size, object, conceal, inherit, prot, maxProt } = request
  kernel.record({
    type: 'space.mapped',
    pid,
    start,
    size,
    object,
    offset: request.offset ?? 0,
    conceal,
    inherit,
    ...(prot === undefined ? {} : { prot }),
    ...(maxProt === undefined ? {} : { maxProt }),
    thread: kernel.thread.id,
  })
}

/** round_page(), for a size of any 64 bits. */
export function roundPage(size: Word64): Word64 {
  const up = addWords(size, PAGE_SIZE - 1)
  return typeof up === 'number' ? truncPage(up) : word64(up - (up % BigInt(PAGE_SIZE)))
}

export type UserRange = { readonly start: Hva; readonly end: Hva }

/** ALIGN_ADDR(): the pages that [va, va + size) touches; null where that is not within user space. */
export function userRange(va: Word64, size: Word64): UserRange | null {
  if (typeof va !== 'number' || typeof size !== 'number') return null
  const start = truncPage(va) as Hva
  const rounded = roundPage(addWords(size, va - start))
  if (typeof rounded !== 'number' || !inUserSpace(start, rounded as Bytes)) return null
  return { start, end: offset(start, rounded) }
}

/** Whether [start, end) is mapped without a hole; a range of nothing is. */
export function isWhole(process: Process, { start, end }: UserRange): boolean {
  let covered = start
  for (const entry of process.entries) {
    if (offset(entry.start, entry.size) <= covered) continue
    if (covered >= end || entry.start > covered) break
    covered = offset(entry.start, entry.size)
  }
  return covered >= end
}

/** UVM_MAP_CLIP_START, UVM_MAP_CLIP_END: the entry around `at` becomes two, and its object gets a reference more. */
export function clip(kernel: Kernel, pid: Pid, at: Hva): void {
  const process = kernel.world.processes[pid]
  const entry = process === undefined ? undefined : entryAt(process, at)
  if (entry === undefined || entry.start === at) return
  kernel.record({ type: 'space.split', pid, at })
  referenceObject(kernel, entry.object, 'split')
}

/** Entries that overlap [start, end). */
export function entriesWithin(kernel: Kernel, pid: Pid, start: Hva, end: Hva): readonly MapEntry[] {
  const entries = kernel.world.processes[pid]?.entries ?? []
  return entries.filter((entry) => entry.start < end && start < offset(entry.start, entry.size))
}

/** uvm_map_immutable(): holes are skipped, and it is a success all the same; what a child gets anew is refused. */
export function sealRange(kernel: Kernel, pid: Pid, start: Hva, end: Hva): Errno | null {
  const within = entriesWithin(kernel, pid, start, end)
  const errno =
    kernel.fails('uvm_map_immutable') ?? (within.some(({ inherit }) => inherit === 'zero') ? ('EPERM' as const) : null)
  if (errno !== null) {
    kernel.record({ type: 'space.sealRefused', pid, start, end, errno })
    return errno
  }
  if (within.length > 0) {
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

/** uvm_unmap_kill_entry(): one entry, the wirings that it counts, and what the process pmap has of it. */
export function removeEntry(kernel: Kernel, pid: Pid, entry: MapEntry): void {
  const process = kernel.world.processes[pid]
  if (process !== undefined && entry.wired > 0) releaseWirings(kernel, process, entry)
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
