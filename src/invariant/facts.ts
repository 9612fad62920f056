/**
 * What several invariants ask of a world, in the plainest way.
 */

import type { Word64 } from '../../events/address.ts'
import { hex, PAGE_SIZE, pageOf } from '../../events/address.ts'
import type { Pid } from '../../events/ids.ts'
import { backingOf } from '../model/backing.ts'
import { leafFrame, type MemoryReader } from '../model/memory.ts'
import { type Entry, type Process, type Slot, VM_MEM_MMIO, type Vm, type World } from '../model/world.ts'
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

/** The frame in which what backs a guest page is resident, -1 for none: own(vm, gpa). */
export function ownFrame(memory: MemoryReader, vm: Vm | undefined, page: number): number {
  const backing = vm === undefined ? null : backingOf(vm, page)
  return backing === null ? -1 : memory.resident(backing.object, backing.index)
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
export function entryAt(process: Process | undefined, address: number): Entry | null {
  if (process === undefined) return null
  for (const entry of process.entries) {
    if (address < entry.start) return null
    if (address < entry.start + entry.size) return entry
  }
  return null
}

/** Whether a process is on its way out: uvm_map_teardown() takes its entries one by one. */
export function isExiting(world: World, pid: Pid): boolean {
  for (const id in world.threads) {
    const command = world.threads[id]?.command
    if (command?.type === 'host.exit' && command.pid === pid) return true
  }
  return false
}

/**
 * The process that created a VM, while it lives. A pid is used again, a pmap's number is not: a process whose pmap
 * is younger than the VM's cannot have created it.
 */
export function creatorOf(world: World, vm: Vm): Process | null {
  const process = world.processes[vm.creator]
  if (process === undefined || vm.pmap === null || process.pmap > vm.pmap) return null
  // exec(2) keeps the pid and the pmap, and is another program all the same.
  if (process.overlaid >= vm.pmap) return null
  return isExiting(world, process.pid) ? null : process
}

/** Whether [start, start + size) is mapped without a hole by what `fits` accepts, in order of the pages of one object. */
export function isCovered(
  entries: readonly Entry[],
  start: number,
  size: number,
  object: number,
  fits: (entry: Entry) => boolean,
): boolean {
  let covered = start
  for (const entry of entries) {
    if (entry.start + entry.size <= start || entry.start >= start + size) continue
    const offset = pageOf(covered - start)
    if (entry.start !== covered || entry.object !== object || entry.offset !== offset || !fits(entry)) return false
    covered += entry.size
  }
  return covered === start + size
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
