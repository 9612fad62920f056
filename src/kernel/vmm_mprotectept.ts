/**
 * The steps of vm_mprotect_ept(), which the patch of May 2025 removed: other rights for leaves of the nested tables, so
 * that a guest's access to them leaves RUN.
 *
 * Source: vmm_machdep.c 1.34 (2024-09-03), vm_mprotect_ept() and vmx_mprotect_ept(). Medium certainty: the order of the
 * checks, that only EPT does it, and that a page that is not there is faulted in and wired.
 */
import type { Gpa, Word64 } from '../../events/address.ts'
import { addWords, isPageAligned, MAXDSIZ, offset, PAGE_SIZE, pageOf } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { nestedEntryAt } from '../model/backing.ts'
import { LEAF_EXECUTE, LEAF_READ, LEAF_WRITE, leafFlags } from '../model/memory.ts'
import { VCPU_STOPPED } from '../model/world.ts'
import {
  ABSENT,
  type Blocked,
  blocked,
  commandOf,
  DONE,
  type Kernel,
  learn,
  NONE,
  PRESENT,
  refuse,
  SHORT,
  vmOf,
} from './kernel.ts'
import { faultNested } from './uvm_fault.ts'
import { memtypeOf } from './vmm_run.ts'

const ALL_RIGHTS = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE

/** Rights that an EPT leaf may have: some, and no writing without reading, which would be a misconfiguration. */
function isRights(prot: number): boolean {
  return Number.isInteger(prot) && prot > 0 && prot <= ALL_RIGHTS && prot % 4 !== LEAF_WRITE
}

function isRange(gpa: Word64, size: Word64): gpa is Gpa {
  if (!isPageAligned(gpa) || !isPageAligned(size) || size === 0) return false
  const end = addWords(gpa, size)
  return end > gpa && end <= MAXDSIZ
}

/** STOPPED, or EBUSY; then the mode, the range and the rights, or EINVAL. */
export function checkProtect(kernel: Kernel): Answer {
  const { gpa, size, prot, vcpu } = commandOf(kernel, 'ioc.mprotectept')
  const vm = vmOf(kernel)
  if (vm.vcpus.find(({ id }) => id === vcpu)?.state !== VCPU_STOPPED) return refuse(kernel, 'EBUSY', 'vm_mprotect_ept')
  const fits = isRights(prot) && isRange(gpa, size) && memtypeOf(vm, gpa) === 'regular'
  if (!fits || kernel.world.boot.mode !== 'ept') return refuse(kernel, 'EINVAL', 'vm_mprotect_ept')
  learn(kernel, { gpa, cursor: 0 })
  return DONE
}

/** The next page of the range, and whether the tables have a leaf for it. */
export function nextProtected(kernel: Kernel): Answer {
  const { gpa: first, size } = commandOf(kernel, 'ioc.mprotectept')
  const { cursor } = kernel.thread.locals
  const { pmap } = vmOf(kernel)
  if (pmap === null || cursor * PAGE_SIZE >= Number(size)) return NONE
  const gpa = offset(Number(first) as Gpa, cursor * PAGE_SIZE)
  learn(kernel, { gpa, cursor: cursor + 1 })
  return kernel.world.memory.leaf(pmap, pageOf(gpa)) < 0 ? ABSENT : PRESENT
}

/** uvm_fault() of the nested map, wiring; what it says when it fails becomes EFAULT. */
export function wireProtected(kernel: Kernel): Answer | Blocked {
  const vm = vmOf(kernel)
  const gpa = kernel.thread.locals.gpa as Gpa
  const entry = nestedEntryAt(vm, gpa)
  const result = entry === undefined ? 'EFAULT' : faultNested(kernel, vm, entry, gpa)
  if (result === 'ok') return DONE
  if (result === 'busy') return blocked('pagedaemon')
  if (result === 'starved') return blocked('memory')
  return result === 'short' ? SHORT : refuse(kernel, 'EFAULT', 'vmx_mprotect_ept')
}

/** The rights of the leaf are those that were asked for. */
export function protectLeaf(kernel: Kernel): Answer {
  const { prot } = commandOf(kernel, 'ioc.mprotectept')
  const gpa = kernel.thread.locals.gpa as Gpa
  const { pmap } = vmOf(kernel)
  const old = pmap === null ? -1 : kernel.world.memory.leaf(pmap, pageOf(gpa))
  if (pmap === null || old < 0) return DONE
  const flags = leafFlags(old) - (leafFlags(old) % (ALL_RIGHTS + 1)) + prot
  if (flags !== leafFlags(old)) kernel.record({ type: 'pmap.protected', pmap, va: gpa, level: 1, flags, old })
  return DONE
}

/** INVEPT of the whole pmap. */
export function invalidateNested(kernel: Kernel): Answer {
  const { pmap } = vmOf(kernel)
  if (pmap !== null) kernel.record({ type: 'ept.invalidated', pmap, cpus: [kernel.thread.cpu] })
  return DONE
}
