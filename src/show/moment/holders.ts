/**
 * Who holds the references of a memory object, and whether the count says the same.
 */
import { hex } from '../../../events/address.ts'
import type { MemoryObject, World } from '../../model/world.ts'
import { vmName } from '../names.ts'
import { count } from '../table.ts'
import { type Part, section } from './part.ts'

/** One reference and who must give it back; `counts` is -1 for one that is used and was never taken. */
type Holder = {
  readonly kind: 'entry' | 'nested' | 'slot' | 'carried' | 'owed'
  readonly by: string
  readonly counts: 1 | -1
}

/** Every holder of the object, in the order in which references come about. */
export function holdersOf(world: World, object: MemoryObject): readonly Holder[] {
  const held = (kind: Holder['kind'], by: string, counts: Holder['counts'] = 1): Holder => ({ kind, by, counts })
  return [
    ...object.carried.map((thread) => held('carried', `thread ${thread}, until an entry absorbs it`)),
    ...Object.values(world.processes).flatMap(({ pid, entries }) =>
      entries
        .filter((entry) => entry.object === object.ref)
        .map(({ start, size }) => held('entry', `pid ${pid}, entry ${hex(start)} to ${hex(start + size)}`)),
    ),
    ...Object.values(world.vms).flatMap((vm) =>
      vm.slots.flatMap((slot, index) =>
        slot.object === object.ref ? [held('slot', `${vmName(vm)}, slot ${index}`)] : [],
      ),
    ),
    ...Object.values(world.vms).flatMap((vm) =>
      (vm.space ?? [])
        .filter((entry) => entry.object === object.ref)
        .map(({ start, size }) => held('nested', `${vmName(vm)}, entry gpa ${hex(start)} to ${hex(start + size)}`)),
    ),
    ...object.owed.map((thread) => held('owed', `thread ${thread}, whose entry uses a reference nobody took`, -1)),
  ]
}

/** The object with its holders; the sum of what they count for is what uo_refs should be. */
export function holdersPart(world: World, object: MemoryObject): Part {
  const { memory } = world
  const holders = holdersOf(world, object)
  const sum = holders.reduce((total, { counts }) => total + counts, 0)
  const resident: { index: number; frame: number; wires: number }[] = []
  memory.eachResident(object.ref, (index, frame) => {
    resident.push({ index, frame, wires: memory.wireCount(frame) })
  })
  const { name, kind, pages, refs } = object
  return {
    name: 'holders',
    data: { name, kind, pages, refs, holders, resident, swapped: memory.swapCount(object.ref) },
    lines: (paint) => [
      ...section(
        `${name}: ${kind} of ${count(pages, 'page')}, ${resident.length} resident, ${memory.swapCount(object.ref)} swapped`,
        holders.map(({ kind: what, by, counts }) => `  ${counts > 0 ? '+1' : '-1'}  ${what.padEnd(7)}  ${by}`),
        paint,
      ),
      refs === sum
        ? `uo_refs ${refs}, and the holders say ${sum}`
        : paint.red(`uo_refs ${refs}, but the holders say ${sum}`),
    ],
  }
}
