/**
 * What several invariants ask of a world, in the plainest way.
 */

import type { Word64 } from '../../events/address.ts'
import { hex, PAGE_SIZE, pageOf } from '../../events/address.ts'
import type { Pid } from '../../events/ids.ts'
import { backingOf, type Holding, holdingsOf } from '../model/backing.ts'
import { leafFrame, type MemoryReader } from '../model/memory.ts'
import { type MapEntry, type Process, type Slot, VM_MEM_MMIO, type Vm, type World } from '../model/world.ts'
import type { SubjectKind } from './invariant.ts'

/** Whether a slot has memory behind it. */
export function isBacked(slot: Slot): boolean {
  return slot.memtype !== VM_MEM_MMIO
}

/** The slot that contains a guest page, or null. */
export function slotAt(vm: Vm | undefined, page: number): Slot | null {
  if (vm === undefined) return null
  const gpa = page * PAGE_SIZE
  // No closure and no copy: this is asked for each guest page that is mapped.
  for (const slot of vm.slots) {
    if (gpa >= slot.gpa && gpa < slot.gpa + slot.size) return slot
  }
  return null
}

/** The frame in which the VM's own page is resident, -1 for none: own(vm, gpa). */
export function ownFrame(memory: MemoryReader, vm: Vm | undefined, page: number): number {
  if (vm === undefined) return -1
  if (vm.space !== null) {
    const backing = backingOf(vm, page)
    return backing === null ? -1 : memory.resident(backing.object, backing.index)
  }
  const slot = slotAt(vm, page)
  return slot === null || slot.object === null ? -1 : memory.resident(slot.object, page - pageOf(slot.gpa))
}

/** Whether a VM holds the object: in one of its slots, or in the map of its guest-physical space. */
export function holdsObject(vm: Vm, object: number): boolean {
  for (const slot of vm.slots) if (slot.object === object) return true
  for (const entry of vm.space ?? []) if (entry.object === object) return true
  return false
}

/** Whether a living VM holds the object. */
export function isVmObject(world: World, object: number): boolean {
  for (const ref in world.vms) {
    const vm = world.vms[ref]
    if (vm !== undefined && holdsObject(vm, object)) return true
  }
  return false
}

/** The VM of a nested pmap, its slot there and the frame that its leaf names; null when it is no nested leaf. */
export function nestedLeafAt(world: World, pmap: number, page: number) {
  const owner = world.pmaps[pmap]?.owner
  if (owner === undefined || owner.kind !== 'nested') return null
  const packed = world.memory.leaf(pmap, page)
  if (packed < 0) return null
  const vm = world.vms[owner.vm]
  return { vm, slot: slotAt(vm, page), frame: leafFrame(packed), packed }
}

/** The entry that holds an address. */
export function entryAt(process: Pick<Process, 'entries'> | undefined, address: number): MapEntry | null {
  if (process === undefined) return null
  for (const entry of process.entries) {
    if (address < entry.start) return null
    if (address < entry.start + entry.size) return entry
  }
  return null
}

/** Whether a process is giving up its map: exit(2) and exec(2) take its entries, immutable or not. */
export function isLeaving(world: World, pid: Pid): boolean {
  if (world.processes[pid]?.exiting !== false) return true
  for (const id in world.threads) {
    const command = world.threads[id]?.command
    if ((command?.type === 'host.exit' || command?.type === 'host.exec') && command.pid === pid) return true
  }
  return false
}

/**
 * The process that created a VM, while it lives as the program that did. A pid is used again, a pmap's number is not: a
 * process whose pmap is younger than the VM's cannot have created it.
 */
export function creatorOf(world: World, vm: Vm): Process | null {
  const process = world.processes[vm.creator]
  if (process === undefined || vm.pmap === null || process.pmap > vm.pmap || process.overlaid >= vm.pmap) return null
  return isLeaving(world, process.pid) ? null : process
}

/** What a VM holds within a slot, in order; what is missing there is held by nobody. */
export function holdingsWithin(vm: Vm, { gpa, size }: Slot): readonly Holding[] {
  const [first, end] = [pageOf(gpa), pageOf(gpa + size)]
  return holdingsOf(vm).filter((holding) => holding.first >= first && holding.first < end)
}

/**
 * Whether [start, start + size) of a process shows what a VM holds from guest address `gpa` on, without a hole, by
 * entries that `fits` accepts.
 */
export function isMappedLike(
  entries: readonly MapEntry[],
  start: number,
  { gpa, size }: Pick<Slot, 'gpa' | 'size'>,
  holdings: readonly Holding[],
  fits: (entry: MapEntry) => boolean,
): boolean {
  const end = pageOf(gpa + size)
  // Both are counted in guest pages from here on.
  const shift = pageOf(gpa) - pageOf(start)
  for (let page = pageOf(gpa); page < end; ) {
    const held = holdings.find(({ first, pages }) => first <= page && page < first + pages)
    const entry = entryAt({ entries }, (page - shift) * PAGE_SIZE)
    if (held === undefined || entry === null || entry.object !== held.object || !fits(entry)) return false
    const from = pageOf(entry.start) + shift
    if (entry.offset + page - from !== held.offset + page - held.first) return false
    page = Math.min(held.first + held.pages, from + pageOf(entry.size))
  }
  return true
}

/** What a frame is, in words. */
export function frameText(world: World, frame: number): string {
  const { memory } = world
  switch (memory.use(frame)) {
    case 'free':
      return `frame ${frame}, which is free`
    case 'kernel':
      return `frame ${frame}, which is the kernel's`
    case 'table':
      return `frame ${frame}, which is a page table of pmap ${memory.owner(frame)}`
    case 'object':
      return `frame ${frame}, which is page ${memory.pageIndex(frame)} of ${objectText(world, memory.owner(frame))}`
  }
}

/** An object by the name it has while it lives. */
export function objectText(world: World, object: number): string {
  return world.objects[object]?.name ?? `object ${object}`
}

/** `3 leaves`, `1 leaf`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Names a subject for people. */
export function subjectText(world: World, about: SubjectKind, a: number, b: number): string {
  switch (about) {
    case 'leaf':
      return leafText(world, a, b)
    case 'device':
      return 'device'
    default:
      return `${about} ${a}`
  }
}

function leafText(world: World, pmap: number, page: number): string {
  const owner = world.pmaps[pmap]?.owner
  const address = hex((page * PAGE_SIZE) as Word64)
  if (owner === undefined) return `pmap ${pmap} va ${address}`
  return owner.kind === 'nested' ? `vm ${owner.vm} gpa ${address}` : `process ${owner.pid} va ${address}`
}
