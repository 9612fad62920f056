/**
 * What things are called on screens.
 */
import { hex } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { Pmap, Vcpu, Vm, World } from '../model/world.ts'
import { VCPU_STOPPED } from '../model/world.ts'
import { plain } from '../tape/text.ts'

/** vc_state in words. @source machine/vmmvar.h */
const VCPU_STATES = ['stopped', 'running', 'reqterm', 'terminated', 'unknown']

const MEMTYPES = ['ram', 'reserved', 'mmio']

/** `vm 1`; a VM that was never registered has no id, and is called `vm #2` by its order of creation. */
export function vmName(vm: Pick<Vm, 'id' | 'ref'>): string {
  return vm.id === 0 ? `vm #${vm.ref}` : `vm ${vm.id}`
}

/** `nested vm 1` or `pid 100`. */
export function pmapName(world: World, pmap: Pmap): string {
  if (pmap.owner.kind === 'process') return `pid ${pmap.owner.pid}`
  const vm = world.vms[pmap.owner.vm]
  return `nested ${vm === undefined ? `vm #${pmap.owner.vm}` : vmName(vm)}`
}

/** The name of an object, as `a1`. */
export function objectName(world: World, object: number): string {
  return world.objects[object]?.name ?? `object #${object}`
}

/** What a frame holds: `a1:3`, `table of nested vm 1`, `kernel` or `free`. */
export function frameUse(world: World, frame: number): string {
  const { memory } = world
  const use = memory.use(frame)
  if (use === 'object') return `${objectName(world, memory.owner(frame))}:${memory.pageIndex(frame)}`
  if (use !== 'table') return use
  const pmap = world.pmaps[memory.owner(frame)]
  return pmap === undefined ? 'table of a pmap that is gone' : `table of ${pmapName(world, pmap)}`
}

/** `ram`, `reserved` or `mmio`; another number as it is. */
export function memtypeName(memtype: number): string {
  return MEMTYPES[memtype] ?? String(memtype)
}

/** `stopped`, or the life where it says more: `running, in guest`. */
export function vcpuState({ state, life, lock }: Vcpu): string {
  const name = VCPU_STATES[state] ?? String(state)
  const more = [...(life === 'inGuest' ? ['in guest'] : life === 'handling' ? ['handling'] : [])]
  if (lock !== null && state !== VCPU_STOPPED) more.push(`by ${lock}`)
  return [name, ...more].join(', ')
}

/** An event in one line: its type and its fields, addresses in hex. */
export function eventText(event: VmmEvent): string {
  const fields = plain(event, '') as Readonly<Record<string, unknown>>
  const parts = Object.entries(fields).flatMap(([key, value]) =>
    key === 'type' ? [] : [`${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`],
  )
  return [event.type, ...parts].join(' ')
}

/** Bytes as a person says them where they are a round number of units: `4 GiB`, else hex. */
export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const)
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`
  return hex(bytes)
}
