/**
 * The steps of vm_teardown() and the end of vm_terminate().
 *
 * Source: vm_teardown() and vm_terminate() of vmm.c with the patch of May 2025.
 */

import type { Gpa } from '../../events/address.ts'
import { offset } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { type Blocked, blocked, DONE, type Kernel, learn, NONE, vmOf } from './kernel.ts'
import { destroyPmap, removeRange } from './pmap.ts'
import { detachObject, reapObject } from './uvm_aobj.ts'
import { freeVmcs, shootEpt } from './vmm_vmcs.ts'

export function beginTeardown(kernel: Kernel): Answer {
  learn(kernel, { cursor: 0, vcpus: vmOf(kernel).vcpuCt })
  return DONE
}

/** The next vCPU to take off the list and to take apart. */
export function nextVcpu(kernel: Kernel): Answer {
  const vm = vmOf(kernel)
  const [vcpu] = vm.vcpus
  if (vcpu === undefined) return NONE
  freeVmcs(kernel, vm, vcpu)
  return { type: 'next', slot: vcpu.id }
}

/** pmap_remove() from a range's first byte to its last, of MMIO as well. EPT tells the TLBs while it is switched on. */
export function removeNextRange(kernel: Kernel): Answer {
  const { slots, pmap } = vmOf(kernel)
  const { cursor } = kernel.thread.locals
  const slot = slots[cursor]
  const record = pmap === null ? undefined : kernel.world.pmaps[pmap]
  if (slot === undefined || record === undefined) {
    learn(kernel, { cursor: 0 })
    return NONE
  }
  const first = slot.gpa
  const last: Gpa = offset(first, slot.size - 1)
  const pages = removeRange(kernel, record, first, last)
  kernel.record({ type: 'pmap.removed', pmap: record.ref, first, last, pages })
  if (record.kind === 'ept' && kernel.world.softc.on) shootEpt(kernel, record)
  learn(kernel, { cursor: cursor + 1 })
  return { type: 'next', slot: cursor }
}

/** The next slot whose reference vmm gives back. */
export function nextHeldSlot(kernel: Kernel): Answer {
  const { slots } = vmOf(kernel)
  for (let slot = kernel.thread.locals.cursor; slot < slots.length; slot += 1) {
    const object = slots[slot]?.object ?? null
    if (object === null) continue
    learn(kernel, { slot, object, cursor: slot + 1 })
    return { type: 'next', slot }
  }
  return NONE
}

/** uao_detach() of vmm's reference: frees the pages if no process maps them. */
export function detachSlot(kernel: Kernel): Answer | Blocked {
  const { object } = kernel.thread.locals
  if (object === null) return DONE
  // A thread that comes back from its sleep gave the reference up before.
  const asleep = kernel.thread.waiting === 'pagedaemon'
  const gone = asleep ? reapObject(kernel, object) : detachObject(kernel, object, 'slot')
  return gone ? DONE : blocked('pagedaemon')
}

/** pmap_destroy(): no leaf must be left. */
export function destroyNestedPmap(kernel: Kernel): Answer {
  const { pmap } = vmOf(kernel)
  const record = pmap === null ? undefined : kernel.world.pmaps[pmap]
  if (record !== undefined) destroyPmap(kernel, record)
  return DONE
}

/** The VM goes back to its pool; the machine says so. */
export function freeVm(): Answer {
  return DONE
}

/** Counts down after the teardown. vm_lock stays taken. */
export function uncountVm(kernel: Kernel): Answer {
  kernel.record({ type: 'vm.uncounted', vcpus: kernel.thread.locals.vcpus })
  return DONE
}

/** The last VM switches virtualization off, still under vm_lock. */
export function stopAfterLast(kernel: Kernel): Answer {
  if (kernel.world.softc.vmCt === 0) kernel.record({ type: 'vmm.stopped' })
  return DONE
}
