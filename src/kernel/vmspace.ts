/**
 * The steps of the routines that the patch of May 2025 replaced: a VM owns a vmspace, whose map describes
 * guest-physical space and whose pmap is the nested one.
 *
 * Source: vm_create_check_mem_ranges(), vm_create(), vm_share_mem() and vm_teardown() of vmm.c 1.2 (2023-05-13);
 * vm_impl_init(), vmx_fault_page() and svm_fault_page() of vmm_machdep.c 1.34 (2024-09-03); uvm_map.c 1.250 (2019).
 */
import type { Gpa, Hva, Word64 } from '../../events/address.ts'
import { isPageAligned, offset, VM_MAXUSER_ADDRESS, VM_MIN_ADDRESS } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Errno } from '../../events/errno.ts'
import { nestedEntryAt } from '../model/backing.ts'
import type { Entry, Slot, Vm } from '../model/world.ts'
import { type Blocked, blocked, commandOf, DONE, type Kernel, learn, NONE, refuse, SHORT, vmOf } from './kernel.ts'
import { createPmap, destroyPmap, removeRange } from './pmap.ts'
import { faultNested, isAsleepInFault } from './uvm_fault.ts'
import { shareIntoNested, shareIntoProcess } from './uvm_share.ts'
import { checkRanges } from './vmm_create.ts'
import { faultGpa, handlerOf, judgeFault } from './vmm_run.ts'
import { parkBeforeSleep, shootEpt } from './vmm_vmcs.ts'

/** Whether a range lies within what a process can map and does not wrap; what is there, uvm_share() finds out. */
function isUserRange({ hint, size }: { readonly hint: Word64; readonly size: number }): boolean {
  return hint >= VM_MIN_ADDRESS && hint < VM_MAXUSER_ADDRESS && size < VM_MAXUSER_ADDRESS - Number(hint)
}

/** vm_create_check_mem_ranges(), which looks at the user's addresses as well; then vcp_ncpus. */
export function validateCreateOfSpace(kernel: Kernel): Answer {
  const command = commandOf(kernel, 'ioc.create')
  const checked = checkRanges(command)
  if (checked === null || !checked.ranges.every(isUserRange)) {
    return refuse(kernel, 'EINVAL', 'vm_create_check_mem_ranges')
  }
  return command.ncpus === 1 ? DONE : refuse(kernel, 'EINVAL', 'vm_create')
}

/** Whatever vm_impl_init() says, vm_create() answers ENOMEM. */
export function checkMode(kernel: Kernel): Answer {
  return kernel.world.boot.mode === 'unknown' ? refuse(kernel, 'ENOMEM', 'vm_impl_init') : DONE
}

/** uvmspace_alloc(): a pmap of the ordinary type and an empty map. */
export function allocateSpace(kernel: Kernel): Answer | Blocked {
  const { ref: vm } = vmOf(kernel)
  if (createPmap(kernel, { kind: 'nested', vm }) === null) return blocked('memory')
  kernel.record({ type: 'nested.created', vm })
  return DONE
}

/** The next range, MMIO included. */
export function nextRange(kernel: Kernel): Answer {
  const { cursor } = kernel.thread.locals
  if (cursor >= vmOf(kernel).slots.length) return NONE
  learn(kernel, { slot: cursor, cursor: cursor + 1 })
  return { type: 'next', slot: cursor }
}

/** uvm_share() of the caller's memory into the nested map. A hole in the process would be EINVAL; nobody hears of it. */
export function shareRange(kernel: Kernel): Answer {
  const { slot, pid } = kernel.thread.locals
  const { ref: vm, slots } = vmOf(kernel)
  const { gpa, size, hint } = slots[slot] as Slot
  const errno = shareIntoNested(kernel, { pid, va: hint, size }, { vm, gpa, size })
  if (errno === null) return { type: 'uvm.shared', hva: Number(hint) as Hva }
  kernel.record({ type: 'share.refused', vm, slot, into: 'nested', errno })
  return refuse(kernel, 'ENOMEM', 'vm_impl_init')
}

/** Index of the range that an entry shows, when it is shared and the entry is all that is left of it; -1 otherwise. */
function lastOf({ slots, space }: Vm, entry: Entry<Gpa>): number {
  const index = slots.findIndex(({ gpa, size }) => entry.start >= gpa && entry.start < gpa + size)
  const slot = slots[index]
  if (slot === undefined || slot.life !== 'shared') return -1
  const within = space?.filter(({ start }) => start >= slot.gpa && start < slot.gpa + slot.size)
  return within?.length === 1 ? index : -1
}

/**
 * uvm_map_teardown(): the next entry of the nested map goes, and the leaves of its range. The end that it passes is
 * exclusive, and the EPT loop takes a page more. EPT tells the TLBs while it is switched on.
 */
export function tearNextEntry(kernel: Kernel): Answer {
  const vm = vmOf(kernel)
  const entry = vm.space?.[0]
  if (entry === undefined) return NONE
  const last = lastOf(vm, entry)
  const { start, size, object } = entry
  const pmap = vm.pmap === null ? undefined : kernel.world.pmaps[vm.pmap]
  if (pmap !== undefined) {
    const pages = removeRange(kernel, pmap, start, offset(start, size))
    kernel.record({ type: 'pmap.removed', pmap: pmap.ref, first: start, last: offset(start, size - 1), pages })
    if (pmap.kind === 'ept' && kernel.world.softc.on) shootEpt(kernel, pmap)
  }
  kernel.record({ type: 'nested.removed', vm: vm.ref, start, size, object })
  learn(kernel, { dead: [object] })
  return last < 0 ? { type: 'next', slot: 0 } : { type: 'uvm.unshared', slot: last }
}

/** The end of uvmspace_free(); nothing to do where vm_vmspace is NULL. */
export function freeSpace(kernel: Kernel): Answer {
  const { ref: vm, space, pmap } = vmOf(kernel)
  const record = pmap === null ? undefined : kernel.world.pmaps[pmap]
  if (record !== undefined) destroyPmap(kernel, record)
  if (space !== null) kernel.record({ type: 'nested.freed', vm })
  return DONE
}

/** The request must repeat the VM's ranges, each with a place of the caller's choice; if not, 0 is answered all the same. */
export function compareRangesOfSpace(kernel: Kernel): Answer {
  const { ranges, count } = commandOf(kernel, 'ioc.sharemem')
  const { slots } = vmOf(kernel)
  learn(kernel, { va: ranges.map(({ va }) => va), cursor: 0 })
  if ((count ?? ranges.length) !== slots.length) return NONE
  const same = slots.every(({ memtype, gpa, size }, i) => {
    const range = ranges[i] ?? { memtype: 0, gpa: 0, size: 0, va: 0 }
    return range.memtype === memtype && range.gpa === gpa && range.size === size && isPageAligned(range.va)
  })
  return same ? DONE : NONE
}

/** uvm_share() of guest memory into the caller. Its error ends the loop and is forgotten: 0 is answered. */
export function shareSlot(kernel: Kernel): Answer {
  const { slot, pid, va } = kernel.thread.locals
  const { ref: vm, slots } = vmOf(kernel)
  const { gpa, size } = slots[slot] as Slot
  const errno = shareIntoProcess(kernel, { vm, gpa, size }, { pid, va: va[slot] ?? 0, size })
  if (errno === null) return DONE
  kernel.record({ type: 'share.refused', vm, slot, into: 'process', errno })
  return { type: 'refused', errno }
}

/** The handlers' verdict. There is no address to translate: the map of guest-physical space knows. */
export function classifyNestedFault(kernel: Kernel): Answer {
  const handler = handlerOf(kernel)
  const gpa = faultGpa(kernel)
  const exit = judgeFault(kernel, handler, gpa)
  if (typeof exit !== 'string') return exit
  const { locals } = kernel.thread
  // These are the same for all faults of a run; only a change is worth an event.
  if (locals.handler !== handler || locals.exit !== exit || locals.gpa !== gpa) learn(kernel, { handler, exit, gpa })
  parkBeforeSleep(kernel)
  return DONE
}

function refuseFault(kernel: Kernel, errno: Errno): Answer {
  const { gpa } = kernel.thread.locals
  kernel.record({ type: 'nested.refused', vm: vmOf(kernel).ref, gpa, errno })
  return refuse(kernel, errno, 'uvm_fault_wire')
}

/** uvm_fault_wire() of one page of the nested map: whoever runs the vCPU, the page is the VM's. */
export function wireNested(kernel: Kernel): Answer | Blocked {
  if (isAsleepInFault(kernel)) return wireNestedAgain(kernel)
  const injected = kernel.fails('uvm_fault_wire')
  if (injected !== null) return refuseFault(kernel, injected)
  if (kernel.fails('fault_nomap') !== null) {
    kernel.record({ type: 'nested.hollow', vm: vmOf(kernel).ref, gpa: kernel.thread.locals.gpa })
    return DONE
  }
  return wireNestedAgain(kernel)
}

/** The fault itself, also once more after uvm_wait(). */
export function wireNestedAgain(kernel: Kernel): Answer | Blocked {
  const vm = vmOf(kernel)
  const { gpa } = kernel.thread.locals
  const entry = nestedEntryAt(vm, gpa)
  const result = entry === undefined ? 'EFAULT' : faultNested(kernel, vm, entry, gpa as Gpa)
  if (result === 'ok') return DONE
  if (result === 'busy') return blocked('pagedaemon')
  if (result === 'starved') return blocked('memory')
  return result === 'short' ? SHORT : refuseFault(kernel, result)
}
