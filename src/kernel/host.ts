/**
 * What processes do to themselves.
 *
 * Source: kern_fork.c, kern_exit.c and uvm_fault.c.
 */

import { type Hva, PAGE_SIZE, type Word64, word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { AccessMode } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import { contentsOf } from '../model/psp.ts'
import type { Thread } from '../model/world.ts'
import {
  ABSENT,
  type Blocked,
  blocked,
  commandOf,
  curproc,
  DONE,
  type Kernel,
  learn,
  NONE,
  refuse,
  SHORT,
  siblingsOf,
} from './kernel.ts'
import { accessProcess, translateProcess } from './mmu.ts'
import { createPmap, destroyPmap } from './pmap.ts'
import { allows } from './protection.ts'
import { detachObject, reapObject } from './uvm_aobj.ts'
import { faultIn } from './uvm_fault.ts'
import { entryAt, removeEntry } from './uvm_map.ts'
import { peek, wordAt } from './words.ts'

/** fork(2) and exec(2) of a new program: an empty address space. */
export function spawnProcess(kernel: Kernel): Answer | Blocked {
  const { pid, pledge } = commandOf(kernel, 'host.spawn')
  if (kernel.world.processes[pid] !== undefined) return refuse(kernel, 'EEXIST', 'fork')
  const pmap = createPmap(kernel, { kind: 'process', pid })
  if (pmap === null) return blocked('memory')
  kernel.record({ type: 'process.spawned', pid, pledge: [...pledge], pmap })
  return DONE
}

/**
 * exit1(), single_thread_set(): a process ends on its own time, once its other threads have left the kernel. One that
 * is in the guest is told to leave.
 */
export function collectThreads(kernel: Kernel): Answer | Blocked {
  const process = curproc(kernel)
  const siblings = process === undefined ? [] : siblingsOf(kernel, process.pid)
  if (process === undefined || siblings.some(({ command }) => command.type === 'host.exit')) {
    return refuse(kernel, 'ESRCH', 'exit')
  }
  if (siblings.length === 0) {
    kernel.record({ type: 'process.exitBegun', pid: process.pid })
    return DONE
  }
  if (!process.signalled) kernel.record({ type: 'process.signalled', pid: process.pid })
  return blocked('threads')
}

/** uvm_map_teardown(): the next entry goes, immutable or not. */
export function exitNextEntry(kernel: Kernel): Answer {
  const process = curproc(kernel)
  const entry = process?.entries[0]
  if (process === undefined || entry === undefined) return NONE
  removeEntry(kernel, process.pid, entry)
  learn(kernel, { dead: [entry.object] })
  return { type: 'next', slot: 0 }
}

/** uvmspace_free(): the page tables go once the map is empty. */
export function exitDestroyPmap(kernel: Kernel): Answer {
  const process = curproc(kernel)
  const pmap = process === undefined ? undefined : kernel.world.pmaps[process.pmap]
  if (pmap !== undefined) destroyPmap(kernel, pmap)
  return DONE
}

/** uvm_unmap_detach(): one reference back for each entry that went. */
export function detachDead(kernel: Kernel): Answer | Blocked {
  const { dead } = kernel.thread.locals
  // A thread that comes back from its sleep gave the reference on the first one up before.
  let asleep = kernel.thread.waiting === 'pagedaemon'
  for (const [i, object] of [...dead].entries()) {
    const gone = asleep ? reapObject(kernel, object) : detachObject(kernel, object, 'entry')
    asleep = false
    if (gone) continue
    if (i > 0) learn(kernel, { dead: dead.slice(i) })
    return blocked('pagedaemon')
  }
  learn(kernel, { dead: [] })
  return DONE
}

/** A signal is pending; threads inside RUN leave at their next check. */
export function signalProcess(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'kill')
  kernel.record({ type: 'process.signalled', pid: process.pid })
  return DONE
}

/** An access by the process: its own page tables serve it, or it faults. */
export function access(kernel: Kernel): Answer {
  const { va, access: mode } = commandOf(kernel, 'host.touch')
  const process = curproc(kernel)
  if (process === undefined) {
    refuse(kernel, 'ESRCH', 'curproc')
    return DONE
  }
  if (accessProcess(kernel, process, va, mode)) return DONE
  learn(kernel, { faulted: true })
  return ABSENT
}

/** An access of a process whose contents matter. */
export function accessContents(kernel: Kernel): Answer {
  const { command } = kernel.thread
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  if (command.type === 'host.write') {
    if (accessProcess(kernel, process, command.va, 'w', command)) return DONE
  } else {
    const { va, word } = commandOf(kernel, 'host.read')
    const at = translateProcess(kernel.world, process, va, 'r')
    if (at !== null) {
      const value = contentsOf(kernel.world, at.frame, 'process')
      if (word === true && value !== null)
        learn(kernel, { word: word64(peek(kernel.world, wordAt(at.frame, Number(va) % PAGE_SIZE, false))) })
      else learn(kernel, { value })
      accessProcess(kernel, process, va, 'r', word === true ? { word: null } : { value: null })
      return DONE
    }
  }
  learn(kernel, { faulted: true })
  return ABSENT
}

/** What the command of an access asks of the page. */
function accessOf({ command }: Thread): { readonly va: Word64; readonly mode: AccessMode } {
  switch (command.type) {
    case 'host.touch':
      return { va: command.va, mode: command.access }
    case 'host.read':
      return { va: command.va, mode: 'r' }
    case 'host.write':
      return { va: command.va, mode: 'w' }
    default:
      throw new Defect('KRN006', `a step of an access runs in a call of ${command.type}`)
  }
}

/** uvm_fault() of an access. */
export function faultOrdinary(kernel: Kernel): Answer | Blocked {
  const { va, mode } = accessOf(kernel.thread)
  const process = curproc(kernel)
  const entry = process === undefined ? undefined : entryAt(process, va)
  if (process === undefined || entry === undefined) return refuse(kernel, 'EFAULT', 'uvm_fault')
  if (!allows(entry.prot, mode)) return refuse(kernel, 'EACCES', 'uvm_fault')
  const result = faultIn(kernel, process, entry, va as Hva, false)
  if (result === 'busy') return blocked('pagedaemon')
  if (result === 'starved') return blocked('memory')
  if (result === 'short') return SHORT
  if (result !== 'ok') return refuse(kernel, result, 'uvm_fault')
  // A touch is not tried again: the access that the fault made way for is this one.
  if (kernel.thread.command.type === 'host.touch') accessProcess(kernel, process, va, mode)
  return DONE
}

/** The scheduler: a thread that slept or was preempted goes on on another CPU. */
export function migrateThread(kernel: Kernel): Answer {
  const { thread, cpu } = commandOf(kernel, 'host.migrate')
  const { threads, cpus } = kernel.world
  if (threads[thread] === undefined || thread === kernel.thread.id) return refuse(kernel, 'ESRCH', 'sched_choosecpu')
  if (cpus[cpu] === undefined) return refuse(kernel, 'EINVAL', 'sched_choosecpu')
  if (!kernel.mayMove(thread)) return refuse(kernel, 'EBUSY', 'sched_choosecpu')
  kernel.record({ type: 'thread.migrated', thread, cpu })
  return DONE
}
