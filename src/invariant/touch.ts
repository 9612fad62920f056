/**
 * Which subjects an event touches: of which of them something may hold no more, or hold again.
 */

import type { Word64 } from '../../events/address.ts'
import { pageOf, pagesOf } from '../../events/address.ts'
import type { CallCommand, HostExec, HostExit } from '../../events/command.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { Pid, ThreadId } from '../../events/ids.ts'
import type { EntryMapped, EntryRemoved, EntrySplit } from '../../events/space.ts'
import { leafFrame } from '../model/memory.ts'
import type { Locals, World } from '../model/world.ts'
import type { CallRecord } from './calls.ts'
import type { Dirty } from './dirty.ts'
import { entryAt } from './facts.ts'
import type { Past } from './past.ts'
import type { PageTouch } from './touch-pages.ts'
import type { Whereabouts } from './whereabouts.ts'

/** What an event may name. */
type Named = {
  readonly vm?: number
  readonly pid?: Pid
  readonly object?: number
  readonly frame?: number
  readonly pmap?: number
  readonly va?: Word64
}

/** Whether a call takes the whole map of its process away. */
function isLast(command: CallCommand): command is HostExit | HostExec {
  return command.type === 'host.exit' || command.type === 'host.exec'
}

export class Touch {
  readonly pages: PageTouch
  readonly #dirty: Dirty
  readonly #where: Whereabouts
  readonly #past: Past
  /** The page that the page daemon evicts, or -1. */
  evicting = -1

  /** The device is suspended and nobody is inside. */
  rests = false
  /** Something about the device was wrong when it was looked at last: any step may put it right. */
  deviceWasWrong = false

  constructor(world: World, dirty: Dirty, where: Whereabouts, past: Past, pages: PageTouch) {
    this.pages = pages
    this.#dirty = dirty
    this.#where = where
    this.#past = past
    this.#look(world)
    if (world.pagedaemon === 'evicting') {
      world.memory.eachFrame((frame) => {
        if (world.memory.busy(frame)) this.evicting = frame
      })
    }
  }

  /** An event has become true; `where` and `past` do not know it yet. */
  take(event: VmmEvent, thread: ThreadId | null, world: World): void {
    const dirty = this.#dirty
    const { pages } = this
    switch (event.type) {
      // What a fault is made of comes first: a run has millions of these.
      case 'vcpu.faulted':
      case 'vcpu.entered':
      case 'vcpu.exited':
        // All CPUs are switched together.
        if (!world.softc.on || world.cpus[0]?.on === false) dirty.now.device = true
        return
      case 'fault.translated':
      case 'pmap.extracted':
      case 'call.stepped':
        return
      case 'vmcs.reloaded': // Mostly where it was active already.
        if ((world.vms[event.vm]?.vcpus[event.vcpu]?.vmcs?.active.length ?? 0) > 1) dirty.now.vms.add(event.vm)
        return
      case 'call.blocked':
        // Between two faults a thread waits for its guest, which is in nobody's way.
        if (event.on !== 'guest') dirty.now.device = true
        return
      case 'page.allocated':
        pages.used(event.frame)
        return
      case 'page.wired':
      case 'nested.wired':
        pages.used(event.frame)
        pages.wiringOf(world.memory.owner(event.frame))
        // A wiring that leaves none is no wiring, and a tape may say so all the same.
        if (event.wires === 0) pages.leavesOn(event.frame, world)
        return
      case 'table.added':
      case 'table.freed':
        dirty.pmaps.add(event.pmap, 0)
        pages.used(event.frame)
        this.#stale(world)
        return
      case 'pmap.entered':
        pages.entered(event, world)
        this.#stale(world)
        return
      case 'pmap.cleared':
        pages.cleared(event, world)
        this.#stale(world)
        return
      case 'page.freed':
        pages.freed(event, world)
        this.#stale(world)
        return
      case 'page.busied':
        this.evicting = event.frame
        dirty.frames.add(event.frame, 0)
        return
      case 'page.spared':
        this.evicting = -1
        dirty.frames.add(event.frame, 0)
        pages.leavesOn(event.frame, world)
        return
      case 'page.evicted':
        this.evicting = -1
        return
      case 'page.unwired':
        pages.used(event.frame)
        pages.leavesOn(event.frame, world)
        dirty.later.objects.add(world.memory.owner(event.frame))
        return
      case 'memory.read':
      case 'memory.written':
      case 'memory.touched':
      case 'word.read':
      case 'word.written':
        return
      default:
        this.#rare(event, thread, world)
    }
  }

  /** Where a TLB may keep anything, what tables say of it may have changed. */
  #stale({ stale }: World): void {
    for (const frame in stale) for (const { vm } of stale[Number(frame)] ?? []) this.#dirty.now.vms.add(vm)
  }

  #rare(event: VmmEvent, thread: ThreadId | null, world: World): void {
    const { now, later, pmaps } = this.#dirty
    const { pages } = this
    switch (event.type) {
      case 'call.started':
        if (isLast(event.command)) this.#vmsOf(event.command.pid, world)
        return
      case 'call.learnt':
        this.#learnt(event.locals as Partial<Locals>, this.#past.calls.get(thread))
        return
      case 'call.replied':
        this.#replied(event.thread, this.#past.calls.get(thread), world)
        return
      case 'device.entered':
        if (world.threads[event.thread] === undefined) now.device = true
        this.#look(world)
        return
      case 'device.left':
      case 'device.suspended':
      case 'device.resumed':
      case 'machdep.activated':
        now.device = true
        later.device = true
        this.#look(world)
        return
      case 'vmcs.loaded':
      case 'vmcs.cleared':
      case 'vmcs.clearRefused':
      case 'vmcs.freed':
        now.vms.add(event.vm)
        now.device = true
        later.device = true
        return
      case 'ept.invalidated':
        for (const ref in world.vms) if (world.vms[ref]?.pmap === event.pmap) now.vms.add(Number(ref))
        return
      case 'vmm.started':
      case 'vmm.stopped':
      case 'vm.uncounted':
      case 'vcpu.allocated':
      case 'vcpu.initialised':
      case 'vcpu.freed':
        now.device = true
        later.device = true
        return
      case 'vcpu.deinitialised':
        now.vms.add(event.vm)
        now.device = true
        later.device = true
        return
      case 'lock.awaited':
      case 'lock.taken':
      case 'lock.given':
        now.device = true
        return
      case 'vcpu.started':
      case 'vcpu.stopped':
      case 'vcpu.terminated':
      case 'vcpu.poked':
        now.vms.add(event.vm)
        if (!world.softc.on || world.cpus[0]?.on === false) now.device = true
        return
      case 'vcpu.locked':
      case 'vcpu.unlocked':
        now.vms.add(event.vm)
        if (event.type === 'vcpu.locked' && world.threads[event.thread] === undefined) now.device = true
        return
      case 'vm.allocated':
      case 'vm.registered':
      case 'vm.unlinked':
      case 'vm.teardownBegun':
        now.vms.add(event.vm)
        later.vms.add(event.vm)
        now.device = true
        later.device = true
        return
      case 'vm.condemned':
      case 'vm.referenced':
      case 'vm.released':
        now.vms.add(event.vm)
        return
      case 'hold.taken':
      case 'hold.dropped':
        for (const ref in world.vms) now.vms.add(Number(ref))
        return
      case 'vm.freed':
        now.vms.add(event.vm)
        later.vms.add(event.vm)
        now.device = true
        later.device = true
        pages.everyObjectLater(world)
        pages.guestMemory(event.vm, world)
        return
      case 'slot.backed':
      case 'slot.mapped':
      case 'slot.sealed':
      case 'slot.abandoned':
      case 'slot.shared':
        now.vms.add(event.vm)
        return
      case 'slot.held':
      case 'slot.released':
      case 'nested.created':
      case 'nested.mapped':
      case 'nested.removed':
      case 'nested.freed':
        now.vms.add(event.vm)
        pages.guestMemory(event.vm, world)
        return
      case 'pmap.created':
        pmaps.add(event.pmap, 0)
        for (const root of event.roots) pages.used(root)
        return
      case 'pmap.converted':
        pmaps.add(event.pmap, 0)
        if (event.freed !== null) pages.used(event.freed)
        world.memory.eachLeaf(event.pmap, 0, 2 ** 36, (page, packed) => {
          this.#dirty.leaves.add(event.pmap, page)
          this.#dirty.frames.add(leafFrame(packed), 0)
        })
        return
      case 'pmap.protected':
        this.#dirty.leaves.add(event.pmap, pageOf(event.va))
        this.#dirty.frames.add(leafFrame(event.old), 0)
        this.#stale(world)
        return
      case 'pmap.destroyed':
        pages.destroyed(event, world)
        return
      case 'object.created':
      case 'object.referenced':
      case 'object.released':
        now.objects.add(event.object)
        return
      case 'object.freed':
        now.objects.add(event.object)
        later.objects.add(event.object)
        for (const ref in world.vms) now.vms.add(Number(ref))
        if (this.#past.residentOf(event.object) > 0) pages.leftBehind(event.object, world)
        return
      case 'process.spawned':
      case 'process.pledged':
      case 'process.exited':
        now.processes.add(event.pid)
        this.#vmsOf(event.pid, world)
        for (const ref in world.vms) later.vms.add(Number(ref))
        for (const { object } of this.#past.entriesOf(event.pid)) now.objects.add(object)
        this.#where.forgetEntries()
        this.#dirty.deviants = true
        return
      case 'space.mapped':
      case 'space.split':
      case 'space.removed':
        this.#space(event, world)
        return
      case 'space.sealed':
      case 'space.protected':
      case 'space.bequeathed':
      case 'space.advised':
      case 'space.wired':
      case 'space.unwired':
        now.processes.add(event.pid)
        later.processes.add(event.pid)
        this.#vmsOf(event.pid, world)
        if (event.type !== 'space.wired' && event.type !== 'space.unwired') return
        for (const { object } of world.processes[event.pid]?.entries ?? []) later.objects.add(object)
        return
      case 'psp.decommissioned':
      case 'psp.shutDown':
      case 'psp.activated':
      case 'psp.deactivated':
        later.device = true
        // What its guest had encrypted may be where it likes.
        for (const ref in world.objects) now.objects.add(Number(ref))
        return
      default:
        this.#named(event as Named, world)
    }
  }

  /** Of an event that is spelled out nowhere, everything that it names is touched. */
  #named(event: Named, world: World): void {
    const { now, later, pmaps, leaves } = this.#dirty
    const { vm, pid, object, frame, pmap, va } = event
    if (vm !== undefined) now.vms.add(vm)
    if (object !== undefined) now.objects.add(object)
    if (frame !== undefined && frame >= 0) this.pages.used(frame)
    if (frame !== undefined && frame >= 0) later.objects.add(world.memory.owner(frame))
    if (pmap !== undefined) {
      pmaps.add(pmap, 0)
      if (typeof va === 'number') leaves.add(pmap, pageOf(va))
    }
    if (pid === undefined) return
    now.processes.add(pid)
    later.processes.add(pid)
    this.#vmsOf(pid, world)
    this.#where.forgetEntries()
    this.#dirty.deviants = true
  }

  /** The gate has moved. */
  #look({ softc: { refcnt, inside, status } }: World): void {
    this.rests = status === 'suspended' && refcnt === 0
    // Told by a glance; the claim says the rest.
    if (refcnt !== inside.length + (status === 'active' ? 1 : 0)) this.#dirty.now.device = true
  }

  #learnt({ dead, object }: Partial<Locals>, call: CallRecord | null): void {
    const { now } = this.#dirty
    if (object !== undefined && object !== null) now.objects.add(object)
    if (dead === undefined) return
    for (const one of dead) now.objects.add(one)
    for (const one of call?.dead ?? []) now.objects.add(one)
  }

  #replied(thread: ThreadId, call: CallRecord | null, world: World): void {
    const { now } = this.#dirty
    if (world.softc.inside.includes(thread) || call === null || call.command.type === 'ioc.term') now.device = true
    const vcpus = call === null || call.vm === null ? undefined : world.vms[call.vm]?.vcpus
    if (world.locks.length > 0 || vcpus?.some(({ lock }) => lock === thread)) now.device = true
    if (call === null) {
      for (const ref in world.vms) now.vms.add(Number(ref))
      for (const ref in world.objects) now.objects.add(Number(ref))
      return
    }
    if (call.vm !== null) now.vms.add(call.vm)
    for (const object of call.objects) now.objects.add(object)
    for (const object of call.dead) now.objects.add(object)
    if (isLast(call.command)) this.#vmsOf(call.command.pid, world)
  }

  /** VMs that a process of this pid created. */
  #vmsOf(pid: Pid, world: World): void {
    for (const ref in world.vms) if (world.vms[ref]?.creator === pid) this.#dirty.now.vms.add(Number(ref))
  }

  #space(event: EntryMapped | EntrySplit | EntryRemoved, world: World): void {
    const { now, later } = this.#dirty
    const process = world.processes[event.pid]
    now.processes.add(event.pid)
    later.processes.add(event.pid)
    this.#vmsOf(event.pid, world)
    const object = event.type === 'space.split' ? (entryAt(process, event.at)?.object ?? null) : event.object
    if (object !== null) {
      now.objects.add(object)
      later.objects.add(object)
    }
    this.#where.forgetEntries()
    this.#dirty.deviants = true
    if (event.type !== 'space.mapped' || process === undefined) return
    world.memory.eachLeaf(process.pmap, pageOf(event.start), pagesOf(event.size), (page) => {
      this.#dirty.leaves.add(process.pmap, page)
    })
  }
}
