/**
 * A host with two CPUs, for tests about what runs where; and what its events say of CPUs.
 */
import type { Boot } from '../../events/boot.ts'
import type { CallCommand, GuestCommand, IocRun } from '../../events/command.ts'
import type { VmmEvent } from '../../events/event.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { Monitor, type Violation } from '../../src/invariant/index.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld, type Vcpu } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import { expectSameAsWhole, isJudged } from '../invariant/judged.ts'
import { checkRun } from '../support/check-run.ts'
import { Play, type Played } from '../support/runs.ts'

export const PAGE = 4096
export const HVA = 0x1000000000
export const RUN: IocRun = { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 }

/** A host with two CPUs and a VM of two pages. */
export class Host extends Play {
  constructor(boot: Partial<Boot> = {}, design: Design = aobjDying) {
    super({ cpus: 2, frames: 256, ...boot }, design)
    this.vm(100)
  }

  vm(pid: number): void {
    this.dispatch({ type: 'host.spawn', pid, pledge: [] })
    if (this.design.memoryFrom === 'creator')
      this.dispatch({ type: 'host.mmap', pid, va: HVA, size: 2 * PAGE, shared: true })
    const ranges = [{ gpa: 0, size: 2 * PAGE, memtype: 0, va: HVA }]
    this.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
  }

  /** Begins a call on a CPU, and steps it as far as it goes. */
  on(cpu: number, command: CallCommand): string {
    const thread = this.start(command)
    this.move(thread, cpu)
    this.step(thread)
    return thread
  }

  move(thread: string, cpu: number): void {
    this.dispatch({ type: 'host.migrate', thread, cpu })
  }

  acts(command: GuestCommand, thread: string): void {
    this.guest(command, thread)
    this.step(thread)
  }

  touch(gpa: number, thread: string, tlb = false): void {
    this.acts({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access: 'w', value: 7, ...(tlb ? { tlb } : {}) }, thread)
  }

  get vcpu(): Vcpu {
    return this.run.current.vms[1]?.vcpus[0] as Vcpu
  }

  /** What became true of CPUs since event number `since`. */
  told(since: number): readonly string[] {
    return this.events.slice(since).flatMap(({ event }) => textOf(event) ?? [])
  }
}

function textOf(event: VmmEvent): string | null {
  switch (event.type) {
    case 'vmcs.loaded':
    case 'vmcs.cleared':
    case 'vmcs.clearRefused':
    case 'vcpu.placed':
    case 'vcpu.parked':
      return `${event.type} ${event.cpu}`
    case 'ept.invalidated':
      return `${event.type} ${event.cpus?.join()}`
    case 'vmcs.reloaded':
    case 'vmcs.freed':
      return event.type
    case 'vmcs.missed':
      return `${event.type} ${event.use}`
    default:
      return null
  }
}

/** Judges a run event by event, and holds the monitor to what is judged from scratch. */
function judged({ boot, events }: Played): readonly Violation[] {
  const memory = new VersionedMemory(boot.frames)
  const driver = driverOf('inPlace', bootWorld(boot, memory), memory)
  const found: Violation[] = []
  const monitor = new Monitor(driver.current, { report: (violation) => found.push(violation) })
  for (const recorded of events) {
    driver.replay(recorded)
    monitor.take(recorded, driver.current)
    if (isJudged(recorded, driver.current)) expectSameAsWhole(monitor, driver.current)
  }
  return found
}

/** The violations of these numbers. */
export function broken(host: Host, ...ids: readonly string[]): readonly string[] {
  return [...new Set(judged(host.played).flatMap(({ id }) => (ids.includes(id) ? [id] : [])))]
}

/** Every scenario ends in the universal check. */
export function scenario(title: string, body: (host: Host) => void, boot: Partial<Boot> = {}, design?: Design): void {
  it(title, () => {
    const host = new Host(boot, design)
    body(host)
    checkRun(host.played)
  })
}
