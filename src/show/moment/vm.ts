/**
 * One VM: its life, its references, its vCPUs, its nested tables and its slots.
 */
import { hex } from '../../../events/address.ts'
import type { Vm, World } from '../../model/world.ts'
import { bytesText, objectName, vcpuState, vmName } from '../names.ts'
import type { Paint } from '../paint.ts'
import { count, table } from '../table.ts'
import { slotsPart } from './overview.ts'
import { type Part, section } from './part.ts'

export function vmPart(world: World, vm: Vm): Part {
  const { memory } = world
  const pmap = vm.pmap === null ? null : (world.pmaps[vm.pmap] ?? null)
  const tables =
    pmap === null
      ? null
      : {
          ...pmap,
          leaves: memory.leafCount(pmap.ref),
          tables: memory.tableCount(pmap.ref),
          root: memory.rootFrame(pmap.ref),
        }
  const slots = slotsPart(world, [vm])
  return {
    name: 'vm',
    data: { ...vm, pmap: tables, slots: slots.data },
    lines: (paint) => [
      ...section(
        `${vmName(vm)} '${vm.name}': ${vm.life}, ${bytesText(vm.memorySize)}, created by pid ${vm.creator}`,
        [
          `refs     vm_refcnt ${vm.refcnt}, held by ${vm.holders.join(', ') || 'nobody'}${vm.dying ? '; vm_dying is set' : ''}`,
          ...vm.vcpus.map(
            (vcpu) => `vcpu ${vcpu.id}   ${vcpuState(vcpu)}${vcpu.lock === null ? '' : `; vc_lock of ${vcpu.lock}`}`,
          ),
          tables === null
            ? 'pmap     none'
            : `pmap     ${tables.kind}, root ${hex(tables.root)}, ${count(tables.leaves, 'leaf', 'leaves')}, ${count(
                tables.tables,
                'table',
              )}, resident_count ${tables.resident}`,
        ],
        paint,
      ),
      ...(vm.space === null ? [] : ['', ...nestedLines(world, vm.space, paint)]),
      '',
      ...slots.lines(paint),
    ],
  }
}

/** vm_map of the design before the patch: what lies where in guest-physical space. */
function nestedLines(world: World, space: NonNullable<Vm['space']>, paint: Paint): string[] {
  const columns = [
    { title: 'gpa', align: 'right' },
    { title: 'end', align: 'right' },
    { title: 'object' },
    { title: 'offset', align: 'right' },
  ] as const
  const rows = space.map(({ start, size, object, offset }) => [
    hex(start),
    hex(start + size),
    objectName(world, object),
    String(offset),
  ])
  return section(`nested map: ${count(space.length, 'entry', 'entries')}`, table(columns, rows, paint), paint)
}
