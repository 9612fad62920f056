/** Makes events of locks true. @see events/lock.ts */
import { Defect } from '../../events/defect.ts'
import { unreachable } from '../../events/event.ts'
import type { LockEvent } from '../../events/lock.ts'
import type { WorldDraft } from './draft.ts'

/** Where the thread holds the lock, or waits for it; -1 where it does neither. */
function placeOf({ locks }: WorldDraft, { lock, of, thread }: LockEvent): number {
  return locks.findIndex((one) => one.lock === lock && one.of === of && one.thread === thread)
}

export function reduceLock(world: WorldDraft, event: LockEvent): void {
  const at = placeOf(world, event)
  switch (event.type) {
    case 'lock.awaited':
    case 'lock.taken': {
      const { lock, of, mode, thread } = event
      const use = { lock, of, mode, thread, held: event.type === 'lock.taken' }
      if (at < 0) world.locks.push(use)
      else world.locks[at] = use
      return
    }
    case 'lock.given':
      if (at < 0)
        throw new Defect('RED005', `'${event.thread}' gives back ${event.lock}, which it does not hold`, world.seq)
      world.locks.splice(at, 1)
      return
    default:
      unreachable(event)
  }
}
