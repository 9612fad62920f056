/**
 * What TLBs may hold. Nobody sees what they do hold: a translation that is in force may have been cached wherever it was
 * used, and one that is not may still be there until a flush.
 *
 * Of processes nothing stale is ever held: whoever changes their page tables shoots the old translation down on each CPU
 * that runs them, and waits. That a frame is not freed before is what `pv-entry-names-a-live-leaf` claims.
 *
 * Source: pmap_tlb_shootpage(), pmap_tlb_shootrange(), pmap_shootept() of pmap.c (2025).
 */
import type { CpuId, VcpuId, VmRef } from '../../events/ids.ts'
import type { Stale } from './cpu.ts'
import { leafFlags, leafFrame } from './memory.ts'
import type { World } from './world.ts'

/** Pages that a pmap can map. */
const PAGES_MAX = 2 ** 36

/** A translation that a CPU may hold, of a guest, and use for it without a flush. */
export type Cached = {
  readonly vm: VmRef
  readonly vcpu: VcpuId
  readonly page: number
  readonly frame: number
  readonly flags: number
}

/** The nested translations that are in force and that a CPU may hold. */
export function eachCached(world: World, cpu: CpuId, visit: (cached: Cached) => void): void {
  for (const { ref: vm, pmap, vcpus } of Object.values(world.vms)) {
    for (const { id: vcpu, cachedOn } of vcpus) {
      if (cachedOn !== cpu || pmap === null) continue
      world.memory.eachLeaf(pmap, 0, PAGES_MAX, (page, packed) => {
        visit({ vm, vcpu, page, frame: leafFrame(packed), flags: leafFlags(packed) })
      })
    }
  }
}

/** What a CPU may hold that the tables do not say any more, ascending by frame. */
export function staleOn(world: World, cpu: CpuId): readonly (Stale & { readonly frame: number })[] {
  return Object.entries(world.stale).flatMap(([frame, kept]) =>
    kept.flatMap((one) => (one.cpu === cpu ? [{ ...one, frame: Number(frame) }] : [])),
  )
}

/** The processes whose translations a CPU may hold: those whose threads run there. Their page tables say all of it. */
export function processesOn(world: World, cpu: CpuId): readonly number[] {
  const pids = Object.values(world.threads).flatMap((thread) => (thread.cpu === cpu ? [thread.locals.pid] : []))
  return [...new Set(pids)].filter((pid) => world.processes[pid] !== undefined)
}
