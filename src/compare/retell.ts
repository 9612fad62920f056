/**
 * Takes the decisions of a run again on another design, in that design's way: who brings the memory of a VM is the
 * design's, what is called what is looked up, and a thread that was stopped between two steps is brought as far here.
 */
import type { Word64 } from '../../events/address.ts'
import type { CallCommand, Command, GuestCommand, RangeRequest } from '../../events/command.ts'
import type { Pid, ThreadId, VmRef } from '../../events/ids.ts'
import type { Outcome, RunReply } from '../../events/reply.ts'
import type { StepOutcome } from '../engine/engine.ts'
import { isGuestCommand, outcomeOf } from '../engine/run.ts'
import { vmWithId } from '../kernel/kernel.ts'
import { isAboutContents, translate } from '../kernel/mmu.ts'
import type { Played } from '../scenario/play.ts'
import { commandText } from '../show/reply.ts'
import { type Act, guestReply, vasOf } from './act.ts'
import type { Ahead } from './ahead.ts'
import { type AsksForMemory, askForMemory } from './ask.ts'
import { asFarAs, functionsOf, timesOf } from './counterpart.ts'
import { Failures } from './failures.ts'
import { Names } from './names.ts'
import type { Watched } from './witness.ts'

/** What an act came to. `passed` says why it was not done here at all. */
export type Result = Played['result'] | { readonly kind: 'passed'; readonly text: string }

export type Told = {
  /** What was asked here; null for a note and for what was passed over. */
  readonly command: Command | null
  readonly result: Result
  /** What is different from how it was done there, in words. */
  readonly notes: readonly string[]
}

export class Retelling {
  readonly #there: Watched
  readonly #here: Watched
  readonly #ahead: Ahead
  readonly #names = new Names()
  /** By the thread there. */
  readonly #threads = new Map<ThreadId, ThreadId>()
  /** Ranges with the addresses that a call here asks for, by the thread there. */
  readonly #placed = new Map<ThreadId, readonly RangeRequest[]>()
  /** What calls have answered here that are not over there. */
  readonly #answered = new Map<ThreadId, Outcome>()
  /** Calls that sleep here and are over there, by the thread here. */
  readonly #asleep = new Set<ThreadId>()
  readonly #failures: Failures
  /** Accesses to memory that comes only with its VM, by the act of the CREATE. */
  readonly #deferred = new Map<number, CallCommand[]>()
  #notes: string[] = []
  #act = 0

  /** @param there the run that the decisions are taken from; each act is told here once it was done there. */
  constructor(there: Watched, here: Watched, ahead: Ahead) {
    this.#there = there
    this.#here = here
    this.#ahead = ahead
    this.#failures = new Failures(there.run.design, here)
  }

  get #bringsMemory(): boolean {
    return this.#here.run.design.memoryFrom === 'creator' && this.#there.run.design.memoryFrom === 'vmm'
  }

  get #getsMemory(): boolean {
    return this.#here.run.design.memoryFrom === 'vmm' && this.#there.run.design.memoryFrom === 'creator'
  }

  /** Does here what was done there. `index` counts acts from 0. */
  tell(act: Act, index: number): Told {
    this.#notes = []
    this.#act = index
    const told = this.#tellOne(act)
    this.#learn(act, told)
    this.#wake()
    return { ...told, notes: this.#notes }
  }

  #tellOne(act: Act): Omit<Told, 'notes'> {
    const { command, result } = act
    if (command === null) return { command, result }
    if (isGuestCommand(command)) return this.#tellGuest(command, act)
    if (!act.begins) return this.#goOn(command, act)
    const passed = this.#passedOver(command)
    if (passed !== null) return { command: null, result: { kind: 'passed', text: passed } }
    const asked = this.#translated(command, act)
    const thread = this.#here.run.start(asked, this.#threadName(act))
    if (act.thread !== null) {
      this.#threads.set(act.thread, thread)
      this.#answered.delete(act.thread)
    }
    return { command: asked, result: this.#advance(act, thread, asked) }
  }

  #threadName({ named }: Act): ThreadId | undefined {
    if (named === null) return undefined
    return this.#here.run.current.threads[named] === undefined ? named : undefined
  }

  // ---------------------------------------------------------------- what is not done here

  /** Why a command is not asked here; null when it is. */
  #passedOver(command: CallCommand): string | null {
    const prepared = this.#getsMemory ? this.#ahead.prepares.get(this.#act) : undefined
    if (prepared !== undefined) {
      if (command.type === 'host.munmap' || !this.#deferred.has(prepared)) this.#deferred.set(prepared, [])
      return 'vmm brings the memory of the VM'
    }
    if (command.type === 'fail.next' && this.#there.run.design.memoryFrom !== this.#here.run.design.memoryFrom)
      return this.#failures.expect(command, this.#ahead.failures.get(this.#act) ?? null)
    if (this.#isEarly(command)) return 'done after the CREATE, with which the memory comes'
    return null
  }

  /** Whether the process uses memory that it has there already, and gets here with the VM. */
  #isEarly(command: CallCommand): boolean {
    if (!('pid' in command) || !('va' in command) || command.va === null || typeof command.va === 'object') return false
    for (const [create, waiting] of this.#deferred) {
      if (create <= this.#act || this.#isMapped(command.pid, command.va)) continue
      waiting.push(command)
      return true
    }
    return false
  }

  #isMapped(pid: Pid, va: Word64): boolean {
    return (
      this.#here.run.current.processes[pid]?.entries.some(
        (entry) => va >= entry.start && va < entry.start + entry.size,
      ) ?? false
    )
  }

  // ---------------------------------------------------------------- in this design's words

  #translated(command: CallCommand, act: Act): CallCommand {
    const routines = this.#here.run.design.routines
    if (command.type !== 'ioc.unknown' && routines[command.type] === routines['ioc.unknown'])
      this.#notes.push(`there is no ${command.type} in this design`)
    if (command.type === 'ioc.create') return this.#withMemory(command, act)
    if (command.type === 'ioc.sharemem') return this.#withMemory({ ...command, vm: this.#names.vm(command.vm) }, act)
    const names = this.#names
    const vm = 'vm' in command ? { vm: names.vm(command.vm) } : {}
    const isPlace =
      'pid' in command && 'va' in command && (typeof command.va === 'number' || typeof command.va === 'bigint')
    const va = isPlace ? { va: names.address(command.pid, command.va) } : {}
    const page =
      'object' in command && 'page' in command
        ? names.page(this.#there.run.current, this.#here.run.current, command as { object: string; page: number })
        : {}
    const thread = 'thread' in command ? { thread: this.#threads.get(command.thread) ?? command.thread } : {}
    return { ...command, ...vm, ...va, ...page, ...thread } as CallCommand
  }

  /** CREATE or SHAREMEM, with what the process does before it in this design. */
  #withMemory<Asked extends AsksForMemory>(command: Asked, act: Act): Asked {
    const at = command.ranges.map((range, i) => this.#addressThere(act, range, i))
    const asked = askForMemory(command, this.#there.run.design, this.#here.run, at)
    if (asked.note !== null) this.#notes.push(asked.note)
    if (act.thread !== null) this.#placed.set(act.thread, asked.command.ranges)
    return asked.command
  }

  /** Where a range lies in the process there, as far as that is known by now; undefined for nowhere. */
  #addressThere(act: Act, range: RangeRequest, index: number): Word64 | undefined {
    const { run, witness } = this.#there
    const answered = vasOf(act)?.[index]
    const made = act.thread === null ? undefined : witness.vmMadeBy(act.thread)
    const hva = answered ?? (made === undefined ? null : run.current.vms[made]?.slots[index]?.hva) ?? 0
    return range.memtype === MMIO || hva === 0 ? undefined : hva
  }

  // ---------------------------------------------------------------- steps

  /** A call that stands somewhere goes on. */
  #goOn(command: CallCommand, act: Act): Omit<Told, 'notes'> {
    const thread = act.thread === null ? undefined : this.#threads.get(act.thread)
    const answered = act.thread === null ? undefined : this.#answered.get(act.thread)
    if (answered !== undefined) {
      this.#notes.push('it has answered before')
      return { command, result: { kind: 'answered', outcome: answered } }
    }
    const asked = thread === undefined ? undefined : this.#here.run.current.threads[thread]?.command
    if (thread === undefined || asked === undefined)
      return { command, result: { kind: 'passed', text: 'there is no such call in flight here' } }
    return { command: asked, result: this.#advance(act, thread, asked) }
  }

  /** Brings a call as far as it has come there. */
  #advance(act: Act, thread: ThreadId, command: CallCommand): Result {
    const { run } = this.#here
    if (act.result.kind !== 'stands') return this.#ended(act, thread, this.#finish(thread))
    const isFar = this.#howFar(act, thread, command)
    let steps = 0
    while (!isFar()) {
      const outcome = this.#step(thread)
      steps += 1
      if (outcome.kind !== 'moved') return this.#ended(act, thread, outcomeOf(outcome, thread))
    }
    const { name, meta } = run.next(thread)
    if (name !== act.result.place)
      this.#notes.push(
        steps === 0
          ? `${act.result.place} has no counterpart: the call waits at ${name}`
          : `${act.result.place} has no counterpart: the call has come to ${name}`,
      )
    return { kind: 'stands', place: name, source: meta.source }
  }

  /**
   * Says whether a call has come as far as it has there: as many steps of the same routine, or, where the routines
   * differ, so often past the function that brings a VM as far.
   */
  #howFar({ thread: other }: Act, thread: ThreadId, command: CallCommand): () => boolean {
    if (other === null) return () => true
    const { run, witness } = this.#here
    const there = this.#there.witness
    const [from, to] = [this.#there.run.design, run.design]
    if (from.memoryFrom === to.memoryFrom && from.routines[command.type] === to.routines[command.type])
      return () => witness.stepsOf(thread) >= there.stepsOf(other)
    const functions = functionsOf(to, command.type)
    const memtypes = 'ranges' in command ? command.ranges.map(({ memtype }) => memtype) : []
    for (const [calls, times] of [...there.completedBy(other)].reverse()) {
      const wanted = asFarAs(calls, from, to, functions)
      // MMIO ranges alone may be all that the other design has shared by now.
      const needed = wanted === null ? 0 : timesOf(calls, times, from, to, memtypes)
      if (wanted !== null && needed > 0) return () => (witness.completedBy(thread).get(wanted) ?? 0) >= needed
    }
    return () => true
  }

  #step(thread: ThreadId): StepOutcome {
    const failure = this.#failures.before(thread, this.#act, (other) => this.#threads.get(other))
    if (failure !== null) this.#here.run.dispatch(failure)
    return this.#here.run.step(thread)
  }

  #finish(thread: ThreadId): Outcome {
    for (;;) {
      const outcome = this.#step(thread)
      if (outcome.kind !== 'moved') return outcomeOf(outcome, thread)
    }
  }

  #ended(act: Act, thread: ThreadId, outcome: Outcome): Result {
    const isOver = !('blocked' in outcome)
    const isOverThere = act.result.kind === 'answered' && !('blocked' in act.result.outcome)
    if (isOver && !isOverThere && act.thread !== null) this.#answered.set(act.thread, outcome)
    if (!isOver && isOverThere && outcome.blocked !== 'guest') this.#asleep.add(thread)
    return { kind: 'answered', outcome }
  }

  /** Calls that are over there and slept here go on as soon as they can. */
  #wake(): void {
    const { run } = this.#here
    for (const thread of this.#asleep) {
      const command = run.current.threads[thread]?.command
      if (command === undefined || run.current.panic !== null) {
        this.#asleep.delete(thread)
        continue
      }
      const outcome = this.#finish(thread)
      if ('blocked' in outcome && outcome.blocked !== 'guest') continue
      this.#asleep.delete(thread)
      if (!('blocked' in outcome)) this.#notes.push(`${commandText(command)} has woken up and ended`)
    }
  }

  // ---------------------------------------------------------------- guests

  #tellGuest(command: GuestCommand, act: Act): Omit<Told, 'notes'> {
    const { run } = this.#here
    const asked = { ...command, vm: this.#names.vm(command.vm) }
    const runner = run.runnerOf(asked.vm, asked.vcpu)
    if (runner === null || act.thread === null)
      return { command: asked, result: { kind: 'answered', outcome: run.dispatch(asked) } }
    this.#threads.set(act.thread, runner)
    const stepwise = act.result.kind === 'stands' || this.#faultsAnyhow(act) || this.#failures.areExpectedIn(this.#act)
    const result: Result = stepwise
      ? this.#guestByStep(asked, act, runner)
      : { kind: 'answered', outcome: run.dispatch(asked) }
    // RUN has ended here, and goes on there.
    const isOver = run.current.threads[runner] === undefined && result.kind === 'answered'
    if (isOver && this.#there.run.current.threads[act.thread] !== undefined) {
      const left = 'left' in result.outcome ? result.outcome.left : null
      this.#answered.set(act.thread, left ?? result.outcome)
    }
    return { command: asked, result }
  }

  /** An access that was a fault there is one here, whatever the tables say, where the designs keep memory the same way. */
  #faultsAnyhow({ faulted }: Act): boolean {
    return faulted && this.#there.run.design.memoryFrom === this.#here.run.design.memoryFrom
  }

  /** What a guest does, step by step: it stops on the way to its next instruction, or a failure waits there. */
  #guestByStep(command: GuestCommand, act: Act, runner: ThreadId): Result {
    const { run } = this.#here
    const touch = command.type === 'guest.touch' ? command : null
    const pmap = vmWithId(run.current, command.vm)?.pmap ?? null
    const isServed = touch !== null && translate(run.current, pmap, touch.gpa, touch.access) !== null
    const faults = touch !== null && (!isServed || this.#faultsAnyhow(act))
    if (touch !== null && !faults) return { kind: 'answered', outcome: run.dispatch(touch) }
    let outcome = touch === null ? run.guest(command, runner) : run.guestFault(touch.gpa, runner)
    const call = run.current.threads[runner]?.command
    const stops = act.result.kind === 'stands' && call !== undefined
    const isFar = stops ? this.#howFar(act, runner, call) : () => false
    while (outcome.kind === 'moved' && outcome.place !== 'inGuest') {
      if (isFar()) {
        const { name, meta } = run.next(runner)
        return { kind: 'stands', place: name, source: meta.source }
      }
      outcome = this.#step(runner)
    }
    if (outcome.kind === 'blocked' || outcome.kind === 'panicked')
      return this.#ended(act, runner, outcomeOf(outcome, runner))
    const left = outcome.kind === 'replied' ? (outcome.reply as RunReply) : null
    const again = left === null && touch !== null && isAboutContents(touch) ? run.dispatch(touch) : null
    if (again !== null && 'faulted' in again)
      return { kind: 'answered', outcome: { ...again, faulted: true } as Outcome }
    return { kind: 'answered', outcome: guestReply(run, command, runner, { faulted: faults, left }) }
  }

  // ---------------------------------------------------------------- what is learnt

  #learn(act: Act, told: Omit<Told, 'notes'>): void {
    const { command, thread, result } = act
    if (thread !== null) this.#learnVm(thread)
    if (command === null || result.kind !== 'answered') return
    const { outcome } = result
    const here = told.result.kind === 'answered' ? told.result.outcome : null
    switch (command.type) {
      case 'ioc.sharemem': {
        const from = 'va' in outcome && Array.isArray(outcome.va) ? (outcome.va as readonly Word64[]) : []
        const to = here !== null && 'va' in here && Array.isArray(here.va) ? (here.va as readonly Word64[]) : []
        for (const [i, { size }] of command.ranges.entries())
          if ((from[i] ?? 0) !== 0 && (to[i] ?? 0) !== 0)
            this.#names.learnStretch(command.pid, from[i] ?? 0, to[i] ?? 0, size)
        return
      }
      case 'host.mmap':
        if (outcome.ok && 'va' in outcome && here?.ok && 'va' in here)
          this.#names.learnStretch(command.pid, outcome.va as Word64, here.va as Word64, command.size)
        return
      case 'host.fork':
        if (outcome.ok) this.#names.learnFork(command.pid, command.child)
        return
      case 'host.exit':
      case 'host.exec':
        if (outcome.ok) this.#names.forget(command.pid)
        return
      case 'ioc.create':
        this.#doDeferred()
        return
      default:
        return
    }
  }

  /** The VM that a call has made by now, and where its memory is. */
  #learnVm(thread: ThreadId): void {
    const { run, witness } = this.#there
    const vm = witness.vmMadeBy(thread)
    const other = this.#threads.get(thread)
    if (vm === undefined || other === undefined) return
    const pair: VmRef | null = this.#here.witness.vmMadeBy(other) ?? null
    this.#names.learnVm({ world: run.current, vm }, { world: this.#here.run.current, vm: pair })
    const made = run.current.vms[vm]
    const slots = pair === null ? [] : (this.#here.run.current.vms[pair]?.slots ?? [])
    const placed = this.#placed.get(thread) ?? []
    for (const [i, { hva, size, memtype }] of (made?.slots ?? []).entries()) {
      const to = this.#bringsMemory ? placed[i]?.va : slots[i]?.hva
      if (made !== undefined && hva !== null && to !== undefined && to !== null && memtype !== MMIO)
        this.#names.learnStretch(made.creator, hva, to, size)
    }
  }

  /** What the process did with the memory before it asked for the VM. */
  #doDeferred(): void {
    for (const [create, commands] of this.#deferred) {
      if (create !== this.#act) continue
      this.#deferred.delete(create)
      for (const command of commands) {
        this.#notes.push(`and now ${commandText(command)}`)
        this.#here.run.dispatch(this.#translated(command, NO_ACT))
      }
    }
  }
}

const MMIO = 2
const NO_ACT: Act = {
  place: '',
  command: null,
  thread: null,
  named: null,
  begins: true,
  faulted: false,
  result: { kind: 'noted', text: '' },
}
