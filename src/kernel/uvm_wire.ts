/**
 * Locking memory: uvm_map_pageable(), behind mlock(2), munlock(2) and the PSP driver. No limit on what may be locked is
 * modelled, neither RLIMIT_MEMLOCK nor the host's own.
 *
 * Source: uvm_map.c, uvm_map_pageable() and its two halves; uvm_fault.c, uvm_fault_unwire_locked(); uvm_mmap.c.
 */
import { type Hva, offset, PAGE_SIZE } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Errno } from '../../events/errno.ts'
import type { MapEntry, Process } from '../model/world.ts'
import { type Blocked, blocked, commandOf, curproc, DONE, type Kernel, learn, NONE, refuse, SHORT } from './kernel.ts'
import { faultIn } from './uvm_fault.ts'
import { clip, entriesWithin, entryAt, isWhole, type UserRange, userRange } from './uvm_map.ts'
import { releaseWirings, unwirePages } from './uvm_unwire.ts'

/** The entries that uvm_map_pageable() goes over: a last one that is locked already is left as it is. */
function toWire(entries: readonly MapEntry[]): readonly MapEntry[] {
  return (entries.at(-1)?.wired ?? 0) > 0 ? entries.slice(0, -1) : entries
}

/**
 * uvm_map_pageable_wire(), first pass, under the map lock: the entries are cut at the ends of the range and counted; each
 * cut takes a reference.
 *
 * @returns the stretch whose pages the second pass wires.
 */
export function countWiring(kernel: Kernel, process: Process, range: UserRange): UserRange {
  const { pid } = process
  const first = entryAt(process, range.start)
  const last = entryAt(process, range.end - 1)
  if (first?.wired === 0) clip(kernel, pid, range.start)
  if (last?.wired === 0) clip(kernel, pid, range.end)
  const wiring = toWire(entriesWithin(kernel, pid, range.start, range.end))
  const start = wiring[0]?.start ?? range.start
  const end = wiring.reduce((_, entry) => offset(entry.start, entry.size), start)
  if (start < end) kernel.record({ type: 'space.wired', pid, start, end })
  return { start, end }
}

/** sys_mlock(), first pass. */
export function lockRange(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { va, size } = commandOf(kernel, 'host.mlock')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_mlock')
  // sys_mlock() answers ENOMEM whatever uvm_map_pageable() said.
  if (!isWhole(process, range)) return refuse(kernel, 'ENOMEM', 'uvm_map_pageable')
  const { start, end } = countWiring(kernel, process, range)
  learn(kernel, { cursor: start, limit: end, va: [start, end] })
  return DONE
}

/**
 * Second pass: uvm_fault_wire() of the page at the cursor. An entry without rights is counted, not wired.
 *
 * @param answer what the caller of uvm_map_pageable() makes of an errno.
 */
export function wireNextPage(kernel: Kernel, answer: (errno: Errno) => Errno): Answer | Blocked {
  const { cursor, limit } = kernel.thread.locals
  const process = curproc(kernel)
  if (process === undefined || cursor >= limit) return NONE
  const entry = entryAt(process, cursor)
  // A sibling has taken the entry away: its pages went with it.
  if (entry === undefined || entry.prot === 'none') {
    learn(kernel, { cursor: entry === undefined ? cursor + PAGE_SIZE : offset(entry.start, entry.size) })
    return { type: 'next', slot: 0 }
  }
  const result = faultIn(kernel, process, entry, cursor as Hva, true)
  if (result === 'busy') return blocked('pagedaemon')
  if (result === 'starved') return blocked('memory')
  if (result === 'short') return SHORT
  if (result !== 'ok') return refuse(kernel, answer(result), 'uvm_fault_wire')
  learn(kernel, { cursor: cursor + PAGE_SIZE })
  return { type: 'next', slot: 0 }
}

/** sys_mlock(), second pass. */
export function lockNextPage(kernel: Kernel): Answer | Blocked {
  return wireNextPage(kernel, () => 'ENOMEM')
}

/** The failure of the second pass: what was wired is unwired, and the entries count one wiring less. */
export function unlockFailed(kernel: Kernel): Answer {
  const { cursor, va } = kernel.thread.locals
  const [start, end] = va as readonly Hva[]
  const process = curproc(kernel)
  if (process === undefined || start === undefined || end === undefined) return DONE
  if (start < cursor) unwirePages(kernel, process, start, cursor as Hva)
  for (const entry of entriesWithin(kernel, process.pid, start, end)) {
    const range = { start: entry.start, end: offset(entry.start, entry.size) }
    if (entry.wired > 0) kernel.record({ type: 'space.unwired', pid: process.pid, ...range, left: entry.wired - 1 })
  }
  return DONE
}

/**
 * uvm_map_pageable_pgon(): however often an entry was locked, and by whom, it is not locked after; its pages lose one
 * wiring.
 */
export function makePageable(kernel: Kernel, process: Process, { start, end }: UserRange): void {
  const { pid } = process
  if ((entryAt(process, start)?.wired ?? 0) > 0) clip(kernel, pid, start)
  if ((entryAt(process, end - 1)?.wired ?? 0) > 0) clip(kernel, pid, end)
  for (const entry of entriesWithin(kernel, pid, start, end)) {
    if (entry.wired > 0) releaseWirings(kernel, process, entry)
  }
}

/** sys_munlock(). */
export function unlockRange(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { va, size } = commandOf(kernel, 'host.munlock')
  const range = userRange(va, size)
  if (range === null) return refuse(kernel, 'EINVAL', 'sys_munlock')
  if (!isWhole(process, range)) return refuse(kernel, 'ENOMEM', 'uvm_map_pageable')
  makePageable(kernel, process, range)
  return DONE
}
