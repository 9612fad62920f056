/**
 * Who waits for whom. A thread that waits for several goes on only when each of them has moved, so that threads in a
 * circle wait for ever.
 *
 * What waits for nobody is left out: for a guest, for the device to wake up, for memory. Something outside the calls in
 * flight may end that.
 */

import type { ThreadId } from '../../events/ids.ts'
import type { LockName } from '../../events/lock.ts'
import { pspOf } from './psp.ts'
import type { LockUse, Thread, World } from './world.ts'

/** A lock that a thread waits for, and who holds it. */
export type AwaitedLock = { readonly lock: LockName; readonly of: number; readonly holders: readonly ThreadId[] }

/** The vCPU that a call is about, `undefined` where it is gone. */
function vcpuOf(world: World, { locals }: Thread) {
  return locals.vm === null ? undefined : world.vms[locals.vm]?.vcpus.find(({ id }) => id === locals.vcpu)
}

/** The lock that a thread waits for, as far as anybody still holds it. */
export function awaitedLock(world: World, thread: Thread): AwaitedLock | null {
  const awaited = world.locks.find((use) => use.thread === thread.id && !use.held)
  if (awaited !== undefined) {
    const { lock, of, mode } = awaited
    const holders = world.locks.filter(
      (use) =>
        use.held &&
        use.lock === lock &&
        use.of === of &&
        use.thread !== thread.id &&
        (mode === 'W' || use.mode === 'W'),
    )
    return { lock, of, holders: holders.map((use) => use.thread) }
  }
  if (thread.waiting === 'psp_lock') {
    const holder = pspOf(world).lock
    return { lock: 'psp sc_lock', of: 0, holders: holder === null || holder === thread.id ? [] : [holder] }
  }
  if (thread.waiting !== 'vcpu') return null
  const holder = vcpuOf(world, thread)?.lock ?? null
  return {
    lock: 'vc_lock',
    of: thread.locals.vm ?? 0,
    holders: holder === null || holder === thread.id ? [] : [holder],
  }
}

/** A lock that a thread holds between two steps. */
export type HeldLock = Pick<LockUse, 'lock' | 'of' | 'mode'>

/** The locks that a thread holds, vc_lock among them. */
export function heldLocks(world: World, id: ThreadId): readonly HeldLock[] {
  const held: HeldLock[] = []
  for (const use of world.locks) {
    if (use.held && use.thread === id) held.push({ lock: use.lock, of: use.of, mode: use.mode })
  }
  for (const { ref, vcpus } of Object.values(world.vms)) {
    for (const vcpu of vcpus) if (vcpu.lock === id) held.push({ lock: 'vc_lock', of: ref, mode: 'W' })
  }
  if (pspOf(world).lock === id) held.push({ lock: 'psp sc_lock', of: 0, mode: 'W' })
  return held
}

/** Whether a call acts in its process; who signals or spawns one only names it. */
const actsIn =
  (pid: number) =>
  (thread: Thread): boolean =>
    'pid' in thread.command &&
    thread.command.pid === pid &&
    thread.command.type !== 'host.signal' &&
    thread.command.type !== 'host.spawn'

/** The threads without which this one does not go on; none where it can, or where it waits for something else. */
export function waitsFor(world: World, thread: Thread): readonly ThreadId[] {
  const awaited = awaitedLock(world, thread)
  if (awaited !== null) return awaited.holders
  const { id, command, locals, waiting } = thread
  const others = (ids: readonly ThreadId[]): readonly ThreadId[] =>
    ids.filter((one) => one !== id && world.threads[one] !== undefined)
  switch (waiting) {
    case 'refcnt_finalize':
      if (command.type === 'host.suspend') return others(world.softc.inside)
      return others(locals.vm === null ? [] : (world.vms[locals.vm]?.holders ?? []))
    case 'threads':
      return others(
        Object.values(world.threads)
          .filter(actsIn(locals.pid))
          .map((one) => one.id),
      )
    case 'quiesced':
      return others(
        Object.values(world.threads).flatMap((one) => (one.command.type === 'host.suspend' ? [one.id] : [])),
      )
    case 'pagedaemon':
      return others(
        Object.values(world.threads).flatMap((one) =>
          one.command.type === 'host.pageout' || one.command.type === 'host.reclaim' ? [one.id] : [],
        ),
      )
    default:
      return []
  }
}

/** Threads that wait for each other in a circle, each for the next; null when there is none. */
export function circleOf(world: World): readonly ThreadId[] | null {
  const done = new Set<ThreadId>()
  const walk = (id: ThreadId, path: readonly ThreadId[]): readonly ThreadId[] | null => {
    const at = path.indexOf(id)
    if (at >= 0) return path.slice(at)
    const thread = world.threads[id]
    if (thread === undefined || done.has(id)) return null
    done.add(id)
    for (const next of waitsFor(world, thread)) {
      const found = walk(next, [...path, id])
      if (found !== null) return found
    }
    return null
  }
  for (const id in world.threads) {
    const found = walk(id, [])
    if (found !== null) return found
  }
  return null
}
