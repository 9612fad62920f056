/**
 * A host on which the design before the patch runs, with vmd in process 100. Every test on it ends in the same
 * questions: do the counts agree with their holders, and does the run replay to the same world.
 */
import { expect } from 'chai'
import type { Boot } from '../../events/boot.ts'
import type { CallCommand, GuestTouch, RangeRequest } from '../../events/command.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ObjectRef, ThreadId } from '../../events/ids.ts'
import type { FaultReply, Outcome, RunReply } from '../../events/reply.ts'
import type { Run } from '../../src/engine/run.ts'
import { leafFlags, leafFrame } from '../../src/model/memory.ts'
import type { MemoryObject, Vm, World } from '../../src/model/world.ts'
import { allocateGuestMemory } from '../../src/vmd/guest-memory.ts'
import { replayable } from '../support/replayed.ts'

export const PAGE = 4096
export const VMD = 100
export const DEVICE = 200

/** Two pages of RAM, a page of MMIO, a page of RAM. */
export const RANGES: readonly RangeRequest[] = [
  { gpa: 0, size: 2 * PAGE, memtype: 0, va: 0 },
  { gpa: 2 * PAGE, size: PAGE, memtype: 2, va: 0 },
  { gpa: 3 * PAGE, size: PAGE, memtype: 1, va: 0 },
]

/** How often map entries, of processes and of VMs, slots and threads refer to an object: its count should say the same. */
function holdersOf(world: World, { ref, carried, owed }: MemoryObject): number {
  const entries = [
    ...Object.values(world.processes).flatMap((process) => process.entries),
    ...Object.values(world.vms).flatMap((vm) => vm.space ?? []),
  ]
  const slots = Object.values(world.vms).flatMap((vm) => vm.slots)
  return [...entries, ...slots].filter(({ object }) => object === ref).length + carried.length - owed.length
}

export class Host {
  readonly run: Run
  readonly #replayed: ReturnType<typeof replayable>

  constructor(boot: Partial<Boot> = {}, design = 'vmspace') {
    this.#replayed = replayable(boot, design)
    this.run = this.#replayed.run
    this.dispatch({ type: 'host.spawn', pid: VMD, pledge: [] })
  }

  get world(): World {
    return this.run.current
  }

  get events(): readonly VmmEvent[] {
    return this.#replayed.events.map(({ event }) => event)
  }

  /** Types of the events from number `seq` on, without those about calls. */
  typesSince(seq: number): readonly string[] {
    const since = this.#replayed.events.filter((recorded) => recorded.seq > seq)
    return since.map(({ event }) => event.type).filter((type) => !type.startsWith('call.'))
  }

  dispatch<Asked extends CallCommand>(command: Asked): Outcome<Asked['type']> {
    const outcome = this.run.dispatch(command)
    this.expectBalance()
    return outcome
  }

  /** I24: what the kernel counts is what there is. */
  expectBalance(): void {
    const counted = Object.values(this.world.objects).map(({ name, refs }) => `${name} ${refs}`)
    const held = Object.values(this.world.objects).map((one) => `${one.name} ${holdersOf(this.world, one)}`)
    expect(counted, 'references by their holders').to.deep.equal(held)
  }

  /** References of each object, by name. */
  get refs(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.values(this.world.objects).map(({ name, refs }) => [name, refs]))
  }

  /** Maps memory for `ranges` as vmd did. */
  allocate(ranges: readonly RangeRequest[] = RANGES): readonly RangeRequest[] {
    const placed = allocateGuestMemory(this, VMD, ranges)
    if (!placed.ok) throw new Error(`mmap(2) answers ${placed.errno}`)
    return placed.ranges
  }

  create(ranges: readonly RangeRequest[], pid = VMD): Outcome<'ioc.create'> {
    return this.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
  }

  /** A VM with memory as vmd made it. @returns its ranges with their addresses. */
  boot(ranges: readonly RangeRequest[] = RANGES): readonly RangeRequest[] {
    const placed = this.allocate(ranges)
    expect(this.create(placed)).to.include({ ok: true, id: 1 })
    return placed
  }

  get vm(): Vm {
    const vm = Object.values(this.world.vms)[0]
    if (vm === undefined) throw new Error('there is no VM')
    return vm
  }

  /** A nested fault on `gpa` while `pid` runs the vCPU. */
  fault(gpa: number, pid = VMD, direct = false): Outcome<'guest.fault'> {
    return this.dispatch(faultAt(gpa, pid, direct))
  }

  /** `a:index wires rights` of the leaf that the guest has at `gpa`, or null. */
  leafAt(gpa: number): string | null {
    const { memory, objects } = this.world
    const packed = this.vm.pmap === null ? -1 : memory.leaf(this.vm.pmap, Math.floor(gpa / PAGE))
    if (packed < 0) return null
    const frame = leafFrame(packed)
    const name = objects[memory.owner(frame)]?.name ?? '?'
    return `${name}:${memory.pageIndex(frame)} wired ${memory.wireCount(frame)} rights ${leafFlags(packed) % 8}`
  }

  /** Wire counts of the resident pages of an object, by index. */
  wires(object: ObjectRef): Readonly<Record<number, number>> {
    const wires: Record<number, number> = {}
    this.world.memory.eachResident(object, (index, frame) => {
      wires[index] = this.world.memory.wireCount(frame)
    })
    return wires
  }

  /** Puts a RUN on a thread and lets it come into the guest. */
  enter(pid = VMD): ThreadId {
    const outcome = this.run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
    if (!('blocked' in outcome)) throw new Error(`RUN answers ${JSON.stringify(outcome)}`)
    return outcome.thread
  }

  /** The guest touches `gpa`; what RUN answers where that ends it. */
  touch(gpa: number, access: GuestTouch['access'] = 'rw'): RunReply | 'goes on' | Outcome {
    const outcome = this.run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access })
    this.expectBalance()
    if (!('left' in outcome)) return outcome
    return outcome.left ?? 'goes on'
  }

  /** The universal end. */
  finish(): void {
    this.expectBalance()
    this.#replayed.checkRun()
  }
}

export function faultAt(gpa: number, pid = VMD, direct = false): Extract<CallCommand, { type: 'guest.fault' }> {
  return {
    type: 'guest.fault',
    pid,
    vm: 1,
    vcpu: 0,
    gpa,
    handler: null,
    direct,
    qualification: 1,
    instructionLength: 3,
    decodeAssist: true,
  }
}

export const MODES = ['ept', 'rvi'] as const

/** Declares a test for each kind of nested paging, which ends in the universal end. */
export function scenario(title: string, body: (host: Host, mode: (typeof MODES)[number]) => void): void {
  for (const mode of MODES)
    it(`${title} (${mode})`, () => {
      const host = new Host({ mode })
      body(host, mode)
      host.finish()
    })
}

/** The errno of an outcome, or what it is instead. */
export function errnoOf(outcome: Outcome | FaultReply): string {
  if ('errno' in outcome) return outcome.errno
  if ('panic' in outcome) return `panic in ${outcome.panic.fn}`
  return 'blocked' in outcome ? `asleep on ${outcome.blocked}` : 'ok'
}
