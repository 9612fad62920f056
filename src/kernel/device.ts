/**
 * The device: its gate, its switch, suspending and waking up.
 *
 * Source: vmmioctl(), vmm_activate(), vmm_start() and vmm_stop() of vmm.c.
 */
import type { Answer } from '../../events/answer.ts'
import {
  type Blocked,
  blocked,
  commandOf,
  curproc,
  DONE,
  type Kernel,
  learn,
  panic,
  refuse,
  siblingsOf,
} from './kernel.ts'
import { quiesceVmx } from './vmm_vmcs.ts'

/** Requests whose parameters come back to the caller: _IOWR. @source dev/vmm/vmm.h */
const COPIED_OUT: readonly string[] = [
  'ioc.create',
  'ioc.run',
  'ioc.info',
  'ioc.sharemem',
  'ioc.readregs',
  'ioc.readvmparams',
]

/** PCATCH: a signal ends the sleep, and so does a sibling that wants to be the only thread of its process. */
function isInterrupted(kernel: Kernel): boolean {
  const process = curproc(kernel)
  if (process === undefined || process.signalled) return true
  return siblingsOf(kernel, process.pid).some(
    ({ command }) => command.type === 'host.exit' || command.type === 'host.exec',
  )
}

/** The way in: sc_slock, interruptibly, and the wait for an active device. */
export function enterDevice(kernel: Kernel): Answer | Blocked {
  // A thread that comes back from its sleep holds sc_slock already.
  const asleep = kernel.thread.waiting === 'vmmresume'
  const interrupted = asleep ? null : kernel.fails('rw_enter')
  if (interrupted !== null) return refuse(kernel, interrupted, 'rw_enter')
  if (kernel.world.softc.status !== 'active') {
    const woken = kernel.fails('rwsleep') ?? (isInterrupted(kernel) ? 'EINTR' : null)
    return woken === null ? blocked('vmmresume') : refuse(kernel, woken, 'rwsleep')
  }
  kernel.record({ type: 'device.entered', thread: kernel.thread.id })
  return DONE
}

/** The way out: the request's count in sc_refcnt. */
export function leaveDevice(kernel: Kernel): Answer {
  const { id, command, locals } = kernel.thread
  kernel.record({ type: 'device.left', thread: id })
  // The ioctl layer copies the parameters out once the handler has returned 0; what the handler did stays done.
  if (locals.errno === null && COPIED_OUT.includes(command.type) && kernel.fails('ioctl_copyout') !== null) {
    learn(kernel, { errno: 'EFAULT', at: 'copyout' })
  }
  return DONE
}

/** vmm_start(): called for every CREATE, also when virtualization is on. */
export function startVirtualization(kernel: Kernel): Answer {
  const errno = kernel.fails('vmm_start')
  if (errno !== null) {
    kernel.record({ type: 'vmm.startRefused', errno })
    return refuse(kernel, errno, 'vmm_start')
  }
  kernel.record({ type: 'vmm.started' })
  return DONE
}

/** vmm_stop(). */
export function stopVirtualization(kernel: Kernel): Answer {
  kernel.record({ type: 'vmm.stopped' })
  return DONE
}

/** vmmioctl_machdep(): the default case. */
export function refuseUnknown(kernel: Kernel): Answer {
  return refuse(kernel, 'EINVAL', 'vmmioctl_machdep')
}

/** DVACT_QUIESCE: nobody passes the gate from here on. */
export function suspendDevice(kernel: Kernel): Answer {
  if (kernel.world.softc.status !== 'active') return panic(kernel, 'vmm_activate', 'assert')
  kernel.record({ type: 'device.suspended' })
  return DONE
}

/** refcnt_finalize(sc_refcnt): waits for every request inside. */
export function drainDevice(kernel: Kernel): Answer | Blocked {
  return kernel.world.softc.refcnt > 0 ? blocked('refcnt_finalize') : DONE
}

/** vmm_activate_machdep(): guest memory, nested tables and counters stay as they are; VMCSs go back to memory. */
export function activateQuiesce(kernel: Kernel): Answer {
  const { cpus, boot } = kernel.world
  if (cpus[kernel.thread.cpu]?.on === true && boot.mode === 'ept') quiesceVmx(kernel)
  kernel.record({ type: 'machdep.activated', action: 'quiesce' })
  return DONE
}

/**
 * vmm_activate_machdep() on the way back. autoconf(9) wakes no device that it is still suspending; the driver itself only
 * asserts SUSPENDED, which is so from the beginning of a suspension on.
 */
export function activateWakeup(kernel: Kernel): Answer | Blocked {
  for (const id in kernel.world.threads)
    if (kernel.world.threads[id]?.command.type === 'host.suspend') return blocked('quiesced')
  kernel.record({ type: 'machdep.activated', action: 'wakeup' })
  return DONE
}

/** The gate opens; sleepers may try again. */
export function resumeDevice(kernel: Kernel): Answer {
  if (kernel.world.softc.status !== 'suspended') return panic(kernel, 'vmm_activate', 'assert')
  kernel.record({ type: 'device.resumed' })
  return DONE
}

/** A test arms a failpoint. */
export function armFailpoint(kernel: Kernel): Answer {
  const { fn, k, errno } = commandOf(kernel, 'fail.next')
  kernel.record({ type: 'failpoint.armed', fn, k, errno })
  return DONE
}
