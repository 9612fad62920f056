/**
 * The steps of vm_create().
 *
 * Source: vm_create() and vm_create_check_mem_ranges() of vmm.c, vm_impl_init() of vmm_machdep.c, with the patch of
 * May 2025.
 */

import type { Bytes, Gpa, Hva } from '../../events/address.ts'
import { isPageAligned, offset, VMM_MAX_MEM_RANGES, VMM_MAX_VM_MEM_SIZE } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { sevOf } from '../../events/boot.ts'
import type { IocCreate, RangeRequest } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { Errno } from '../../events/errno.ts'
import type { VmRef } from '../../events/ids.ts'
import type { MemoryRange } from '../../events/vm.ts'
import { type Slot, VM_MEM_MMIO } from '../model/world.ts'
import { type Blocked, blocked, commandOf, DONE, type Kernel, learn, NONE, refuse, vmOf } from './kernel.ts'
import { createPmap } from './pmap.ts'
import { createObject, detachObject, referenceObject } from './uvm_aobj.ts'
import { mapObject, sealRange, unmapRange } from './uvm_map.ts'
import { initialiseVmcs } from './vmm_vmcs.ts'

/** Bytes of a name without its NUL. @source VMM_MAX_NAME_LEN */
const NAME_LENGTH = 63
const UNFILLED: RangeRequest = { gpa: 0, size: 0, memtype: 0, va: 0 }

/** vm_create_check_mem_ranges(): the ranges and the memory that they make, or null where one is not acceptable. */
export function checkRanges(command: IocCreate): { readonly ranges: MemoryRange[]; readonly memorySize: Bytes } | null {
  const count = command.count ?? command.ranges.length
  if (count < 1 || count > VMM_MAX_MEM_RANGES) return null
  const ranges: MemoryRange[] = []
  let memorySize = 0
  for (let i = 0; i < count; i += 1) {
    const range = checkRange(command.ranges[i] ?? UNFILLED, ranges.at(-1))
    if (range === null) return null
    ranges.push(range)
    if (range.memtype !== VM_MEM_MMIO) memorySize += range.size
  }
  return memorySize === 0 ? null : { ranges, memorySize: memorySize as Bytes }
}

/** One range by itself and against the one before it; both kinds of bound are the C's. */
function checkRange({ gpa, size, memtype, va }: RangeRequest, before: MemoryRange | undefined): MemoryRange | null {
  if (!isPageAligned(gpa) || !isPageAligned(va) || !isPageAligned(size) || size === 0) return null
  if (gpa >= VMM_MAX_VM_MEM_SIZE || size > VMM_MAX_VM_MEM_SIZE - Number(gpa)) return null
  if (before !== undefined && gpa < offset(before.gpa, before.size)) return null
  return { gpa: Number(gpa) as Gpa, size: Number(size) as Bytes, memtype, hint: va }
}

/** The ranges first, then the number of vCPUs. */
export function validateCreate(kernel: Kernel): Answer {
  const command = commandOf(kernel, 'ioc.create')
  if (checkRanges(command) === null) return refuse(kernel, 'EINVAL', 'vm_create_check_mem_ranges')
  // Only one vCPU so far, and it is compared as the 64-bit value that it is.
  return command.ncpus === 1 ? DONE : refuse(kernel, 'EINVAL', 'vm_create')
}

function exceedsCapacity(kernel: Kernel, more: number): boolean {
  const { softc, boot } = kernel.world
  return softc.vcpuCt + more > boot.vcpuMax
}

/** The early look, under vm_lock for reading; another CREATE may be faster. */
export function checkCapacity(kernel: Kernel): Answer {
  return exceedsCapacity(kernel, 1) ? refuse(kernel, 'ENOMEM', 'vm_create') : DONE
}

/** pool_get() of the VM and all that identifies it. */
export function allocateVm(kernel: Kernel): Answer {
  const command = commandOf(kernel, 'ioc.create')
  const checked = checkRanges(command)
  if (checked === null) throw new Defect('KRN003', 'vm_create() goes on with ranges that it refused', kernel.world.seq)
  const vm = (kernel.world.made.vm + 1) as VmRef
  kernel.record({ type: 'vm.allocated', vm, pid: command.pid, name: command.name.slice(0, NAME_LENGTH), ...checked })
  learn(kernel, { vm })
  return DONE
}

/** pmap_create(): an ordinary pmap until it is converted. */
export function createNestedPmap(kernel: Kernel): Answer | Blocked {
  return createPmap(kernel, { kind: 'nested', vm: vmOf(kernel).ref }) === null ? blocked('memory') : DONE
}

/** The next range from the cursor on that has memory behind it. */
export function nextBackedSlot(kernel: Kernel): Answer {
  const { slots } = vmOf(kernel)
  for (let slot = kernel.thread.locals.cursor; slot < slots.length; slot += 1) {
    if (slots[slot]?.memtype === VM_MEM_MMIO) continue
    learn(kernel, { slot, cursor: slot + 1 })
    return { type: 'next', slot }
  }
  return NONE
}

function slotOf(kernel: Kernel): Slot {
  const slot = vmOf(kernel).slots[kernel.thread.locals.slot]
  if (slot === undefined)
    throw new Defect('KRN004', 'vm_create() is at a slot that the VM does not have', kernel.world.seq)
  return slot
}

/** uao_create(CANFAIL) of the slot's size. */
export function createSlotObject(kernel: Kernel): Answer {
  const object = createObject(kernel, 'aobj', slotOf(kernel).size)
  if (object === null) return refuse(kernel, 'ENOMEM', 'uao_create')
  learn(kernel, { object })
  return { type: 'uao.created', object }
}

/** uvm_map() into the caller: hidden from core dumps, nothing for a child. */
export function mapSlot(kernel: Kernel): Answer {
  const { hint, size, backing } = slotOf(kernel)
  const { pid } = kernel.thread.locals
  if (backing === null) throw new Defect('KRN005', 'vm_create() maps a slot without an object', kernel.world.seq)
  const mapped = mapObject(kernel, pid, { hint, size, object: backing, conceal: true, inherit: 'none' })
  // vm_create() answers ENOMEM whatever uvm_map() said.
  return mapped.ok ? { type: 'uvm.mapped', hva: mapped.start } : refuse(kernel, 'ENOMEM', 'uvm_map')
}

/** uao_detach() of the reference that this thread still carries. */
export function detachCarried(kernel: Kernel): Answer {
  const { object } = kernel.thread.locals
  if (object !== null) detachObject(kernel, object, 'carried')
  return DONE
}

function rangeOf(slot: Slot): { readonly start: Hva; readonly end: Hva } {
  const start = slot.hva ?? (0 as Hva)
  return { start, end: offset(start, slot.size) }
}

/** uvm_map_immutable(); holes are no error, so what is sealed may not be the slot any more. */
export function sealSlot(kernel: Kernel): Answer {
  const { start, end } = rangeOf(slotOf(kernel))
  const errno = sealRange(kernel, kernel.thread.locals.pid, start, end)
  return errno === null ? { type: 'uvm.sealed' } : refuse(kernel, errno, 'uvm_map_immutable')
}

/** uvm_unmap() drops the only reference, through the entry. */
export function unmapSlot(kernel: Kernel): Answer {
  const { start, end } = rangeOf(slotOf(kernel))
  learn(kernel, { dead: unmapRange(kernel, kernel.thread.locals.pid, start, end) })
  return DONE
}

/** uao_reference() through a pointer whose only reference belongs to an entry that another thread may destroy. */
export function referenceSlot(kernel: Kernel): Answer {
  const { object } = kernel.thread.locals
  if (object === null || !referenceObject(kernel, object, 'slot')) return DONE
  return { type: 'uao.referenced', object }
}

/** vm_impl_init(): pmap_convert(). EPT gives the second root back, and leaves resident_count as it is. */
export function convertPmap(kernel: Kernel): Answer {
  const { mode } = kernel.world.boot
  const { pmap } = vmOf(kernel)
  const record = pmap === null ? undefined : kernel.world.pmaps[pmap]
  if (mode === 'unknown' || pmap === null || record === undefined) return refuse(kernel, 'ENOMEM', 'vm_impl_init')
  const second = record.roots[1]
  const freed = mode === 'ept' && second !== undefined ? second : null
  kernel.record({ type: 'pmap.converted', pmap, to: mode, freed: freed as never })
  return DONE
}

/** pool_get(&vcpu_pool). */
export function allocateVcpu(kernel: Kernel): Answer {
  kernel.record({ type: 'vcpu.allocated', vm: vmOf(kernel).ref })
  return DONE
}

/**
 * vmm_alloc_vpid(), vmm_alloc_asid(): the lowest VPID or ASID that no vCPU has; 0 where there is none. On a CPU that keeps
 * ASIDs for SEV-ES, all other guests are given theirs from above those. Nothing keeps a guest of SEV-ES below: where its own
 * are taken it is given one with which it cannot be launched.
 *
 * @source vmm_alloc_vpid_vcpu() of vmm_machdep.c 1.64 (2025-09-14)
 */
function lowestAsid({ world: { vms, boot } }: Kernel, sev: 'sev' | 'seves' | undefined): number {
  const taken = new Set(Object.values(vms).flatMap(({ vcpus }) => vcpus.map(({ asid }) => asid)))
  const first = sev === 'seves' ? 1 : Math.max(1, sevOf(boot).noes)
  for (let asid = first; asid <= boot.asids; asid += 1) if (!taken.has(asid)) return asid
  return 0
}

function refuseVcpu(kernel: Kernel, errno: Errno, at: string): Answer {
  kernel.record({ type: 'vcpu.initRefused', vm: vmOf(kernel).ref, errno })
  return refuse(kernel, errno, at)
}

/** vcpu_init_svm(): how the guest is encrypted. vcpu_init_vmx() does not look at what was asked. */
function sevOfRequest(kernel: Kernel): 'sev' | 'seves' | undefined {
  const { sev = false, seves = false } = commandOf(kernel, 'ioc.create')
  if (kernel.world.boot.mode !== 'rvi' || !(sev || seves)) return undefined
  return seves ? 'seves' : 'sev'
}

/** vcpu_init(); its errno is passed on. */
export function initialiseVcpu(kernel: Kernel): Answer {
  const { ref, vcpus } = vmOf(kernel)
  const errno = kernel.fails('vcpu_init')
  if (errno !== null) return refuseVcpu(kernel, errno, 'vcpu_init')
  const sev = sevOfRequest(kernel)
  const asid = lowestAsid(kernel, sev)
  if (asid === 0) return refuseVcpu(kernel, 'ENOMEM', 'vmm_alloc_vpid')
  const failed = kernel.world.boot.mode === 'ept' ? initialiseVmcs(kernel, vcpus.length) : null
  if (failed !== null) return refuseVcpu(kernel, failed, 'vcpu_init_vmx')
  const encrypted = sev === undefined ? {} : { sev }
  kernel.record({ type: 'vcpu.initialised', vm: ref, vcpu: vcpus.length, asid, ...encrypted })
  return DONE
}

/** pool_put(&vcpu_pool). */
export function freeVcpu(kernel: Kernel): Answer {
  kernel.record({ type: 'vcpu.freed', vm: vmOf(kernel).ref })
  return DONE
}

/**
 * The capacity again, under vm_lock for writing; then the VM is numbered. What the caller gets is written down under
 * the lock as well: once it is dropped, somebody may take the VM down before this call has answered.
 */
export function registerVm(kernel: Kernel): Answer {
  const { vcpuCt, slots, vcpus } = vmOf(kernel)
  if (exceedsCapacity(kernel, vcpuCt)) return refuse(kernel, 'ENOMEM', 'vm_create')
  const id = kernel.world.softc.vmIdx + 1
  // In the ranges' address fields the caller finds where they are mapped, or what it put there.
  const va = slots.map((slot) => slot.hva ?? slot.hint)
  // vcpu_init_svm() writes vcp_asid[] of every guest, encrypted or not; vcpu_init_vmx() does not.
  learn(kernel, kernel.world.boot.mode === 'rvi' ? { id, va, asids: vcpus.map(({ asid }) => asid) } : { id, va })
  return { type: 'vm.numbered', id }
}
