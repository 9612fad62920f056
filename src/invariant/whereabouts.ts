/**
 * Where the pages of objects can be: which slots hold an object and which map entries map it. Read off the world, and
 * kept up with it, so that an event about a page finds its leaves without a search.
 */
import { pageOf, pagesOf } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { VmRef } from '../../events/ids.ts'
import { type Holding, holdingsOf } from '../model/backing.ts'
import type { World } from '../model/world.ts'

/** Where a VM holds an object: guest page `first` is page `offset` of it, and so on. */
export type SlotPlace = { readonly vm: VmRef; readonly first: number; readonly offset: number; readonly pages: number }

/** A map entry: pages `offset` and on of the object are at page `first` and on of the process pmap. */
export type EntryPlace = {
  readonly pmap: number
  readonly first: number
  readonly offset: number
  readonly pages: number
}

const NONE: readonly never[] = []

export class Whereabouts {
  readonly #slots = new Map<number, SlotPlace[]>()
  #entries: Map<number, EntryPlace[]> | null = null
  /** Slots are asked about page by page, mostly of one object. */
  #lastObject = -1
  #last: readonly SlotPlace[] = NONE

  constructor(world: World) {
    for (const vm of Object.values(world.vms)) for (const held of holdingsOf(vm)) this.#hold(vm.ref, held)
  }

  /** The slots that hold an object. */
  slotsOf(object: number): readonly SlotPlace[] {
    if (object === this.#lastObject) return this.#last
    this.#lastObject = object
    this.#last = this.#slots.get(object) ?? NONE
    return this.#last
  }

  /** The objects that slots of a VM held. */
  objectsOf(vm: VmRef): readonly number[] {
    return [...this.#slots].filter(([, places]) => places.some((place) => place.vm === vm)).map(([object]) => object)
  }

  /** The map entries that map an object. */
  entriesOf(world: World, object: number): readonly EntryPlace[] {
    this.#entries ??= entriesByObject(world)
    return this.#entries.get(object) ?? NONE
  }

  /** An event that changes what holds or maps objects has become true. */
  learn(event: VmmEvent, world: World): void {
    switch (event.type) {
      case 'slot.held': {
        const { gpa, size } = world.vms[event.vm]?.slots[event.slot] ?? { gpa: 0, size: 0 }
        this.#hold(event.vm, { object: event.object, first: pageOf(gpa), offset: 0, pages: pagesOf(size) })
        return
      }
      case 'nested.mapped': {
        const { vm, object, start, size, offset } = event
        this.#hold(vm, { object, first: pageOf(start), offset, pages: pagesOf(size) })
        return
      }
      case 'nested.removed': {
        const first = pageOf(event.start)
        this.#drop((place) => place.vm === event.vm && place.first === first)
        return
      }
      case 'slot.released': {
        const first = pageOf(world.vms[event.vm]?.slots[event.slot]?.gpa ?? 0)
        this.#drop((place) => place.vm === event.vm && place.first === first)
        return
      }
      case 'vm.freed':
        this.#drop((place) => place.vm === event.vm)
        return
      default:
        this.#entries = null
    }
  }

  #hold(vm: VmRef, { object, first, offset, pages }: Holding): void {
    this.#slots.set(object, [...(this.#slots.get(object) ?? NONE), { vm, first, offset, pages }])
    this.#lastObject = -1
  }

  #drop(goes: (place: SlotPlace) => boolean): void {
    for (const [object, places] of this.#slots) {
      const left = places.filter((place) => !goes(place))
      if (left.length === 0) this.#slots.delete(object)
      else if (left.length < places.length) this.#slots.set(object, left)
    }
    this.#lastObject = -1
  }
}

function entriesByObject(world: World): Map<number, EntryPlace[]> {
  const found = new Map<number, EntryPlace[]>()
  for (const { pmap, entries } of Object.values(world.processes)) {
    for (const { start, size, object, offset } of entries) {
      const places = found.get(object)
      const place = { pmap, first: pageOf(start), offset, pages: pagesOf(size) }
      if (places === undefined) found.set(object, [place])
      else places.push(place)
    }
  }
  return found
}
