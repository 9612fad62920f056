/**
 * Runs for the laws: random, but of commands that mean something, with several processes, VMs and failures, and with
 * threads that overtake each other. A run is played once to find its decisions; the laws take them again.
 */
import fc from 'fast-check'
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { CallCommand, GuestCommand, StepDecision } from '../../events/command.ts'
import type { Recorded } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Design } from '../../src/design/design.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { toText } from '../../src/tape/text.ts'
import { type Draw, drawCommand, drawGuest, mapShared, PAGE, SHARED } from './commands.ts'

/** What a run is made of besides its boot: all else follows. */
export type Decision =
  | { readonly type: 'thread.start'; readonly thread: ThreadId; readonly command: CallCommand }
  | { readonly type: 'guest.act'; readonly thread: ThreadId; readonly command: GuestCommand }
  | StepDecision

export type Played = {
  readonly boot: Boot
  readonly design: Design
  readonly decisions: readonly Decision[]
  readonly events: readonly Recorded[]
}

/** Takes one decision. */
export function take(run: Run, decision: Decision): void {
  if (decision.type === 'thread.start') run.start(decision.command, decision.thread)
  else if (decision.type === 'guest.act') run.guest(decision.command, decision.thread)
  else run.step(decision.thread)
}

/** A run that writes its decisions down while they are made. */
export class Play {
  readonly run: Run
  readonly boot: Boot
  readonly design: Design
  readonly decisions: Decision[] = []
  readonly events: Recorded[] = []
  #threads = 0

  constructor(boot: Partial<Boot> = {}, design: Design = DESIGNS[0] as Design) {
    this.boot = { ...DEFAULT_BOOT, ...boot }
    this.design = design
    this.run = createRun({ boot: this.boot, design, record: (recorded) => this.events.push(recorded) })
  }

  get played(): Played {
    const { boot, design, decisions, events } = this
    return { boot, design, decisions, events }
  }

  #take(decision: Decision): void {
    this.decisions.push(decision)
    take(this.run, decision)
  }

  start(command: CallCommand, thread: ThreadId = `t${++this.#threads}`): ThreadId {
    this.#take({ type: 'thread.start', thread, command })
    return thread
  }

  /** Steps until the call has ended or sleeps, or `steps` are taken. Whether it can go on. */
  step(thread: ThreadId, steps = Number.POSITIVE_INFINITY): boolean {
    for (let left = steps; left > 0; left -= 1) {
      const before = this.run.current.threads[thread]
      if (before === undefined || this.run.current.panic !== null) return false
      this.#take({ type: 'thread.step', thread })
      const after = this.run.current.threads[thread]
      if (after === undefined || after.waiting !== null) return false
    }
    return true
  }

  /** Starts the command and steps it as far as it goes. */
  dispatch(command: CallCommand): ThreadId {
    const thread = this.start(command)
    this.step(thread)
    return thread
  }

  guest(command: GuestCommand, thread: ThreadId): void {
    this.#take({ type: 'guest.act', thread, command })
  }
}

/** One VM of two ranges in process 100, with process 200 beside it; far enough, its guest runs. */
function prelude(play: Play, far: number): void {
  play.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  if (far < 1) return
  play.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
  for (const pid of [100, 200]) play.dispatch(mapShared(pid))
  const ranges = [
    { gpa: 0, size: 2 * PAGE, memtype: 0, va: SHARED },
    { gpa: 2 * PAGE, size: PAGE, memtype: 2, va: SHARED + 2 * PAGE },
  ]
  play.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  if (far < 2) return
  play.dispatch({ type: 'ioc.sharemem', pid: 200, vm: 1, ranges, va: [] })
  for (const va of [0x1000000000, SHARED]) play.dispatch({ type: 'host.touch', pid: 200, va, access: 'rw' })
  if (far < 3) return
  // A guest whose pages its process has touched first, and that the page daemon will want.
  for (const va of [0x1000000000, SHARED]) play.dispatch({ type: 'host.touch', pid: 100, va, access: 'rw' })
  const runner = play.dispatch({ type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 })
  for (const gpa of [0, PAGE]) {
    if (play.run.current.threads[runner]?.place !== 'inGuest') return
    play.guest({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access: 'w', value: 7 }, runner)
    play.step(runner)
  }
}

/** Does one thing: lets a thread go on, lets a guest act, or starts something new. */
function act(play: Play, draw: Draw): void {
  const { current } = play.run
  if (current.panic !== null) return
  const threads = Object.keys(current.threads)
  const thread = threads[draw(Math.max(1, threads.length))]
  const what = draw(16)
  if (what < 5 || thread === undefined) {
    play.dispatch(drawCommand(current, draw, play.design))
    return
  }
  if (what < 8 && threads.length < 5) {
    const started = play.start(drawCommand(current, draw, play.design))
    play.step(started, draw(24))
    return
  }
  const { place, locals, command } = current.threads[thread] as NonNullable<(typeof current.threads)[string]>
  const vm = locals.vm === null ? undefined : current.vms[locals.vm]
  if (command.type === 'ioc.run' && place === 'inGuest' && vm !== undefined && what < 14) {
    play.guest(drawGuest(vm, locals.vcpu, draw), thread)
    play.step(thread, draw(12))
    return
  }
  play.step(thread, what < 13 ? 1 + draw(6) : Number.POSITIVE_INFINITY)
}

const boots: fc.Arbitrary<Boot> = fc.record({
  mode: fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom('ept' as const, 'rvi' as const) },
    fc.constant('unknown' as const),
  ),
  vcpuMax: fc.constantFrom(512, 2),
  meltdown: fc.boolean(),
  frames: fc.constantFrom(2 ** 20, 4096, 48, 24),
  faultAhead: fc.constantFrom(0, 4),
  swapSlots: fc.constantFrom(2 ** 20, 2),
  cpus: fc.constantFrom(1, 2),
  asids: fc.constantFrom(4095, 1),
  eptWalk4: fc.oneof({ weight: 40, arbitrary: fc.constant(true) }, fc.constant(false)),
  eptWriteBack: fc.boolean(),
})

/** Draws each number from a list, in turns and for ever. */
function drawFrom(numbers: readonly number[]): Draw {
  let at = 0
  return (limit) => {
    const number = numbers[at % numbers.length] ?? 0
    at += 1
    return number % limit
  }
}

/** Plays the runs of an arbitrary, and hands over what was played. */
export function plays({ acts = 60 } = {}): fc.Arbitrary<Played> {
  const numbers = fc.array(fc.nat(2 ** 20), { minLength: 14, maxLength: 14 })
  return fc
    .record({
      boot: boots,
      design: fc.constantFrom(...DESIGNS),
      far: fc.nat(3),
      acts: fc.array(numbers, { maxLength: acts, size: 'max' }),
    })
    .map(({ boot, design, far, acts }) => {
      const play = new Play(boot, design)
      prelude(play, far)
      for (const one of acts) act(play, drawFrom(one))
      return told(play.played)
    })
}

/** The run as a law that fails shows it: its decisions, one a line, steps of one thread together. */
function told(played: Played): Played {
  const lines = (): string => {
    const { boot, design, decisions, events } = played
    const made: string[] = []
    let steps = 0
    for (const [i, decision] of decisions.entries()) {
      const next = decisions[i + 1]
      steps += 1
      const isStep = decision.type === 'thread.step'
      if (isStep && next?.type === 'thread.step' && next.thread === decision.thread) continue
      made.push(isStep ? `  ${steps} steps of ${decision.thread}` : `  ${toText(decision)}`)
      steps = 0
    }
    return [`${design.name} on ${toText(boot)}: ${events.length} events of`, ...made].join('\n')
  }
  return Object.defineProperty(played, fc.toStringMethod, { value: lines })
}
