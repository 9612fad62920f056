/**
 * fork(2), exec(2) and core dumps.
 *
 * Copy-on-write is not modelled: memory that a child gets a copy of is copied at the fork, page by page, into an
 * object of its own, and a fork for which there is no memory now answers ENOMEM where the kernel would copy later.
 * What parent and child read is the same; frames are used earlier than in the kernel.
 *
 * Source: uvmspace_fork(), uvmspace_exec() and uvm_coredump_walkmap() of uvm_map.c (2025); kern_fork.c, kern_exec.c.
 */
import type { Frame, Hva } from '../../events/address.ts'
import { pagesOf } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { ObjectRef, Pid } from '../../events/ids.ts'
import type { MapEntry, Process, World } from '../model/world.ts'
import { type Blocked, blocked, commandOf, curproc, DONE, type Kernel, learn, refuse, siblingsOf } from './kernel.ts'
import { createPmap, rootsOf } from './pmap.ts'
import { createObject, referenceObject } from './uvm_aobj.ts'
import { insertEntry, removeEntry } from './uvm_map.ts'

/** Pages of an entry's stretch of its object that hold anything, resident or in swap; ascending. */
function pagesHeld(world: World, { object, offset, size }: MapEntry): readonly number[] {
  const held = new Set<number>()
  const note = (index: number): void => {
    if (index >= offset && index < offset + pagesOf(size)) held.add(index)
  }
  world.memory.eachResident(object, note)
  world.memory.eachSwapped(object, note)
  return [...held].sort((a, b) => a - b)
}

/** The roots of the child's pmap, and a page for each one that it gets a copy of. */
function framesOfChild(world: World, { entries }: Process): number {
  const copied = entries.filter(({ inherit }) => inherit === 'copy')
  return copied.reduce((sum, entry) => sum + pagesHeld(world, entry).length, rootsOf(world.boot))
}

/** sys_fork(): a process without the promise `proc` may not; the child inherits promises and entries, as each says. */
export function forkProcess(kernel: Kernel): Answer {
  const { child } = commandOf(kernel, 'host.fork')
  const parent = curproc(kernel)
  if (parent === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { pid, pledge } = parent
  if (pledge.length > 0 && !pledge.includes('proc')) {
    kernel.record({ type: 'pledge.broken', pid })
    return refuse(kernel, 'EPERM', 'pledge_syscall')
  }
  if (kernel.world.processes[child] !== undefined) return refuse(kernel, 'EEXIST', 'fork')
  const { memory } = kernel.world
  if (memory.framesMax - memory.framesUsed < framesOfChild(kernel.world, parent)) {
    return refuse(kernel, 'ENOMEM', 'uvmspace_fork')
  }
  const pmap = createPmap(kernel, { kind: 'process', pid: child })
  if (pmap === null) return refuse(kernel, 'ENOMEM', 'uvmspace_fork')
  kernel.record({ type: 'process.spawned', pid: child, pledge: [...pledge], pmap })
  for (const entry of parent.entries) bequeath(kernel, child, entry)
  return DONE
}

/** One entry, as the child gets it. An immutable one is immutable there as well; a locked one is not locked. */
function bequeath(kernel: Kernel, child: Pid, entry: MapEntry): void {
  if (entry.inherit === 'none') return
  const { start, size, conceal, inherit, prot, maxProt, advice, immutable } = entry
  const object = inherit === 'share' ? sharedObject(kernel, entry) : copiedObject(kernel, entry)
  if (object === null) return
  const offset = inherit === 'share' ? entry.offset : 0
  insertEntry(kernel, child, start, { size, object, conceal, inherit, offset, prot, maxProt })
  const end = (start + size) as Hva
  if (advice !== 'normal') kernel.record({ type: 'space.advised', pid: child, start, end, advice })
  if (immutable) kernel.record({ type: 'space.sealed', pid: child, start, end })
}

function sharedObject(kernel: Kernel, { object }: MapEntry): ObjectRef | null {
  return referenceObject(kernel, object, 'clone') ? object : null
}

/** A new object with a copy of what the entry's pages hold; of nothing where the child gets zeros. */
function copiedObject(kernel: Kernel, entry: MapEntry): ObjectRef | null {
  const pages = entry.inherit === 'zero' ? [] : pagesHeld(kernel.world, entry)
  const object = createObject(kernel, 'anon', entry.size)
  if (object === null) return null
  const { object: source, offset } = entry
  for (const sourceIndex of pages) {
    const index = sourceIndex - offset
    const frame = kernel.world.memory.lowestFreeFrame() as Frame
    kernel.record({ type: 'page.allocated', object, index, frame, from: 'zero' })
    kernel.record({ type: 'page.copied', object, index, frame, source, sourceIndex })
  }
  return object
}

/**
 * sys_execve(), single_thread_set(): the other threads of the process have to be out of the kernel first. They are not
 * signalled: one that is in the guest leaves when the guest does.
 */
export function awaitSiblings(kernel: Kernel): Answer | Blocked {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const siblings = siblingsOf(kernel, process.pid)
  // Of two threads that want to be the only one, the other goes on.
  if (siblings.some(({ command }) => command.type === 'host.exit' || command.type === 'host.exec')) {
    return refuse(kernel, 'EINTR', 'single_thread_set')
  }
  return siblings.length > 0 ? blocked('threads') : DONE
}

/** uvmspace_exec(): every entry goes, immutable or not; the pmap is kept. Promises go as well; kern_exec.c: no PS_EXECPLEDGE. */
export function overlayProcess(kernel: Kernel): Answer {
  const process = curproc(kernel)
  if (process === undefined) return refuse(kernel, 'ESRCH', 'curproc')
  const { pid } = process
  const dead: ObjectRef[] = []
  for (const entry of [...process.entries]) {
    dead.push(entry.object)
    removeEntry(kernel, pid, entry)
  }
  if (process.pledge.length > 0) kernel.record({ type: 'process.pledged', pid, pledge: [] })
  kernel.record({ type: 'process.overlaid', pid })
  learn(kernel, { dead })
  return DONE
}

/** coredump(): the reply reads the map. */
export function dumpCore(kernel: Kernel): Answer {
  return curproc(kernel) === undefined ? refuse(kernel, 'ESRCH', 'curproc') : DONE
}

/** uvm_coredump_walkmap(): what is not concealed. */
export function dumpedRanges({ entries }: Process): readonly { readonly start: Hva; readonly size: number }[] {
  return entries.filter(({ conceal }) => !conceal).map(({ start, size }) => ({ start, size }))
}
