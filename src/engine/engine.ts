/**
 * Steps calls. A step asks one kernel function, gives its answer to the call's machine, hands what that emits to
 * the machines of the entities concerned, and records all that became true. One direction, one queue, no promise, no
 * clock, no dice: a run is a function of the boot configuration and of the decisions.
 */
import type { CallCommand, Failpoint, GuestCommand } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { Errno } from '../../events/errno.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId, VcpuId, VmId, VmRef } from '../../events/ids.ts'
import type { Reply } from '../../events/reply.ts'
import type { WaitChannel } from '../../events/wait.ts'
import type { Answer } from '../../events/answer.ts'
import type { PausePoint } from '../../machines/calls/setup.ts'
import type { Tell } from '../../machines/tell.ts'
import type { Design } from '../design/design.ts'
import { replyOf } from '../design/reply.ts'
import { type Kernel, lookup } from '../kernel/kernel.ts'
import type { Thread, World } from '../model/world.ts'
import type { Driver } from '../reduce/drivers.ts'
import { LIVES, type Routine, type RoutineStep, type Routines, routinesOf } from './routines.ts'

/** How a step of a thread ended. */
export type StepOutcome =
  | { readonly kind: 'moved'; readonly place: string }
  | { readonly kind: 'blocked'; readonly on: WaitChannel }
  | { readonly kind: 'replied'; readonly reply: Reply }
  | { readonly kind: 'panicked'; readonly fn: string; readonly panic: string }

/** Where a vCPU stands; one that is on no list any more is gone. */
function vcpuLife(world: World, vm: VmRef, vcpu: VcpuId): string {
  const vcpus = world.vms[vm]?.vcpus
  // A VM has few vCPUs; the first is nearly always the one.
  const one = vcpus?.[vcpu]
  return (one?.id === vcpu ? one : vcpus?.find((other) => other.id === vcpu))?.life ?? 'gone'
}

/** Gets every event as soon as the step that it belongs to is sure of it, in order. */
export type Recorder = (recorded: Recorded) => void

export class Engine {
  readonly design: Design
  readonly #driver: Driver
  readonly #recorder: Recorder
  readonly #routines: Routines
  readonly #kernel: Kernel & { thread: Thread }
  #pending: VmmEvent | null = null
  #pendingSeq = 0
  #seq: number
  #thread: ThreadId = ''
  /** Records that are written to in place stay the same object from step to step; others are looked up anew. */
  readonly #stable: boolean
  #caller: Thread | null = null
  /** The step that was found last: nearly always the same thread goes on where it stopped. */
  #nextOf: ThreadId = ''
  #next: RoutineStep | null = null

  constructor(design: Design, driver: Driver, recorder: Recorder) {
    this.design = design
    this.#driver = driver
    this.#recorder = recorder
    this.#routines = routinesOf(design)
    this.#seq = driver.current.seq
    this.#stable = driver.kind === 'inPlace'
    this.#kernel = this.#makeKernel()
  }

  get world(): World {
    return this.#driver.current
  }

  #makeKernel(): Kernel & { thread: Thread } {
    const driver = this.#driver
    const engine = this
    return {
      get world() {
        return driver.current
      },
      get thread() {
        return engine.#caller ?? engine.#live(engine.#thread)
      },
      record(event: VmmEvent) {
        engine.#record(event)
      },
      fails(fn: Failpoint): Errno | null {
        const { failpoints } = driver.current
        // Nearly always nobody waits for anything.
        if (failpoints.length === 0) return null
        const armed = failpoints.filter((point) => point.fn === fn)
        if (armed.length === 0) return null
        const errno = armed.find((point) => point.k === 1)?.errno ?? null
        engine.#record({ type: 'failpoint.counted', fn })
        return errno
      },
    }
  }

  /** The next step is one of thread `id`. */
  #enter(id: ThreadId): Thread {
    const thread = this.#live(id)
    this.#thread = id
    this.#caller = this.#stable ? thread : null
    return thread
  }

  #live(id: ThreadId): Thread {
    const thread = this.#driver.current.threads[id]
    if (thread === undefined) throw new Defect('ENG030', `thread '${id}' has no call in flight`, this.#seq)
    return thread
  }

  #record(event: VmmEvent): void {
    this.#flush(null)
    this.#seq += 1
    this.#driver.apply(event, this.#seq, this.#thread)
    this.#pending = event
    this.#pendingSeq = this.#seq
  }

  /** The last event of a step carries the place in which the step leaves its call. */
  #flush(place: string | null): void {
    const event = this.#pending
    if (event === null) return
    this.#pending = null
    this.#recorder({ seq: this.#pendingSeq, thread: this.#thread, place, event })
  }

  #endStep(place: string): void {
    if (this.#pending === null) this.#record({ type: 'call.stepped', thread: this.#thread })
    this.#driver.move(this.#thread, place)
    this.#flush(place)
  }

  #routine(command: CallCommand): Routine {
    const routine = this.#routines.get(command.type)
    if (routine === undefined)
      throw new Defect('ENG031', `design '${this.design.name}' has no routine for ${command.type}`)
    return routine
  }

  /** Puts the command on the thread `id`; its first step is the next. */
  start(command: CallCommand, id: ThreadId): void {
    if (this.world.panic !== null) throw new Defect('ENG032', 'the host has panicked', this.#seq)
    if (this.world.threads[id] !== undefined)
      throw new Defect('ENG033', `thread '${id}' has a call in flight`, this.#seq)
    const { initial } = this.#routine(command)
    this.#thread = id
    this.#caller = null
    this.#record({ type: 'call.started', thread: id, command })
    this.#endStep(initial)
  }

  /** The step that the thread takes next. */
  nextStep(id: ThreadId): RoutineStep {
    return this.#stepOf(id, this.#live(id))
  }

  #stepOf(id: ThreadId, { command, place }: Thread): RoutineStep {
    const last = this.#next
    if (last !== null && id === this.#nextOf && last.name === place && last.of === command.type) return last
    const step = this.#routine(command).byName.get(place)
    if (step === undefined) throw new Defect('ENG034', `${command.type} has no step '${place}'`, this.#seq)
    return step
  }

  /** Pause points that the thread passes when it takes its next step. A thread that was asleep passed them before. */
  pausesAhead(id: ThreadId): readonly PausePoint[] {
    return this.#live(id).waiting === null ? this.nextStep(id).pauses : []
  }

  step(id: ThreadId): StepOutcome {
    const { panic } = this.world
    if (panic !== null) return { kind: 'panicked', fn: panic.fn, panic: panic.kind }
    const step = this.#stepOf(id, this.#enter(id))
    if (step.primitive === null) throw new Defect('ENG035', `the call of thread '${id}' has ended`, this.#seq)
    const answer = step.primitive(this.#kernel)
    if (answer.type === 'blocked') return this.#block(id, answer.on)
    return this.#answer(id, step, answer)
  }

  #block(id: ThreadId, on: WaitChannel): StepOutcome {
    if (this.#live(id).waiting !== on) this.#record({ type: 'call.blocked', thread: id, on })
    this.#flush(null)
    return { kind: 'blocked', on }
  }

  /** Moves the call on by an answer, tells the entities, and ends the step. */
  #answer(id: ThreadId, step: RoutineStep, answer: Answer): StepOutcome {
    const { panic } = this.world
    if (panic !== null) {
      this.#flush(null)
      return { kind: 'panicked', fn: panic.fn, panic: panic.kind }
    }
    const { locals } = this.#kernel.thread
    const { machine, steps } = step.routine
    const result = machine.step(step.place, locals, answer)
    for (const tell of result.emitted) this.#tell(tell)
    const next = steps[result.place] as RoutineStep
    this.#nextOf = id
    this.#next = next
    this.#endStep(next.name)
    if (next.primitive !== null) return { kind: 'moved', place: next.name }
    const reply = replyOf(this.world, this.#live(id))
    this.#record({ type: 'call.replied', thread: id, reply })
    this.#flush(null)
    return { kind: 'replied', reply }
  }

  /** Hands an input to the machine of an entity and records what that makes true. */
  #tell(tell: Tell): void {
    const { world } = this
    switch (tell.to) {
      case 'vcpu': {
        const { vm, vcpu, input } = tell
        const life = vcpuLife(world, vm, vcpu)
        for (const event of LIVES.vcpu.step(LIVES.vcpu.placeOf(life), { vm, vcpu }, input).emitted) this.#record(event)
        return
      }
      case 'slot': {
        const { vm, slot, input } = tell
        const life = world.vms[vm]?.slots[slot]?.life ?? 'none'
        for (const event of LIVES.slot.step(LIVES.slot.placeOf(life), { vm, slot }, input).emitted) this.#record(event)
        return
      }
      case 'vm': {
        const { vm, input } = tell
        const life = world.vms[vm]?.life ?? 'freed'
        for (const event of LIVES.vm.step(LIVES.vm.placeOf(life), { vm }, input).emitted) this.#record(event)
        return
      }
      case 'process': {
        const { pid, input } = tell
        const life = world.processes[pid] === undefined ? 'exited' : 'alive'
        for (const event of LIVES.process.step(LIVES.process.placeOf(life), { pid }, input).emitted) this.#record(event)
        return
      }
      case 'pagedaemon': {
        const place = LIVES.pagedaemon.placeOf(world.pagedaemon)
        for (const event of LIVES.pagedaemon.step(place, {}, tell.input).emitted) this.#record(event)
        return
      }
    }
  }

  /** The thread that is inside VMM_IOC_RUN of the vCPU and in its guest, or null. */
  runnerOf(id: VmId, vcpu: VcpuId): ThreadId | null {
    const vm = lookup(this.world, id)
    const one = vm?.vcpus[vcpu]
    return one?.life === 'inGuest' ? one.lock : null
  }

  /** Lets the guest act. Its thread must be in the guest. */
  guest(command: GuestCommand, runner: ThreadId): StepOutcome {
    const step = this.#stepOf(runner, this.#enter(runner))
    if (command.type === 'guest.touch') return this.#answer(runner, step, { type: 'guest.faulted', gpa: command.gpa })
    return this.#answer(runner, step, { type: 'guest.left' })
  }
}
