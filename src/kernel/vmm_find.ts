/**
 * Finding a VM and a vCPU, and the references and locks that come with it.
 *
 * Source: vm_find(), vm_find_vcpu() and the refcnt(9) calls of vmm.c.
 */

import type { Answer } from '../../events/answer.ts'
import type { VmRef } from '../../events/ids.ts'
import { VCPU_REQTERM, type Vcpu } from '../model/world.ts'
import {
  type Blocked,
  blocked,
  commandOf,
  curproc,
  DONE,
  type Kernel,
  learn,
  lookup,
  panic,
  refuse,
  vmOf,
} from './kernel.ts'
import { mayUse } from './pledge.ts'

/** vm_find(): search, pledge, reference, all under vm_lock for reading. */
export function findVm(kernel: Kernel): Answer {
  const { command, id } = kernel.thread
  const process = curproc(kernel)
  const vm = 'vm' in command ? lookup(kernel.world, command.vm) : undefined
  if (process === undefined || vm === undefined) return refuse(kernel, 'ENOENT', 'vm_find')
  if (!mayUse(kernel, process, vm)) return refuse(kernel, 'EPERM', 'vm_find')
  kernel.record({ type: 'vm.referenced', vm: vm.ref, holder: id })
  learn(kernel, { vm: vm.ref, vcpu: 'vcpu' in command ? command.vcpu : 0 })
  return DONE
}

/** refcnt_rele_wake(): the request's own reference. */
export function releaseVm(kernel: Kernel): Answer {
  kernel.record({ type: 'vm.released', vm: vmOf(kernel).ref, holder: kernel.thread.id })
  return DONE
}

function vcpuOf(kernel: Kernel): Vcpu | undefined {
  const { vcpu } = kernel.thread.locals
  return vmOf(kernel).vcpus.find((one) => one.id === vcpu)
}

/** vm_find_vcpu(). */
export function findVcpu(kernel: Kernel): Answer {
  return vcpuOf(kernel) === undefined ? refuse(kernel, 'ENOENT', 'vm_find_vcpu') : DONE
}

/** rw_enter_write(vc_lock): not interruptible; a second caller waits. */
export function lockVcpu(kernel: Kernel): Answer | Blocked {
  const { id, locals } = kernel.thread
  const vcpu = vcpuOf(kernel)
  if (vcpu !== undefined && vcpu.lock !== null) return blocked('vcpu')
  kernel.record({ type: 'vcpu.locked', vm: vmOf(kernel).ref, vcpu: locals.vcpu, thread: id })
  return DONE
}

/** rw_exit_write(vc_lock). */
export function unlockVcpu(kernel: Kernel): Answer {
  const { id, locals } = kernel.thread
  kernel.record({ type: 'vcpu.unlocked', vm: vmOf(kernel).ref, vcpu: locals.vcpu, thread: id })
  return DONE
}

/** vcpu_must_stop(): somebody asked for the end, or the process has a signal. */
export function mustStop(kernel: Kernel, vcpu: Vcpu | undefined): boolean {
  return vcpu?.state === VCPU_REQTERM || curproc(kernel)?.signalled === true
}

/** host.muststop: vcpu_must_stop() of vCPU 0, with the lookup and the release around it. */
export function askMustStop(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const vm = lookup(kernel.world, commandOf(kernel, 'host.muststop').vm)
  if (vm === undefined) return refuse(kernel, 'ENOENT', 'vm_find')
  if (!mayUse(kernel, process, vm)) return refuse(kernel, 'EPERM', 'vm_find')
  learn(kernel, { stop: mustStop(kernel, vm.vcpus[0]) })
  return DONE
}

/** host.hold: a reference that outlives the call. */
export function holdVm(kernel: Kernel): Answer {
  const { vm: id, as } = commandOf(kernel, 'host.hold')
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  if (kernel.world.holds[as] !== undefined) return refuse(kernel, 'EEXIST', 'hold')
  const vm = lookup(kernel.world, id)
  if (vm === undefined) return refuse(kernel, 'ENOENT', 'vm_find')
  if (!mayUse(kernel, process, vm)) return refuse(kernel, 'EPERM', 'vm_find')
  kernel.record({ type: 'vm.referenced', vm: vm.ref, holder: as })
  kernel.record({ type: 'hold.taken', as, vm: vm.ref })
  return DONE
}

/** host.release: the reference that host.hold took. */
export function releaseHold(kernel: Kernel): Answer {
  const { as } = commandOf(kernel, 'host.release')
  const vm: VmRef | undefined = kernel.world.holds[as]
  if (vm === undefined) return refuse(kernel, 'ENOENT', 'release')
  kernel.record({ type: 'vm.released', vm, holder: as })
  kernel.record({ type: 'hold.dropped', as })
  return DONE
}

/** host.poke: the state word of a registered VM's vCPU. */
export function pokeVcpu(kernel: Kernel): Answer {
  const { vm: id, vcpu, state } = commandOf(kernel, 'host.poke')
  const vm = lookup(kernel.world, id)
  if (vm === undefined || !vm.vcpus.some((one) => one.id === vcpu)) return refuse(kernel, 'ENOENT', 'vm_find_vcpu')
  learn(kernel, { vm: vm.ref, vcpu })
  return { type: 'poked', state }
}

/** vm_terminate() 1.8: vm_dying goes from 0 to 1 for one caller only. */
export function condemnVm(kernel: Kernel): Answer {
  return vmOf(kernel).dying ? refuse(kernel, 'EBUSY', 'vm_terminate') : DONE
}

/** SLIST_REMOVE() of a VM that is on no list runs off its end. */
export function unlinkVm(kernel: Kernel): Answer {
  return vmOf(kernel).listed ? DONE : panic(kernel, 'trap', 'trap')
}

/** vm_terminate(): the reference that membership of the list held. */
export function releaseList(kernel: Kernel): Answer {
  kernel.record({ type: 'vm.released', vm: vmOf(kernel).ref, holder: 'list' })
  return DONE
}

/** refcnt_finalize(): sleeps until nobody holds the VM. */
export function drainVm(kernel: Kernel): Answer | Blocked {
  return vmOf(kernel).refcnt > 0 ? blocked('refcnt_finalize') : DONE
}
