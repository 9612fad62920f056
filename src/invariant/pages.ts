/**
 * Pages by themselves: wiring, queues, and that each page in use has a user.
 *
 * Source: uvm_page.c, uvm_pdaemon.c, uvm_fault_wire() of uvm_fault.c.
 */
import { pageOf } from '../../events/address.ts'
import { hasFlag, LEAF_WIRED, leafFlags, leafFrame } from '../model/memory.ts'
import type { World } from '../model/world.ts'
import { counted, frameText, isVmObject, objectText } from './facts.ts'
import { always, atRest, type Claim } from './invariant.ts'

const wireCountCoversWiredLeaves = always('frame', {
  id: 'I09',
  name: 'wire-count-covers-wired-leaves',
  source:
    'uvm_fault_wire(): each leaf entered wired counts once in wire_count, and nothing but the end of the page undoes it',
  of(world, frame) {
    const { memory } = world
    const wires = memory.wireCount(frame)
    let wired = 0
    for (const { pmap, page } of memory.pvList(frame)) {
      const packed = memory.leaf(pmap, page)
      if (packed >= 0 && leafFrame(packed) === frame && hasFlag(leafFlags(packed), LEAF_WIRED)) wired += 1
    }
    return wires >= wired ? null : `wire_count is ${wires}, and ${counted(wired, 'leaf', 'leaves')} are wired`
  },
})

const wiredPageIsOnNoQueue = always('frame', {
  id: 'I09b',
  name: 'wired-page-is-on-no-queue',
  source: 'uvm_pagewire(), uvm_pageactivate(): wire_count above 0 takes a page off its queue, and nothing else does',
  of({ memory }, frame) {
    const wires = memory.wireCount(frame)
    const queue = memory.queue(frame)
    if (memory.use(frame) !== 'object') {
      if (wires === 0 && queue === 'none') return null
      return `it is ${memory.use(frame)} with wire_count ${wires} on queue ${queue}`
    }
    return wires > 0 === (queue === 'none') ? null : `wire_count is ${wires} and the queue is ${queue}`
  },
})

const evictedPageIsNotWired = always('frame', {
  id: 'I09b',
  name: 'evicted-page-is-not-wired',
  source: 'uvmpd_scan_inactive(): wired pages are on no queue, and a busy page is waited for before it is wired',
  of(world, frame) {
    const { memory } = world
    if (!memory.busy(frame) || memory.wireCount(frame) === 0) return null
    return `${frameText(world, frame)}, is wired and on its way to swap`
  },
})

const frameInUseHasAUser = always('frame', {
  id: 'I71',
  name: 'frame-in-use-has-a-user',
  source: 'uvm_pagefree(): what an object or a pmap leaves behind is free',
  of(world, frame) {
    const { memory } = world
    const owner = memory.owner(frame)
    switch (memory.use(frame)) {
      case 'object':
        if (memory.resident(owner, memory.pageIndex(frame)) === frame) return null
        return `it is a page of ${objectText(world, owner)}, which has another or none`
      case 'table':
        return memory.hasPmap(owner) ? null : `it is a page table of pmap ${owner}, which is destroyed`
      default:
        return null
    }
  },
})

/** Frames of an object that are wired more often than mlock(2) accounts for: a guest's fault did it. */
function wiredFrames(world: World, object: number): Set<number> {
  const { memory, processes } = world
  const locked = Object.values(processes).flatMap(({ entries }) =>
    entries.filter((entry) => entry.object === object && entry.wired > 0),
  )
  const locksOf = (index: number): number => {
    let locks = 0
    for (const { offset, size, wired } of locked) if (index >= offset && index < offset + pageOf(size)) locks += wired
    return locks
  }
  const found = new Set<number>()
  memory.eachResident(object, (index, frame) => {
    const wires = memory.wireCount(frame)
    if (wires > 0 && wires > locksOf(index)) found.add(frame)
  })
  return found
}

const wiredPageServesAVm = atRest('object', {
  id: 'I09',
  name: 'wired-page-serves-a-vm',
  source: 'vm_teardown(): wirings made for a guest should end with it; uvm_fault_wire() has no counterpart there',
  of(world, object) {
    if (world.objects[object] === undefined || isVmObject(world, object)) return null
    const wired = wiredFrames(world, object)
    if (wired.size === 0) return null
    const count = wired.size
    for (const pmap of Object.values(world.pmaps)) {
      if (pmap.owner.kind !== 'nested' || wired.size === 0) continue
      world.memory.eachLeaf(pmap.ref, 0, 2 ** 36, (_, packed) => {
        wired.delete(leafFrame(packed))
      })
    }
    if (wired.size === 0) return null
    return `${wired.size} of ${counted(count, 'wired page')} of ${objectText(world, object)} serve no VM and cannot be paged out`
  },
})

const nothingOutlivesTheVms = atRest('object', {
  id: 'I71',
  name: 'nothing-outlives-the-vms',
  source: 'vm_teardown(): without VMs nothing is wired for one, and no aobj is left that no process maps',
  of(world, object) {
    const record = world.objects[object]
    for (const _ in world.vms) return null
    if (record === undefined) return null
    const wired = wiredFrames(world, object).size
    if (wired > 0) return `there is no VM, and ${counted(wired, 'page')} of ${record.name} are still wired`
    const mapped = Object.values(world.processes).some(({ entries }) =>
      entries.some((entry) => entry.object === object),
    )
    return mapped ? null : `there is no VM, and ${record.name} is left without anybody who maps it`
  },
})

export const pageClaims: readonly Claim[] = [
  wireCountCoversWiredLeaves,
  wiredPageIsOnNoQueue,
  evictedPageIsNotWired,
  frameInUseHasAUser,
  wiredPageServesAVm,
  nothingOutlivesTheVms,
]
