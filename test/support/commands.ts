/**
 * Commands that mean something: each is drawn with a look at the world, so that it mostly names what is there, and
 * now and then what is not. A draw of zeros gives the plainest command, so that runs shrink towards plain ones.
 */
import type { Word64 } from '../../events/address.ts'
import type { AccessMode, CallCommand, Failpoint, GuestCommand, Pledge, RangeRequest } from '../../events/command.ts'
import { FAILPOINTS } from '../../events/command.ts'
import type { Errno } from '../../events/errno.ts'
import type { Registers } from '../../events/guest.ts'
import type { Pid, VmId } from '../../events/ids.ts'
import type { Design } from '../../src/design/design.ts'
import { MSR_EFER, MSR_SYSTEM_TIME, MSR_WALL_CLOCK } from '../../src/kernel/vmm_instruction.ts'
import type { Vm, World } from '../../src/model/world.ts'
import { ghcbCommand, pspCommand } from './psp-commands.ts'

/** A whole number from 0 to `limit` - 1. */
export type Draw = (limit: number) => number

export const PAGE = 4096
const MIB = 2 ** 20
const PIDS: readonly Pid[] = [100, 200, 300]
const PLEDGES: readonly (readonly Pledge[])[] = [[], ['vmm', 'proc'], ['vmm'], ['proc']]
/** Where hints and mappings at fixed addresses lie: few places, so that they meet. */
const LOW: readonly number[] = [0x200000, 0x201000, 0x205000, 0x400000]
const HOLE = 0x40000000
/** Where processes have memory of their own that a VM of the design before the patch can share. */
export const SHARED = 0x600000
const SHARED_PAGES = 16

const pick = <Item>(items: readonly Item[], draw: Draw): Item => items[draw(items.length)] as Item
const rarely = (draw: Draw, one = 12): boolean => draw(one) === one - 1

const ram = (gpa: Word64, pages: number, va: Word64 = 0): RangeRequest => ({ gpa, size: pages * PAGE, memtype: 0, va })
const mmio = (gpa: Word64, pages: number): RangeRequest => ({ gpa, size: pages * PAGE, memtype: 2, va: 0 })

/** Layouts of guest memory; the last two are refused. */
const LAYOUTS: readonly (readonly RangeRequest[])[] = [
  [ram(0, 2)],
  [ram(0, 1), ram(PAGE, 2)],
  [ram(0, 2), mmio(2 * PAGE, 1), ram(3 * PAGE, 1)],
  [ram(0, 3, 0x200000)],
  [ram(0, 1), ram(2 * MIB, 1), { ...ram(1024 * MIB, 1), memtype: 1 }],
  [mmio(0, 4), ram(4 * PAGE, 70)],
  [ram(2 * MIB - PAGE, 2), mmio(4 * MIB, 1)],
  [ram(PAGE, 2), ram(0, 1)],
  [mmio(0, 1)],
]

/** The layout as the design before the patch needs it: each range lies in memory that the caller has. */
function sharedLayout(ranges: readonly RangeRequest[]): readonly RangeRequest[] {
  return ranges.map((range) => ({ ...range, va: SHARED + (Number(range.gpa) % (SHARED_PAGES * PAGE)) }))
}

/** Memory for such a layout. */
export function mapShared(pid: Pid): CallCommand {
  return { type: 'host.mmap', pid, va: SHARED, size: SHARED_PAGES * PAGE, shared: true, conceal: true }
}

function pidOf(world: World, draw: Draw): Pid {
  const alive = Object.values(world.processes).map(({ pid }) => pid)
  return alive.length === 0 || rarely(draw, 16) ? pick(PIDS, draw) : pick(alive, draw)
}

function listed(world: World): readonly Vm[] {
  return world.softc.list.flatMap((ref) => world.vms[ref] ?? [])
}

function vmOf(world: World, draw: Draw): Vm | undefined {
  const vms = listed(world)
  return vms.length === 0 ? undefined : pick(vms, draw)
}

function idOf(world: World, draw: Draw): VmId {
  const vm = vmOf(world, draw)
  // An id that was given out before, or will be next.
  return vm === undefined || rarely(draw) ? draw(world.softc.vmIdx + 2) : vm.id
}

/** The process that made the VM, or another one. */
function callerOf(world: World, vm: Vm | undefined, draw: Draw): Pid {
  return vm === undefined || rarely(draw, 5) ? pidOf(world, draw) : vm.creator
}

function gpaOf(vm: Vm | undefined, draw: Draw): Word64 {
  if (vm === undefined || rarely(draw)) return pick([0, HOLE, 3 * PAGE, 2n ** 63n], draw)
  const slot = pick(vm.slots, draw)
  const page = draw(Math.min(3, slot.size / PAGE))
  return slot.gpa + page * PAGE + pick([0, 0, 0, 0x123], draw)
}

/** An address that the process has mapped, or one nearby. */
function vaOf(world: World, pid: Pid, draw: Draw): number {
  const entries = world.processes[pid]?.entries ?? []
  if (entries.length === 0 || rarely(draw, 8)) return pick([...LOW, 0x1000000000], draw)
  const entry = pick(entries, draw)
  return entry.start + draw(Math.min(4, entry.size / PAGE)) * PAGE
}

type Maker = (world: World, draw: Draw, design: Design) => CallCommand

const create: Maker = (world, draw, design) => {
  const pid = pidOf(world, draw)
  // Before the patch the memory of a VM is that of its creator, who must have some.
  const own = design.memoryFrom === 'creator' ? !rarely(draw, 8) : rarely(draw, 4)
  if (own && !world.processes[pid]?.entries.some(({ start }) => start === SHARED)) return mapShared(pid)
  const layout = pick(rarely(draw, 6) ? LAYOUTS : LAYOUTS.slice(0, 7), draw)
  const ranges = own ? sharedLayout(layout) : layout
  const count = rarely(draw, 24) ? { count: draw(4) } : {}
  const sev = rarely(draw, 4) ? { sev: true, seves: draw(2) === 0 } : {}
  return { type: 'ioc.create', pid, ranges, ncpus: rarely(draw, 24) ? 2 : 1, name: 'vm', ...count, ...sev }
}

const share: Maker = (world, draw) => {
  const vm = vmOf(world, draw)
  const at = rarely(draw, 4) ? SHARED : 0
  const ranges = (vm?.slots ?? []).map(({ gpa, size, memtype }) => ({
    gpa,
    size,
    memtype,
    va: at === 0 ? 0 : at + gpa,
  }))
  const wrong = rarely(draw, 10)
  return {
    type: 'ioc.sharemem',
    pid: pidOf(world, draw),
    vm: vm?.id ?? idOf(world, draw),
    ranges: wrong ? ranges.slice(1) : ranges,
    va: rarely(draw, 16) ? [0x200000] : [],
  }
}

const fault: Maker = (world, draw) => {
  const vm = vmOf(world, draw)
  return {
    type: 'guest.fault',
    pid: callerOf(world, vm, draw),
    vm: vm?.id ?? idOf(world, draw),
    vcpu: rarely(draw, 16) ? 1 : 0,
    gpa: gpaOf(vm, draw),
    handler: rarely(draw, 10) ? pick(['ept', 'rvi'] as const, draw) : null,
    direct: rarely(draw),
    qualification: rarely(draw, 10) ? draw(64) : 1,
    instructionLength: rarely(draw) ? draw(17) : 3,
    decodeAssist: !rarely(draw),
  }
}

const touch: Maker = (world, draw) => {
  const pid = pidOf(world, draw)
  const access: AccessMode = rarely(draw) ? pick(['r', 'x'] as const, draw) : 'rw'
  return { type: 'host.touch', pid, va: vaOf(world, pid, draw) + draw(2), access }
}

const munmap: Maker = (world, draw) => {
  const pid = pidOf(world, draw)
  return { type: 'host.munmap', pid, va: vaOf(world, pid, draw), size: (1 + draw(3)) * PAGE }
}

/** A part of what the process has mapped, to do something to. */
function partOf(world: World, draw: Draw): { readonly pid: Pid; readonly va: number; readonly size: number } {
  const pid = pidOf(world, draw)
  return { pid, va: vaOf(world, pid, draw), size: (1 + draw(3)) * PAGE }
}

/** What userland does to its own address space. */
const remap: Maker = (world, draw) => {
  const part = partOf(world, draw)
  const makers: readonly (() => CallCommand)[] = [
    () => ({ type: 'host.mprotect', ...part, prot: pick(['r', 'rw', 'none', 'rwx', 'rx', 'w'], draw) }),
    () => ({ type: 'host.minherit', ...part, inherit: pick(['share', 'none', 'copy', 'zero'], draw) }),
    () => ({
      type: 'host.madvise',
      ...part,
      advice: pick(['free', 'dontneed', 'willneed', 'random', 'sequential', 'normal'], draw),
    }),
    () => ({ type: 'host.msync', ...part, invalidate: draw(2) === 0 }),
    () => ({ type: 'host.mlock', ...part }),
    () => ({ type: 'host.munlock', ...part }),
    () => ({ type: 'host.mmap', ...part, fixed: true, shared: draw(2) === 0, prot: pick(['rw', 'r', 'rwx'], draw) }),
    () => mapShared(part.pid),
  ]
  return pick(makers, draw)()
}

const mprotectept: Maker = (world, draw) => {
  const vm = vmOf(world, draw)
  const at = { pid: callerOf(world, vm, draw), vm: vm?.id ?? idOf(world, draw), vcpu: 0 }
  return { type: 'ioc.mprotectept', ...at, gpa: gpaOf(vm, draw), size: (1 + draw(2)) * PAGE, prot: draw(8) }
}

const pageout: Maker = (world, draw) => {
  const resident: { readonly object: string; readonly page: number }[] = []
  for (const { ref, name } of Object.values(world.objects)) {
    world.memory.eachResident(ref, (page) => {
      resident.push({ object: name, page })
    })
  }
  const chosen = resident.length === 0 || rarely(draw) ? { object: 'a1', page: draw(3) } : pick(resident, draw)
  return { type: 'host.pageout', ...chosen }
}

/** A word: few, small or with all bits used. */
function wordOf(draw: Draw): Word64 {
  return pick([draw(3), 0x3007, 2 ** 45, 0x8000000000000067n, 2n ** 64n - 1n], draw)
}

/** An access whose contents matter. */
const contents: Maker = (world, draw) => {
  const pid = pidOf(world, draw)
  const va = vaOf(world, pid, draw)
  const word = rarely(draw, 3)
  if (draw(2) === 0) return { type: 'host.read', pid, va, ...(word ? { word } : {}) }
  if (word) return { type: 'host.write', pid, va: va + 8 * draw(3), word: wordOf(draw) }
  return { type: 'host.write', pid, va, value: draw(100) }
}

const scan: Maker = (world, draw, design) => {
  const { object, page } = pageout(world, draw, design) as Extract<CallCommand, { readonly type: 'host.pageout' }>
  return { type: draw(2) === 0 ? 'host.deactivate' : 'host.reclaim', object, page }
}

/** What a failing function may answer; the first is what it mostly does. */
const ERRNOS: Readonly<Partial<Record<Failpoint, readonly Errno[]>>> = {
  uvm_map_immutable: ['EPERM', 'EINVAL'],
  vcpu_init: ['ENOMEM', 'EINVAL'],
  vmm_start: ['EIO'],
  rw_enter: ['EINTR'],
  rwsleep: ['EINTR'],
  copyin: ['EFAULT'],
  copyout: ['EFAULT', 'EIO'],
  uvm_fault_wire: ['EFAULT', 'EACCES', 'EIO', 'ENOMEM'],
}

const fail: Maker = (_, draw) => {
  const fn = pick(FAILPOINTS, draw)
  return { type: 'fail.next', fn, k: 1 + draw(4), errno: pick(ERRNOS[fn] ?? ['ENOMEM'], draw) }
}

/** Registers of a guest that is about to translate, in one way or another. */
function registersOf(draw: Draw): Partial<Registers> {
  const paged = 0x80000001
  return pick(
    [
      {},
      { cr0: 1, cr4: 0x20, cr3: PAGE + 32 * draw(2) },
      { cr0: paged, cr4: 0x20, cr3: PAGE * draw(2), efer: 0x500 },
      { cr0: paged, cr3: PAGE * draw(3), cr4: 0x10 * draw(2) },
      { cr0: paged, cr4: 0x20, cr3: 8 + PAGE, pdptes: [PAGE + 1, 0, 0, 2n ** 63n] },
    ],
    draw,
  )
}

/** The ioctls about the guest's state. */
const state: Maker = (world, draw) => {
  const vm = vmOf(world, draw)
  const of = {
    pid: callerOf(world, vm, draw),
    vm: vm?.id ?? idOf(world, draw),
    vcpu: rarely(draw, 16) ? 1 : 0,
  }
  const mask = draw(16)
  const makers: readonly (() => CallCommand)[] = [
    () => ({ type: 'ioc.writeregs', ...of, mask, registers: registersOf(draw) }),
    () => ({ type: 'ioc.readregs', ...of, mask }),
    () => ({ type: 'ioc.readvmparams', ...of, mask: draw(4) }),
    () => ({ type: 'ioc.writevmparams', ...of, mask: draw(4), gpa: clockOf(vm, draw), version: draw(3) }),
    () => ({ type: 'ioc.intr', ...of, pending: draw(3) > 0 }),
    () => ({ type: 'ioc.resetcpu', ...of, registers: registersOf(draw) }),
    () => ({
      type: 'guest.translate',
      ...of,
      gva: pick([0, 0x1123, 0x200000, 0x3ff000, 2n ** 64n - 8n], draw),
      access: pick(['r', 'w', 'x'], draw),
      cpl: 3 * draw(2),
    }),
  ]
  return pick(makers, draw)()
}

/** Where a guest may want its clock: mostly where it may have it. */
function clockOf(vm: Vm | undefined, draw: Draw): Word64 {
  const gpa = gpaOf(vm, draw)
  return typeof gpa === 'number' ? gpa - (gpa % PAGE) + pick([1, 0, 0x11, 0xfe1, 0xff1], draw) : gpa
}

/** A thread goes on on another CPU, mostly one that may. */
const migrate: Maker = (world, draw) => {
  const threads = Object.keys(world.threads)
  const cpu = draw(world.cpus.length + (rarely(draw) ? 1 : 0))
  return { type: 'host.migrate', thread: threads.length === 0 ? 'nobody' : pick(threads, draw), cpu }
}

const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [6, create],
  [10, fault],
  [8, touch],
  [8, share],
  [8, (world, draw) => runOf(world, draw)],
  [8, pageout],
  [6, migrate],
  [5, (world, draw) => ({ type: 'ioc.term', pid: pidOf(world, draw), vm: idOf(world, draw) })],
  [6, fail],
  [5, munmap],
  [6, contents],
  [4, state],
  [6, scan],
  [8, remap],
  [1, mprotectept],
  [3, (world, draw) => ({ type: 'host.fork', pid: pidOf(world, draw), child: pick(PIDS, draw) })],
  [1, (world, draw) => ({ type: 'host.exec', pid: pidOf(world, draw) })],
  [1, (world, draw) => ({ type: 'host.coredump', pid: pidOf(world, draw) })],
  [
    3,
    (world, draw) => ({
      type: 'host.mmap',
      pid: pidOf(world, draw),
      va: pick([null, ...LOW], draw),
      size: (1 + draw(3)) * PAGE,
    }),
  ],
  [
    3,
    (_, draw) => ({
      type: 'host.spawn',
      pid: pick(PIDS, draw),
      pledge: rarely(draw, 3) ? pick(PLEDGES, draw) : [],
    }),
  ],
  [1, (world, draw) => ({ type: 'host.pledge', pid: pidOf(world, draw), pledge: pick([...PLEDGES, ['stdio']], draw) })],
  [2, (world, draw) => ({ type: 'host.exit', pid: pidOf(world, draw) })],
  [2, (world, draw) => ({ type: 'ioc.info', pid: pidOf(world, draw), size: pick([160 * 600, 160, 0], draw) })],
  [2, (world, draw) => ({ type: 'ioc.resetcpu', pid: pidOf(world, draw), vm: idOf(world, draw), vcpu: 0 })],
  [
    2,
    (world, draw) => ({
      type: 'host.hold',
      pid: pidOf(world, draw),
      vm: idOf(world, draw),
      as: pick(['h', 'i'], draw),
    }),
  ],
  [3, (_, draw) => ({ type: 'host.release', as: pick(['h', 'i'], draw) })],
  [1, (world, draw) => ({ type: 'host.signal', pid: pidOf(world, draw) })],
  [1, (world, draw) => ({ type: 'host.poke', vm: idOf(world, draw), vcpu: 0, state: draw(5) })],
  [1, (world, draw) => ({ type: 'host.muststop', pid: pidOf(world, draw), vm: idOf(world, draw) })],
  [1, ({ softc }) => ({ type: softc.status === 'active' ? 'host.suspend' : 'host.wakeup' })],
  [6, (world, draw) => pspCommand(world, { ...partOf(world, draw), vm: vmOf(world, draw)?.id ?? 1 }, draw)],
  [1, (world, draw) => ({ type: 'ioc.unknown', pid: pidOf(world, draw), request: 0x5600 })],
]
const WEIGHTS = MAKERS.reduce((sum, [weight]) => sum + weight, 0)

function runOf(world: World, draw: Draw): CallCommand {
  const vm = vmOf(world, draw)
  return {
    type: 'ioc.run',
    pid: callerOf(world, vm, draw),
    vm: vm?.id ?? idOf(world, draw),
    vcpu: rarely(draw, 16) ? 1 : 0,
  }
}

/** A command for a thread of its own. */
export function drawCommand(world: World, draw: Draw, design: Design): CallCommand {
  // Where little is possible, what makes more possible comes first.
  if (draw(3) > 0) {
    if (world.softc.status === 'suspended') return { type: 'host.wakeup' }
    if (Object.keys(world.processes).length === 0) return { type: 'host.spawn', pid: pick(PIDS, draw), pledge: [] }
    if (world.softc.list.length === 0) return create(world, draw, design)
  }
  let left = draw(WEIGHTS)
  for (const [weight, make] of MAKERS) {
    if (left < weight) return make(world, draw, design)
    left -= weight
  }
  throw new RangeError(`drew ${left} too many`)
}

/** What the guest of `vm` does next. */
export function drawGuest(vm: Vm, vcpu: number, draw: Draw): GuestCommand {
  if (rarely(draw, 4)) return { type: 'guest.leave', vm: vm.id, vcpu }
  if (rarely(draw, 6)) {
    const crs = [0x1, 0x21, 0x80000021, 0x80000001, 0x20, 0x2020, PAGE, PAGE + 0x20]
    return { type: 'guest.writecr', vm: vm.id, vcpu, cr: pick([0, 4, 3], draw), word: pick(crs, draw) }
  }
  if (rarely(draw, 6)) {
    const msr = pick([MSR_SYSTEM_TIME, MSR_WALL_CLOCK, MSR_EFER, 0x10], draw)
    return { type: 'guest.wrmsr', vm: vm.id, vcpu, msr, word: msr === MSR_EFER ? 0x100 * draw(6) : clockOf(vm, draw) }
  }
  if (vm.vcpus[0]?.sev === 'seves' && rarely(draw, 2)) return ghcbCommand(vm.id, gpaOf(vm, draw), draw)
  const tlb = rarely(draw, 3) ? { tlb: true } : {}
  const touch = { type: 'guest.touch', vm: vm.id, vcpu, gpa: gpaOf(vm, draw), ...tlb } as const
  if (rarely(draw, 4)) return { ...touch, access: 'r', value: null }
  if (rarely(draw, 4)) return { ...touch, access: 'w', value: draw(100) }
  if (rarely(draw, 4)) return { ...touch, access: 'w', word: wordOf(draw) }
  if (rarely(draw, 6)) return { ...touch, access: 'r', word: null }
  return { ...touch, access: pick(['rw', 'r', 'w', 'x'], draw) }
}
