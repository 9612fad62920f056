/**
 * Makes events of calls in flight true, and lets a call learn from the facts that its own steps made true: a
 * fault's locals are what its events say, so that its steps need no event of their own.
 * @see events/call.ts
 */
import type { Gpa, Word64 } from '../../events/address.ts'
import type { CallEvent } from '../../events/call.ts'
import { unreachable } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import { NO_LOCALS, type Thread } from '../model/world.ts'
import type { Draft, WorldDraft } from './draft.ts'
import { threadOf } from './lookup.ts'

export function reduceCall(world: WorldDraft, event: CallEvent): void {
  switch (event.type) {
    case 'call.started':
      world.made.thread += 1
      world.threads[event.thread] = {
        id: event.thread,
        command: event.command as Draft<typeof event.command>,
        place: '',
        locals: { ...NO_LOCALS, pid: 'pid' in event.command ? event.command.pid : 0, va: [], dead: [], vms: [] },
        waiting: null,
      }
      return
    case 'call.learnt':
      Object.assign(threadOf(world, event.thread).locals, event.locals)
      return
    case 'call.blocked':
      threadOf(world, event.thread).waiting = event.on
      return
    case 'call.replied':
      delete world.threads[event.thread]
      return
    case 'call.stepped':
      return
    default:
      unreachable(event)
  }
}

/** The thread's call stands at `place` now. A thread that moved waits for nothing. */
export function moveCall(world: WorldDraft, thread: ThreadId, place: string): void {
  const record = world.threads[thread]
  if (record !== undefined) moveThread(record, place)
}

/** `moveCall` where the thread's record is at hand. */
export function moveThread(record: Draft<Thread>, place: string): void {
  record.place = place
  record.waiting = null
}

/** `vcpu.faulted` on a thread: its call handles the guest's access to `gpa` now. */
export function learnFault({ locals }: Draft<Thread>, gpa: Word64): void {
  locals.gpa = gpa
  locals.frame = -1
  locals.errno = null
}

/** `vcpu.exited` on a thread: why RUN will come back. */
export function learnExit({ locals }: Draft<Thread>, reason: 'guest' | 'signal'): void {
  locals.reason = reason
}

/** `fault.translated` on a thread. */
export function learnTranslation({ locals }: Draft<Thread>, gpa: Gpa, hva: Word64): void {
  locals.gpa = gpa
  locals.hva = hva
}

/** `pmap.extracted` on a thread. */
export function learnFrame({ locals }: Draft<Thread>, frame: number): void {
  locals.frame = frame
}
