/**
 * Who owns the memory of a world: what processes have mapped, what VMs have, and who holds the objects behind it.
 */
import { addressOf, hex, pageOf } from '../../events/address.ts'
import { holdingsOf } from '../model/backing.ts'
import type { World } from '../model/world.ts'
import { holdersOf } from '../show/moment/holders.ts'
import { bytesText, objectName, vmName } from '../show/names.ts'

/** One mapping, nested entry, slot or object in words. */
export type Owners = {
  /** Process maps. */
  readonly maps: readonly string[]
  /** The maps of guest-physical space, or vmm's slots, of VMs. */
  readonly vms: readonly string[]
  /** Objects with their reference counts and named holders. */
  readonly objects: readonly string[]
}

export function ownersOf(world: World): Owners {
  return {
    maps: Object.values(world.processes).flatMap(({ pid, entries }) =>
      entries.map(({ start, size, object, offset, immutable, wired, prot }) => {
        const marks = [
          ...(immutable ? ['sealed'] : []),
          ...(wired > 0 ? ['locked'] : []),
          ...(prot === 'rw' ? [] : [prot]),
        ]
        return [`${pid}: ${hex(start)} ${bytesText(size)} ${pageName(world, object, offset)}`, ...marks].join(' ')
      }),
    ),
    vms: Object.values(world.vms).flatMap((vm) =>
      holdingsOf(vm).map(({ object, first, offset, pages }) => {
        const slot = vm.slots.findIndex(({ gpa }) => pageOf(gpa) === first)
        const kind = vm.space === null ? `slot ${slot}` : 'nested map'
        return `${vmName(vm)} ${kind}: gpa ${hex(addressOf(first))} ${bytesText(addressOf(pages))} ${pageName(world, object, offset)}`
      }),
    ),
    objects: Object.values(world.objects).map((object) => {
      const holders = new Map<string, number>()
      for (const { kind, by } of holdersOf(world, object)) {
        const name = holderName(kind, by)
        holders.set(name, (holders.get(name) ?? 0) + 1)
      }
      const named = [...holders].map(([name, times]) => (times === 1 ? name : `${name} ×${times}`))
      return `${object.name} refs ${object.refs}: ${named.join(', ') || 'nobody'}`
    }),
  }
}

/** Without the address, which is told with the map itself. */
function holderName(kind: string, by: string): string {
  const [whose = by] = by.split(', entry')
  if (kind === 'entry') return `map of ${whose}`
  return kind === 'nested' ? `nested map of ${whose}` : whose.replace(', slot', ' slot')
}

function pageName(world: World, object: number, page: number): string {
  return page === 0 ? objectName(world, object) : `${objectName(world, object)}:${page}`
}
