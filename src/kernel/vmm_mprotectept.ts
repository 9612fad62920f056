/**
 * The steps of vm_mprotect_ept(), which the patch of May 2025 removed: other rights for leaves of the nested tables, so
 * that a guest's access to them leaves RUN.
 *
 * Source: vmm_machdep.c 1.34 (2024-09-03), vm_mprotect_ept() and vmx_mprotect_ept(); pmap_write_protect() of pmap.c. Not
 * modelled: a CPU without execute-only translations, where reading is added to executing.
 */
import type { Gpa, Word64 } from '../../events/address.ts'
import { addWords, isPageAligned, offset, PAGE_SIZE, pageOf } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { nestedEntryAt } from '../model/backing.ts'
import { hasFlag, LEAF_EXECUTE, LEAF_READ, LEAF_WRITE, leafFlags } from '../model/memory.ts'
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
import { protectLeaves } from './pmap.ts'
import { faultNested } from './uvm_fault.ts'
import { memtypeOf } from './vmm_run.ts'

const ALL_RIGHTS = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE

/** VMM_PCI_MMIO_BAR_BASE and VMM_PCI_MMIO_BAR_END. @source machine/vmmvar.h */
const BAR_FIRST = 0xf0000000
const BAR_LAST = 0xffbfffff
/** NBPD_L4: the range must be smaller. */
const RANGE_BYTES = 2 ** 39

/**
 * The rights that are refused: none, and writing alone. What is meant to refuse writing and executing together looks for
 * bits that are no rights as well, and lets them through: without reading, that is a misconfiguration of EPT.
 */
function isRights(prot: number): boolean {
  const rights = prot % (ALL_RIGHTS + 1)
  if (rights !== prot && hasFlag(rights, LEAF_WRITE) && hasFlag(rights, LEAF_EXECUTE)) return false
  return prot !== 0 && rights !== LEAF_WRITE
}

/** Pages, fewer than 512 GiB of them, that neither begin nor end where vmd has its devices. */
function isRange(gpa: Word64, size: Word64): gpa is Gpa {
  if (!isPageAligned(gpa) || !isPageAligned(size) || size === 0 || size >= RANGE_BYTES) return false
  const end = addWords(gpa, size)
  if (end < gpa) return false
  if (gpa >= BAR_FIRST && gpa <= BAR_LAST) return false
  return !(end > BAR_FIRST && end <= BAR_LAST)
}

/** STOPPED, or EBUSY; then the rights and the range, or EINVAL. An RVI pmap takes rights away from the leaves it has. */
export function checkProtect(kernel: Kernel): Answer {
  const { gpa, size, prot, vcpu } = commandOf(kernel, 'ioc.mprotectept')
  const vm = vmOf(kernel)
  if (vm.vcpus.find(({ id }) => id === vcpu)?.state !== VCPU_STOPPED) return refuse(kernel, 'EBUSY', 'vm_mprotect_ept')
  const fits = isRights(prot) && isRange(gpa, size) && memtypeOf(vm, gpa) !== 'unknown'
  if (!fits) return refuse(kernel, 'EINVAL', 'vm_mprotect_ept')
  if (kernel.world.boot.mode === 'ept') {
    learn(kernel, { gpa, cursor: 0 })
    return DONE
  }
  const pmap = vm.pmap === null ? undefined : kernel.world.pmaps[vm.pmap]
  const rights = LEAF_READ + rightOf(prot, LEAF_WRITE) + rightOf(prot, LEAF_EXECUTE)
  if (pmap !== undefined) protectLeaves(kernel, pmap, Number(gpa), Number(gpa) + Number(size), rights)
  return NONE
}

function rightOf(prot: number, right: number): number {
  return hasFlag(prot, right) ? right : 0
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
  const flags = leafFlags(old) - (leafFlags(old) % (ALL_RIGHTS + 1)) + (prot % (ALL_RIGHTS + 1))
  if (flags !== leafFlags(old)) kernel.record({ type: 'pmap.protected', pmap, va: gpa, level: 1, flags, old })
  return DONE
}

/** INVEPT of the whole pmap. */
export function invalidateNested(kernel: Kernel): Answer {
  const { pmap } = vmOf(kernel)
  if (pmap !== null) kernel.record({ type: 'ept.invalidated', pmap, cpus: [kernel.thread.cpu] })
  return DONE
}
