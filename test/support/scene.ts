/**
 * A scenario: commands dispatched on a host, threads stepped by hand where it matters, and at the end the check that
 * every run must stand.
 */
import { expect } from 'chai'
import type { Boot } from '../../events/boot.ts'
import type { AccessMode, CallCommand, GuestCommand, RangeRequest } from '../../events/command.ts'
import type { EventType } from '../../events/event.ts'
import type { Pid, ThreadId, VmId } from '../../events/ids.ts'
import type { Reply } from '../../events/reply.ts'
import type { Design } from '../../src/design/design.ts'
import { DEFAULT_DESIGN } from '../../src/design/designs.ts'
import type { Process, Thread, Vcpu, Vm, World } from '../../src/model/world.ts'
import { checkRun } from './check-run.ts'
import { PAGE } from './commands.ts'
import { Play } from './runs.ts'

export type Ending = Reply | { readonly blocked: string } | { readonly panic: string } | { readonly at: string }

export const ram = (gpa: number, pages: number, va = 0): RangeRequest => ({ gpa, size: pages * PAGE, memtype: 0, va })
export const mmio = (gpa: number, pages: number): RangeRequest => ({ gpa, size: pages * PAGE, memtype: 2, va: 0 })

/** Two pages of memory, one of MMIO, one of memory. */
export const RANGES: readonly RangeRequest[] = [ram(0, 2), mmio(2 * PAGE, 1), ram(3 * PAGE, 1)]

export class Scene extends Play {
  get world(): World {
    return this.run.current
  }

  /** How the call on a thread stands: its reply, what it waits for, or where it is. */
  ending(thread: ThreadId): Ending {
    const replied = this.events.findLast(({ event }) => event.type === 'call.replied' && event.thread === thread)
    if (replied?.event.type === 'call.replied' && this.world.threads[thread] === undefined) return replied.event.reply
    if (this.world.panic !== null) return { panic: this.world.panic.fn }
    const { waiting, place } = this.thread(thread)
    return waiting === null ? { at: place } : { blocked: waiting }
  }

  /** Dispatches a command and says how it ended. */
  ask(command: CallCommand): Ending {
    return this.ending(this.dispatch(command))
  }

  /** Lets a thread go on as far as it can. */
  resume(thread: ThreadId): Ending {
    this.step(thread)
    return this.ending(thread)
  }

  /** Starts a command and steps it until its call stands at `place`. */
  stopAt(command: CallCommand, place: string): ThreadId {
    const thread = this.start(command)
    while (this.thread(thread).place !== place) this.step(thread, 1)
    return thread
  }

  /** The guest acts, and its thread goes on to its next entry or the end of RUN. */
  acts(command: GuestCommand, thread: ThreadId): Ending {
    this.guest(command, thread)
    while (this.world.threads[thread]?.place !== 'inGuest') if (!this.step(thread, 1)) break
    return this.ending(thread)
  }

  thread(id: ThreadId): Thread {
    const thread = this.world.threads[id]
    if (thread === undefined) throw new TypeError(`thread '${id}' has no call in flight`)
    return thread
  }

  vm(id: VmId = 1): Vm {
    const vm = Object.values(this.world.vms).find((one) => one.id === id)
    if (vm === undefined) throw new TypeError(`there is no VM ${id}`)
    return vm
  }

  vcpu(id: VmId = 1): Vcpu {
    return this.vm(id).vcpus[0] as Vcpu
  }

  process(pid: Pid): Process {
    const process = this.world.processes[pid]
    if (process === undefined) throw new TypeError(`there is no process ${pid}`)
    return process
  }

  /** Events of a type, so far. */
  count(type: EventType): number {
    return this.events.filter(({ event }) => event.type === type).length
  }

  spawn(pid: Pid = 100): void {
    expect(this.ask({ type: 'host.spawn', pid, pledge: [] })).to.deep.equal({ ok: true })
  }

  /** Process 100 with a VM. */
  create(ranges: readonly RangeRequest[] = RANGES, pid: Pid = 100): void {
    if (this.world.processes[pid] === undefined) this.spawn(pid)
    expect(this.ask({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })).to.include({ ok: true })
  }

  /** A thread of the process, in the guest of VM 1. */
  enter(pid: Pid = 100): ThreadId {
    const thread = this.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
    expect(this.ending(thread)).to.deep.equal({ blocked: 'guest' })
    return thread
  }

  touch(pid: Pid, va: number, access: AccessMode = 'rw'): Ending {
    return this.ask({ type: 'host.touch', pid, va, access })
  }
}

type Options = { readonly boot?: Partial<Boot>; readonly design?: Design }

/** A test that acts on a host of its own, and checks its run. */
export function scene(
  title: string,
  act: (host: Scene) => void,
  { boot = {}, design = DEFAULT_DESIGN }: Options = {},
): void {
  it(title, () => {
    const host = new Scene(boot, design)
    act(host)
    checkRun(host.played)
  })
}
