/**
 * The guest of a trace on a design of vmm(4): its memory slots as a VM, its faults as accesses, in the order in which
 * they were recorded. What the process had put into memory before the guest ran, it touches first.
 */

import type { Gpa } from '../../events/address.ts'
import { PAGE_SIZE, truncPage } from '../../events/address.ts'
import type { Boot } from '../../events/boot.ts'
import type { RangeRequest } from '../../events/command.ts'
import type { Recorded } from '../../events/event.ts'
import type { Design } from '../design/design.ts'
import { createRun, type Run } from '../engine/run.ts'
import { Monitor, type Violation } from '../invariant/index.ts'
import { lookup } from '../kernel/kernel.ts'
import { backingOf } from '../model/backing.ts'
import { VersionedMemory } from '../model/memory/versioned.ts'
import { leafFrame } from '../model/memory.ts'
import { bootWorld } from '../model/world.ts'
import { driverOf } from '../reduce/drivers.ts'
import { allocateGuestMemory } from '../vmd/guest-memory.ts'
import type { KvmFact } from './kvm/fact.ts'

/** The guest of one VM of a trace, as vmm(4) can have it. */
export type Guest = {
  readonly vm: number
  readonly ranges: readonly RangeRequest[]
  /** Bytes that the guest touched for the first time, in order. */
  readonly touches: readonly number[]
  /** Page that the program under trace had filled before the guest ran: the first that the guest executed. */
  readonly prepared: number | null
}

/** Where a page stood at one moment of the run. */
export type PageMoment = {
  /** Number of the last event before it was looked at. */
  readonly seq: number
  readonly gpa: number
  readonly frame: number
  readonly wires: number
  /** What the frame is used for now. */
  readonly use: string
}

/** What became of one page: given to the guest, and what the page daemon could do about it. */
export type PageStory = {
  readonly gpa: number
  readonly object: string
  readonly index: number
  readonly touchedFirst: 'process' | 'guest'
  readonly given: PageMoment | null
  readonly evicted: { readonly ok: boolean; readonly errno: string | null; readonly after: PageMoment } | null
}

export type Driven = {
  readonly run: Run
  readonly events: readonly Recorded[]
  readonly faults: number
  /** How often the guest left RUN: for MMIO, and because the VM has no memory there. */
  readonly left: Readonly<Record<string, number>>
  readonly prepared: PageStory | null
  /** A page that the guest touched first, for comparison. */
  readonly other: PageStory | null
  /** What did not hold, by the invariants of vmm(4). */
  readonly violations: readonly Violation[]
}

/** The guests of a trace that ever had memory and touched it, by VM. */
export function guestsOf(facts: readonly KvmFact[]): readonly Guest[] {
  const guests = new Map<
    number,
    { ranges: RangeRequest[]; touches: number[]; seen: Set<number>; prepared: number | null }
  >()
  for (const fact of facts) {
    if (!('vm' in fact) || fact.vm === null) continue
    const guest = guests.get(fact.vm) ?? { ranges: [], touches: [], seen: new Set<number>(), prepared: null }
    guests.set(fact.vm, guest)
    if (fact.type === 'slot.created' && fact.as === 0) addRange(guest.ranges, fact.gpa, fact.size)
    if (fact.type !== 'guest.faulted' || fact.space !== 'gpa') continue
    const address = Number(fact.address)
    const page = truncPage(address)
    if (fact.access === 'execute') guest.prepared ??= page
    if (guest.seen.has(page)) continue
    guest.seen.add(page)
    guest.touches.push(address)
  }
  return [...guests]
    .map(([vm, { ranges, touches, prepared }]) => ({ vm, ranges, touches, prepared }))
    .filter(({ ranges, touches }) => ranges.length > 0 && touches.length > 0)
}

/** vmm(4) takes ranges in order of address that do not overlap; a slot that comes again is the same memory here. */
function addRange(ranges: RangeRequest[], gpa: number, size: number): void {
  if (ranges.some((range) => Number(range.gpa) < gpa + size && gpa < Number(range.gpa) + Number(range.size))) return
  ranges.push({ gpa, size, memtype: 0, va: 0 })
  ranges.sort((a, b) => Number(a.gpa) - Number(b.gpa))
}

const PID = 100

function momentOf(run: Run, gpa: number): PageMoment | null {
  const vm = lookup(run.current, 1)
  const packed = vm?.pmap == null ? -1 : run.current.memory.leaf(vm.pmap, gpa / PAGE_SIZE)
  if (packed < 0) return null
  const frame = leafFrame(packed)
  const { memory } = run.current
  return { seq: run.seq - 1, gpa, frame, wires: memory.wireCount(frame), use: memory.use(frame) }
}

/** The ranges as CREATE wants them: with memory of the process behind them where the design asks for that. */
function rangesFor(run: Run, ranges: readonly RangeRequest[]): readonly RangeRequest[] {
  if (run.design.memoryFrom === 'vmm') return ranges
  const placed = allocateGuestMemory(run, PID, ranges)
  return placed.ok ? placed.ranges : ranges
}

/** Where a guest page lies in its object, and where in the process. */
function placeOf(run: Run, gpa: number): { object: string; index: number; hva: number } | null {
  const vm = lookup(run.current, 1)
  const slot = vm?.slots.find((one) => gpa >= one.gpa && gpa < one.gpa + one.size)
  const backing = vm === undefined ? null : backingOf(vm, gpa / PAGE_SIZE)
  if (slot === undefined || slot.hva === null || backing === null) return null
  const object = run.current.objects[backing.object]?.name ?? '?'
  return { object, index: backing.index, hva: slot.hva + (gpa - slot.gpa) }
}

/** Lets the page daemon try a page, and looks at the guest's leaf afterwards. */
function story(
  run: Run,
  gpa: number,
  touchedFirst: PageStory['touchedFirst'],
  given: PageMoment | null,
): PageStory | null {
  const place = placeOf(run, gpa)
  if (place === null) return null
  const { object, index } = place
  const reply = run.dispatch({ type: 'host.pageout', object, page: index })
  const after = momentOf(run, gpa)
  const errno = 'errno' in reply ? reply.errno : null
  return { gpa, object, index, touchedFirst, given, evicted: after === null ? null : { ok: reply.ok, errno, after } }
}

/** Runs a guest on a design: create, touch what was prepared, run, fault by fault, then the page daemon. */
export function driveGuest(guest: Guest, design: Design, mode: 'ept' | 'rvi'): Driven {
  const events: Recorded[] = []
  const left: Record<string, number> = {}
  const run = createRun({ design, boot: { mode }, record: (recorded) => events.push(recorded) })
  run.dispatch({ type: 'host.spawn', pid: PID, pledge: [] })
  const ranges = rangesFor(run, guest.ranges)
  run.dispatch({ type: 'ioc.create', pid: PID, ranges, ncpus: 1, name: `traced VM ${guest.vm}` })
  const prepared = guest.prepared === null ? null : placeOf(run, guest.prepared)
  if (prepared !== null) run.dispatch({ type: 'host.touch', pid: PID, va: prepared.hva, access: 'w' })
  let faults = 0
  let given: PageMoment | null = null
  let other: PageMoment | null = null
  run.dispatch({ type: 'ioc.run', pid: PID, vm: 1, vcpu: 0 })
  for (const gpa of guest.touches) {
    const reply = run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access: 'rw' })
    if (!('faulted' in reply)) break
    if (reply.faulted) faults += 1
    const page = truncPage(gpa as Gpa)
    if (page === guest.prepared) given = momentOf(run, page)
    else other ??= momentOf(run, page)
    if (reply.left === null) continue
    const why = reply.left.ok ? reply.left.reason : reply.left.errno
    left[why] = (left[why] ?? 0) + 1
    // A vCPU that was terminated cannot run again; the rest of the guest is not to be had.
    if (!reply.left.ok) break
    run.dispatch({ type: 'ioc.run', pid: PID, vm: 1, vcpu: 0 })
  }
  const kept = other === null ? null : story(run, other.gpa, 'guest', other)
  const lost = guest.prepared === null ? null : story(run, guest.prepared, 'process', given)
  return { run, events, faults, left, prepared: lost, other: kept, violations: violationsOf(events, run.current.boot) }
}

/** Replays a run with the invariants on. */
function violationsOf(events: readonly Recorded[], boot: Boot): readonly Violation[] {
  const memory = new VersionedMemory(boot.frames)
  const driver = driverOf('inPlace', bootWorld(boot, memory), memory)
  const violations: Violation[] = []
  const monitor = new Monitor(driver.current, { report: (violation) => violations.push(violation) })
  for (const recorded of events) {
    driver.replay(recorded)
    monitor.take(recorded, driver.current)
  }
  return violations
}
