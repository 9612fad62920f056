/**
 * pmap(9) for amd64: pmaps of processes, and nested ones of both kinds. EPT has an enter and a remove of its
 * own; RVI tables are handled by the code for ordinary user pmaps.
 *
 * Source: sys/arch/amd64/amd64/pmap.c (2025).
 */

import type { Frame, Va } from '../../events/address.ts'
import { addressOf, MAXDSIZ, PAGE_SIZE, pageOf } from '../../events/address.ts'
import type { Boot } from '../../events/boot.ts'
import type { Errno } from '../../events/errno.ts'
import type { PmapRef } from '../../events/ids.ts'
import type { PmapCreated, TableLevel } from '../../events/pmap.ts'
import { hasFlag, LEAF_EXECUTE, LEAF_READ, LEAF_TRACKED, LEAF_WIRED, LEAF_WRITE, leafFlags } from '../model/memory.ts'
import type { Pmap } from '../model/world.ts'
import { type Kernel, panic } from './kernel.ts'

const LEVELS_DOWN: readonly TableLevel[] = [3, 2, 1]
const LEVELS_UP: readonly TableLevel[] = [1, 2, 3]

/** 'ok', an errno that the caller can handle, or that the host is no more. */
export type EnterResult = 'ok' | Errno | 'panicked'

/** Root pages of a new pmap. */
export function rootsOf({ meltdown }: Boot): number {
  return meltdown ? 2 : 1
}

/** pmap_create(): the roots come from a pool whose items are whole pages. Null while there are none: it sleeps then. */
export function createPmap(kernel: Kernel, owner: PmapCreated['owner']): PmapRef | null {
  const { made, boot, memory } = kernel.world
  const count = rootsOf(boot)
  const roots = memory.lowestFree(count) as Frame[]
  if (roots.length < count) return null
  const pmap = (made.pmap + 1) as PmapRef
  kernel.record({ type: 'pmap.created', pmap, owner, roots })
  return pmap
}

/** Links the page-table pages that are missing above `va`; what was built before a failure stays. */
function addTables(kernel: Kernel, pmap: PmapRef, va: Va): boolean {
  const { memory } = kernel.world
  if (memory.missingTables(pmap, pageOf(va)) === 0) return true
  for (const level of LEVELS_DOWN) {
    if (kernel.world.memory.tableAt(pmap, pageOf(va), level) !== null) continue
    const failed = kernel.fails('ptp_alloc')
    const frame = kernel.world.memory.lowestFreeFrame()
    if (failed !== null || frame < 0) return false
    kernel.record({ type: 'table.added', pmap, va, level, frame: frame as Frame })
  }
  return true
}

/** pmap_enter_ept(): no pv entry, no flags; a leaf is overwritten without a word to any TLB. */
function enterEpt(kernel: Kernel, pmap: PmapRef, va: Va, frame: Frame): EnterResult {
  if (va > MAXDSIZ || !addTables(kernel, pmap, va)) {
    kernel.record({ type: 'pmap.refused', pmap, va, frame, errno: 'ENOMEM' })
    return 'ENOMEM'
  }
  const old = kernel.world.memory.leaf(pmap, pageOf(va))
  const flags = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE
  kernel.record({ type: 'pmap.entered', pmap, va, level: 1, frame, flags, old })
  return 'ok'
}

/**
 * pmap_enter() for an ordinary pmap and for RVI.
 *
 * @param canFail PMAP_CANFAIL: without it a shortage of pv entries or page-table pages is a panic.
 */
function enterTracked(
  kernel: Kernel,
  pmap: PmapRef,
  va: Va,
  frame: Frame,
  flags: number,
  canFail: boolean,
): EnterResult {
  // The pv entry is taken first, wanted or not.
  if (kernel.fails('pv_get') !== null || !addTables(kernel, pmap, va)) {
    if (canFail) return 'ENOMEM'
    panic(kernel, 'pmap_enter', 'panic')
    return 'panicked'
  }
  const old = kernel.world.memory.leaf(pmap, pageOf(va))
  kernel.record({ type: 'pmap.entered', pmap, va, level: 1, frame, flags: flags + LEAF_TRACKED, old })
  return 'ok'
}

/** pmap_enter(…, PMAP_CANFAIL): what uvm_fault() does for a process. `rights` are those of the entry, LEAF_* bits. */
export function enterProcess(
  kernel: Kernel,
  pmap: PmapRef,
  va: Va,
  frame: Frame,
  rights: number,
  wired: boolean,
): EnterResult {
  return enterTracked(kernel, pmap, va, frame, rights + (wired ? LEAF_WIRED : 0), true)
}

/** pmap_enter(vm_pmap, gpa, hpa, RWX, 0): by the pmap's type, not by the handler's kind. */
export function enterNested(kernel: Kernel, pmap: Pmap, va: Va, frame: Frame): EnterResult {
  if (pmap.kind === 'ept') return enterEpt(kernel, pmap.ref, va, frame)
  return enterTracked(kernel, pmap.ref, va, frame, LEAF_READ + LEAF_WRITE + LEAF_EXECUTE, false)
}

/** pmap_enter(…, RWX, PMAP_WIRED | PMAP_CANFAIL): what uvm_fault_wire() does for the map of guest-physical space. */
export function enterWired(kernel: Kernel, pmap: Pmap, va: Va, frame: Frame): EnterResult {
  if (pmap.kind === 'ept') return enterEpt(kernel, pmap.ref, va, frame)
  return enterTracked(kernel, pmap.ref, va, frame, LEAF_READ + LEAF_WRITE + LEAF_EXECUTE + LEAF_WIRED, true)
}

/** Frees the page table of `page` if it is empty, and its parents that this empties. */
function freeEmptyTables(kernel: Kernel, pmap: PmapRef, page: number): void {
  for (const level of LEVELS_UP) {
    const table = kernel.world.memory.tableAt(pmap, page, level)
    if (table === null || table.children > 0) return
    kernel.record({ type: 'table.freed', pmap, va: addressOf(table.page) as Va, level, frame: table.frame as Frame })
  }
}

/** Removes the leaves of [first, first + pages) and frees each table that this empties, in the loop. */
function clearLeaves(kernel: Kernel, pmap: PmapRef, first: number, pages: number): number {
  const leaves: { readonly page: number; readonly packed: number; readonly level: TableLevel }[] = []
  kernel.world.memory.eachLeaf(pmap, first, pages, (page, packed, level) => {
    leaves.push({ page, packed, level })
  })
  for (const { page, packed, level } of leaves) {
    kernel.record({ type: 'pmap.cleared', pmap, va: addressOf(page) as Va, level, old: packed })
    if (kernel.world.memory.tableAt(pmap, page, 1)?.children === 0) freeEmptyTables(kernel, pmap, page)
  }
  return leaves.length
}

/** Page numbers of the page tables that exist within [first, first + pages). */
function tablesWithin(kernel: Kernel, pmap: PmapRef, first: number, pages: number): readonly number[] {
  const { memory } = kernel.world
  const span = 512
  const found: number[] = []
  const start = first - (first % span)
  if ((pages / span) * 2 < memory.tableCount(pmap)) {
    for (let page = start; page < first + pages; page += span) {
      if (memory.tableAt(pmap, page, 1) !== null) found.push(page)
    }
    return found
  }
  memory.eachTable(pmap, ({ level, page }) => {
    if (level === 1 && page >= start && page < first + pages) found.push(page)
  })
  return found
}

/**
 * pmap_remove(). The ordinary loop ends before `end`, so [start, end) with an inclusive or an exclusive end are the
 * same pages; the EPT loop runs while the page is below `end` + PAGE_SIZE, which is one page too many for either.
 *
 * @returns how many leaves went.
 */
export function removeRange(kernel: Kernel, pmap: Pmap, start: number, end: number): number {
  const first = pageOf(start)
  const within = Math.ceil((end - start) / PAGE_SIZE)
  if (pmap.kind === 'ept') return clearLeaves(kernel, pmap.ref, first, within + 1)
  const cleared = clearLeaves(kernel, pmap.ref, first, within)
  // A table that a failed enter left without a child goes as well when the range is visited.
  for (const page of tablesWithin(kernel, pmap.ref, first, within)) freeEmptyTables(kernel, pmap.ref, page)
  return cleared
}

/**
 * pmap_protect() of [start, end): leaves lose the rights that `rights` does not have, and go where it has none. Rights
 * are never added: the next fault does that.
 */
export function protectLeaves(kernel: Kernel, pmap: Pmap, start: number, end: number, rights: number): void {
  if (rights === 0) {
    removeRange(kernel, pmap, start, end)
    return
  }
  const taken = [LEAF_READ, LEAF_WRITE, LEAF_EXECUTE].filter((right) => !hasFlag(rights, right))
  const leaves: { readonly page: number; readonly packed: number }[] = []
  kernel.world.memory.eachLeaf(pmap.ref, pageOf(start), pageOf(end - start), (page, packed) => {
    leaves.push({ page, packed })
  })
  for (const { page, packed } of leaves) {
    const flags = leafFlags(packed)
    const left = taken.reduce((rest, right) => (hasFlag(rest, right) ? rest - right : rest), flags)
    if (left === flags) continue
    const va = addressOf(page) as Va
    kernel.record({ type: 'pmap.protected', pmap: pmap.ref, va, level: 1, flags: left, old: packed })
  }
}

/** pmap_page_remove(): every mapping that the page's pv list names. EPT leaves are not among them. */
export function removePage(kernel: Kernel, frame: number): void {
  for (const { pmap, page } of kernel.world.memory.pvList(frame)) {
    const old = kernel.world.memory.leaf(pmap, page)
    if (old < 0) continue
    kernel.record({ type: 'pmap.cleared', pmap: pmap as PmapRef, va: addressOf(page) as Va, level: 1, old })
    freeEmptyTables(kernel, pmap as PmapRef, page)
  }
}

/** pmap_destroy() of the last reference. */
export function destroyPmap(kernel: Kernel, pmap: Pmap): void {
  kernel.record({ type: 'pmap.destroyed', pmap: pmap.ref, roots: [...pmap.roots] as Frame[] })
}
