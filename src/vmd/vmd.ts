/**
 * vmd(8)'s own sequence around one guest: the vmm process, the vm process and the device processes, from the start of a
 * VM to its end.
 *
 * Source: start_vm(), vmm_create_vm(), remap_guest_mem() and vcpu_run_loop() of usr.sbin/vmd/vm.c, vmm_sighdlr() of
 * usr.sbin/vmd/vmm.c, 2025. Not modelled: the narrowing of a pledge after the start, sockets, the devices themselves.
 */
import { PAGE_SIZE, type Word64 } from '../../events/address.ts'
import type { CallCommand, Command, GuestCommand, RangeRequest } from '../../events/command.ts'
import type { Pid } from '../../events/ids.ts'
import type { Outcome } from '../../events/reply.ts'
import type { Run } from '../engine/run.ts'
import { UserError } from '../errors.ts'
import type { Played } from '../scenario/play.ts'
import { allocateGuestMemory, type Dispatch, remapGuestMemory } from './guest-memory.ts'
import { createMemoryMap, VM_MEM_MMIO } from './memory-map.ts'

export type VmdOptions = {
  /** Bytes of the guest. */
  readonly memory: Word64
  readonly devices: number
  /** Pages that the guest touches while it runs. */
  readonly faults: number
}

/** The process that starts and ends VMs, and the one that is a VM. Device processes follow. */
const VMM_PID = 10
const VM_PID = 20
const FIRST_DEVICE_PID = 30
/** What the loader writes before the guest runs: boot tables in low memory, and the last pages of the BIOS. */
const LOADED_LOW_PAGES = 4
const LOADED_BIOS_PAGES = 16

/** Whether a design's processes map guest memory themselves, before vmm(4) is asked. */
function mapsItself(run: Run): boolean {
  return run.design.name === 'vmspace'
}

/** Plays the sequence, one command after the other, as a scenario is played. */
export function* playVmd(run: Run, options: VmdOptions): Generator<Played> {
  const played: Played[] = []
  const tell = (command: Command, outcome: Outcome): void => {
    played.push({
      entry: { line: played.length + 1, place: 'vmd', asked: command },
      thread: null,
      command,
      result: { kind: 'answered', outcome },
      seq: run.seq,
    })
  }
  const host: Dispatch & { guest(command: GuestCommand): Outcome } = {
    dispatch<Asked extends CallCommand>(command: Asked): Outcome<Asked['type']> {
      const outcome = run.dispatch(command)
      tell(command, outcome)
      return outcome
    },
    guest(command) {
      const outcome = run.dispatch(command)
      tell(command, outcome)
      return outcome
    },
  }
  const flush = (): Played[] => played.splice(0)
  host.dispatch({ type: 'host.spawn', pid: VMM_PID, pledge: ['vmm', 'proc'] })
  host.dispatch({ type: 'host.spawn', pid: VM_PID, pledge: ['vmm', 'proc'] })
  yield* flush()
  const made = start(run, host, createMemoryMap(options.memory))
  yield* flush()
  if (made === null) return
  for (const { hva } of loadedPages(made.ranges))
    host.dispatch({ type: 'host.touch', pid: VM_PID, va: hva, access: 'w' })
  yield* flush()
  const devices = Array.from({ length: options.devices }, (_, i): Pid => FIRST_DEVICE_PID + i)
  for (const pid of devices) {
    host.dispatch({ type: 'host.spawn', pid, pledge: ['vmm', 'proc'] })
    if (mapsItself(run)) remapGuestMemory(host, pid, made.id, made.asked)
    else host.dispatch({ type: 'ioc.sharemem', pid, vm: made.id, ranges: made.asked, va: [] })
    yield* flush()
  }
  host.dispatch({ type: 'ioc.resetcpu', pid: VM_PID, vm: made.id, vcpu: 0 })
  host.dispatch({ type: 'ioc.run', pid: VM_PID, vm: made.id, vcpu: 0 })
  yield* flush()
  yield guestRuns(run, made.id, made.ranges, options.faults)
  host.guest({ type: 'guest.leave', vm: made.id, vcpu: 0 })
  // The vm process ends, and with it its mappings; the vmm process hears of it and terminates the VM.
  host.dispatch({ type: 'host.exit', pid: VM_PID })
  host.dispatch({ type: 'ioc.term', pid: VMM_PID, vm: made.id })
  for (const pid of devices) host.dispatch({ type: 'host.exit', pid })
  host.dispatch({ type: 'host.exit', pid: VMM_PID })
  yield* flush()
}

/** A range that was created, with the address that it has in the vm process. */
type Made = { readonly id: number; readonly asked: readonly RangeRequest[]; readonly ranges: readonly RangeRequest[] }

function start(run: Run, host: Dispatch, map: readonly RangeRequest[]): Made | null {
  let asked = map
  if (mapsItself(run)) {
    const placed = allocateGuestMemory(host, VM_PID, map)
    if (!placed.ok) return null
    asked = placed.ranges
  }
  const created = host.dispatch({ type: 'ioc.create', pid: VM_PID, ranges: asked, ncpus: 1, name: 'guest' })
  if (!('id' in created)) return null
  const ranges = asked.map((range, i) => ({ ...range, va: created.va[i] ?? range.va }))
  return { id: created.id, asked: map, ranges }
}

/** Where the loader writes, in the vm process. */
function loadedPages(ranges: readonly RangeRequest[]): readonly { readonly hva: number }[] {
  const [low] = ranges
  const bios = ranges.find(
    ({ gpa, memtype }, i) => i > 1 && memtype !== VM_MEM_MMIO && Number(gpa) >= 0xffc00000 && Number(gpa) < 2 ** 32,
  )
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

/** The guest touches `faults` pages all over its memory; the page that the loader wrote last, the reset vector's, first. */
function guestRuns(run: Run, vm: number, ranges: readonly RangeRequest[], faults: number): Played {
  const backed = ranges.filter(({ memtype }) => memtype !== VM_MEM_MMIO)
  const pages = backed.map(({ size }) => Number(size) / PAGE_SIZE)
  const all = pages.reduce((sum, count) => sum + count, 0)
  let faulted = 0
  let page = 0
  for (let i = 0; i < faults; i += 1) {
    page = (page + STRIDE) % all
    let slot = 0
    let index = page
    while (index >= (pages[slot] ?? 0)) {
      index -= pages[slot] ?? 0
      slot += 1
    }
    const gpa = Number(backed[slot]?.gpa ?? 0) + index * PAGE_SIZE
    const outcome = run.dispatch({ type: 'guest.touch', vm, vcpu: 0, gpa, access: 'rw' })
    if (!('faulted' in outcome))
      throw new UserError(`the guest stopped at gpa 0x${gpa.toString(16)}, after ${i} accesses`, 1)
    if (outcome.faulted) faulted += 1
  }
  return {
    entry: { line: 0, place: 'vmd', asked: { type: 'note', text: '' } },
    thread: null,
    command: null,
    result: { kind: 'noted', text: `the guest touched ${faults} pages: ${faulted} nested faults` },
    seq: run.seq,
  }
}
