/**
 * The steps of vm_share_mem().
 *
 * Source: vm_share_mem() of vmm.c with the patch of May 2025.
 */

import type { Hva, Word64 } from '../../events/address.ts'
import { addWords } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { commandOf, DONE, type Kernel, learn, NONE, panic, refuse, vmOf } from './kernel.ts'
import { referenceObject } from './uvm_aobj.ts'
import { mapObject, sealRange, unmapRange } from './uvm_map.ts'

/** vsp_va[] as the caller left it, one element a range. */
function givenAddresses(kernel: Kernel): readonly Word64[] {
  const { ranges, va } = commandOf(kernel, 'ioc.sharemem')
  return ranges.map((_, i) => va[i] ?? 0)
}

/** The request must repeat the VM's ranges and leave the addresses to the kernel; if not, nothing is done and 0 answered. */
export function compareRanges(kernel: Kernel): Answer {
  const { ranges, count, va } = commandOf(kernel, 'ioc.sharemem')
  const { slots } = vmOf(kernel)
  learn(kernel, { va: givenAddresses(kernel), cursor: 0 })
  if ((count ?? ranges.length) !== slots.length) return NONE
  const same = slots.every(({ memtype, gpa, size }, i) => {
    const range = ranges[i] ?? { memtype: 0, gpa: 0, size: 0 }
    return range.memtype === memtype && range.gpa === gpa && range.size === size && (va[i] ?? 0) === 0
  })
  return same ? DONE : NONE
}

/** uvm_map(): the entry lives on a reference that nobody took for it yet. */
export function mapShared(kernel: Kernel): Answer {
  const { slot, pid, va } = kernel.thread.locals
  const { size, object } = vmOf(kernel).slots[slot] ?? {}
  if (object === undefined || object === null || size === undefined) return panic(kernel, 'vm_share_mem', 'assert')
  if (kernel.world.objects[object] === undefined) return panic(kernel, 'uvm_map', 'uaf')
  const mapped = mapObject(kernel, pid, { hint: va[slot] ?? 0, size, object, conceal: true, inherit: 'none' })
  if (!mapped.ok) return refuse(kernel, mapped.errno, 'uvm_map', { cursor: 0, limit: slot })
  learn(kernel, { object, va: va.map((address, i) => (i === slot ? mapped.start : address)) })
  return { type: 'uvm.mapped', hva: mapped.start }
}

/** uao_reference(): pays for the reference that the entry has been using. */
export function referenceShared(kernel: Kernel): Answer {
  const { object } = kernel.thread.locals
  if (object === null || !referenceObject(kernel, object, 'share')) return DONE
  return { type: 'uao.referenced', object }
}

/** uvm_map_immutable(); a failure unwinds this range as well. */
export function sealShared(kernel: Kernel): Answer {
  const { slot, pid, va } = kernel.thread.locals
  const start = Number(va[slot] ?? 0) as Hva
  const end = (start + (vmOf(kernel).slots[slot]?.size ?? 0)) as Hva
  const errno = sealRange(kernel, pid, start, end)
  if (errno === null) return { type: 'uvm.sealed' }
  return refuse(kernel, errno, 'uvm_map_immutable', { cursor: 0, limit: slot + 1 })
}

/** The unwinding passes over every range before the failure, MMIO included, whose address is 0. */
export function unmapShared(kernel: Kernel): Answer {
  const { cursor, limit, va, pid } = kernel.thread.locals
  if (cursor >= limit) return NONE
  const start = va[cursor] ?? 0
  const end = addWords(start, vmOf(kernel).slots[cursor]?.size ?? 0)
  learn(kernel, { dead: unmapRange(kernel, pid, start, end), cursor: cursor + 1 })
  return { type: 'next', slot: cursor }
}
