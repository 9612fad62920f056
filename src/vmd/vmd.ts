/**
 * vmd(8)'s own sequence around its guests: the parent, the vmm process, a vm process for each guest and its device
 * processes, from the start of a VM to its end, and what a crash of one of them leaves to the others.
 *
 * Source: start_vm(), vmm_create_vm(), remap_guest_mem(), vcpu_run_loop() and vm_dispatch_vmm() of usr.sbin/vmd/vm.c,
 * vmm_sighdlr() and get_info_vm() of usr.sbin/vmd/vmm.c, vioblk_main() of usr.sbin/vmd/vioblk.c, 2025. Which other
 * promises the parent and the vmm process keep is medium; none of them opens a gate of vmm(4). Not modelled: sockets, the
 * devices themselves.
 */
import { PAGE_SIZE, type Word64 } from '../../events/address.ts'
import type { RangeRequest } from '../../events/command.ts'
import type { Pid, ThreadId } from '../../events/ids.ts'
import type { Run } from '../engine/run.ts'
import { UserError } from '../errors.ts'
import { VM_INFO_ENTRY_SIZE } from '../kernel/vmm_info.ts'
import type { Played } from '../scenario/play.ts'
import { allocateGuestMemory, findPlaces } from './guest-memory.ts'
import { createMemoryMap, memoryRefusal, VM_MEM_MMIO } from './memory-map.ts'
import { initSev, type Launch, launchSev, type SevKind, segmentsOf, sevParams, shutDownSev } from './sev.ts'
import { type Playing, Stage } from './stage.ts'

/** How it ends: the guest powers off; one of the processes dies; or vmd is asked to stop while the guest runs. */
export const VMD_ENDS = ['shutdown', 'crash-vm', 'crash-device', 'crash-vmm', 'stop'] as const
export type VmdEnd = (typeof VMD_ENDS)[number]

export type VmdOptions = {
  /** Bytes of each guest. */
  readonly memory: Word64
  /** Device processes of each guest. */
  readonly devices: number
  /** Pages that each guest touches while it runs. */
  readonly faults: number
  readonly end?: VmdEnd
  /** vmd is started once more afterwards, and terminates the VMs that it finds. */
  readonly restart?: boolean
  /** Guests; 1 when left out. */
  readonly vms?: number
  /** Whether the guests are encrypted, and how; not when left out. */
  readonly sev?: SevKind | null
}

const PARENT_PID = 5
const VMM_PID = 10
/** The vmm process of a vmd that was started again. */
const NEXT_VMM_PID = 11
/** A vm process, and its device processes after it; those of the next guest are so many further on. */
const VM_PID = 20
const FIRST_DEVICE_PID = 30
const PIDS_PER_VM = 1000
/** What the loader writes before the guest runs: boot tables in low memory, and the last pages of the BIOS. */
const LOADED_LOW_PAGES = 4
const LOADED_BIOS_PAGES = 16
/** First byte above the devices' window. @source machine/vmmvar.h, VMM_PCI_MMIO_BAR_END */
const BIOS_START = 0xffc00000

/** A guest that runs. */
type Guest = {
  readonly pid: Pid
  readonly devices: readonly Pid[]
  readonly id: number
  /** The ranges, with the addresses that they have in the vm process. */
  readonly ranges: readonly RangeRequest[]
  /** The vCPU's thread, inside VMM_IOC_RUN. */
  readonly thread: ThreadId | null
  /** What the PSP has of it, where it is encrypted. */
  readonly launch: Launch | null
}

/** Plays the sequence, one command after the other, as a scenario is played. */
export function* playVmd(run: Run, options: VmdOptions): Generator<Played> {
  const stage = new Stage(run)
  const { vms = 1, end = 'shutdown', restart = false } = options
  yield* startVmd(stage)
  const guests: Guest[] = []
  for (let index = 0; index < vms; index += 1) {
    const guest = yield* startGuest(stage, index, options)
    if (guest !== null) guests.push(guest)
  }
  for (const guest of guests) yield guestRuns(run, guest.id, guest.ranges, options.faults)
  yield* ends[end](stage, guests)
  if (restart) yield* sweep(stage, NEXT_VMM_PID)
}

/** fork(2), exec(2) and pledge(2) of a process, which its program asks for first of all. */
function* startProcess(stage: Stage, pid: Pid, child: Pid): Playing {
  yield* stage.ask({ type: 'host.fork', pid, child })
  yield* stage.ask({ type: 'host.exec', pid: child })
  yield* stage.ask({ type: 'host.pledge', pid: child, pledge: ['stdio', 'vmm', 'proc'] })
}

function* startVmd(stage: Stage): Playing {
  yield* stage.ask({ type: 'host.spawn', pid: PARENT_PID, pledge: [] })
  yield* startProcess(stage, PARENT_PID, VMM_PID)
  yield* stage.ask({ type: 'host.pledge', pid: PARENT_PID, pledge: ['stdio', 'proc'] })
}

/** start_vm() and all before it and after it, up to the guest's first instruction. */
function* startGuest(stage: Stage, index: number, { memory, devices, sev = null }: VmdOptions): Playing<Guest | null> {
  const pid = VM_PID + index * PIDS_PER_VM
  yield* startProcess(stage, VMM_PID, pid)
  const map = createMemoryMap(memory)
  const made = yield* createVm(stage, pid, map, sev)
  if (made === null) {
    const refusal = memoryRefusal(memory)
    if (refusal !== null) yield* stage.note(refusal)
    yield* stage.note('the vm process sends id 0 and ends; the vmm process has nothing to terminate')
    yield* stage.ask({ type: 'host.exit', pid })
    return null
  }
  const launch = sev === null ? null : yield* stage.all((host) => initSev(host, pid, made.id, sev))
  if (sev !== null && launch === null) {
    yield* stage.note('the vm process ends before it has sent the id: nobody will terminate the VM')
    yield* stage.ask({ type: 'host.exit', pid })
    return null
  }
  yield* stage.note(`the vm process sends id ${made.id} to the vmm process`)
  for (const { hva } of loadedPages(made.ranges)) yield* stage.ask({ type: 'host.touch', pid, va: hva, access: 'w' })
  const started: Pid[] = []
  for (let device = 0; device < devices; device += 1) {
    const child = FIRST_DEVICE_PID + index * PIDS_PER_VM + device
    yield* startProcess(stage, pid, child)
    yield* remap(stage, child, made.id, map)
    // It needs /dev/vmm no more.
    yield* stage.ask({ type: 'host.pledge', pid: child, pledge: ['stdio'] })
    started.push(child)
  }
  yield* stage.ask({ type: 'host.pledge', pid, pledge: ['stdio', 'vmm'] })
  yield* stage.ask({ type: 'ioc.resetcpu', pid, vm: made.id, vcpu: 0 })
  const guest = { pid, devices: started, id: made.id, ranges: made.ranges, thread: null, launch }
  if (launch !== null) {
    const segments = segmentsOf(loadedPages(made.ranges))
    const launched = yield* stage.all((host) => launchSev(host, launch, made.asid, segments))
    if (!launched) {
      yield* powerOff(stage, guest, 'the guest cannot be launched')
      return null
    }
  }
  const running = yield* stage.ask({ type: 'ioc.run', pid, vm: made.id, vcpu: 0 })
  return { ...guest, thread: 'blocked' in running ? running.thread : null }
}

type Made = {
  readonly id: number
  readonly ranges: readonly RangeRequest[]
  /** ASID of vCPU 0, 0 where vmm(4) does not say. */
  readonly asid: number
}

/** vmm_create_vm(); before it alloc_guest_mem(), where the process brings the memory. */
function* createVm(stage: Stage, pid: Pid, map: readonly RangeRequest[], sev: SevKind | null): Playing<Made | null> {
  let asked = map
  if (stage.run.design.memoryFrom === 'creator') {
    const placed = yield* stage.all((host) => allocateGuestMemory(host, pid, map))
    if (!placed.ok) return null
    asked = placed.ranges
  }
  const created = yield* stage.ask({
    type: 'ioc.create',
    pid,
    ranges: asked,
    ncpus: 1,
    name: 'guest',
    ...sevParams(sev),
  })
  if (!('id' in created)) return null
  const ranges = asked.map((range, i) => ({ ...range, va: created.va[i] ?? range.va }))
  return { id: created.id, ranges, asid: created.asid?.[0] ?? 0 }
}

/** remap_guest_mem(). Where the process chooses the places, anybody else in it may take them before it asks. */
function* remap(stage: Stage, pid: Pid, vm: number, map: readonly RangeRequest[]): Playing {
  let ranges = map
  if (stage.run.design.memoryFrom === 'creator') {
    const placed = yield* stage.all((host) => findPlaces(host, pid, map))
    if (!placed.ok) return
    ranges = placed.ranges
  }
  yield* stage.ask({ type: 'ioc.sharemem', pid, vm, ranges, va: [] })
}

// ---------------------------------------------------------------- ends

/** The vCPU's thread comes back from VMM_IOC_RUN, since its process has a signal. */
function* leaveBySignal(stage: Stage, { pid, thread }: Guest): Playing {
  if (thread === null || stage.run.current.threads[thread] === undefined) return
  yield* stage.ask({ type: 'host.signal', pid })
  yield* stage.finish(thread)
}

function* exitAll(stage: Stage, pids: readonly Pid[]): Playing {
  for (const pid of pids) yield* stage.ask({ type: 'host.exit', pid })
}

/** vmm_sighdlr(): the vm process has ended, so its VM is terminated. */
function* sigchld(stage: Stage, { id }: Guest): Playing {
  yield* stage.note('the vmm process hears of the end of the vm process: SIGCHLD')
  yield* stage.ask({ type: 'ioc.term', pid: VMM_PID, vm: id })
}

/** run_vm() has returned, and sev_shutdown() with it. */
function* giveUpLaunch(stage: Stage, { launch }: Guest): Playing {
  if (launch !== null) yield* stage.all((host) => shutDownSev(host, launch))
}

/** The vm process comes to its end by itself. */
function* powerOff(stage: Stage, guest: Guest, why: string): Playing {
  yield* stage.note(`${why}: the vm process shuts its devices down and ends`)
  yield* giveUpLaunch(stage, guest)
  yield* exitAll(stage, [...guest.devices, guest.pid])
  yield* sigchld(stage, guest)
}

function* endVmd(stage: Stage): Playing {
  yield* exitAll(stage, [VMM_PID, PARENT_PID])
}

const ends: Readonly<Record<VmdEnd, (stage: Stage, guests: readonly Guest[]) => Playing>> = {
  *shutdown(stage, guests) {
    for (const guest of guests) {
      yield* stage.ask({ type: 'guest.leave', vm: guest.id, vcpu: 0 })
      yield* powerOff(stage, guest, 'the guest has powered off')
    }
    yield* endVmd(stage)
  },
  *'crash-vm'(stage, guests) {
    for (const guest of guests) {
      yield* stage.note('the vm process crashes')
      yield* leaveBySignal(stage, guest)
      yield* exitAll(stage, [guest.pid])
      yield* sigchld(stage, guest)
      yield* stage.note('the device processes see the end of their channel')
      yield* exitAll(stage, guest.devices)
    }
    yield* endVmd(stage)
  },
  *'crash-device'(stage, guests) {
    for (const guest of guests) {
      const [first, ...others] = guest.devices
      if (first === undefined) yield* stage.note('there is no device process that could crash: the vm process ends')
      else yield* stage.note('a device process crashes; the event thread of the vm process sees its channel end')
      if (first !== undefined) yield* exitAll(stage, [first])
      yield* leaveBySignal(stage, guest)
      yield* exitAll(stage, [guest.pid])
      yield* sigchld(stage, guest)
      yield* exitAll(stage, others)
    }
    yield* endVmd(stage)
  },
  /** Its channel to the vmm process has ended, so the vm process ends (vm_dispatch_vmm()). Nobody terminates its VM. */
  *'crash-vmm'(stage, guests) {
    yield* stage.note('the vmm process crashes: from now on nobody terminates a VM')
    yield* exitAll(stage, [VMM_PID])
    for (const guest of guests) {
      yield* leaveBySignal(stage, guest)
      yield* exitAll(stage, [guest.pid, ...guest.devices])
    }
    yield* exitAll(stage, [PARENT_PID])
  },
  /** All VMs are terminated while their guests run: TERM waits until RUN is left. */
  *stop(stage, guests) {
    for (const guest of guests) {
      const term = yield* stage.ask({ type: 'ioc.term', pid: VMM_PID, vm: guest.id })
      yield* stage.ask({ type: 'guest.leave', vm: guest.id, vcpu: 0 })
      if ('blocked' in term) yield* stage.finish(term.thread)
      yield* stage.note('the vCPU is run again, and there is no VM')
      yield* stage.ask({ type: 'ioc.run', pid: guest.pid, vm: guest.id, vcpu: 0 })
      yield* giveUpLaunch(stage, guest)
      yield* exitAll(stage, [...guest.devices, guest.pid])
      yield* sigchld(stage, guest)
    }
    yield* endVmd(stage)
  },
}

/**
 * get_info_vm() with its terminate flag, which a vmd that starts calls: asks how much room the list takes, asks for the
 * list, and terminates what is on it, as many entries as the size has. The first failure ends it: also an entry of a VM
 * that somebody is taking apart, which is zero, and no VM has that id.
 */
export function* sweep(stage: Stage, pid: Pid): Playing {
  yield* stage.note('vmd starts again, and terminates the VMs that are there')
  yield* stage.ask({ type: 'host.spawn', pid, pledge: ['stdio', 'vmm', 'proc'] })
  const asked = yield* stage.ask({ type: 'ioc.info', pid, size: 0 })
  const need = 'need' in asked ? (asked.need ?? 0) : 0
  const listed = yield* stage.ask({ type: 'ioc.info', pid, size: need })
  const entries = 'vms' in listed ? listed.vms.slice(0, need / VM_INFO_ENTRY_SIZE) : []
  for (const { id } of entries) {
    const ended = yield* stage.ask({ type: 'ioc.term', pid, vm: id })
    if (!('ok' in ended && ended.ok)) {
      yield* stage.note(`the sweep ends at id ${id}`)
      return
    }
  }
}

// ---------------------------------------------------------------- memory

/** The BIOS area below 4 GiB, where a guest has one. */
function biosOf(ranges: readonly RangeRequest[]): RangeRequest | undefined {
  return ranges.find(({ gpa, memtype }, i) => i > 1 && memtype !== VM_MEM_MMIO && gpa >= BIOS_START && gpa < 2 ** 32)
}

/** Where the loader writes, in the vm process. */
function loadedPages(ranges: readonly RangeRequest[]): readonly { readonly hva: number }[] {
  const [low] = ranges
  const bios = biosOf(ranges)
  const pages: { hva: number }[] = []
  for (let page = 0; low !== undefined && page < LOADED_LOW_PAGES; page += 1)
    pages.push({ hva: Number(low.va) + page * PAGE_SIZE })
  if (bios === undefined) return pages
  const end = Number(bios.va) + Number(bios.size)
  for (let page = LOADED_BIOS_PAGES; page > 0; page -= 1) pages.push({ hva: end - page * PAGE_SIZE })
  return pages
}

/** Odd, so that the pages that it jumps to are all different before any comes again. */
const STRIDE = 7919

/**
 * The guest touches `faults` pages: the one of its first instruction, which the loader has written, and then pages all
 * over its memory.
 */
function guestRuns(run: Run, vm: number, ranges: readonly RangeRequest[], faults: number): Played {
  const backed = ranges.filter(({ memtype }) => memtype !== VM_MEM_MMIO)
  const pages = backed.map(({ size }) => Number(size) / PAGE_SIZE)
  const all = pages.reduce((sum, count) => sum + count, 0)
  const bios = biosOf(ranges)
  let faulted = 0
  let page = 0
  const touch = (gpa: number, before: number): void => {
    const outcome = run.dispatch({ type: 'guest.touch', vm, vcpu: 0, gpa, access: 'rw' })
    if (!('faulted' in outcome))
      throw new UserError(`the guest stopped at gpa 0x${gpa.toString(16)}, after ${before} accesses`, 1)
    if (outcome.faulted) faulted += 1
  }
  if (bios !== undefined && faults > 0) touch(Number(bios.gpa) + Number(bios.size) - PAGE_SIZE, 0)
  for (let i = bios === undefined ? 0 : 1; i < faults; i += 1) {
    page = (page + STRIDE) % all
    let slot = 0
    let index = page
    while (index >= (pages[slot] ?? 0)) {
      index -= pages[slot] ?? 0
      slot += 1
    }
    touch(Number(backed[slot]?.gpa ?? 0) + index * PAGE_SIZE, i)
  }
  return {
    entry: { line: 0, place: 'vmd', asked: { type: 'note', text: '' } },
    thread: null,
    command: null,
    result: { kind: 'noted', text: `the guest touched ${faults} pages: ${faulted} nested faults` },
    seq: run.seq,
  }
}
