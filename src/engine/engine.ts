/**
 * Steps calls. A step asks one kernel function, gives its answer to the call's machine, hands what that emits to
 * the machines of the entities concerned, and records all that became true. One direction, one queue, no promise, no
 * clock, no dice: a run is a function of the boot configuration and of the decisions.
 */

import type { Word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { CallCommand, GuestCommand } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ThreadId, VcpuId, VmId, VmRef } from '../../events/ids.ts'
import type { Reply } from '../../events/reply.ts'
import type { WaitChannel } from '../../events/wait.ts'
import type { PausePoint } from '../../machines/calls/setup.ts'
import type { Tell } from '../../machines/tell.ts'
import type { Design } from '../design/design.ts'
import { replyOf } from '../design/reply.ts'
import { vmWithId } from '../kernel/kernel.ts'
import { accessGuest, isAboutContents, leavesTrace, translateGuest } from '../kernel/mmu.ts'
import { execute } from '../kernel/vmm_instruction.ts'
import { isScheduledOut } from '../kernel/vmm_vmcs.ts'
import { pspLife } from '../model/psp.ts'
import type { Thread, World } from '../model/world.ts'
import type { Driver } from '../reduce/drivers.ts'
import { contend, settleLocks, sleepWithoutKernelLock } from './locking.ts'
import { LIVES, type Routine, type RoutineStep, type Routines, routinesOf } from './routines.ts'
import { type Recorder, SteppingKernel } from './stepping-kernel.ts'

export type { Recorder } from './stepping-kernel.ts'

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

function isInGuest(outcome: StepOutcome): boolean {
  return outcome.kind === 'moved' && outcome.place === 'inGuest'
}

export class Engine {
  readonly design: Design
  readonly #kernel: SteppingKernel
  readonly #routines: Routines
  /** The step that was found last: nearly always the same thread goes on where it stopped. */
  #nextOf: ThreadId = ''
  #next: RoutineStep | null = null

  constructor(design: Design, driver: Driver, recorder: Recorder) {
    this.design = design
    this.#kernel = new SteppingKernel(driver, recorder, (id) => this.#mayMove(id))
    this.#routines = routinesOf(design)
  }

  get world(): World {
    return this.#kernel.world
  }

  #routine(command: CallCommand): Routine {
    const routine = this.#routines.get(command.type)
    if (routine === undefined)
      throw new Defect('ENG031', `design '${this.design.name}' has no routine for ${command.type}`)
    return routine
  }

  /** Puts the command on the thread `id`; its first step is the next. */
  start(command: CallCommand, id: ThreadId): void {
    if (this.world.panic !== null) throw new Defect('ENG032', 'the host has panicked', this.#kernel.seq)
    if (this.world.threads[id] !== undefined)
      throw new Defect('ENG033', `thread '${id}' has a call in flight`, this.#kernel.seq)
    const { initial } = this.#routine(command)
    const kernel = this.#kernel
    kernel.enterFirst(id)
    kernel.record({ type: 'call.started', thread: id, command })
    kernel.endStep(initial)
  }

  /** The step that the thread takes next. */
  nextStep(id: ThreadId): RoutineStep {
    return this.#stepOf(id, this.#kernel.live(id))
  }

  #stepOf(id: ThreadId, { command, place }: Thread): RoutineStep {
    const last = this.#next
    if (last !== null && id === this.#nextOf && last.name === place && last.of === command.type) return last
    const step = this.#routine(command).byName.get(place)
    if (step === undefined) throw new Defect('ENG034', `${command.type} has no step '${place}'`, this.#kernel.seq)
    return step
  }

  /** Pause points that the thread passes when it takes its next step. A thread that was asleep passed them before. */
  pausesAhead(id: ThreadId): readonly PausePoint[] {
    return this.#kernel.live(id).waiting === null ? this.nextStep(id).pauses : []
  }

  step(id: ThreadId): StepOutcome {
    const { panic } = this.world
    if (panic !== null) return { kind: 'panicked', fn: panic.fn, panic: panic.kind }
    const step = this.#stepOf(id, this.#kernel.enter(id))
    if (step.primitive === null) throw new Defect('ENG035', `the call of thread '${id}' has ended`, this.#kernel.seq)
    if (this.world.locks.length > 0) {
      const on = contend(this.#kernel, step.locks)
      if (on !== null) return this.#wait(id, on)
    }
    const answer = step.primitive(this.#kernel)
    if (answer.type === 'blocked') return this.#block(id, answer.on)
    return this.#answer(id, step, answer)
  }

  #block(id: ThreadId, on: WaitChannel): StepOutcome {
    if (this.world.locks.length > 0) sleepWithoutKernelLock(this.#kernel)
    if (this.#kernel.live(id).waiting !== on) this.#kernel.record({ type: 'call.blocked', thread: id, on })
    this.#kernel.flush(null)
    return { kind: 'blocked', on }
  }

  /** The thread waits for a lock. One that wakes up in the middle of its step goes on there when it has the lock. */
  #wait(id: ThreadId, on: WaitChannel): StepOutcome {
    if (this.#kernel.live(id).waiting === null) this.#kernel.record({ type: 'call.blocked', thread: id, on })
    this.#kernel.flush(null)
    return { kind: 'blocked', on }
  }

  /** Moves the call on by an answer, tells the entities, and ends the step. */
  #answer(id: ThreadId, step: RoutineStep, answer: Answer): StepOutcome {
    const { panic } = this.world
    if (panic !== null) {
      this.#kernel.flush(null)
      return { kind: 'panicked', fn: panic.fn, panic: panic.kind }
    }
    const { locals } = this.#kernel.thread
    const { machine, steps } = step.routine
    const result = machine.step(step.place, locals, answer)
    const { emitted } = result
    for (let i = 0; i < emitted.length; i++) this.#tell(emitted[i] as Tell)
    if (step.locks.outlives || this.world.locks.length > 0) settleLocks(this.#kernel, step.locks)
    const next = steps[result.place] as RoutineStep
    this.#nextOf = id
    this.#next = next
    this.#kernel.endStep(next.name)
    if (next.primitive !== null) return next.moved
    const reply = replyOf(this.world, this.#kernel.live(id))
    this.#kernel.record({ type: 'call.replied', thread: id, reply })
    this.#kernel.leave()
    return { kind: 'replied', reply }
  }

  /** Hands an input to the machine of an entity and records what that makes true. */
  #tell(tell: Tell): void {
    const { world } = this
    switch (tell.to) {
      case 'vcpu': {
        const { vm, vcpu, input } = tell
        const place = LIVES.vcpu.placeOf(vcpuLife(world, vm, vcpu))
        this.#recordAll(LIVES.vcpu.step(place, { vm, vcpu }, input).emitted)
        return
      }
      case 'slot': {
        const { vm, slot, input } = tell
        const place = LIVES.slot.placeOf(world.vms[vm]?.slots[slot]?.life ?? 'none')
        this.#recordAll(LIVES.slot.step(place, { vm, slot }, input).emitted)
        return
      }
      case 'vm': {
        const { vm, input } = tell
        const place = LIVES.vm.placeOf(world.vms[vm]?.life ?? 'freed')
        this.#recordAll(LIVES.vm.step(place, { vm }, input).emitted)
        return
      }
      case 'process': {
        const { pid, input } = tell
        const place = LIVES.process.placeOf(world.processes[pid] === undefined ? 'exited' : 'alive')
        this.#recordAll(LIVES.process.step(place, { pid }, input).emitted)
        return
      }
      case 'pagedaemon': {
        const place = LIVES.pagedaemon.placeOf(world.pagedaemon)
        this.#recordAll(LIVES.pagedaemon.step(place, {}, tell.input).emitted)
        return
      }
      case 'psp': {
        const { handle, input } = tell
        const place = LIVES.psp.placeOf(pspLife(world, handle))
        this.#recordAll(LIVES.psp.step(place, { handle }, input).emitted)
        return
      }
    }
  }

  #recordAll(events: readonly VmmEvent[]): void {
    // By number: most lists have one event or none, and an iterator costs more than it.
    for (let i = 0; i < events.length; i++) this.#kernel.record(events[i] as VmmEvent)
  }

  /** The thread that is inside VMM_IOC_RUN of the vCPU and in its guest, or null. */
  runnerOf(id: VmId, vcpu: VcpuId): ThreadId | null {
    const vm = vmWithId(this.world, id)
    const one = vm?.vcpus[vcpu]
    return one?.life === 'inGuest' ? one.lock : null
  }

  /** Whether a thread can go on on another CPU: before its first step it was in its program. */
  #mayMove(id: ThreadId): boolean {
    const thread = this.#kernel.live(id)
    if (thread.waiting !== null) return true
    const { name, meta } = this.#stepOf(id, thread)
    return meta.sleeps === true || name === this.#routine(thread.command).initial
  }

  /** A guest that was scheduled out since it acted last has its thread call RUN again. */
  resume(runner: ThreadId): StepOutcome | null {
    return isScheduledOut(this.world, this.#kernel.live(runner)) ? this.step(runner) : null
  }

  /** Lets the guest act. Its thread must be in the guest. */
  guest(command: GuestCommand, runner: ThreadId): StepOutcome {
    const { panic } = this.world
    if (panic !== null) return { kind: 'panicked', fn: panic.fn, panic: panic.kind }
    const resumed = this.resume(runner)
    if (resumed !== null && !isInGuest(resumed)) return resumed
    const step = this.#stepOf(runner, this.#kernel.enter(runner))
    if (command.type === 'guest.leave') return this.#answer(runner, step, { type: 'guest.left' })
    if (command.type !== 'guest.touch') {
      const left = execute(this.#kernel, command)
      if (left !== null) return this.#answer(runner, step, left)
      this.#kernel.endStep(step.name)
      return { kind: 'moved', place: step.name }
    }
    const at = translateGuest(this.#kernel, command)
    const isSeen = at !== null && (isAboutContents(command) || leavesTrace(this.world, at, command.access))
    if (!isSeen) return this.#answer(runner, step, { type: 'guest.faulted', gpa: command.gpa })
    accessGuest(this.#kernel, at, command)
    this.#kernel.endStep(step.name)
    return step.moved
  }

  /** The guest faults at `gpa`, whatever its tables say by now. Its thread must be in the guest. */
  guestFault(gpa: Word64, runner: ThreadId): StepOutcome {
    const resumed = this.resume(runner)
    if (resumed !== null && !isInGuest(resumed)) return resumed
    const step = this.#stepOf(runner, this.#kernel.enter(runner))
    return this.#answer(runner, step, { type: 'guest.faulted', gpa })
  }
}
