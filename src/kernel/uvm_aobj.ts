/**
 * Memory objects: creation, references, and what becomes of the pages when the last reference goes.
 *
 * Source: uvm_aobj.c 1.122 (2026-02).
 */
import type { Bytes, Frame } from '../../events/address.ts'
import { pagesOf } from '../../events/address.ts'
import type { ObjectRef } from '../../events/ids.ts'
import type { ObjectReferenced, ObjectReleased } from '../../events/object.ts'
import { type Kernel, panic } from './kernel.ts'
import { removePage } from './pmap.ts'

/** An object with more pages than this keeps its swap slots in a hash. @source UAO_SWHASH_THRESHOLD */
const SWHASH_THRESHOLD = 64
/** Pages of one hash element. @source UAO_SWHASH_CLUSTER_SIZE */
const SWHASH_CLUSTER = 16

/** uao_create(): null when it finds no memory. */
export function createObject(kernel: Kernel, kind: 'aobj' | 'anon', size: Bytes): ObjectRef | null {
  const errno = kind === 'aobj' ? kernel.fails('uao_create') : null
  if (errno !== null) {
    kernel.record({ type: 'object.refused', size, errno })
    return null
  }
  const { made } = kernel.world
  const object = (made.object + 1) as ObjectRef
  const name = kind === 'aobj' ? `a${made.aobj + 1}` : `m${made.anon + 1}`
  kernel.record({ type: 'object.created', object, kind, name, pages: pagesOf(size), thread: kernel.thread.id })
  return object
}

/** uao_reference(). False when the object is gone: a real kernel goes on with what lies there then. */
export function referenceObject(kernel: Kernel, object: ObjectRef, why: ObjectReferenced['why']): boolean {
  if (!isAlive(kernel, object)) {
    panic(kernel, 'uao_reference', 'uaf')
    return false
  }
  kernel.record({ type: 'object.referenced', object, why, thread: kernel.thread.id })
  return true
}

/**
 * uao_detach(): one reference less; the last one frees pages and swap slots, whatever the wire counts are.
 *
 * @returns false where the last reference went while the page daemon had a page of the object: the thread sleeps
 *   until that is gone, and goes on with `reapObject`.
 */
export function detachObject(kernel: Kernel, object: ObjectRef, why: ObjectReleased['why']): boolean {
  if (!isAlive(kernel, object)) {
    panic(kernel, 'uao_detach', 'uaf')
    return true
  }
  kernel.record({ type: 'object.released', object, why, thread: kernel.thread.id })
  return isAlive(kernel, object) || reapObject(kernel, object)
}

/** An object without references waits for its busy pages, if for anything; it is not to be used any more. */
function isAlive(kernel: Kernel, object: ObjectRef): boolean {
  return (kernel.world.objects[object]?.refs ?? 0) > 0
}

/** The end of an object without references, but for the pages that are busy. False while there are any. */
export function reapObject(kernel: Kernel, object: ObjectRef): boolean {
  const pages: { readonly index: number; readonly frame: number }[] = []
  let busy = false
  kernel.world.memory.eachResident(object, (index, frame) => {
    if (kernel.world.memory.busy(frame)) busy = true
    else pages.push({ index, frame })
  })
  for (const { index, frame } of pages) {
    removePage(kernel, frame)
    kernel.record({ type: 'page.freed', object, index, frame: frame as Frame })
  }
  if (busy) return false
  const swapped: number[] = []
  kernel.world.memory.eachSwapped(object, (index) => {
    swapped.push(index)
  })
  for (const index of swapped) kernel.record({ type: 'swap.released', object, index })
  kernel.record({ type: 'object.freed', object })
  return true
}

/** uao_set_swslot(): whether the page of the object has a swap slot now. */
export function assignSwap(kernel: Kernel, object: ObjectRef, index: number): boolean {
  const { memory, objects } = kernel.world
  if (memory.swapped(object, index)) return true
  if (kernel.fails('swap_get') !== null || kernel.world.swapUsed >= kernel.world.boot.swapSlots) return false
  const record = objects[object]
  // Anonymous memory keeps the slot of a page in the page's own anon.
  if (record?.kind === 'aobj' && record.pages > SWHASH_THRESHOLD && !clusterHasSlot(kernel, object, index)) {
    if (kernel.fails('swelt_get') !== null) return false
  }
  kernel.record({ type: 'swap.assigned', object, index })
  return true
}

/** uao_find_swhash_elt(): an element lives as long as one of its pages has a slot. */
function clusterHasSlot(kernel: Kernel, object: ObjectRef, index: number): boolean {
  const first = index - (index % SWHASH_CLUSTER)
  for (let page = first; page < first + SWHASH_CLUSTER; page += 1) {
    if (kernel.world.memory.swapped(object, page)) return true
  }
  return false
}

/** PGO_DEACTIVATE and PGO_FREE. Together with PGO_CLEANIT either of them only deactivates. */
export type Flush = 'deactivate' | 'free'

/**
 * uao_flush(), and the walk of uvm_map_clean() over an amap: the resident pages of [first, first + pages). Wired pages
 * are passed over; a page of an object that others refer to as well is only deactivated. None of them is busy.
 */
export function flushObject(kernel: Kernel, object: ObjectRef, first: number, pages: number, how: Flush): void {
  const { memory, objects } = kernel.world
  const frees = how === 'free' && (objects[object]?.refs ?? 0) === 1
  const found: { readonly index: number; readonly frame: Frame }[] = []
  memory.eachResident(object, (index, frame) => {
    const wired = memory.wireCount(frame) > 0
    if (index >= first && index < first + pages && !wired) found.push({ index, frame: frame as Frame })
  })
  for (const { index, frame } of found) {
    if (!frees) {
      deactivatePage(kernel, frame)
      continue
    }
    removePage(kernel, frame)
    if (kernel.world.memory.swapped(object, index)) kernel.record({ type: 'swap.released', object, index })
    kernel.record({ type: 'page.freed', object, index, frame })
  }
}

/**
 * uvm_pagedeactivate(): to the inactive queue, and no longer referenced.
 *
 * @source uvm_page.c. Since late 2024 it removes the mappings that the pv list knows as well: the next access of a
 *   process faults and activates the page. Here they stay, and the access is seen by its accessed bit; what the page
 *   daemon then finds is the same, and an EPT leaf is invisible either way.
 */
export function deactivatePage(kernel: Kernel, frame: Frame): void {
  if (kernel.world.memory.queue(frame) === 'inactive') return
  kernel.record({ type: 'page.deactivated', frame })
}
