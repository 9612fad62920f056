/**
 * event → world. A reducer makes one event true and decides nothing; it never looks at a machine, a kernel
 * function or the engine, so that a tape can be replayed by code that cannot decide anything.
 */

import type { VmmEvent } from '../../events/event.ts'
import { unreachable } from '../../events/event.ts'
import type { Memory } from '../model/memory.ts'
import { learnExit, learnFault, learnFrame, learnTranslation, reduceCall } from './call.ts'
import { invalidateEpt, loadVmcs, reduceCpu } from './cpu.ts'
import { reduceDevice } from './device.ts'
import type { WorldDraft } from './draft.ts'
import { reduceGuest } from './guest.ts'
import { reduceLock } from './lock.ts'
import type { Caller } from './lookup.ts'
import { reduceMemory } from './memory.ts'
import { reduceNested } from './nested.ts'
import { reduceObject, reducePage } from './object.ts'
import { reducePmap } from './pmap.ts'
import { reducePsp } from './psp.ts'
import { reduceProcess, reduceSpace } from './space.ts'
import { reduceVcpu } from './vcpu.ts'
import { reduceSlot, reduceVm } from './vm.ts'

/** Makes `event`, number `seq`, true. `caller` is the call whose step it belongs to. */
export function reduceEvent(world: WorldDraft, event: VmmEvent, seq: number, caller: Caller, memory: Memory): void {
  world.seq = seq
  switch (event.type) {
    // Those that a fault is made of come first: the cases are compared one after the other.
    case 'vcpu.faulted':
      learnFault(world, caller, event.gpa)
      return reduceVcpu(world, event)
    case 'fault.translated':
      return learnTranslation(world, caller, event.gpa, event.hva)
    case 'pmap.extracted':
      return learnFrame(world, caller, event.frame)
    case 'pmap.entered':
    case 'table.added':
      return reducePmap(world, event, memory)
    case 'page.allocated':
    case 'page.wired':
    case 'page.unwired':
    case 'swap.written':
    case 'page.deactivated':
    case 'page.activated':
    case 'page.copied':
      return reducePage(world, event, memory)
    case 'vmcs.reloaded':
      // VMPTRLD that failed has changed nothing.
      if (event.errno === null) loadVmcs(world, event.vm, event.vcpu, caller?.cpu ?? 0)
      return
    case 'vcpu.entered':
      return reduceVcpu(world, event)
    case 'vcpu.exited':
      learnExit(world, caller, event.reason)
      return reduceVcpu(world, event)
    case 'call.started':
    case 'call.stepped':
    case 'call.learnt':
    case 'call.blocked':
    case 'call.replied':
      return reduceCall(world, event)
    case 'lock.awaited':
    case 'lock.taken':
    case 'lock.given':
      return reduceLock(world, event)
    case 'vmm.started':
    case 'vmm.startRefused':
    case 'vmm.stopped':
    case 'device.entered':
    case 'device.left':
    case 'device.suspended':
    case 'device.resumed':
    case 'machdep.activated':
    case 'failpoint.armed':
    case 'failpoint.counted':
    case 'host.panicked':
      return reduceDevice(world, event)
    case 'vm.allocated':
    case 'vm.registered':
    case 'vm.condemned':
    case 'vm.unlinked':
    case 'vm.referenced':
    case 'vm.released':
    case 'vm.teardownBegun':
    case 'vm.freed':
    case 'vm.uncounted':
      return reduceVm(world, event)
    case 'slot.backed':
    case 'slot.mapped':
    case 'slot.sealed':
    case 'slot.held':
    case 'slot.shared':
    case 'slot.released':
    case 'slot.abandoned':
      return reduceSlot(world, event)
    case 'vcpu.allocated':
    case 'vcpu.initialised':
    case 'vcpu.initRefused':
    case 'vcpu.deinitialised':
    case 'vcpu.freed':
    case 'vcpu.locked':
    case 'vcpu.unlocked':
    case 'vcpu.started':
    case 'vcpu.stopped':
    case 'vcpu.terminated':
    case 'vcpu.reset':
    case 'vcpu.poked':
      return reduceVcpu(world, event)
    case 'registers.written':
    case 'clock.placed':
    case 'clock.versioned':
    case 'place.judged':
    case 'ghcb.found':
    case 'ghcb.awaited':
    case 'exception.raised':
    case 'exception.dropped':
    case 'interrupt.flagged':
    case 'instruction.begun':
    case 'instruction.refused':
    case 'pdptes.loaded':
    case 'gva.translated':
      return reduceGuest(world, event, caller)
    case 'ept.invalidated':
      return invalidateEpt(world, event.pmap, event.cpus)
    case 'thread.migrated':
    case 'vmcs.loaded':
    case 'vmcs.cleared':
    case 'vmcs.clearRefused':
    case 'vmcs.freed':
    case 'vmcs.missed':
    case 'ept.pointed':
    case 'vcpu.placed':
    case 'vcpu.parked':
      return reduceCpu(world, event)
    case 'pmap.created':
    case 'pmap.converted':
    case 'table.freed':
    case 'pmap.refused':
    case 'pmap.cleared':
    case 'pmap.protected':
    case 'pmap.removed':
    case 'pmap.destroyed':
      return reducePmap(world, event, memory)
    case 'object.created':
    case 'object.refused':
    case 'object.referenced':
    case 'object.released':
    case 'object.freed':
      return reduceObject(world, event, memory)
    case 'page.freed':
    case 'swap.assigned':
    case 'swap.released':
    case 'page.busied':
    case 'page.spared':
    case 'page.evicted':
    case 'memory.awaited':
    case 'fault.refused':
    case 'fault.hollow':
      return reducePage(world, event, memory)
    case 'memory.read':
    case 'memory.written':
    case 'memory.touched':
    case 'word.read':
    case 'word.written':
      return reduceMemory(world, event, memory)
    case 'process.spawned':
    case 'process.signalled':
    case 'process.pledged':
    case 'process.overlaid':
    case 'process.exitBegun':
    case 'process.exited':
    case 'pledge.filtered':
    case 'pledge.broken':
      return reduceProcess(world, event)
    case 'space.mapped':
    case 'space.refused':
    case 'space.split':
    case 'space.sealed':
    case 'space.sealRefused':
    case 'space.protected':
    case 'space.bequeathed':
    case 'space.advised':
    case 'space.wired':
    case 'space.unwired':
    case 'space.removed':
    case 'space.unmapped':
      return reduceSpace(world, event)
    case 'nested.created':
    case 'nested.mapped':
    case 'nested.removed':
    case 'nested.freed':
    case 'nested.wired':
    case 'nested.refused':
    case 'nested.hollow':
    case 'share.refused':
      return reduceNested(world, event, memory)
    case 'psp.locked':
    case 'psp.unlocked':
    case 'psp.initialised':
    case 'psp.shutDown':
    case 'psp.flushed':
    case 'psp.launched':
    case 'psp.activated':
    case 'psp.deactivated':
    case 'psp.encrypted':
    case 'psp.stateEncrypted':
    case 'psp.measured':
    case 'psp.finished':
    case 'psp.decommissioned':
    case 'psp.refused':
      return reducePsp(world, event)
    case 'trace.lost':
    case 'trace.undecided':
      world.gaps += 1
      return
    case 'trace.checkpointed':
    case 'trace.noted':
      return
    case 'hold.taken':
      world.holds[event.as] = event.vm
      return
    case 'hold.dropped':
      delete world.holds[event.as]
      return
    default:
      return unreachable(event)
  }
}
