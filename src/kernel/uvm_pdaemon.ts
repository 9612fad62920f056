/**
 * The page daemon, page by page: which page it looks at is asked of it. Wired pages are on no queue, so it never sees
 * them. Whether a page was used or changed it gathers over pv lists, to which EPT leaves do not belong.
 *
 * Source: uvm_pdaemon.c, uvmpd_scan_active() and uvmpd_scan_inactive() (2025); uvm_page.c; uvm_swap.c.
 */
import type { Frame } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { Defect } from '../../events/defect.ts'
import type { ObjectRef } from '../../events/ids.ts'
import type { MemoryObject } from '../model/world.ts'
import { type Blocked, blocked, DONE, type Kernel, learn, refuse } from './kernel.ts'
import { removePage } from './pmap.ts'
import { assignSwap, deactivatePage } from './uvm_aobj.ts'

function objectNamed(kernel: Kernel, name: string): MemoryObject | undefined {
  return Object.values(kernel.world.objects).find((object) => object.name === name)
}

/** The page that the command is about. */
function askedFor(kernel: Kernel): { readonly object: string; readonly page: number } {
  const { command } = kernel.thread
  if (command.type === 'host.pageout' || command.type === 'host.reclaim' || command.type === 'host.deactivate')
    return command
  throw new Defect('KRN007', `a step of the page daemon runs in a call of ${command.type}`, kernel.world.seq)
}

/** The page that was asked for, of a slot or of a process; a refusal where it is not resident. */
function residentPage(kernel: Kernel): { readonly object: ObjectRef; readonly frame: Frame } | null {
  const { object: name, page } = askedFor(kernel)
  const object = objectNamed(kernel, name)
  const frame = object === undefined ? -1 : kernel.world.memory.resident(object.ref, page)
  return object === undefined || frame < 0 ? null : { object: object.ref, frame: frame as Frame }
}

/** The page daemon looks at a page, whatever queue it is on: a wired one is on none, so it is never a candidate. */
export function choosePage(kernel: Kernel): Answer | Blocked {
  if (kernel.world.pagedaemon !== 'idle') return blocked('pagedaemon')
  const found = residentPage(kernel)
  if (found === null) return refuse(kernel, 'ENOENT', 'uvmpd_scan')
  if (kernel.world.memory.wireCount(found.frame) > 0) return refuse(kernel, 'EBUSY', 'uvmpd_scan')
  learn(kernel, found)
  return { type: 'page.chosen', frame: found.frame }
}

/** uvmpd_scan_active(): a page that is not wired goes to the inactive queue. */
export function deactivateAsked(kernel: Kernel): Answer {
  const found = residentPage(kernel)
  if (found === null) return refuse(kernel, 'ENOENT', 'uvmpd_scan_active')
  const { memory } = kernel.world
  if (memory.wireCount(found.frame) > 0 || memory.busy(found.frame)) return refuse(kernel, 'EBUSY', 'uvmpd_scan_active')
  deactivatePage(kernel, found.frame)
  return DONE
}

/** uvmpd_scan_inactive(): a page that was referenced since it was deactivated is in use. */
export function chooseInactive(kernel: Kernel): Answer | Blocked {
  if (kernel.world.pagedaemon !== 'idle') return blocked('pagedaemon')
  const found = residentPage(kernel)
  if (found === null) return refuse(kernel, 'ENOENT', 'uvmpd_scan_inactive')
  const { frame, object } = found
  const { memory } = kernel.world
  if (memory.queue(frame) !== 'inactive') return refuse(kernel, 'EBUSY', 'uvmpd_scan_inactive')
  if (memory.referenced(frame)) {
    kernel.record({ type: 'page.activated', frame })
    learn(kernel, { fate: 'activated' })
    return DONE
  }
  learn(kernel, { object, frame })
  return { type: 'page.chosen', frame }
}

/** pmap_page_protect(): mappings that no pv list names stay as they are. */
export function protectPage(kernel: Kernel): Answer {
  removePage(kernel, kernel.thread.locals.frame)
  return DONE
}

/**
 * A swap slot and the write; without a slot the page is left where it is. A page that equals its copy in swap, as far as
 * the modified bits tell, is not written again.
 */
export function writePage(kernel: Kernel): Answer {
  const { object } = kernel.thread.locals
  const frame = kernel.thread.locals.frame as Frame
  const { page } = askedFor(kernel)
  if (object === null || !assignSwap(kernel, object, page)) {
    learn(kernel, { errno: 'ENOMEM', at: 'uao_set_swslot' })
    return { type: 'page.chosen', frame }
  }
  if (!kernel.world.memory.clean(frame)) {
    kernel.record({ type: 'swap.written', object, index: page, frame })
    if (kernel.thread.command.type === 'host.reclaim') learn(kernel, { fate: 'written' })
  }
  return DONE
}

/** uvm_pagefree(): the frame is anybody's now. */
export function freeEvicted(kernel: Kernel): Answer {
  const { object, frame } = kernel.thread.locals
  const { page: index } = askedFor(kernel)
  const ref = object as ObjectRef
  kernel.record({ type: 'page.freed', object: ref, index, frame: frame as Frame })
  return { type: 'page.freed', object: ref, index }
}

/** uvm_swapisfull(): every slot holds a page that is nowhere else. */
export function isSwapFull(kernel: Kernel): boolean {
  const { memory, swapUsed, boot } = kernel.world
  if (swapUsed < boot.swapSlots) return false
  let only = 0
  for (const object of memory.objects()) {
    memory.eachSwapped(object, (index) => {
      if (memory.resident(object, index) < 0) only += 1
    })
  }
  return only >= boot.swapSlots
}
