/**
 * One VM: its life, its references, its vCPUs, its nested tables and its slots.
 */
import { hex } from '../../../events/address.ts'
import { type GuestState, pagingOf } from '../../model/guest.ts'
import type { Vcpu, Vm, World } from '../../model/world.ts'
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
          ...vm.vcpus.flatMap((vcpu) => [
            `vcpu ${vcpu.id}   ${vcpuState(vcpu)}${vcpu.lock === null ? '' : `; vc_lock of ${vcpu.lock}`}`,
            ...(vcpu.guest === undefined ? [] : guestLines(vcpu.guest)),
            placeLine(vcpu),
          ]),
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

/** Where a vCPU ran last as far as the kernel knows, what it is told apart by, and where its VMCS is. */
function placeLine({ asid, lastCpu, vmcs, tlbControl, nestedCr3 }: Vcpu): string {
  const last = lastCpu === null ? 'ran nowhere yet' : `last on CPU ${lastCpu}`
  const root = nestedCr3 === null ? '' : `, nested root ${hex(nestedCr3)}`
  if (vmcs === null)
    return `         ASID ${asid}, ${last}${tlbControl === 'flush' ? ', flushed when it runs' : ''}${root}`
  const active = vmcs.active.length === 0 ? 'active nowhere' : `active on CPU ${vmcs.active.join(', ')}`
  return `         VPID ${asid}, ${last}, VMCS ${vmcs.state}, ${active}`
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

/** What is kept of a guest: its registers, and its clock and what waits for it, where there is any. */
function guestLines({ registers, clockGpa, clockVersion, interrupt, exception }: GuestState): string[] {
  const { cr0, cr3, cr4, efer, pdptes } = registers
  const more = [
    ...(clockGpa === 0 ? [] : [`clock at ${hex(clockGpa)}, version ${clockVersion}`]),
    ...(interrupt ? ['an interrupt waits'] : []),
    ...(exception === null ? [] : [`exception ${exception} waits`]),
  ]
  return [
    `         cr0 ${hex(cr0)} cr3 ${hex(cr3)} cr4 ${hex(cr4)} efer ${hex(efer)}, ${pagingOf(registers) === 'none' ? 'no' : pagingOf(registers)} paging`,
    ...(pdptes.some((entry) => entry !== 0) ? [`         pdptes ${pdptes.map(hex).join(' ')}`] : []),
    ...(more.length === 0 ? [] : [`         ${more.join('; ')}`]),
  ]
}
