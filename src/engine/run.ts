/**
 * A run: a booted host that takes commands. `dispatch` steps one call to its end and answers as the ioctl would;
 * `start` and `step` leave the order of the threads to the caller. There is one path: the first is a loop of the others.
 */
import { PAGE_SIZE, type Word64, word64 } from '../../events/address.ts'
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { CallCommand, Command, GuestCommand, GuestTouch } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import { isInherited, type ThreadId } from '../../events/ids.ts'
import type { GuestReply, Outcome, Reply, RunReply } from '../../events/reply.ts'
import type { Design } from '../design/design.ts'
import { DEFAULT_DESIGN, designNamed } from '../design/designs.ts'
import { UserError } from '../errors.ts'
import { vmWithId } from '../kernel/kernel.ts'
import { isAboutContents, leavesTrace, type Translation, translateTouch } from '../kernel/mmu.ts'
import { faultOfInstruction, type Instruction, isInstruction } from '../kernel/vmm_instruction.ts'
import { peek, wordAt } from '../kernel/words.ts'
import type { MemoryDump } from '../model/memory/dump.ts'
import { VersionedMemory } from '../model/memory/versioned.ts'
import { contentsOf } from '../model/psp.ts'
import { upcast, type WorldRecords } from '../model/upcast.ts'
import { bootWorld, type World } from '../model/world.ts'
import { type Driver, type DriverKind, driverOf } from '../reduce/drivers.ts'
import { Engine, type Recorder, type StepOutcome } from './engine.ts'
import type { RoutineStep } from './routines.ts'

/** What a run can be stored as, between any two steps: plain data, which msgpack holds. */
export type RunSnapshot = {
  readonly design: string
  /** The world without its memory. */
  readonly records: WorldRecords
  readonly memory: MemoryDump
}

export type RunOptions = {
  /** A design or its name; the newest when left out. */
  readonly design?: Design | string
  readonly boot?: Partial<Boot>
  /** How events are reduced; all give the same worlds. `inPlace` is the quickest. */
  readonly driver?: DriverKind
  /** Gets each event as soon as its step is sure of it. */
  readonly record?: Recorder
}

export type Unsubscribe = () => void

/** The world keeps threads and references by name in plain records, in which these names are taken. */
function refuseInherited(name: string, what: string): void {
  if (isInherited(name))
    throw new UserError(`'${name}' cannot be the name of ${what}: every JavaScript object has that`)
}

export class Run {
  readonly design: Design
  readonly #engine: Engine
  readonly #driver: Driver
  readonly #memory: VersionedMemory
  /** Replaced as a whole when one comes or goes, so that those who are being told are not disturbed. */
  #listeners: readonly Recorder[] = []

  constructor(design: Design, world: World, memory: VersionedMemory, options: RunOptions) {
    this.design = design
    this.#memory = memory
    this.#driver = driverOf(options.driver ?? 'inPlace', world, memory)
    if (options.record !== undefined) this.#listeners = [options.record]
    this.#engine = new Engine(design, this.#driver, (recorded) => {
      const listeners = this.#listeners
      for (let i = 0; i < listeners.length; i++) (listeners[i] as Recorder)(recorded)
    })
  }

  /** The world as a value that never changes. */
  get world(): World {
    return this.#driver.snapshot()
  }

  /** The world as it is now, without a copy: to look at and let go of. */
  get current(): World {
    return this.#driver.current
  }

  /** Number of the last event. */
  get seq(): number {
    return this.#driver.current.seq
  }

  subscribe(listener: Recorder): Unsubscribe {
    // A listener of its own each time: one that subscribes twice is told twice, and unsubscribes each by itself.
    const own: Recorder = (recorded) => listener(recorded)
    this.#listeners = [...this.#listeners, own]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own)
    }
  }

  /**
   * Asks for one thing and steps it to its end.
   *
   * @returns what the caller gets; a panic where the host stopped; or, where the call fell asleep, its thread, which
   *   `step` moves on once what it waits for has happened.
   */
  dispatch<Asked extends Command>(command: Asked): Outcome<Asked['type']>
  dispatch(command: Command): Outcome {
    if (this.current.panic !== null) return { ok: false, panic: this.current.panic }
    if (isGuestCommand(command)) return this.#guest(command)
    const thread = this.start(command)
    return this.finish(thread)
  }

  /** Puts a call on a thread, `thread` or the next unused one; its first step is the next. */
  start(command: CallCommand, thread?: ThreadId): ThreadId {
    const { threads, made } = this.current
    const id = thread ?? `t${made.thread + 1}`
    refuseInherited(id, 'a thread')
    if (command.type === 'host.hold' || command.type === 'host.release') refuseInherited(command.as, 'a reference')
    if (threads[id] !== undefined) throw new Defect('ENG033', `thread '${id}' has a call in flight`, this.seq)
    this.#engine.start(command, id)
    return id
  }

  /** One step of a thread. */
  step(thread: ThreadId): StepOutcome {
    return this.#engine.step(thread)
  }

  /** The step that the thread takes next: its place, the kernel function, the C that it stands for. */
  next(thread: ThreadId): RoutineStep {
    return this.#engine.nextStep(thread)
  }

  /** Steps a thread until its call answers or sleeps. */
  finish(thread: ThreadId): Outcome {
    for (;;) {
      const outcome = this.#engine.step(thread)
      if (outcome.kind !== 'moved') return outcomeOf(outcome, thread)
    }
  }

  /** One action of a guest, up to its next entry or the end of its RUN. */
  guest(command: GuestCommand, runner: ThreadId): StepOutcome {
    return this.#engine.guest(command, runner)
  }

  /** The guest of `runner` faults at `gpa`, whatever its tables say: how a recorded fault is taken again. */
  guestFault(gpa: Word64, runner: ThreadId): StepOutcome {
    return this.#engine.guestFault(gpa, runner)
  }

  /** Threads with a call in flight. */
  get threads(): readonly ThreadId[] {
    return Object.keys(this.current.threads)
  }

  /** The thread that is in the guest of a vCPU, or null. */
  runnerOf(vm: number, vcpu: number): ThreadId | null {
    return this.#engine.runnerOf(vm, vcpu)
  }

  #guest(command: GuestCommand): GuestReply | Outcome {
    const runner = this.#engine.runnerOf(command.vm, command.vcpu)
    if (runner === null) return { ok: false, errno: 'ESRCH', at: 'guest' }
    const resumed = this.#engine.resume(runner)
    if (resumed?.kind === 'moved' && resumed.place !== 'inGuest') {
      const outcome = this.finish(runner)
      return 'ok' in outcome && outcome.ok ? { ok: true, faulted: false, left: outcome as RunReply } : outcome
    }
    if (isInstruction(command)) return this.#instruct(command, runner)
    const touch = command.type === 'guest.touch' ? command : null
    const isServed = touch !== null && this.#translate(touch) !== null
    if (isServed && !this.#isSeen(touch)) return { ok: true, faulted: false, left: null }
    let outcome = this.#untilInGuest(
      touch !== null && !isServed ? this.#engine.guestFault(touch.gpa, runner) : this.#engine.guest(command, runner),
      runner,
    )
    // An access whose contents matter is tried again once its page is there.
    if (touch !== null && isAboutContents(touch) && outcome.kind === 'moved' && !isServed) {
      if (this.#translate(touch) !== null) outcome = this.#engine.guest(touch, runner)
    }
    if (outcome.kind === 'panicked') return { ok: false, panic: { fn: outcome.fn, kind: outcome.panic } }
    if (outcome.kind === 'blocked') return { ok: false, blocked: outcome.on, thread: runner }
    const left = outcome.kind === 'replied' ? (outcome.reply as RunReply) : null
    if (touch === null) return { ok: true, faulted: false, left }
    return { ok: true, faulted: !isServed, left, ...(left === null ? this.#contents(touch) : {}) }
  }

  /** An instruction of the guest; tried again once a page is there that it could not do without. */
  #instruct(command: Instruction, runner: ThreadId): Outcome {
    const faults = faultOfInstruction(this.current, command.vm, command.vcpu, command) !== null
    let outcome = this.#untilInGuest(this.#engine.guest(command, runner), runner)
    if (faults && outcome.kind === 'moved') outcome = this.#untilInGuest(this.#engine.guest(command, runner), runner)
    if (outcome.kind === 'panicked') return { ok: false, panic: { fn: outcome.fn, kind: outcome.panic } }
    if (outcome.kind === 'blocked') return { ok: false, blocked: outcome.on, thread: runner }
    const refused = this.current.threads[runner]?.locals.instruction?.refused ?? null
    return { ok: true, refused, left: outcome.kind === 'replied' ? (outcome.reply as RunReply) : null }
  }

  /** Steps the runner on to its next entry, or to where it does not go on. */
  #untilInGuest(first: StepOutcome, runner: ThreadId): StepOutcome {
    let outcome = first
    while (outcome.kind === 'moved' && outcome.place !== 'inGuest') outcome = this.#engine.step(runner)
    return outcome
  }

  /** What an access found or left, where somebody asks. */
  #contents(touch: GuestTouch): { readonly value?: number | null; readonly word?: Word64 } {
    const at = isAboutContents(touch) ? this.#translate(touch) : null
    if (at === null) return {}
    const value = contentsOf(this.current, at.frame, 'guest')
    if (touch.word === undefined || value === null) return { value }
    return { word: word64(peek(this.current, wordAt(at.frame, Number(touch.gpa) % PAGE_SIZE, at.tracked))) }
  }

  /** What the nested tables make of an access by themselves; null where they do not serve it. */
  #translate(touch: GuestTouch): Translation | null {
    return translateTouch(this.current, vmWithId(this.current, touch.vm), touch)
  }

  #isSeen(touch: GuestTouch): boolean {
    const at = this.#translate(touch)
    return at !== null && (isAboutContents(touch) || leavesTrace(this.current, at, touch.access))
  }

  /** The whole run as data. Any moment between two steps will do, also in the middle of an ioctl. */
  snapshot(): RunSnapshot {
    const { memory: _, ...records } = this.world
    return { design: this.design.name, records, memory: this.#memory.dump() }
  }
}

/** Whether a command is told to a call in flight. */
export function isGuestCommand(command: Command): command is GuestCommand {
  switch (command.type) {
    case 'guest.touch':
    case 'guest.leave':
    case 'guest.writecr':
    case 'guest.wrmsr':
    case 'guest.vmgexit':
      return true
    default:
      return false
  }
}

/** A step that was the last one for now, as an answer. */
export function outcomeOf(outcome: Exclude<StepOutcome, { kind: 'moved' }>, thread: ThreadId): Outcome {
  switch (outcome.kind) {
    case 'replied':
      return outcome.reply
    case 'blocked':
      return { ok: false, blocked: outcome.on, thread }
    case 'panicked':
      return { ok: false, panic: { fn: outcome.fn, kind: outcome.panic } }
  }
}

/** Boots a host. */
export function createRun(options: RunOptions = {}): Run {
  const design = typeof options.design === 'string' ? designNamed(options.design) : (options.design ?? DEFAULT_DESIGN)
  const boot: Boot = { ...DEFAULT_BOOT, ...options.boot }
  const memory = new VersionedMemory(boot.frames)
  return new Run(design, bootWorld(boot, memory), memory, options)
}

/** Goes on with a run that was stored; `options.design` and `options.boot` are the snapshot's own. */
export function restoreRun(snapshot: RunSnapshot, options: Omit<RunOptions, 'boot'> = {}): Run {
  const design = typeof options.design === 'object' ? options.design : designNamed(options.design ?? snapshot.design)
  const records = upcast(snapshot.records)
  const memory = VersionedMemory.load(snapshot.memory, records.seq)
  return new Run(design, { ...records, memory }, memory, options)
}

/** What a call answered, for callers that know that it neither sleeps nor panics. */
export function answered(outcome: Outcome): Reply {
  if ('panic' in outcome) throw new Defect('ENG036', `the host panicked in ${outcome.panic.fn}`)
  if ('blocked' in outcome) throw new Defect('ENG037', `thread '${outcome.thread}' waits for ${outcome.blocked}`)
  return outcome
}
