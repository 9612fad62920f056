/**
 * The memory behind a guest page, whichever way a design keeps it: an object per slot, or, before the patch, the
 * entries of the map of guest-physical space.
 */
import type { Gpa, Word64 } from '../../events/address.ts'
import { addressOf, pageOf } from '../../events/address.ts'
import type { ObjectRef } from '../../events/ids.ts'
import type { Entry, Vm } from './world.ts'

/** A page of a memory object. */
export type BackingPage = { readonly object: ObjectRef; readonly index: number }

/** The entry of a VM's map of guest-physical space that holds `gpa`; undefined where none does or there is no such map. */
export function nestedEntryAt({ space }: Pick<Vm, 'space'>, gpa: Word64): Entry<Gpa> | undefined {
  if (space === null) return undefined
  // No closure and no copy: this is asked for each guest fault.
  for (const entry of space) {
    if (gpa < entry.start) return undefined
    if (gpa < entry.start + entry.size) return entry
  }
  return undefined
}

/** A stretch of guest memory and the pages of the object that it shows: guest page `first` is page `offset`, and so on. */
export type Holding = {
  readonly object: ObjectRef
  readonly first: number
  readonly offset: number
  readonly pages: number
}

/** What a VM holds, ascending: one reference each. An object may be held more than once. */
export function holdingsOf({ space, slots }: Pick<Vm, 'space' | 'slots'>): readonly Holding[] {
  const held: Holding[] = []
  if (space === null) {
    for (const { object, gpa, size } of slots)
      if (object !== null) held.push({ object, first: pageOf(gpa), offset: 0, pages: pageOf(size) })
    return held
  }
  for (const { object, start, size, offset } of space)
    held.push({ object, first: pageOf(start), offset, pages: pageOf(size) })
  return held
}

/** What backs guest page number `page`; null for holes, and where vmm holds nothing yet, or nothing any more. */
export function backingOf(vm: Pick<Vm, 'space' | 'slots'>, page: number): BackingPage | null {
  const gpa = addressOf(page)
  if (vm.space !== null) {
    const entry = nestedEntryAt(vm, gpa)
    return entry === undefined ? null : { object: entry.object, index: entry.offset + page - pageOf(entry.start) }
  }
  for (const { gpa: start, size, object } of vm.slots) {
    if (gpa < start || gpa >= start + size) continue
    return object === null ? null : { object, index: page - pageOf(start) }
  }
  return null
}
