/**
 * The end of a locked range: wirings that mlock(2) made are given back. What a guest's fault wired stays wired: it was
 * never counted by a map entry.
 *
 * Source: uvm_fault.c, uvm_fault_unwire_locked(); uvm_page.c, uvm_pageunwire(); uvm_map.c, uvm_unmap_kill_entry().
 */
import { addressOf, type Frame, type Hva, offset, pageOf } from '../../events/address.ts'
import { hasFlag, LEAF_WIRED, leafFlags, leafFrame } from '../model/memory.ts'
import type { MapEntry, Process } from '../model/world.ts'
import type { Kernel } from './kernel.ts'

/** Gives back one wiring of each page that the process pmap has in [start, end). */
export function unwirePages(kernel: Kernel, process: Process, start: Hva, end: Hva): void {
  const { pmap, pid } = process
  const leaves: { readonly page: number; readonly packed: number }[] = []
  kernel.world.memory.eachLeaf(pmap, pageOf(start), pageOf(end - start), (page, packed) => {
    leaves.push({ page, packed })
  })
  for (const { page, packed } of leaves) {
    const va = addressOf(page) as Hva
    const flags = leafFlags(packed)
    if (hasFlag(flags, LEAF_WIRED))
      kernel.record({ type: 'pmap.protected', pmap, va, level: 1, flags: flags - LEAF_WIRED, old: packed })
    const frame = leafFrame(packed) as Frame
    const wires = kernel.world.memory.wireCount(frame)
    // A page that came to a locked entry by an ordinary fault was never wired.
    if (wires > 0) kernel.record({ type: 'page.unwired', frame, wires: wires - 1, pid, va })
  }
}

/** wired_count of the entry goes to 0, and its pages lose one wiring each. */
export function releaseWirings(kernel: Kernel, process: Process, entry: MapEntry): void {
  const end = offset(entry.start, entry.size)
  kernel.record({ type: 'space.unwired', pid: process.pid, start: entry.start, end, left: 0 })
  unwirePages(kernel, process, entry.start, end)
}
