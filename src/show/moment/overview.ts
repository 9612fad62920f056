/**
 * All of the world at a glance: the device, the VMs, the processes, the objects, the frames.
 */
import { hex } from '../../../events/address.ts'
import type { World } from '../../model/world.ts'
import { bytesText, memtypeName, objectName, vcpuState, vmName } from '../names.ts'
import { count, table } from '../table.ts'
import { type Part, section } from './part.ts'

/** The device's own counts. */
export function devicePart({ softc, panic, failpoints, pagedaemon, holds, boot, pools, gaps }: World): Part {
  const { status, on, refcnt, inside, vmCt, vcpuCt, vmIdx } = softc
  return {
    name: 'device',
    data: { softc, panic, failpoints, pagedaemon, holds, boot, pools, gaps },
    lines: (paint) => [
      `device   ${status}, virtualization ${on ? 'on' : 'off'}, ${count(inside.length, 'request')} inside${
        inside.length > 0 ? ` (${inside.join(', ')})` : ''
      }, sc_refcnt ${refcnt}`,
      `counts   vm_ct ${vmCt}, vcpu_ct ${vcpuCt} of ${boot.vcpuMax}, vm_idx ${vmIdx}, nested paging ${boot.mode}`,
      ...(panic === null ? [] : [paint.red(`panic    ${panic.fn} (${panic.kind})`)]),
      ...failpoints.map(({ fn, k, errno }) => `armed    ${fn} fails with ${errno} in ${count(k, 'call')}`),
      ...(pagedaemon === 'idle' ? [] : ['daemon   the page daemon is evicting a page']),
      ...(gaps === 0 ? [] : [`gaps     the trace lost events or did not tell ${count(gaps, 'time')}`]),
      ...Object.entries(holds).map(([as, vm]) => `hold     '${as}' on vm #${vm}`),
    ],
  }
}

/** A line for each VM. */
export function vmsPart(world: World): Part {
  const vms = Object.values(world.vms).map((vm) => {
    const pmap = vm.pmap === null ? null : (world.pmaps[vm.pmap] ?? null)
    const { ref, id, name, life, creator, refcnt, holders, vcpus, slots, memorySize } = vm
    return {
      ref,
      id,
      name,
      life,
      creator,
      refcnt,
      holders,
      vcpus,
      slots: slots.length,
      memorySize,
      resident: pmap?.resident ?? null,
    }
  })
  const columns = [
    { title: 'vm' },
    { title: 'name' },
    { title: 'life' },
    { title: 'creator', align: 'right' },
    { title: 'memory', align: 'right' },
    { title: 'slots', align: 'right' },
    { title: 'resident', align: 'right' },
    { title: 'vcpus' },
    { title: 'refs', align: 'right' },
    { title: 'holders' },
  ] as const
  const rows = vms.map((vm) => [
    vmName(vm).slice(3),
    vm.name,
    vm.life,
    String(vm.creator),
    bytesText(vm.memorySize),
    String(vm.slots),
    vm.resident === null ? '-' : String(vm.resident),
    vm.vcpus.map(vcpuState).join('; ') || '-',
    String(vm.refcnt),
    vm.holders.join(', ') || '-',
  ])
  return {
    name: 'vms',
    data: vms,
    lines: (paint) => section(count(rows.length, 'VM'), rows.length === 0 ? [] : table(columns, rows, paint), paint),
  }
}

/** A line for each process. */
export function processesPart(world: World): Part {
  const processes = Object.values(world.processes)
    .sort((a, b) => a.born - b.born)
    .map(({ pid, pledge, entries, pmap, signalled, exiting, killed }) => {
      const { resident = 0, wired = 0 } = world.pmaps[pmap] ?? {}
      return { pid, pledge, entries: entries.length, resident, wired, signalled, exiting, killed }
    })
  const columns = [
    { title: 'pid', align: 'right' },
    { title: 'entries', align: 'right' },
    { title: 'resident', align: 'right' },
    { title: 'wired', align: 'right' },
    { title: 'pledge' },
    { title: 'marks' },
  ] as const
  const rows = processes.map((one) => [
    String(one.pid),
    String(one.entries),
    String(one.resident),
    String(one.wired),
    one.pledge.join(', ') || '-',
    [
      ...(one.signalled ? ['signalled'] : []),
      ...(one.exiting ? ['exiting'] : []),
      ...(one.killed ? ['broke its pledge'] : []),
    ].join(', '),
  ])
  return {
    name: 'processes',
    data: processes,
    lines: (paint) =>
      section(count(rows.length, 'process', 'processes'), rows.length === 0 ? [] : table(columns, rows, paint), paint),
  }
}

/** A line for each memory object: its references, and its pages. */
export function objectsPart(world: World): Part {
  const { memory } = world
  const objects = Object.values(world.objects).map((object) => {
    let wired = 0
    memory.eachResident(object.ref, (_, frame) => {
      if (memory.wireCount(frame) > 0) wired += 1
    })
    const { name, kind, pages, refs } = object
    const resident = memory.residentCount(object.ref)
    return {
      name,
      kind,
      pages,
      refs,
      resident,
      wired,
      swapped: memory.swapCount(object.ref),
      slots: slotsOf(world, object.ref),
    }
  })
  const columns = [
    { title: 'object' },
    { title: 'kind' },
    { title: 'pages', align: 'right' },
    { title: 'refs', align: 'right' },
    { title: 'resident', align: 'right' },
    { title: 'wired', align: 'right' },
    { title: 'swapped', align: 'right' },
    { title: 'slots' },
  ] as const
  const rows = objects.map(({ name, kind, pages, refs, resident, wired, swapped, slots }) => [
    name,
    kind,
    ...[pages, refs, resident, wired, swapped].map(String),
    slots.join(', ') || '-',
  ])
  return {
    name: 'objects',
    data: objects,
    lines: (paint) =>
      section(count(rows.length, 'object'), rows.length === 0 ? [] : table(columns, rows, paint), paint),
  }
}

function slotsOf(world: World, object: number): string[] {
  return Object.values(world.vms).flatMap((vm) =>
    vm.slots.flatMap((slot, index) => (slot.object === object ? [`${vmName(vm)} slot ${index}`] : [])),
  )
}

/** Frames in use, by what they hold. */
export function framesPart(world: World): Part {
  const { memory } = world
  const uses = { object: 0, table: 0, kernel: 0 }
  let wired = 0
  memory.eachFrame((frame) => {
    const use = memory.use(frame)
    if (use === 'free') return
    uses[use] += 1
    if (use === 'object' && memory.wireCount(frame) > 0) wired += 1
  })
  const data = {
    ...uses,
    wired,
    used: memory.framesUsed,
    frames: memory.framesMax,
    swap: world.swapUsed,
    pv: memory.pvCount,
  }
  return {
    name: 'frames',
    data,
    lines: () => [
      `frames   ${data.used} of ${data.frames} used: ${uses.object} of objects (${wired} wired), ${uses.table} tables, ${uses.kernel} kernel`,
      `paging   ${count(world.swapUsed, 'swap slot')} used, ${count(memory.pvCount, 'pv entry', 'pv entries')}`,
    ],
  }
}

/** Where each slot of the VMs stands in its life. */
export function slotsPart(world: World, vms: readonly World['vms'][number][]): Part {
  const slots = vms.flatMap((vm) =>
    vm.slots.map(({ gpa, size, memtype, hva, object, backing, life }, index) => ({
      vm: vm.id,
      ref: vm.ref,
      slot: index,
      gpa,
      size,
      memtype,
      hva,
      object: object === null ? null : objectName(world, object),
      backing: backing === null ? null : objectName(world, backing),
      refs: backing === null ? null : (world.objects[backing]?.refs ?? null),
      life,
    })),
  )
  const columns = [
    { title: 'vm' },
    { title: 'slot', align: 'right' },
    { title: 'gpa', align: 'right' },
    { title: 'end', align: 'right' },
    { title: 'type' },
    { title: 'size', align: 'right' },
    { title: 'hva', align: 'right' },
    { title: 'object' },
    { title: 'refs', align: 'right' },
    { title: 'life' },
  ] as const
  const rows = slots.map((one) => [
    vmName({ id: one.vm, ref: one.ref }).slice(3),
    String(one.slot),
    hex(one.gpa),
    hex(one.gpa + one.size),
    memtypeName(one.memtype),
    bytesText(one.size),
    one.hva === null ? '-' : hex(one.hva),
    one.object ?? (one.backing === null ? '-' : `(${one.backing})`),
    one.refs === null ? '-' : String(one.refs),
    one.life,
  ])
  return {
    name: 'slots',
    data: slots,
    lines: (paint) => section(count(rows.length, 'slot'), rows.length === 0 ? [] : table(columns, rows, paint), paint),
  }
}
