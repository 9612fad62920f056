/**
 * Events that no design records: one wrong step for each thing that must hold. They are told to the reducers, as a
 * tape would, after a run in which all was well.
 */

import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { IocCreate } from '../../events/command.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import { createRun } from '../../src/engine/run.ts'
import { Monitor, type Violation } from '../../src/invariant/index.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_EXECUTE, LEAF_READ, LEAF_TRACKED, LEAF_WRITE, packLeaf } from '../../src/model/memory.ts'
import { bootWorld, type World } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import { expectSameAsWhole, isJudged } from './judged.ts'
import { WRONG_CPU } from './wrong-cpu.ts'
import { WRONG_GUEST } from './wrong-guest.ts'
import { WRONG_SEV } from './wrong-sev.ts'

const PAGE = 4096
const HVA = 0x1000000000
/** The pmaps of process 100, of process 200 and of the VM; the frame of the page that both ends have. */
const [CREATOR, NESTED] = [1, 3]

/** A wrong step: an event, or several that are one step. */
type Step = Loose | readonly Loose[]
/** An event whose names and addresses are plain numbers. */
export type Loose = { readonly type: VmmEvent['type'] } & Readonly<Record<string, unknown>>

export type Wrong = {
  /** The invariant that says so. */
  readonly name: string
  readonly mode?: Boot['mode']
  /** Whose call the steps belong to, and what it was asked; nobody's without it. */
  readonly call?: Loose
  readonly steps: (frame: number, world: World) => readonly Step[]
}

const ALL_RIGHTS = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE
const enter = (page: number, frame: number, flags: number, old = -1): Loose => ({
  type: 'pmap.entered',
  pmap: NESTED,
  va: page * PAGE,
  level: 1,
  frame,
  flags,
  old,
})
const CREATORS_PAGE = { kind: 'process', pid: 100, va: HVA } as const
const CREATE: Omit<IocCreate, 'type'> = {
  pid: 100,
  ranges: [{ gpa: 0, size: PAGE, memtype: 0, va: HVA }],
  ncpus: 1,
  name: 'vm',
}
const allocated = (vm: number): Loose => ({
  type: 'vm.allocated',
  vm,
  pid: 100,
  name: 'vm',
  ranges: [{ gpa: 0, size: PAGE, memtype: 0, hint: 0 }],
  memorySize: PAGE,
})
const info = (...ids: readonly number[]): Loose => ({
  type: 'call.replied',
  thread: 'x',
  reply: {
    ok: true,
    count: ids.length,
    need: null,
    vms: ids.map((id) => ({ id, pid: 100, name: 'vm', memorySize: PAGE, usedSize: PAGE, ncpus: 1, states: [] })),
  },
})
const freed = (frame: number): Loose => ({ type: 'page.freed', object: 1, index: 0, frame })
const cleared = (frame: number): Loose => ({
  type: 'pmap.cleared',
  pmap: NESTED,
  va: 0,
  level: 1,
  old: packLeaf(frame, ALL_RIGHTS),
})
const mapped = (pid: number, conceal: boolean): Loose => ({
  type: 'space.mapped',
  pid,
  start: 0x400000,
  size: PAGE,
  object: 1,
  offset: 0,
  conceal,
  inherit: 'none',
  thread: 'x',
})

const WRONG_MEMORY: readonly Wrong[] = [
  { name: 'nested-page-lies-in-ram-slot', steps: (frame) => [enter(100, frame, ALL_RIGHTS)] },
  {
    name: 'wire-count-covers-wired-leaves',
    steps: (frame) => [{ type: 'page.wired', frame, wires: 0, pid: 100, va: HVA }],
  },
  { name: 'wired-page-is-on-no-queue', steps: (frame) => [{ type: 'page.activated', frame }] },
  { name: 'evicted-page-is-not-wired', steps: (frame) => [{ type: 'page.busied', frame }] },
  { name: 'frame-in-use-has-a-user', steps: () => [{ type: 'object.freed', object: 1 }] },
  {
    name: 'remove-takes-all-of-its-range',
    steps: () => [{ type: 'pmap.removed', pmap: NESTED, first: 0, last: PAGE - 1, pages: 0 }],
  },
  {
    name: 'remove-takes-only-its-range',
    call: { type: 'ioc.term', pid: 100, vm: 1 } as never,
    steps: (frame) => [
      [cleared(frame), { type: 'pmap.removed', pmap: NESTED, first: PAGE, last: 2 * PAGE - 1, pages: 1 }],
    ],
  },
  { name: 'emptied-table-is-freed', steps: (frame) => [cleared(frame)] },
  {
    name: 'ept-root-has-no-kernel-entry',
    steps: () => [{ type: 'pmap.converted', pmap: CREATOR, to: 'ept', freed: null, keptKernelHalf: true }],
  },
  {
    name: 'ept-leaf-is-made-by-ept-enter',
    steps: (frame) => [enter(0, frame, LEAF_WRITE, packLeaf(frame, ALL_RIGHTS))],
  },
  { name: 'tracked-leaf-is-on-pv-list', steps: (frame) => [enter(1, frame, ALL_RIGHTS + LEAF_TRACKED)] },
  { name: 'tracked-leaf-is-on-pv-list', mode: 'rvi', steps: (frame) => [enter(1, frame, ALL_RIGHTS)] },
  { name: 'pv-entry-names-a-live-leaf', steps: (frame) => [freed(frame)] },
  { name: 'pv-entry-names-a-live-leaf', steps: () => [{ type: 'pmap.destroyed', pmap: CREATOR, roots: [] }] },
  { name: 'pmap-empty-when-destroyed', steps: () => [{ type: 'pmap.destroyed', pmap: NESTED, roots: [] }] },
  {
    name: 'freed-object-has-no-nested-leaf',
    call: { type: 'host.exit', pid: 100 } as never,
    steps: (frame) => [[freed(frame), { type: 'object.freed', object: 1 }]],
  },
  {
    name: 'pmap-converts-once-and-empty',
    steps: () => [{ type: 'pmap.converted', pmap: NESTED, to: 'ept', freed: null }],
  },
  {
    name: 'aobj-refs-equal-holders',
    steps: () => [{ type: 'object.referenced', object: 1, why: 'slot', thread: 'x' }],
  },
  { name: 'aobj-refs-equal-holders', steps: () => [{ type: 'object.released', object: 1, why: 'slot', thread: 'x' }] },
  {
    name: 'amap-refs-equal-entries',
    steps: () => [{ type: 'object.created', object: 9, kind: 'anon', name: 'm9', pages: 1, thread: 'x' }],
  },
  {
    name: 'object-lives-while-referenced',
    steps: () => [1, 2].map(() => ({ type: 'object.released', object: 1, why: 'slot', thread: 'x' })),
  },
  {
    name: 'object-refs-never-rise-from-zero',
    steps: () => [
      ...[1, 2].map((): Loose => ({ type: 'object.released', object: 1, why: 'slot', thread: 'x' })),
      { type: 'object.referenced', object: 1, why: 'slot', thread: 'x' },
    ],
  },
  { name: 'object-freed-at-zero', steps: () => [{ type: 'object.freed', object: 1 }] },
  { name: 'vm-holds-its-slots', steps: () => [{ type: 'slot.released', vm: 1, slot: 0 }] },
  { name: 'vm-refcnt-equals-holders', steps: () => [{ type: 'vm.referenced', vm: 1, holder: 'nobody' }] },
  { name: 'vm-refcnt-equals-holders', steps: () => [{ type: 'vm.released', vm: 1, holder: 'list' }] },
  { name: 'teardown-finds-vm-unused', steps: () => [{ type: 'vm.teardownBegun', vm: 1 }] },
  { name: 'virtualization-on-while-needed', steps: () => [{ type: 'vmm.stopped' }] },
  { name: 'vm-count-equals-vms', steps: () => [{ type: 'vm.uncounted', vcpus: 1 }] },
  {
    name: 'vm-count-equals-vms',
    steps: () => [
      { type: 'vm.unlinked', vm: 1 },
      { type: 'vm.freed', vm: 1 },
    ],
  },
  { name: 'vm-ids-increase', steps: () => [allocated(2), { type: 'vm.registered', vm: 2, id: 1 }] },
  { name: 'device-refcnt-equals-requests-inside', steps: () => [{ type: 'device.entered', thread: 'nobody' }] },
  {
    name: 'suspended-device-rests',
    call: { type: 'ioc.term', pid: 100, vm: 1 } as never,
    steps: () => [{ type: 'device.suspended' }, { type: 'vm.unlinked', vm: 1 }],
  },
  { name: 'info-fits-its-buffer', call: { type: 'ioc.info', pid: 100, size: 159 } as never, steps: () => [info(1)] },
  { name: 'info-lists-the-vms', call: { type: 'ioc.info', pid: 100, size: 1600 } as never, steps: () => [info(1, 1)] },
  {
    name: 'info-lists-the-vms',
    call: { type: 'ioc.info', pid: 100, size: 1600 } as never,
    steps: () => [{ type: 'call.learnt', thread: 'x', locals: { vms: [] } }, info()],
  },
  {
    name: 'validation-is-exact',
    call: { type: 'ioc.create', ...CREATE, ranges: [{ gpa: 1, size: PAGE, memtype: 0, va: 0 }] } as never,
    steps: () => [allocated(2)],
  },
  {
    name: 'validation-is-exact',
    call: { type: 'ioc.create', ...CREATE } as never,
    steps: () => [
      { type: 'call.replied', thread: 'x', reply: { ok: false, errno: 'EINVAL', at: 'vm_create_check_mem_ranges' } },
    ],
  },
  {
    name: 'sealed-entry-stays',
    call: { type: 'host.munmap', pid: 100, va: HVA, size: PAGE } as never,
    steps: () => [{ type: 'space.removed', pid: 100, start: HVA, size: 2 * PAGE, object: 1 }],
  },
  {
    name: 'vmm-touches-only-its-entries',
    call: { type: 'ioc.info', pid: 100, size: 0 } as never,
    steps: () => [{ type: 'space.removed', pid: 100, start: HVA, size: 2 * PAGE, object: 1 }],
  },
  { name: 'slot-mapping-stays-in-its-process', steps: () => [mapped(200, false)] },
  {
    name: 'child-gets-no-slot',
    call: { type: 'host.fork', pid: 100, child: 200 } as never,
    steps: () => [mapped(200, true)],
  },
  {
    name: 'child-gets-no-slot',
    call: { type: 'host.coredump', pid: 100 } as never,
    steps: () => [{ type: 'call.replied', thread: 'x', reply: { ok: true, ranges: [{ start: HVA, size: PAGE }] } }],
  },
  {
    name: 'read-finds-what-was-written',
    steps: (frame) => [
      { type: 'memory.written', by: CREATORS_PAGE, frame, value: 5, tracked: true },
      { type: 'memory.read', by: { kind: 'guest', vm: 1, vcpu: 0, gpa: 0 }, frame, value: 6, tracked: false },
    ],
  },
  {
    name: 'unwritten-memory-reads-as-zero',
    steps: (frame) => [{ type: 'memory.read', by: CREATORS_PAGE, frame, value: 3, tracked: true }],
  },
  {
    name: 'pmap-mutex-is-held-briefly',
    steps: () => [{ type: 'pmap.removed', pmap: NESTED, first: 2 ** 32, last: 2 ** 33 - 1, pages: 0 }],
  },
  {
    name: 'stop-request-reaches-the-guest',
    call: { type: 'ioc.term', pid: 200, vm: 1 } as never,
    steps: () => [
      { type: 'call.learnt', thread: 'x', locals: { vm: 1 } },
      { type: 'call.started', thread: 'y', command: { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 } },
      { type: 'call.learnt', thread: 'y', locals: { vm: 1 } },
      [
        { type: 'vcpu.locked', vm: 1, vcpu: 0, thread: 'y' },
        { type: 'vcpu.started', vm: 1, vcpu: 0 },
        { type: 'vcpu.entered', vm: 1, vcpu: 0 },
      ],
      { type: 'call.blocked', thread: 'x', on: 'refcnt_finalize' },
    ],
  },
  {
    name: 'fault-verdict-follows-the-ranges',
    call: { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 } as never,
    steps: () => [
      { type: 'call.learnt', thread: 'x', locals: { vm: 1 } },
      { type: 'call.learnt', thread: 'x', locals: { exit: 'mmio', errno: 'EAGAIN', at: 'vmx_handle_np_fault' } },
    ],
  },
  {
    name: 'fault-verdict-follows-the-ranges',
    call: { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 } as never,
    steps: () => [
      { type: 'call.learnt', thread: 'x', locals: { vm: 1 } },
      { type: 'call.learnt', thread: 'x', locals: { gpa: 100 * PAGE } },
      { type: 'vcpu.terminated', vm: 1, vcpu: 0, errno: 'ENOMEM' },
    ],
  },
  { name: 'fault-verdict-follows-the-ranges', steps: (frame) => [enter(100, frame, ALL_RIGHTS)] },
  {
    name: 'vmm-touches-only-its-entries',
    call: { type: 'ioc.info', pid: 100, size: 0 } as never,
    steps: () => [{ type: 'space.split', pid: 100, at: HVA + PAGE }],
  },
  {
    name: 'vmm-touches-only-its-entries',
    call: { type: 'ioc.info', pid: 100, size: 0 } as never,
    steps: () => [{ type: 'space.bequeathed', pid: 100, start: HVA, end: HVA + PAGE, inherit: 'share' }],
  },
  {
    name: 'errno-tells-the-truth',
    call: { type: 'ioc.create', ...CREATE } as never,
    steps: () => [
      { type: 'share.refused', vm: 1, slot: 0, into: 'nested', errno: 'EINVAL' },
      { type: 'call.replied', thread: 'x', reply: { ok: false, errno: 'ENOMEM', at: 'vm_impl_init' } },
    ],
  },
  { name: 'running-vcpu-has-one-runner', steps: () => [{ type: 'vcpu.poked', vm: 1, vcpu: 0, state: 1 }] },
  {
    name: 'running-vcpu-has-one-runner',
    call: { type: 'ioc.resetcpu', pid: 100, vm: 1, vcpu: 0 } as never,
    steps: () => [
      { type: 'call.learnt', thread: 'x', locals: { vm: 1 } },
      { type: 'vcpu.locked', vm: 1, vcpu: 0, thread: 'x' },
      { type: 'vcpu.started', vm: 1, vcpu: 0 },
    ],
  },
  {
    name: 'answered-call-holds-no-lock',
    steps: () => [{ type: 'lock.taken', lock: 'vm_lock', of: 0, mode: 'R', thread: 'gone' }],
  },
  {
    name: 'answered-call-holds-no-lock',
    call: { type: 'ioc.resetcpu', pid: 100, vm: 1, vcpu: 0 } as never,
    steps: () => [
      { type: 'call.learnt', thread: 'x', locals: { vm: 1 } },
      { type: 'vcpu.locked', vm: 1, vcpu: 0, thread: 'x' },
      { type: 'call.replied', thread: 'x', reply: { ok: true } },
    ],
  },
  {
    name: 'threads-do-not-wait-in-a-circle',
    call: { type: 'ioc.term', pid: 100, vm: 1 } as never,
    steps: () => [
      { type: 'call.started', thread: 'y', command: { type: 'ioc.create', ...CREATE } },
      { type: 'lock.taken', lock: 'vm_lock', of: 0, mode: 'W', thread: 'x' },
      { type: 'lock.taken', lock: 'sc_slock', of: 0, mode: 'W', thread: 'y' },
      { type: 'lock.awaited', lock: 'sc_slock', of: 0, mode: 'W', thread: 'x' },
      { type: 'lock.awaited', lock: 'vm_lock', of: 0, mode: 'R', thread: 'y' },
    ],
  },
  {
    name: 'errno-tells-the-truth',
    call: { type: 'ioc.create', ...CREATE } as never,
    steps: () => [
      { type: 'space.refused', pid: 100, size: PAGE, object: 1, errno: 'EACCES' },
      { type: 'call.replied', thread: 'x', reply: { ok: false, errno: 'ENOMEM', at: 'uvm_map' } },
    ],
  },
]

/** One wrong step for each thing that must hold. */
export const WRONG: readonly Wrong[] = [...WRONG_MEMORY, ...WRONG_CPU, ...WRONG_GUEST, ...WRONG_SEV]

/** A VM of two pages of which both the process and the guest have the first, and a process beside it: all is well. */
function soundRun(mode: Boot['mode']): readonly Recorded[] {
  const events: Recorded[] = []
  const run = createRun({
    design: aobjDying,
    boot: { mode, frames: 4096, cpus: 2 },
    record: (recorded) => events.push(recorded),
  })
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  run.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
  const ranges = [{ gpa: 0, size: 2 * PAGE, memtype: 0, va: 0 }]
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  const access = { handler: null, direct: false, qualification: 1, instructionLength: 3, decodeAssist: true }
  run.dispatch({ type: 'guest.fault', pid: 100, vm: 1, vcpu: 0, gpa: 0, ...access })
  return events
}

/** Tells the wrong steps after a sound run, and what a monitor says of each part. */
export function judge({ mode = 'ept', call, steps }: Wrong): {
  before: readonly Violation[]
  after: readonly Violation[]
} {
  const boot = { ...DEFAULT_BOOT, mode, frames: 4096, cpus: 2 }
  const memory = new VersionedMemory(boot.frames)
  const driver = driverOf('inPlace', bootWorld(boot, memory), memory)
  const found: Violation[] = []
  const monitor = new Monitor(driver.current, { report: (violation) => found.push(violation) })
  const tell = (recorded: Recorded): void => {
    driver.replay(recorded)
    monitor.take(recorded, driver.current)
    if (isJudged(recorded, driver.current)) expectSameAsWhole(monitor, driver.current)
  }
  const sound = soundRun(mode)
  for (const recorded of sound) tell(recorded)
  const before = [...found]
  let seq = sound.length
  const thread = call === undefined ? null : 'x'
  const say = (event: Loose, place: string | null): void => {
    seq += 1
    tell({ seq, thread, place, event: event as unknown as VmmEvent })
  }
  if (call !== undefined) say({ type: 'call.started', thread: 'x', command: call }, 'first')
  const frame = driver.current.memory.resident(1, 0)
  for (const step of steps(frame, driver.current)) {
    const events = Array.isArray(step) ? (step as readonly Loose[]) : [step as Loose]
    for (const [i, event] of events.entries()) say(event, i + 1 < events.length ? null : 'next')
  }
  return { before, after: found.slice(before.length) }
}
