/**
 * The walk of a guest-physical address through the nested tables, level by level, as the MMU would.
 */
import { addressOf, hex, PAGE_SIZE, pageOf } from '../../../events/address.ts'
import type { Vm, World } from '../../model/world.ts'
import { frameUse, memtypeName, vmName } from '../names.ts'
import { table } from '../table.ts'
import { type Part, section } from './part.ts'

/** Tables by their level, which counts from the leaves. */
const TABLES = ['', 'page table', 'page directory', 'PDPT', 'root']

/** @param gpa any guest-physical byte below 2^52. */
export function walkPart(world: World, vm: Vm, gpa: number): Part {
  const { memory } = world
  const index = vm.slots.findIndex((slot) => slot.gpa <= gpa && gpa < slot.gpa + slot.size)
  const slot = vm.slots[index]
  const steps = vm.pmap === null ? [] : memory.walk(vm.pmap, pageOf(gpa))
  const leaf = vm.pmap === null ? null : memory.leafAt(vm.pmap, pageOf(gpa))
  const hpa = leaf === null ? null : addressOf(leaf.frame) + (gpa % leafBytes(leaf.level))
  const columns = [
    { title: 'level', align: 'right' },
    { title: 'table' },
    { title: 'frame', align: 'right' },
    { title: 'index', align: 'right' },
    { title: 'entry' },
    { title: 'points to' },
  ] as const
  const rows = steps.map((step) => [
    String(step.level),
    TABLES[step.level] ?? '',
    hex(step.table),
    String(step.index),
    step.entry,
    step.frame === null ? '-' : `${hex(step.frame)} ${frameUse(world, step.frame)}`,
  ])
  const hva = slot === undefined || slot.hva === null ? null : slot.hva + (gpa - slot.gpa)
  return {
    name: 'walk',
    data: {
      vm: vm.id,
      gpa,
      slot: slot === undefined ? null : index,
      memtype: slot?.memtype ?? null,
      hva,
      steps,
      leaf,
      hpa,
    },
    lines: (paint) => [
      ...section(
        `${vmName(vm)} gpa ${hex(gpa)}: ${slot === undefined ? 'in no slot' : `slot ${index} (${memtypeName(slot.memtype)})`}`,
        vm.pmap === null ? ['no nested tables'] : table(columns, rows, paint),
        paint,
      ),
      ...(hva === null ? [] : [`hva      ${hex(hva)} of pid ${vm.creator}`]),
      leaf === null || hpa === null
        ? paint.yellow(`missing  the walk ends at level ${steps.at(-1)?.level ?? 4}: a guest's access faults`)
        : `hpa      ${hex(hpa)} ${rights(leaf)}, ${frameUse(world, leaf.frame)}, wire count ${memory.wireCount(leaf.frame)}`,
    ],
  }
}

/** Bytes that a leaf of a level maps. */
function leafBytes(level: number): number {
  return PAGE_SIZE * 512 ** (level - 1)
}

function rights({
  read,
  write,
  execute,
}: {
  readonly read: boolean
  readonly write: boolean
  readonly execute: boolean
}): string {
  return `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`
}
