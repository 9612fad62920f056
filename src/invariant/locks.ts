/**
 * Locks as threads hold and await them. That the order of a design's locks is sound in all its steps is judged at rest,
 * by design/lock-order.ts; here is what a run comes to.
 *
 * Source: rwlock(9); vm_run() and vm_terminate() of vmm(4).
 */

import { awaitedLock, circleOf } from '../model/waits.ts'
import { VCPU_RUNNING, type World } from '../model/world.ts'
import { always, type Claim } from './invariant.ts'

/** `'A' waits for vm_lock, which 'B' holds`. */
function waitText(world: World, id: string, next: string): string {
  const thread = world.threads[id]
  const awaited = thread === undefined ? null : awaitedLock(world, thread)
  return awaited === null
    ? `'${id}' waits for '${next}' (${thread?.waiting})`
    : `'${id}' waits for ${awaited.lock}, which '${next}' holds`
}

const threadsDoNotWaitInACircle = always('device', {
  id: 'I46',
  name: 'threads-do-not-wait-in-a-circle',
  source:
    'rw_enter(9): the order vm_lock, sc_slock; map, object, page queues, pmap. refcnt_finalize() waits as a lock does',
  of(world) {
    const circle = circleOf(world)
    if (circle === null) return null
    return circle.map((id, i) => waitText(world, id, circle[(i + 1) % circle.length] ?? id)).join('; ')
  },
})

const answeredCallHoldsNoLock = always('device', {
  id: 'I46',
  name: 'answered-call-holds-no-lock',
  source: 'rw_exit(): every lock that a routine of vmm(4) takes is given back before it returns',
  of(world) {
    for (const { thread, lock } of world.locks)
      if (world.threads[thread] === undefined) return `the call of '${thread}' has been answered, and it holds ${lock}`
    for (const { ref, vcpus } of Object.values(world.vms)) {
      for (const { id, lock } of vcpus)
        if (lock !== null && world.threads[lock] === undefined)
          return `the call of '${lock}' has been answered, and it holds vc_lock of vm ${ref} vcpu ${id}`
    }
    return null
  },
})

const runningVcpuHasOneRunner = always('vm', {
  id: 'I33',
  name: 'running-vcpu-has-one-runner',
  source: 'vm_run(): RUNNING is set and taken back under vc_lock; a copyin() that fails leaves it',
  of({ vms, threads }, ref) {
    for (const { id, state, lock } of vms[ref]?.vcpus ?? []) {
      if (state !== VCPU_RUNNING) continue
      if (lock === null) return `vcpu ${id} is RUNNING, and nobody holds its vc_lock`
      const runner = threads[lock]
      const runs = runner?.command.type === 'ioc.run' && runner.locals.vm === ref && runner.locals.vcpu === id
      if (!runs) return `vcpu ${id} is RUNNING, and '${lock}', which holds its vc_lock, is not in RUN`
    }
    return null
  },
})

export const lockClaims: readonly Claim[] = [
  threadsDoNotWaitInACircle,
  answeredCallHoldsNoLock,
  runningVcpuHasOneRunner,
]
