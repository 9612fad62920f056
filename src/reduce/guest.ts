/** Makes events of the guest's state true. @see events/guest.ts */
import { unreachable } from '../../events/event.ts'
import type { GuestEvent, RegistersWritten } from '../../events/guest.ts'
import type { VcpuId, VmRef } from '../../events/ids.ts'
import { type GuestState, NEW_GUEST } from '../model/guest.ts'
import type { Draft, WorldDraft } from './draft.ts'
import type { Caller } from './lookup.ts'
import { vcpuOf } from './lookup.ts'

/** What is kept for the vCPU, which has it to itself from now on. */
function guestOf(world: WorldDraft, vm: VmRef, vcpu: VcpuId): Draft<GuestState> {
  const one = vcpuOf(world, vm, vcpu)
  one.guest ??= { ...NEW_GUEST, registers: { ...NEW_GUEST.registers, pdptes: [...NEW_GUEST.registers.pdptes] } }
  return one.guest
}

function writeRegisters(world: WorldDraft, { vm, vcpu, cr0, cr3, cr4, efer, pdptes }: RegistersWritten): void {
  const { registers } = guestOf(world, vm, vcpu)
  if (cr0 !== undefined) registers.cr0 = cr0
  if (cr3 !== undefined) registers.cr3 = cr3
  if (cr4 !== undefined) registers.cr4 = cr4
  if (efer !== undefined) registers.efer = efer
  if (pdptes !== undefined) registers.pdptes = [...pdptes]
}

/** The instruction that the call handles is answered by an exception. */
function learnRefusal(caller: Caller, vector: number): void {
  if (caller?.locals.instruction) caller.locals.instruction.refused = vector
}

/** Makes one event true. */
export function reduceGuest(world: WorldDraft, event: GuestEvent, caller: Caller): void {
  switch (event.type) {
    case 'registers.written':
      writeRegisters(world, event)
      return
    case 'clock.placed':
      guestOf(world, event.vm, event.vcpu).clockGpa = event.gpa
      return
    case 'clock.versioned':
      guestOf(world, event.vm, event.vcpu).clockVersion = event.version
      return
    case 'exception.raised':
      guestOf(world, event.vm, event.vcpu).exception = event.vector
      learnRefusal(caller, event.vector)
      return
    case 'exception.dropped':
      guestOf(world, event.vm, event.vcpu).exception = null
      return
    case 'interrupt.flagged':
      guestOf(world, event.vm, event.vcpu).interrupt = event.pending
      return
    case 'instruction.begun':
      // The handler of its exit works on what the guest's registers hold.
      if (caller) caller.locals.instruction = { writes: event.writes, number: event.number, word: event.word }
      return
    case 'instruction.refused':
      learnRefusal(caller, event.vector)
      return
    case 'ghcb.found':
      guestOf(world, event.vm, event.vcpu).ghcb = { gpa: event.gpa, frame: event.frame, awaited: false }
      return
    case 'ghcb.awaited': {
      const { ghcb } = guestOf(world, event.vm, event.vcpu)
      if (ghcb !== undefined) ghcb.awaited = event.awaited
      return
    }
    case 'place.judged':
    case 'pdptes.loaded':
    case 'gva.translated':
      return
    default:
      unreachable(event)
  }
}
