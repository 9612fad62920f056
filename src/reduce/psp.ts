/** Makes events of the PSP true. @see events/psp.ts */
import { Defect } from '../../events/defect.ts'
import { unreachable } from '../../events/event.ts'
import type { PspEncrypted, PspEvent, PspHandle } from '../../events/psp.ts'
import { type EncryptedRun, type Psp, type PspGuest, UNUSED_PSP } from '../model/psp.ts'
import type { Draft, WorldDraft } from './draft.ts'

/** The PSP is part of the world from its first event on. */
function pspOf(world: WorldDraft): Draft<Psp> {
  world.psp ??= { ...UNUSED_PSP, guests: {}, unflushed: [] }
  return world.psp
}

function guestOf(world: WorldDraft, handle: PspHandle): Draft<PspGuest> {
  const guest = world.psp?.guests[handle]
  if (guest === undefined)
    throw new Defect('RED005', `an event names psp guest ${handle}, which does not exist`, world.seq)
  return guest
}

/** A stretch without one of its pages. */
function without(run: Draft<EncryptedRun>, { object, index }: PspEncrypted): Draft<EncryptedRun>[] {
  const { first, pages, frame } = run
  if (run.object !== object || index < first || index >= first + pages) return [run]
  const head = { ...run, pages: index - first }
  const tail = { ...run, first: index + 1, frame: frame + index + 1 - first, pages: first + pages - index - 1 }
  return [head, tail].filter((part) => part.pages > 0)
}

/** The page is where it was encrypted last. Neighbours in neighbouring frames are kept as one. */
function encrypt(guest: Draft<PspGuest>, event: PspEncrypted): void {
  const { object, index, frame, generation } = event
  guest.encrypted = guest.encrypted.flatMap((run) => without(run, event))
  const last = guest.encrypted.at(-1)
  const goesOn =
    last !== undefined &&
    last.object === object &&
    last.generation === generation &&
    last.first + last.pages === index &&
    last.frame + last.pages === frame
  if (goesOn) last.pages += 1
  else guest.encrypted.push({ object, first: index, frame, pages: 1, generation })
}

/** Makes one event true. */
export function reducePsp(world: WorldDraft, event: PspEvent): void {
  const psp = pspOf(world)
  switch (event.type) {
    case 'psp.locked':
      psp.lock = event.thread
      return
    case 'psp.unlocked':
      psp.lock = null
      return
    case 'psp.initialised':
      psp.initialised = true
      return
    case 'psp.shutDown':
      psp.initialised = false
      psp.guests = {}
      psp.unflushed = []
      return
    case 'psp.flushed':
      psp.unflushed = []
      return
    case 'psp.launched': {
      const { handle, es } = event
      psp.made = handle
      psp.guests[handle] = { handle, es, life: 'launchUpdate', asid: 0, encrypted: [] }
      return
    }
    case 'psp.activated':
      guestOf(world, event.handle).asid = event.asid
      return
    case 'psp.deactivated':
      guestOf(world, event.handle).asid = 0
      psp.unflushed.push(event.asid)
      return
    case 'psp.encrypted':
      encrypt(guestOf(world, event.handle), event)
      return
    case 'psp.measured':
      guestOf(world, event.handle).life = 'launchSecret'
      return
    case 'psp.finished':
      guestOf(world, event.handle).life = 'running'
      return
    case 'psp.decommissioned':
      delete psp.guests[event.handle]
      return
    case 'psp.stateEncrypted':
    case 'psp.refused':
      return
    default:
      unreachable(event)
  }
}
