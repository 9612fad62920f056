/**
 * Which leaves, frames and objects an event about pages touches. A page is found from its frame's own record and from
 * `Whereabouts`; nothing here costs more than what it touches.
 */
import { pageOf } from '../../events/address.ts'
import type { VmRef } from '../../events/ids.ts'
import type { PageFreed } from '../../events/object.ts'
import type { PageEntered, PageRemoved, PmapDestroyed } from '../../events/pmap.ts'
import { backingOf } from '../model/backing.ts'
import { LEAF_FRAME, LEAF_TRACKED, leafFrame } from '../model/memory.ts'
import { hasEncrypted } from '../model/psp.ts'
import type { World } from '../model/world.ts'
import type { Deviants } from './deviants.ts'
import type { Dirty } from './dirty.ts'
import type { Past } from './past.ts'
import type { Whereabouts } from './whereabouts.ts'

const isTracked = (packed: number): boolean => packed % LEAF_FRAME >= LEAF_TRACKED

export class PageTouch {
  readonly #dirty: Dirty
  readonly #where: Whereabouts
  readonly #past: Past
  readonly #deviants: Deviants

  constructor(dirty: Dirty, where: Whereabouts, past: Past, deviants: Deviants) {
    this.#dirty = dirty
    this.#where = where
    this.#past = past
    this.#deviants = deviants
  }

  /** All leaves that name a frame, as far as anything leads to them. */
  leavesOn(frame: number, world: World): void {
    const { memory } = world
    for (const { pmap, page } of memory.pvList(frame)) this.#dirty.leaves.add(pmap, page)
    this.#deviantsOn(frame)
    const index = memory.pageIndex(frame)
    for (const { vm, first, offset, pages } of this.#where.guestsOf(memory.owner(frame))) {
      const pmap = world.vms[vm]?.pmap ?? null
      if (pmap !== null && index >= offset && index < offset + pages)
        this.#dirty.leaves.add(pmap, first + index - offset)
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
  used(frame: number): void {
    this.#dirty.frames.add(frame, 0)
    if (this.#deviants.size > 0) this.#deviantsOn(frame)
  }

  /** The wirings of an object that a living VM holds serve it. */
  wiringOf(object: number): void {
    if (this.#where.guestsOf(object).length === 0) this.#dirty.later.objects.add(object)
  }

  /** pmap.entered: the leaf, and its other ends. */
  entered({ pmap, va, frame, flags, old, level }: PageEntered, world: World): void {
    const dirty = this.#dirty
    dirty.pmaps.add(pmap, 0)
    if (level !== 1) return
    const page = pageOf(va)
    dirty.leaves.add(pmap, page)
    if (flags >= LEAF_TRACKED) dirty.frames.add(frame, 0)
    if (old >= 0) this.#replaced(old, pmap, page, world)
    const owner = world.pmaps[pmap]?.owner
    if (owner?.kind !== 'nested') return
    dirty.entered.add(pmap, page)
    this.#partnersOf(owner.vm, page, world)
  }

  /** pmap.cleared: the leaf that is gone, where something was wrong with it. */
  cleared({ pmap, va, old, level }: PageRemoved, world: World): void {
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
    if (this.#deviants.has(pmap, page)) this.wiringOf(world.memory.owner(frame))
  }

  /** The process leaves of the page that a guest has at `page`. */
  #partnersOf(ref: number, page: number, world: World): void {
    const vm = world.vms[ref]
    const backing = vm === undefined ? null : backingOf(vm, page)
    if (backing === null) return
    const { object, index } = backing
    for (const { pmap, first, offset, pages } of this.#where.entriesOf(world, object)) {
      if (index >= offset && index < offset + pages) this.#dirty.partners.add(pmap, first + index - offset)
    }
  }

  /** page.freed: whoever still has the page. */
  freed({ object, index, frame }: PageFreed, world: World): void {
    this.#dirty.frames.add(frame, 0)
    const guests = this.#where.guestsOf(object)
    if (guests.length === 0) this.#dirty.later.objects.add(object)
    if (world.psp !== undefined && hasEncrypted(world, object)) this.#dirty.now.objects.add(object)
    for (const { vm, first, offset, pages } of guests) {
      const pmap = world.vms[vm]?.pmap ?? null
      if (pmap === null || index < offset || index >= offset + pages) continue
      this.#lost(object, frame, pmap, first + index - offset, world)
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

  /** Everything that only rest tells about objects. */
  everyObjectLater(world: World): void {
    for (const ref in world.objects) this.#dirty.later.objects.add(Number(ref))
  }

  /** An object went before its pages did. */
  leftBehind(object: number, world: World): void {
    this.#everyFrame(world)
    for (const { vm } of this.#where.guestsOf(object)) this.#guestLeaves(vm, world)
  }

  #everyFrame(world: World): void {
    world.memory.eachFrame((frame) => this.#dirty.frames.add(frame, 0))
  }

  /** Other objects are behind a VM's guest-physical space now. */
  guestMemory(ref: VmRef, world: World): void {
    const { now, later } = this.#dirty
    const changed = new Set(this.#where.objectsOf(ref))
    this.#where.learnVm(ref, world)
    for (const object of this.#where.objectsOf(ref)) changed.add(object)
    this.#dirty.deviants = true
    for (const object of changed) {
      now.objects.add(object)
      later.objects.add(object)
    }
    for (const pid in world.processes) {
      now.processes.add(Number(pid))
      later.processes.add(Number(pid))
    }
    this.#guestLeaves(ref, world)
  }

  /**
   * Every leaf of a VM. Its memory moves before the guest has any of it, and after the guest has lost all, so that there
   * is mostly none.
   */
  #guestLeaves(ref: VmRef, world: World): void {
    for (const { ref: pmap, owner } of Object.values(world.pmaps)) {
      if (owner.kind !== 'nested' || owner.vm !== ref || this.#past.leavesOf(pmap) === 0) continue
      world.memory.eachLeaf(pmap, 0, 2 ** 36, (page) => {
        this.#dirty.leaves.add(pmap, page)
        this.#partnersOf(ref, page, world)
      })
    }
  }

  /** pmap.destroyed: what its leaves named. */
  destroyed({ pmap, roots }: PmapDestroyed, world: World): void {
    const { now, pmaps } = this.#dirty
    pmaps.add(pmap, 0)
    for (const root of roots) this.used(root)
    this.#dirty.deviants = true
    for (const ref in world.vms) if (world.vms[ref]?.pmap === null) now.vms.add(Number(ref))
    if (this.#past.leavesOf(pmap) === 0) return
    // Its leaves were not cleared one by one: whatever they named may be named by nothing, or by a pv list.
    this.#everyFrame(world)
    this.everyObjectLater(world)
  }
}
