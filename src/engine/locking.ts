/**
 * Locks over steps. Mostly a step takes its locks and gives them back where nobody can look; here is what happens when
 * a lock outlives a step, or when somebody else holds one that a step wants: then the thread holds what it took before,
 * and waits.
 */
import { CHANNEL_OF, type LockName } from '../../events/lock.ts'
import type { WaitChannel } from '../../events/wait.ts'
import type { LockAct, LockProgram } from '../../machines/calls/locks.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { LockUse } from '../model/world.ts'

/** A step's locks, and whether one of them outlives it. */
export type StepLocks = { readonly program: LockProgram; readonly outlives: boolean }

/** vc_lock is kept by its vCPU and the PSP's by the PSP, with events of their own; a new map is nobody's to wait for. */
function isKept(lock: LockName): boolean {
  return lock !== 'vc_lock' && lock !== 'psp sc_lock' && lock !== 'new map'
}

/** @param program what a step does to locks; null where nobody said. */
export function locksOf(program: LockProgram | null): StepLocks {
  const open = new Set<LockName>()
  let outlives = false
  for (const act of program ?? []) {
    if (act.act === 'sleep' || !isKept(act.lock)) continue
    if (act.act === 'take') open.add(act.lock)
    else if (!open.delete(act.lock)) outlives = true
  }
  return { program: program ?? [], outlives: outlives || open.size > 0 }
}

/** Whose lock of that kind a step of this call means; 0 where there is one for the host. */
function ownerOf({ thread: { locals } }: Kernel, lock: LockName): number {
  switch (lock) {
    case 'map':
    case 'pm_mtx':
      return locals.pid
    case 'nested map':
    case 'nested pm_mtx':
      return locals.vm ?? 0
    case 'object':
      return locals.object ?? 0
    default:
      return 0
  }
}

const isOf =
  (lock: LockName, of: number) =>
  (use: LockUse): boolean =>
    use.lock === lock && use.of === of

/**
 * Before a step, where anybody holds a lock: takes what the step takes, up to the first lock that somebody else holds.
 * What it took before that is held from now on, since the thread waits with it.
 *
 * @returns what the thread waits for, or null when the way is free.
 */
export function contend(kernel: Kernel, { program }: StepLocks): WaitChannel | null {
  const { id } = kernel.thread
  const takenHere: (LockAct & { readonly act: 'take' })[] = []
  for (const act of program) {
    if (act.act === 'sleep' || !isKept(act.lock)) continue
    if (act.act === 'give') {
      const at = takenHere.findLastIndex(({ lock }) => lock === act.lock)
      if (at >= 0) takenHere.splice(at, 1)
      continue
    }
    const { lock, mode } = act
    const of = ownerOf(kernel, lock)
    const uses = kernel.world.locks.filter(isOf(lock, of))
    if (uses.some(({ thread, held }) => held && thread === id)) continue
    const isFree = uses.every((use) => !use.held || (mode === 'R' && use.mode === 'R'))
    if (isFree || act.tries) {
      if (isFree) takenHere.push(act)
      continue
    }
    for (const before of takenHere)
      kernel.record({
        type: 'lock.taken',
        lock: before.lock,
        of: ownerOf(kernel, before.lock),
        mode: before.mode,
        thread: id,
      })
    if (!uses.some(({ thread }) => thread === id)) kernel.record({ type: 'lock.awaited', lock, of, mode, thread: id })
    return CHANNEL_OF[lock]
  }
  return null
}

/** When a step has ended: what it keeps is held, and what it gave back, or had to wait for and needs no more, is not. */
export function settleLocks(kernel: Kernel, { program }: StepLocks): void {
  const { id } = kernel.thread
  const held = new Map<string, Pick<LockUse, 'lock' | 'of' | 'mode'>>()
  const before = kernel.world.locks.filter(({ thread }) => thread === id)
  for (const use of before) if (use.held) held.set(`${use.lock} ${use.of}`, use)
  for (const act of program) {
    if (act.act === 'sleep' || !isKept(act.lock)) continue
    const of = ownerOf(kernel, act.lock)
    const key = `${act.lock} ${of}`
    if (act.act === 'give') held.delete(key)
    else if (!act.tries && !held.has(key)) held.set(key, { lock: act.lock, of, mode: act.mode })
  }
  for (const { lock, of } of before)
    if (!held.delete(`${lock} ${of}`)) kernel.record({ type: 'lock.given', lock, of, thread: id })
  for (const { lock, of, mode } of held.values()) kernel.record({ type: 'lock.taken', lock, of, mode, thread: id })
}

/** A thread that falls asleep gives the kernel lock back, and takes it again when it goes on. */
export function sleepWithoutKernelLock(kernel: Kernel): void {
  const { id } = kernel.thread
  for (const { lock, of, thread } of kernel.world.locks)
    if (lock === 'kernel lock' && thread === id) kernel.record({ type: 'lock.given', lock, of, thread })
}
