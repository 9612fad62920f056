/**
 * Where the pages of objects can be: which guests have an object in their physical space and which map entries map it.
 * Read off the world, and kept up with it, so that an event about a page finds its leaves without a search.
 */
import { pageOf } from '../../events/address.ts'
import type { VmRef } from '../../events/ids.ts'
import { holdingsOf } from '../model/backing.ts'
import type { Vm, World } from '../model/world.ts'

/** A stretch of guest-physical space: pages `offset` and on of the object are at guest page `first` and on. */
export type GuestPlace = {
  readonly vm: VmRef
  readonly first: number
  readonly offset: number
  readonly pages: number
}

/** A map entry: pages `offset` and on of the object are at page `first` and on of the process pmap. */
export type EntryPlace = {
  readonly pmap: number
  readonly first: number
  readonly offset: number
  readonly pages: number
}

const NONE: readonly never[] = []

export class Whereabouts {
  readonly #guests = new Map<number, GuestPlace[]>()
  #entries: Map<number, EntryPlace[]> | null = null
  /** Pages are asked about one by one, mostly of one object. */
  #lastObject = -1
  #last: readonly GuestPlace[] = NONE

  constructor(world: World) {
    for (const vm of Object.values(world.vms)) this.#hold(vm)
  }

  /** The stretches of guest-physical space that an object backs. */
  guestsOf(object: number): readonly GuestPlace[] {
    if (object === this.#lastObject) return this.#last
    this.#lastObject = object
    this.#last = this.#guests.get(object) ?? NONE
    return this.#last
  }

  /** The objects that a VM has. */
  objectsOf(vm: VmRef): readonly number[] {
    return [...this.#guests].filter(([, places]) => places.some((place) => place.vm === vm)).map(([object]) => object)
  }

  /** The map entries that map an object. */
  entriesOf(world: World, object: number): readonly EntryPlace[] {
    this.#entries ??= entriesByObject(world)
    return this.#entries.get(object) ?? NONE
  }

  /** What a VM has in its physical space has changed. */
  learnVm(ref: VmRef, world: World): void {
    for (const [object, places] of this.#guests) {
      const left = places.filter((place) => place.vm !== ref)
      if (left.length === 0) this.#guests.delete(object)
      else if (left.length < places.length) this.#guests.set(object, left)
    }
    const vm = world.vms[ref]
    if (vm !== undefined) this.#hold(vm)
    this.#lastObject = -1
  }

  /** Map entries have changed. */
  forgetEntries(): void {
    this.#entries = null
  }

  #hold(vm: Vm): void {
    for (const { object, ...stretch } of holdingsOf(vm)) {
      const place = { vm: vm.ref, ...stretch }
      const places = this.#guests.get(object)
      if (places === undefined) this.#guests.set(object, [place])
      else places.push(place)
    }
  }
}

function entriesByObject(world: World): Map<number, EntryPlace[]> {
  const found = new Map<number, EntryPlace[]>()
  for (const { pmap, entries } of Object.values(world.processes)) {
    for (const { start, size, object, offset } of entries) {
      const places = found.get(object)
      const place = { pmap, first: pageOf(start), offset, pages: pageOf(size) }
      if (places === undefined) found.set(object, [place])
      else places.push(place)
    }
  }
  return found
}
