/**
 * The steps of vm_get_info().
 *
 * Source: vm_get_info() of vmm.c.
 */
import { PAGE_SIZE } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { VmInfo } from '../../events/reply.ts'
import type { Vm } from '../model/world.ts'
import { commandOf, DONE, type Kernel, learn, NONE, refuse } from './kernel.ts'

/** sizeof(struct vm_info_result). */
export const VM_INFO_ENTRY_SIZE = 160

/** An entry that the walk did not reach. */
const UNFILLED: VmInfo = { id: 0, pid: 0, name: '', memorySize: 0, usedSize: 0, ncpus: 0, states: [] }

/** vm_ct under vm_lock; a buffer too small gets the size that it needs, and no error. */
export function countVms(kernel: Kernel): Answer {
  const { vmCt } = kernel.world.softc
  const need = vmCt * VM_INFO_ENTRY_SIZE
  if (commandOf(kernel, 'ioc.info').size < need) {
    learn(kernel, { count: 0, need })
    return NONE
  }
  learn(kernel, { count: 0, limit: vmCt })
  return DONE
}

/** malloc() without waiting. */
export function allocateInfo(kernel: Kernel): Answer {
  const errno = kernel.fails('malloc')
  return errno === null ? DONE : refuse(kernel, 'ENOMEM', 'malloc')
}

function infoOf(kernel: Kernel, vm: Vm): VmInfo {
  const resident = vm.pmap === null ? 0 : (kernel.world.pmaps[vm.pmap]?.resident ?? 0)
  return {
    id: vm.id,
    pid: vm.creator,
    name: vm.name,
    memorySize: vm.memorySize,
    usedSize: resident * PAGE_SIZE,
    ncpus: vm.vcpuCt,
    states: vm.vcpus.map(({ id, state }) => ({ vcpu: id, state })),
  }
}

/** As many entries as were counted, newest VM first. A VM that is counted but off the list leaves its entry zero. */
export function walkVms(kernel: Kernel): Answer {
  const { limit } = kernel.thread.locals
  const vms: VmInfo[] = []
  for (const ref of kernel.world.softc.list.slice(0, limit)) {
    const vm = kernel.world.vms[ref]
    if (vm !== undefined) vms.push(infoOf(kernel, vm))
  }
  while (vms.length < limit) vms.push(UNFILLED)
  learn(kernel, { vms, count: limit })
  return DONE
}

/** Only EFAULT is passed on; after any other failure the caller's buffer is as it was. */
export function copyOutInfo(kernel: Kernel): Answer {
  const errno = kernel.fails('copyout')
  if (errno === 'EFAULT') return refuse(kernel, 'EFAULT', 'copyout')
  if (errno !== null) learn(kernel, { vms: kernel.thread.locals.vms.map(() => UNFILLED) })
  return DONE
}
