/**
 * Makes events of calls in flight true, and lets a call learn from the facts that its own steps made true: a
 * fault's locals are what its events say, so that its steps need no event of their own.
 * @see events/call.ts
 */
import type { Gpa, Word64 } from '../../events/address.ts'
import type { CallEvent } from '../../events/call.ts'
import { Defect } from '../../events/defect.ts'
import { unreachable } from '../../events/event.ts'
import type { Pid } from '../../events/ids.ts'
import type { VcpuExited } from '../../events/vcpu.ts'
import { NO_LOCALS, type Thread } from '../model/world.ts'
import type { Draft, WorldDraft } from './draft.ts'
import { type Caller, threadOf } from './lookup.ts'

/** A call's own locals, none of whose lists is anybody else's. */
function newLocals(pid: Pid): Draft<Thread>['locals'] {
  return { ...(NO_LOCALS as Draft<Thread>['locals']), pid, va: [], dead: [], vms: [] }
}

export function reduceCall(world: WorldDraft, event: CallEvent): void {
  switch (event.type) {
    case 'call.started':
      world.made.thread += 1
      world.threads[event.thread] = {
        id: event.thread,
        command: event.command as Draft<typeof event.command>,
        place: '',
        locals: newLocals('pid' in event.command ? event.command.pid : 0),
        waiting: null,
        cpu: 0,
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

/** The call stands at `place` now. One that moved waits for nothing. */
export function moveThread(caller: Caller, place: string): void {
  if (caller === null || caller === undefined) return
  caller.place = place
  caller.waiting = null
}

/** What the call knows; null for an event of no call, which teaches nobody. */
function locals(world: WorldDraft, caller: Caller): Draft<Thread>['locals'] | null {
  if (caller === null) return null
  if (caller === undefined) throw new Defect('RED004', 'an event is a step of a call that is not in flight', world.seq)
  return caller.locals
}

/** `vcpu.faulted`: the call handles the guest's access to `gpa` now. */
export function learnFault(world: WorldDraft, caller: Caller, gpa: Word64): void {
  const known = locals(world, caller)
  if (known === null) return
  known.gpa = gpa
  known.frame = -1
  known.errno = null
}

/** `vcpu.exited`: why RUN will come back; after an exit that is handled it may go on. */
export function learnExit(world: WorldDraft, caller: Caller, reason: VcpuExited['reason']): void {
  const known = locals(world, caller)
  if (known !== null && (reason === 'guest' || reason === 'signal')) known.reason = reason
}

/** `fault.translated`: where the page lies in the caller's space. */
export function learnTranslation(world: WorldDraft, caller: Caller, gpa: Gpa, hva: Word64): void {
  const known = locals(world, caller)
  if (known === null) return
  known.gpa = gpa
  known.hva = hva
}

/** `pmap.extracted`: the frame that was found, or -1. */
export function learnFrame(world: WorldDraft, caller: Caller, frame: number): void {
  const known = locals(world, caller)
  if (known !== null) known.frame = frame
}
