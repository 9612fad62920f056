/**
 * What a process asks of its own address space: mapping, unmapping, rights, inheritance and advice.
 *
 * Source: uvm_mmap.c; uvm_map_protect(), uvm_map_inherit(), uvm_map_advice() and uvm_map_clean() of uvm_map.c (2025).
 */
import type { Bytes, Hva } from '../../events/address.ts'
import { isPageAligned, offset, pageOf } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Errno } from '../../events/errno.ts'
import type { ObjectRef, Pid } from '../../events/ids.ts'
import type { MapEntry, Process } from '../model/world.ts'
import { type Blocked, blocked, commandOf, curproc, DONE, type Kernel, learn, refuse } from './kernel.ts'
import { protectLeaves } from './pmap.ts'
import { allows, rightsOf } from './protection.ts'
import { createObject, detachObject, type Flush, flushObject } from './uvm_aobj.ts'
import {
  clip,
  entriesWithin,
  inUserSpace,
  isFree,
  isWhole,
  mapObject,
  removeEntries,
  roundPage,
  type UserRange,
  userRange,
} from './uvm_map.ts'

/** sys_mmap() of anonymous memory. With MAP_FIXED what is there goes first, unless any of it is immutable. */
export function mapAnonymous(kernel: Kernel): Answer {
  const { va, size: asked, fixed = false } = commandOf(kernel, 'host.mmap')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const rounded = roundPage(asked)
  if (rounded === 0) return refuse(kernel, 'EINVAL', 'sys_mmap')
  if (typeof rounded !== 'number') return refuse(kernel, 'ENOMEM', 'sys_mmap')
  const size = rounded as Bytes
  const { pid } = process
  if (fixed && va === null) return refuse(kernel, 'EINVAL', 'sys_mmap')
  if (va !== null && (!isPageAligned(va) || !inUserSpace(va, size))) return refuse(kernel, 'EINVAL', 'sys_mmap')
  let dead: readonly ObjectRef[] = []
  if (fixed) {
    const end = offset(va as Hva, size)
    if (isSealed(kernel, pid, { start: va as Hva, end })) return refuse(kernel, 'EPERM', 'uvm_mapanon')
    dead = removeEntries(kernel, pid, va as Hva, end)
  } else if (va !== null && !isFree(process, va as Hva, size)) return refuse(kernel, 'EEXIST', 'sys_mmap')
  if (dead.length > 0) learn(kernel, { dead })
  // What went is given back once the map is unlocked, also where nothing takes its place.
  const answer = mapAnew(kernel, pid, size)
  return dead.length > 0 ? { type: 'next', slot: 0 } : answer
}

/** uvm_mapanon(), once the place is free. */
function mapAnew(kernel: Kernel, pid: Pid, size: Bytes): Answer {
  const { va, shared = false, conceal = false, prot } = commandOf(kernel, 'host.mmap')
  const object = createObject(kernel, 'anon', size)
  if (object === null) return refuse(kernel, 'ENOMEM', 'sys_mmap')
  const inherit = shared ? 'share' : 'copy'
  const rights = prot === undefined || prot === 'rw' ? {} : { prot }
  const mapped = mapObject(kernel, pid, { hint: va ?? 0, size, object, conceal, inherit, ...rights, maxProt: 'rwx' })
  if (!mapped.ok) {
    detachObject(kernel, object, 'carried')
    return refuse(kernel, mapped.errno, 'uvm_map')
  }
  learn(kernel, { va: [mapped.start] })
  return DONE
}

function isSealed(kernel: Kernel, pid: Pid, { start, end }: UserRange): boolean {
  return entriesWithin(kernel, pid, start, end).some((entry) => entry.immutable)
}

/** sys_munmap(): a range with a hole is EINVAL, one that is immutable anywhere is EPERM. */
export function unmapByProcess(kernel: Kernel): Answer {
  const { va, size } = commandOf(kernel, 'host.munmap')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_munmap')
  if (!isWhole(process, range)) return refuse(kernel, 'EINVAL', 'uvm_map_checkprot')
  if (isSealed(kernel, process.pid, range)) return refuse(kernel, 'EPERM', 'uvm_unmap_remove')
  learn(kernel, { dead: removeEntries(kernel, process.pid, range.start, range.end) })
  return DONE
}

/** What of an entry lies in a range. */
function cut(entry: MapEntry, { start, end }: UserRange): UserRange {
  const last = offset(entry.start, entry.size)
  return { start: entry.start < start ? start : entry.start, end: last > end ? end : last }
}

function clipEnds(kernel: Kernel, pid: Pid, { start, end }: UserRange): void {
  clip(kernel, pid, start)
  clip(kernel, pid, end)
}

/** sys_mprotect(): all entries are looked at before any is changed; holes are passed over. */
export function protectByProcess(kernel: Kernel): Answer {
  const { va, size, prot } = commandOf(kernel, 'host.mprotect')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_mprotect')
  const { pid, pmap } = process
  const entries = entriesWithin(kernel, pid, range.start, range.end)
  for (const entry of entries) {
    if (entry.immutable) return refuse(kernel, 'EPERM', 'uvm_map_protect')
    if (!allows(entry.maxProt, prot)) return refuse(kernel, 'EACCES', 'uvm_map_protect')
  }
  for (const entry of entries) {
    if (entry.prot === prot) continue
    const part = cut(entry, range)
    clipEnds(kernel, pid, part)
    const record = kernel.world.pmaps[pmap]
    // The entry forgets that it was locked; its pages stay wired.
    if (prot === 'none' && entry.wired > 0) kernel.record({ type: 'space.unwired', pid, ...part, left: 0 })
    if (record !== undefined) protectLeaves(kernel, record, part.start, part.end, rightsOf(prot))
    kernel.record({ type: 'space.protected', pid, ...part, prot })
  }
  return DONE
}

/** sys_minherit(). */
export function inheritByProcess(kernel: Kernel): Answer {
  const { va, size, inherit } = commandOf(kernel, 'host.minherit')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_minherit')
  const { pid } = process
  if (isSealed(kernel, pid, range)) return refuse(kernel, 'EPERM', 'uvm_map_inherit')
  if (entriesWithin(kernel, pid, range.start, range.end).length === 0) return DONE
  clipEnds(kernel, pid, range)
  kernel.record({ type: 'space.bequeathed', pid, ...range, inherit })
  return DONE
}

/** sys_madvise(). MADV_WILLNEED is accepted and does nothing, as the kernel has it. */
export function adviseByProcess(kernel: Kernel): Answer | Blocked {
  const { va, size, advice } = commandOf(kernel, 'host.madvise')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_madvise')
  switch (advice) {
    case 'willneed':
      return DONE
    case 'spaceavail':
      return refuse(kernel, 'EINVAL', 'sys_madvise')
    case 'dontneed':
      return cleanRange(kernel, process, range, 'deactivate')
    case 'free':
      return cleanRange(kernel, process, range, 'free')
    default:
      if (entriesWithin(kernel, process.pid, range.start, range.end).length === 0) return DONE
      clipEnds(kernel, process.pid, range)
      kernel.record({ type: 'space.advised', pid: process.pid, ...range, advice })
      return DONE
  }
}

/** sys_msync(): nothing has a home to be written to; MS_INVALIDATE deactivates. */
export function syncByProcess(kernel: Kernel): Answer | Blocked {
  const { va, size, invalidate } = commandOf(kernel, 'host.msync')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_msync')
  return cleanRange(kernel, process, range, invalidate ? 'deactivate' : 'none')
}

/** uvm_map_clean(): holes are EFAULT; memory of an amap that is sealed is not freed, that of an object may be. */
function cleanRange(kernel: Kernel, process: Process, range: UserRange, how: Flush | 'none'): Answer | Blocked {
  const errno = cleanRefusal(kernel, process, range, how)
  if (errno !== null) return refuse(kernel, errno, 'uvm_map_clean')
  if (how === 'none') return DONE
  const { memory } = kernel.world
  const parts = entriesWithin(kernel, process.pid, range.start, range.end).map((entry) => {
    const { start, end } = cut(entry, range)
    const first = entry.offset + pageOf(start - entry.start)
    return { entry, first, pages: pageOf(end - start) }
  })
  for (const { entry, first, pages } of parts) {
    for (let index = first; index < first + pages; index += 1) {
      const frame = memory.resident(entry.object, index)
      if (frame >= 0 && memory.busy(frame)) return blocked('pagedaemon')
    }
  }
  for (const { entry, first, pages } of parts) {
    if (how === 'free' && !allows(entry.maxProt, 'w')) continue
    flushObject(kernel, entry.object, first, pages, how)
  }
  return DONE
}

function cleanRefusal(kernel: Kernel, process: Process, range: UserRange, how: Flush | 'none'): Errno | null {
  if (!isWhole(process, range)) return 'EFAULT'
  if (how !== 'free') return null
  const sealed = entriesWithin(kernel, process.pid, range.start, range.end).filter((entry) => entry.immutable)
  return sealed.some(({ object }) => kernel.world.objects[object]?.kind === 'anon') ? 'EPERM' : null
}
