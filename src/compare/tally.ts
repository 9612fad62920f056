/**
 * What a world comes to, in terms that every design has.
 */
import { offset, pageOf } from '../../events/address.ts'
import { backingOf } from '../model/backing.ts'
import { VM_MEM_MMIO, type Vm, type World } from '../model/world.ts'

export type Tally = {
  readonly vms: number
  /** Pages that guests reach, in all nested pmaps. */
  readonly nestedPages: number
  /** Pages that processes reach by their own page tables. */
  readonly processPages: number
  readonly residentPages: number
  readonly wiredPages: number
  readonly swappedPages: number
  readonly objects: number
  /** Ranges of guest memory that VMs hold, and those that processes have mapped, each process for itself. */
  readonly held: number
  readonly shared: number
  /** References on memory: by map entries of processes, by nested maps, by vmm's slots. */
  readonly byEntries: number
  readonly byNestedMaps: number
  readonly bySlots: number
}

export const TALLY_FIELDS = [
  'vms',
  'nestedPages',
  'processPages',
  'residentPages',
  'wiredPages',
  'swappedPages',
  'objects',
  'held',
  'shared',
  'byEntries',
  'byNestedMaps',
  'bySlots',
] as const satisfies readonly (keyof Tally)[]

/** Fields in which two designs that do the same for a guest must agree; who holds references may differ by design. */
const MUST_AGREE: readonly (keyof Tally)[] = ['nestedPages', 'wiredPages', 'swappedPages']
/** Those that are only compared while no VM is being made or taken apart, which designs do in different orders. */
const AT_REST: readonly (keyof Tally)[] = ['vms', 'held', 'shared']

/**
 * Counts a world.
 *
 * @param wired how many pages of objects are wired, where somebody has counted already.
 */
export function tallyOf(world: World, wired: number = wiredPagesOf(world)): Tally {
  const { memory } = world
  let nestedPages = 0
  let processPages = 0
  for (const { ref, nested } of Object.values(world.pmaps)) {
    if (nested > 0) nestedPages += memory.leafCount(ref)
    else processPages += memory.leafCount(ref)
  }
  const objects = Object.values(world.objects)
  let residentPages = 0
  let swappedPages = 0
  for (const { ref } of objects) {
    residentPages += memory.residentCount(ref)
    swappedPages += memory.swapCount(ref)
  }
  const vms = Object.values(world.vms)
  return {
    vms: vms.length,
    nestedPages,
    processPages,
    residentPages,
    wiredPages: wired,
    swappedPages,
    objects: objects.length,
    held: vms.reduce((sum, vm) => sum + heldBy(vm), 0),
    shared: vms.reduce((sum, vm) => sum + sharersOf(world, vm), 0),
    byEntries: Object.values(world.processes).reduce((sum, { entries }) => sum + entries.length, 0),
    byNestedMaps: vms.reduce((sum, { space }) => sum + (space?.length ?? 0), 0),
    bySlots: vms.reduce((sum, { slots }) => sum + slots.filter(({ object }) => object !== null).length, 0),
  }
}

/** Wired pages of objects, counted one by one. */
export function wiredPagesOf({ memory, objects }: World): number {
  let wired = 0
  for (const { ref } of Object.values(objects))
    memory.eachResident(ref, (_, frame) => {
      if (memory.wireCount(frame) > 0) wired += 1
    })
  return wired
}

/** Ranges with memory behind them that the VM itself holds. */
function heldBy(vm: Vm): number {
  return vm.slots.filter(({ memtype, gpa }) => memtype !== VM_MEM_MMIO && backingOf(vm, pageOf(gpa)) !== null).length
}

/** How often the memory at the start of each range is mapped by a process. */
function sharersOf({ processes }: World, vm: Vm): number {
  let sharers = 0
  for (const { gpa, memtype } of vm.slots) {
    const backing = memtype === VM_MEM_MMIO ? null : backingOf(vm, pageOf(gpa))
    if (backing === null) continue
    for (const { entries } of Object.values(processes))
      for (const entry of entries)
        if (entry.object === backing.object && entry.offset <= backing.index && backing.index < lastOf(entry))
          sharers += 1
  }
  return sharers
}

function lastOf({ start, size, offset: first }: { start: number; size: number; offset: number }): number {
  return first + pageOf(offset(start, size)) - pageOf(start)
}

function isAtRest({ vms }: World): boolean {
  return Object.values(vms).every(({ life }) => life === 'registered')
}

/** The fields in which two worlds differ and must not. */
export function differencesOf(
  worlds: readonly [World, World],
  tallies: readonly [Tally, Tally],
): readonly (keyof Tally)[] {
  const compared = worlds.every(isAtRest) ? [...AT_REST, ...MUST_AGREE] : MUST_AGREE
  return compared.filter((field) => tallies[0][field] !== tallies[1][field])
}
