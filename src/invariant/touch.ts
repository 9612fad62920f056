/**
 * Which subjects an event touches: of which of them something may hold no more, or hold again.
 *
 * A page is found from its frame's own record and from `Whereabouts`; nothing here costs more than what it touches.
 */
import { pageOf, pagesOf } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { Pid, ThreadId } from '../../events/ids.ts'
import type { NestedEntryMapped, NestedEntryRemoved } from '../../events/nested.ts'
import type { PageEntered, PageRemoved, PmapDestroyed } from '../../events/pmap.ts'
import type { EntryMapped, EntryRemoved, EntrySplit, RangeSealed } from '../../events/space.ts'
import type { SlotEvent } from '../../events/vm.ts'
import { backingOf } from '../model/backing.ts'
import { LEAF_FRAME, LEAF_TRACKED, leafFrame } from '../model/memory.ts'
import type { Locals, Vm, World } from '../model/world.ts'
import type { CallRecord } from './calls.ts'
import type { Deviants } from './deviants.ts'
import type { Dirty } from './dirty.ts'
import { entryAt, ownFrame } from './facts.ts'
import type { Past } from './past.ts'
import type { SlotPlace, Whereabouts } from './whereabouts.ts'

const shows = ({ offset, pages }: SlotPlace, index: number): boolean => index >= offset && index < offset + pages
const isTracked = (packed: number): boolean => packed % LEAF_FRAME >= LEAF_TRACKED

export class Touch {
  readonly #dirty: Dirty
  readonly #where: Whereabouts
  readonly #past: Past
  readonly #deviants: Deviants
  /** The page that the page daemon evicts, or -1. */
  evicting = -1

  constructor(dirty: Dirty, where: Whereabouts, past: Past, deviants: Deviants) {
    this.#dirty = dirty
    this.#where = where
    this.#past = past
    this.#deviants = deviants
  }

  /** An event has become true; `where` and `past` do not know it yet. */
  take(event: VmmEvent, thread: ThreadId | null, world: World): void {
    const dirty = this.#dirty
    switch (event.type) {
      // What a fault is made of comes first: a run has millions of these.
      case 'vcpu.faulted':
      case 'vcpu.entered':
      case 'vcpu.exited':
        if (!world.softc.on) dirty.now.device = true
        return
      case 'fault.translated':
      case 'pmap.extracted':
      case 'vmcs.reloaded':
      case 'call.stepped':
      case 'call.blocked':
        return
      case 'page.allocated':
      case 'page.activated':
      case 'page.deactivated':
      case 'page.copied':
        this.#used(event.frame)
        return
      case 'page.wired':
      case 'page.unwired':
      case 'nested.wired':
        this.#used(event.frame)
        this.#wiringOf(world.memory.owner(event.frame))
        return
      case 'table.added':
      case 'table.freed':
        dirty.pmaps.add(event.pmap, 0)
        this.#used(event.frame)
        return
      case 'pmap.entered':
        this.#entered(event, world)
        return
      case 'pmap.cleared':
        this.#cleared(event, world)
        return
      case 'pmap.protected':
        dirty.leaves.add(event.pmap, pageOf(event.va))
        dirty.frames.add(leafFrame(event.old), 0)
        return
      case 'page.freed':
        this.#freed(event.object, event.index, event.frame, world)
        return
      case 'page.busied':
        this.evicting = event.frame
        dirty.frames.add(event.frame, 0)
        return
      case 'page.spared':
        this.evicting = -1
        dirty.frames.add(event.frame, 0)
        this.leavesOn(event.frame, world)
        return
      case 'page.evicted':
        this.evicting = -1
        return
      default:
        this.#rare(event, thread, world)
    }
  }

  /** All leaves that name a frame, as far as anything leads to them. */
  leavesOn(frame: number, world: World): void {
    const { memory } = world
    for (const { pmap, page } of memory.pvList(frame)) this.#dirty.leaves.add(pmap, page)
    this.#deviantsOn(frame)
    const index = memory.pageIndex(frame)
    for (const place of this.#where.slotsOf(memory.owner(frame))) {
      const pmap = world.vms[place.vm]?.pmap ?? null
      if (pmap !== null && shows(place, index)) this.#dirty.leaves.add(pmap, place.first + index - place.offset)
    }
  }

  /** All leaves of which something is wrong. */
  everyDeviant(): void {
    for (const { pmap, page } of this.#deviants.all()) this.#dirty.leaves.add(pmap, page)
  }

  #deviantsOn(frame: number): void {
    for (const { pmap, page } of this.#deviants.on(frame)) this.#dirty.leaves.add(pmap, page)
  }

  /** A frame is used otherwise than before. A leaf that names it now, and did not go first, is wrong already. */
  #used(frame: number): void {
    this.#dirty.frames.add(frame, 0)
    if (this.#deviants.size > 0) this.#deviantsOn(frame)
  }

  /** The wirings of an object that a living VM holds serve it. */
  #wiringOf(object: number): void {
    if (this.#where.slotsOf(object).length === 0) this.#dirty.later.objects.add(object)
  }

  #entered({ pmap, va, frame, flags, old, level }: PageEntered, world: World): void {
    const dirty = this.#dirty
    dirty.pmaps.add(pmap, 0)
    if (level !== 1) return
    const page = pageOf(va)
    dirty.leaves.add(pmap, page)
    if (flags >= LEAF_TRACKED) dirty.frames.add(frame, 0)
    if (old >= 0) this.#replaced(old, pmap, page, world)
    const owner = world.pmaps[pmap]?.owner
    if (owner?.kind === 'nested') this.#partnersOf(owner.vm, page, world)
  }

  #cleared({ pmap, va, old, level }: PageRemoved, world: World): void {
    const dirty = this.#dirty
    dirty.pmaps.add(pmap, 0)
    if (level !== 1) return
    const page = pageOf(va)
    this.#replaced(old, pmap, page, world)
    if (this.#deviants.size === 0) return
    dirty.leaves.add(pmap, page)
    const owner = world.pmaps[pmap]?.owner
    if (owner?.kind === 'nested') this.#partnersOf(owner.vm, page, world)
  }

  /** A leaf names another frame now, or none. */
  #replaced(old: number, pmap: number, page: number, world: World): void {
    const frame = leafFrame(old)
    if (isTracked(old)) this.#dirty.frames.add(frame, 0)
    // Only a leaf that named a foreign page can have been the last use of a wiring.
    if (this.#deviants.has(pmap, page)) this.#wiringOf(world.memory.owner(frame))
  }

  /** The process leaves of the page that a guest has at `page`. */
  #partnersOf(vm: number, page: number, world: World): void {
    const record = world.vms[vm]
    const backing = record === undefined ? null : backingOf(record, page)
    if (backing === null) return
    const { object, index } = backing
    for (const { pmap, first, offset, pages } of this.#where.entriesOf(world, object)) {
      if (index >= offset && index < offset + pages) this.#dirty.partners.add(pmap, first + index - offset)
    }
  }

  #freed(object: number, index: number, frame: number, world: World): void {
    this.#dirty.frames.add(frame, 0)
    const slots = this.#where.slotsOf(object)
    if (slots.length === 0) this.#dirty.later.objects.add(object)
    for (const place of slots) {
      const pmap = world.vms[place.vm]?.pmap ?? null
      if (pmap !== null && shows(place, index))
        this.#lost(object, frame, pmap, place.first + index - place.offset, world)
    }
    if (this.#deviants.size === 0) return
    for (const { pmap, page } of this.#deviants.on(frame)) this.#lost(object, frame, pmap, page, world)
  }

  /** The leaf at `page` is to be looked at; where it is a guest's and still names the frame, its page was freed under it. */
  #lost(object: number, frame: number, pmap: number, page: number, world: World): void {
    this.#dirty.leaves.add(pmap, page)
    const packed = world.memory.leaf(pmap, page)
    if (packed < 0 || leafFrame(packed) !== frame || world.pmaps[pmap]?.owner.kind !== 'nested') return
    const { stale } = this.#past
    if (!stale.some((one) => one.object === object && one.pmap === pmap && one.page === page))
      stale.push({ object, pmap, page })
  }

  #rare(event: VmmEvent, thread: ThreadId | null, world: World): void {
    const { now, later, pmaps } = this.#dirty
    switch (event.type) {
      case 'call.started':
        if (event.command.type === 'host.exit') this.#vmsOf(event.command.pid, world)
        return
      case 'call.learnt':
        this.#learnt(event.locals as Partial<Locals>, this.#past.calls.get(thread))
        return
      case 'call.replied':
        this.#replied(event.thread, this.#past.calls.get(thread), world)
        return
      case 'device.entered':
      case 'device.left':
      case 'device.suspended':
      case 'device.resumed': {
        const { refcnt, inside, status } = world.softc
        // Told by a glance; the claim says the rest.
        if (refcnt !== inside.length + (status === 'active' ? 1 : 0) || this.gateWasWrong) now.device = true
        return
      }
      case 'vmm.started':
      case 'vmm.stopped':
      case 'vm.uncounted':
      case 'vcpu.allocated':
      case 'vcpu.initialised':
      case 'vcpu.deinitialised':
      case 'vcpu.freed':
        now.device = true
        later.device = true
        return
      case 'vcpu.started':
      case 'vcpu.stopped':
      case 'vcpu.terminated':
      case 'vcpu.poked':
        if (!world.softc.on) now.device = true
        return
      case 'vm.allocated':
      case 'vm.registered':
      case 'vm.unlinked':
      case 'vm.teardownBegun':
        now.vms.add(event.vm)
        later.vms.add(event.vm)
        now.device = true
        later.device = true
        if (event.type === 'vm.allocated') this.#everyObjectLater(world)
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
        for (const object of this.#where.objectsOf(event.vm)) now.objects.add(object)
        this.#everyObjectLater(world)
        this.#slotsChanged(world)
        this.#where.learn(event, world)
        return
      case 'slot.backed':
      case 'slot.mapped':
      case 'slot.sealed':
      case 'slot.abandoned':
      case 'slot.held':
      case 'slot.released':
        this.#slot(event, world)
        return
      case 'nested.mapped':
      case 'nested.removed':
        this.#nested(event, world)
        return
      case 'nested.created':
      case 'nested.freed':
        now.vms.add(event.vm)
        return
      case 'pmap.created':
        pmaps.add(event.pmap, 0)
        for (const root of event.roots) this.#used(root)
        return
      case 'pmap.converted':
        pmaps.add(event.pmap, 0)
        if (event.freed !== null) this.#used(event.freed)
        world.memory.eachLeaf(event.pmap, 0, 2 ** 36, (page, packed) => {
          this.#dirty.leaves.add(event.pmap, page)
          this.#dirty.frames.add(leafFrame(packed), 0)
        })
        return
      case 'pmap.destroyed':
        this.#destroyed(event, world)
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
        if (this.#past.residentOf(event.object) > 0) this.#everyFrame(world)
        return
      case 'process.spawned':
      case 'process.exited':
        now.processes.add(event.pid)
        this.#vmsOf(event.pid, world)
        for (const ref in world.vms) later.vms.add(Number(ref))
        for (const { object } of this.#past.entriesOf(event.pid)) now.objects.add(object)
        this.#where.learn(event, world)
        this.#dirty.deviants = true
        return
      case 'space.mapped':
      case 'space.split':
      case 'space.sealed':
      case 'space.removed':
        this.#space(event, world)
        return
      default:
        return
    }
  }

  /** sc_refcnt was wrong when it was looked at last. */
  gateWasWrong = false

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
    if (call === null) {
      for (const ref in world.vms) now.vms.add(Number(ref))
      for (const ref in world.objects) now.objects.add(Number(ref))
      return
    }
    if (call.vm !== null) now.vms.add(call.vm)
    if (call.object !== null) now.objects.add(call.object)
    for (const object of call.dead) now.objects.add(object)
    if (call.command.type === 'host.exit') this.#vmsOf(call.command.pid, world)
  }

  /** VMs that a process of this pid created. */
  #vmsOf(pid: Pid, world: World): void {
    for (const ref in world.vms) if (world.vms[ref]?.creator === pid) this.#dirty.now.vms.add(Number(ref))
  }

  #everyObjectLater(world: World): void {
    for (const ref in world.objects) this.#dirty.later.objects.add(Number(ref))
  }

  #everyFrame(world: World): void {
    world.memory.eachFrame((frame) => this.#dirty.frames.add(frame, 0))
  }

  /** Other objects are those of slots now. */
  #slotsChanged(world: World): void {
    const { now, later } = this.#dirty
    this.#dirty.deviants = true
    for (const pid in world.processes) {
      now.processes.add(Number(pid))
      later.processes.add(Number(pid))
    }
  }

  #slot(event: SlotEvent, world: World): void {
    const { now, later } = this.#dirty
    now.vms.add(event.vm)
    if (event.type !== 'slot.held' && event.type !== 'slot.released') return
    const vm = world.vms[event.vm]
    const slot = vm?.slots[event.slot]
    const object = event.type === 'slot.held' ? event.object : (slot?.backing ?? null)
    if (object !== null) {
      now.objects.add(object)
      later.objects.add(object)
    }
    this.#slotsChanged(world)
    this.#where.learn(event, world)
    if (slot !== undefined && vm !== undefined) this.#guestLeaves(vm, slot.gpa, slot.size, world)
  }

  /** Leaves of a stretch of guest memory that something else is behind now. */
  #guestLeaves(vm: Vm, gpa: number, size: number, world: World): void {
    const { pmap } = vm
    if (pmap === null) return
    world.memory.eachLeaf(pmap, pageOf(gpa), pagesOf(size), (page) => {
      this.#dirty.leaves.add(pmap, page)
      if (ownFrame(world.memory, vm, page) >= 0) this.#partnersOf(vm.ref, page, world)
    })
  }

  #nested(event: NestedEntryMapped | NestedEntryRemoved, world: World): void {
    const { now, later } = this.#dirty
    now.vms.add(event.vm)
    now.objects.add(event.object)
    later.objects.add(event.object)
    this.#slotsChanged(world)
    this.#where.learn(event, world)
    const vm = world.vms[event.vm]
    if (vm !== undefined) this.#guestLeaves(vm, event.start, event.size, world)
  }

  #destroyed({ pmap, roots }: PmapDestroyed, world: World): void {
    const { now, pmaps } = this.#dirty
    pmaps.add(pmap, 0)
    for (const root of roots) this.#used(root)
    this.#dirty.deviants = true
    for (const ref in world.vms) if (world.vms[ref]?.pmap === null) now.vms.add(Number(ref))
    if (this.#past.leavesOf(pmap) === 0) return
    // Its leaves were not cleared one by one: whatever they named may be named by nothing, or by a pv list.
    this.#everyFrame(world)
    this.#everyObjectLater(world)
  }

  #space(event: EntryMapped | EntrySplit | RangeSealed | EntryRemoved, world: World): void {
    const { now, later } = this.#dirty
    const process = world.processes[event.pid]
    now.processes.add(event.pid)
    later.processes.add(event.pid)
    this.#vmsOf(event.pid, world)
    if (event.type === 'space.sealed') return
    const object = event.type === 'space.split' ? (entryAt(process, event.at)?.object ?? null) : event.object
    if (object !== null) {
      now.objects.add(object)
      later.objects.add(object)
    }
    this.#where.learn(event, world)
    this.#dirty.deviants = true
    if (event.type !== 'space.mapped' || process === undefined) return
    world.memory.eachLeaf(process.pmap, pageOf(event.start), pagesOf(event.size), (page) => {
      this.#dirty.leaves.add(process.pmap, page)
    })
  }
}
