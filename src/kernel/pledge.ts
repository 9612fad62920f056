/**
 * The two pledge gates of vmm(4): the request filter, and the look at the VM that a request names.
 *
 * Source: pledge_ioctl_vmm() and vm_find() of vmm.c; pledge_fail() and sys_pledge() of kern_pledge.c.
 */
import type { Answer } from '../../events/answer.ts'
import type { Process, Vm } from '../model/world.ts'
import { commandOf, curproc, DONE, type Kernel, refuse } from './kernel.ts'

/** Requests that make or list VMs or map their memory: not for a process without `proc`. */
const NEEDS_PROC: readonly string[] = ['ioc.create', 'ioc.info', 'ioc.sharemem']

/** Requests that pledge_ioctl_vmm() does not know, and refuses whatever was promised. */
const NEVER_BEFORE: readonly string[] = ['ioc.unknown']
const NEVER: readonly string[] = [...NEVER_BEFORE, 'ioc.mprotectept']

/** pledge_ioctl() before the driver: what an unpledged process asks is not looked at. */
export function filterRequest(kernel: Kernel): Answer {
  return filter(kernel, NEVER)
}

/** The same before the patch, when pledge_ioctl_vmm_machdep() knew VMM_IOC_MPROTECT_EPT. */
export function filterRequestOfSpace(kernel: Kernel): Answer {
  return filter(kernel, NEVER_BEFORE)
}

function filter(kernel: Kernel, never: readonly string[]): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { pledge, pid } = process
  if (pledge.length === 0) return DONE
  const { type } = kernel.thread.command
  const allowed =
    pledge.includes('vmm') && !never.includes(type) && (!NEEDS_PROC.includes(type) || pledge.includes('proc'))
  if (allowed) return DONE
  kernel.record({ type: 'pledge.filtered', pid, errno: 'EPERM' })
  return refuse(kernel, 'EPERM', 'pledge_ioctl_vmm')
}

/** vm_find(): a process that promised `vmm` without `proc` may only have its own VM. */
export function mayUse(kernel: Kernel, process: Process, vm: Vm): boolean {
  const { pledge, pid } = process
  if (!pledge.includes('vmm') || pledge.includes('proc') || vm.creator === pid) return true
  kernel.record({ type: 'pledge.broken', pid })
  return false
}

/**
 * sys_pledge(): a process that has promised something can give promises up, and get none back.
 *
 * Not modelled: promises for the program that exec(2) starts.
 */
export function narrowPledge(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { pledge } = commandOf(kernel, 'host.pledge')
  const { pid, pledge: promised } = process
  // No promise at all would leave the process nothing but its exit; here it would look like one that was never asked.
  if (pledge.length === 0) return refuse(kernel, 'EINVAL', 'sys_pledge')
  if (promised.length > 0 && pledge.some((one) => one !== 'stdio' && !promised.includes(one)))
    return refuse(kernel, 'EPERM', 'sys_pledge')
  kernel.record({ type: 'process.pledged', pid, pledge: [...pledge] })
  return DONE
}
