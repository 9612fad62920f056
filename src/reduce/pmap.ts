/**
 * Makes pmap events true: the counts of the pmap in its record, the tables and the reverse mappings in memory.
 * The four that a fault is made of have a form without an event object, for bulk replay.
 * @see events/pmap.ts
 */

import type { Frame } from '../../events/address.ts'
import { pageOf } from '../../events/address.ts'
import { unreachable } from '../../events/event.ts'
import type { PmapRef } from '../../events/ids.ts'
import type { PageProtected, PmapEvent, TableLevel } from '../../events/pmap.ts'
import type { Memory } from '../model/memory.ts'
import {
  hasFlag,
  LEAF_EXECUTE,
  LEAF_READ,
  LEAF_TRACKED,
  LEAF_WIRED,
  LEAF_WRITE,
  leafFlags,
  leafFrame,
  packLeaf,
} from '../model/memory.ts'
import type { Pmap } from '../model/world.ts'
import { keepStale } from './cpu.ts'
import type { Draft, WorldDraft } from './draft.ts'
import { pmapOf, vmOf } from './lookup.ts'

export function enterPage(
  world: WorldDraft,
  memory: Memory,
  pmap: PmapRef,
  page: number,
  level: TableLevel,
  frame: Frame,
  flags: number,
  old: number,
): void {
  const record = pmapOf(world, pmap)
  memory.setLeaf(pmap, page, level, packLeaf(frame, flags))
  const tracked = hasFlag(flags, LEAF_TRACKED)
  if (hasFlag(flags, LEAF_WIRED)) record.wired += 1
  if (old < 0) {
    record.resident += 1
    if (tracked) memory.addPv(frame, pmap, page)
    return
  }
  if (hasFlag(leafFlags(old), LEAF_WIRED)) record.wired -= 1
  const before = leafFrame(old)
  if (before !== frame || takesRights(old, flags)) keepLeaf(world, record, page, old)
  const wasTracked = hasFlag(leafFlags(old), LEAF_TRACKED)
  // The same page entered again keeps its pv entry.
  if (before === frame && wasTracked === tracked) return
  if (wasTracked) memory.removePv(before, pmap, page)
  if (tracked) memory.addPv(frame, pmap, page)
}

/** `pmap.cleared`. */
export function clearPage(
  world: WorldDraft,
  memory: Memory,
  pmap: PmapRef,
  page: number,
  level: TableLevel,
  old: number,
): void {
  const record = pmapOf(world, pmap)
  memory.clearLeaf(pmap, page, level)
  record.resident -= 1
  keepLeaf(world, record, page, old)
  if (hasFlag(leafFlags(old), LEAF_WIRED)) record.wired -= 1
  if (hasFlag(leafFlags(old), LEAF_TRACKED)) memory.removePv(leafFrame(old), pmap, page)
}

const RIGHTS = [LEAF_READ, LEAF_WRITE, LEAF_EXECUTE] as const

/** Whether `flags` lack a right that the leaf `old` gave. */
function takesRights(old: number, flags: number): boolean {
  return RIGHTS.some((right) => hasFlag(leafFlags(old), right) && !hasFlag(flags, right))
}

/** A leaf that is no more, or not as it was: a guest may go on using it. Processes are told by shoot-downs at once. */
function keepLeaf(world: WorldDraft, { owner }: Draft<Pmap>, page: number, old: number): void {
  if (owner.kind === 'nested') keepStale(world, owner.vm, page, 0, leafFrame(old), leafFlags(old), false)
}

/** Other rights for a leaf; its page, its reverse mapping and the counts stay. */
function protectPage(world: WorldDraft, memory: Memory, { pmap, va, level, flags, old }: PageProtected): void {
  const record = pmapOf(world, pmap)
  if (hasFlag(leafFlags(old), LEAF_WIRED) && !hasFlag(flags, LEAF_WIRED)) record.wired -= 1
  if (takesRights(old, flags)) keepLeaf(world, record, pageOf(va), old)
  memory.setLeaf(pmap, pageOf(va), level, packLeaf(leafFrame(old), flags))
}

/** `table.added`. */
export function addTable(
  world: WorldDraft,
  memory: Memory,
  pmap: PmapRef,
  page: number,
  level: TableLevel,
  frame: Frame,
): void {
  memory.takeFrame(frame, 'table', pmap, 0)
  memory.addTable(pmap, page, level, frame)
  pmapOf(world, pmap).resident += 1
}

/** `table.freed`. */
export function freeTable(
  world: WorldDraft,
  memory: Memory,
  pmap: PmapRef,
  page: number,
  level: TableLevel,
  frame: Frame,
): void {
  memory.removeTable(pmap, page, level)
  memory.freeFrame(frame)
  const record = pmapOf(world, pmap)
  record.resident -= 1
  if (record.owner.kind === 'nested') keepStale(world, record.owner.vm, page, level, frame, 0, true)
}

/** Makes one event of a pmap true. */
export function reducePmap(world: WorldDraft, event: PmapEvent, memory: Memory): void {
  switch (event.type) {
    case 'pmap.created': {
      const { pmap, owner, roots } = event
      world.made.pmap = pmap
      if (owner.kind === 'nested') {
        world.made.nested += 1
        vmOf(world, owner.vm).pmap = pmap
      }
      const nested = owner.kind === 'nested' ? world.made.nested : 0
      world.pmaps[pmap] = {
        ref: pmap,
        kind: 'normal',
        owner: { ...owner },
        nested,
        roots: [...roots],
        kernelHalf: true,
        resident: roots.length,
        wired: 0,
        eptp: null,
      }
      for (const root of roots) memory.takeFrame(root, 'kernel', 0, 0)
      memory.createPmap(pmap, roots[0] ?? 0)
      return
    }
    case 'pmap.converted': {
      const record = pmapOf(world, event.pmap)
      record.kind = event.to
      record.kernelHalf = event.keptKernelHalf ?? event.to !== 'ept'
      if (event.freed !== null) {
        const { freed } = event
        record.roots = record.roots.filter((root) => root !== freed)
        memory.freeFrame(freed)
      }
      return
    }
    case 'table.added':
      addTable(world, memory, event.pmap, pageOf(event.va), event.level, event.frame)
      return
    case 'table.freed':
      freeTable(world, memory, event.pmap, pageOf(event.va), event.level, event.frame)
      return
    case 'pmap.entered':
      enterPage(world, memory, event.pmap, pageOf(event.va), event.level, event.frame, event.flags, event.old)
      return
    case 'pmap.cleared':
      clearPage(world, memory, event.pmap, pageOf(event.va), event.level, event.old)
      return
    case 'pmap.protected':
      protectPage(world, memory, event)
      return
    case 'pmap.destroyed': {
      // What is still linked goes with the pmap; leaves are not cleared one by one, so pv entries may dangle.
      const frames: number[] = []
      memory.eachTable(event.pmap, (table) => {
        frames.push(table.frame)
      })
      memory.destroyPmap(event.pmap)
      for (const frame of [...frames, ...event.roots]) memory.freeFrame(frame)
      const { owner } = pmapOf(world, event.pmap)
      // A host may have grown another tree for the VM before this one was given up.
      if (owner.kind === 'nested' && vmOf(world, owner.vm).pmap === event.pmap) vmOf(world, owner.vm).pmap = null
      delete world.pmaps[event.pmap]
      return
    }
    case 'pmap.refused':
    case 'pmap.removed':
    case 'pmap.extracted':
      return
    default:
      unreachable(event)
  }
}
