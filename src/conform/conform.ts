/**
 * Runs vectors through a design and compares every result, every trace line and every state key of every step.
 */
import type { CallCommand } from '../../events/command.ts'
import type { Recorded } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Design } from '../design/design.ts'
import { Engine, type StepOutcome } from '../engine/engine.ts'
import { VersionedMemory } from '../model/memory/versioned.ts'
import { bootWorld } from '../model/world.ts'
import { type Driver, driverOf } from '../reduce/drivers.ts'
import { observe } from './observe.ts'
import { endLine, traceLine } from './trace.ts'
import { bootOf, resultOf, translate } from './translate.ts'
import type { State, Vector, VectorCommand, VectorStep } from './vector.ts'

/** Where a run and a vector part. */
export type Disagreement = {
  /** Index of the command, from 0. */
  readonly step: number
  readonly command: VectorCommand
  /** `r`, `t`, or the state key. */
  readonly key: string
  readonly wanted: unknown
  readonly found: unknown
}

/** What was seen of one step of the model, in the form of a vector. */
export type Seen = {
  readonly r: Readonly<Record<string, unknown>>
  readonly t: readonly string[]
  readonly state: State
}

type Pause = { readonly point: string; left: number }

/** A host that takes the commands of one vector. */
class Host {
  readonly #driver: Driver
  readonly #engine: Engine
  readonly #commands = new Map<ThreadId, CallCommand>()
  #lines: string[] = []
  #unnamed = 0
  #dead = false

  constructor(config: VectorCommand, design: Design) {
    const boot = bootOf(config)
    const memory = new VersionedMemory(boot.frames)
    this.#driver = driverOf('inPlace', bootWorld(boot, memory), memory)
    this.#engine = new Engine(
      design,
      tracing(this.#driver, (line) => this.#lines.push(line)),
      ignore,
    )
  }

  take(command: VectorCommand): Seen {
    this.#lines = []
    const r = this.#dead ? { dead: true } : command.op === 'config' ? { errno: '0' } : this.#run(command)
    return { r, t: this.#lines, state: observe(this.#engine.world) }
  }

  #run(command: VectorCommand): Readonly<Record<string, unknown>> {
    if (command.op === 'resume') {
      const thread = command.as as ThreadId
      return this.#commands.has(thread) ? this.#go(thread, null) : { errno: 'ENOENT' }
    }
    const call = translate(command)
    this.#unnamed += 1
    const named = call.type !== 'host.hold' && call.type !== 'host.release' && typeof command.as === 'string'
    const thread = named ? (command.as as ThreadId) : `#${this.#unnamed}`
    this.#commands.set(thread, call)
    this.#engine.start(call, thread)
    const pause = command.pause as readonly [string, number] | undefined
    return this.#go(thread, pause === undefined ? null : { point: pause[0], left: pause[1] })
  }

  /** Steps a thread until it answers, sleeps, or stands at its pause point. */
  #go(thread: ThreadId, pause: Pause | null): Readonly<Record<string, unknown>> {
    for (;;) {
      if (pause !== null && this.#pauses(thread, pause)) return { paused: pause.point }
      const outcome: StepOutcome = this.#engine.step(thread)
      if (outcome.kind === 'moved') continue
      if (outcome.kind === 'blocked') return { blocked: outcome.on }
      if (outcome.kind === 'panicked') {
        this.#dead = true
        return { panic: outcome.fn, kind: outcome.panic }
      }
      const command = this.#commands.get(thread) as CallCommand
      this.#commands.delete(thread)
      return resultOf(command, outcome.reply)
    }
  }

  #pauses(thread: ThreadId, pause: Pause): boolean {
    for (const point of this.#engine.pausesAhead(thread)) {
      if (point !== pause.point) continue
      pause.left -= 1
      if (pause.left === 0) return true
    }
    return false
  }
}

function ignore(_: Recorded): void {}

/** A driver that also writes down the trace line of each event: an object that ends is named before, the rest after. */
function tracing(driver: Driver, write: (line: string) => void): Driver {
  return {
    kind: driver.kind,
    get current() {
      return driver.current
    },
    snapshot: () => driver.snapshot(),
    apply(event, seq, thread) {
      const before = endLine(driver.current, event)
      driver.apply(event, seq, thread)
      const line = before ?? traceLine(driver.current, event)
      if (line !== null) write(line)
    },
    move: (thread, place) => driver.move(thread, place),
    replay: (recorded) => driver.replay(recorded),
  }
}

/** JSON with the keys of each object in order, so that equal values have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner as object).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

function differs(wanted: unknown, found: unknown): boolean {
  return canonical(wanted ?? null) !== canonical(found ?? null)
}

/** The steps that a design must show: the vector's own for the patch of May 2025 where it has them. */
function expectedOf(vector: Vector, design: Design): readonly VectorStep[] {
  return design.recorded === 'v7' ? (vector.expected_v7 ?? vector.expected) : vector.expected
}

/** Runs a vector; null when all of it agrees, else the first disagreement. */
export function check(vector: Vector, design: Design): Disagreement | null {
  const steps = expectedOf(vector, design)
  const host = new Host(vector.commands[0] as VectorCommand, design)
  let state: State = {}
  for (const [step, command] of vector.commands.entries()) {
    const wanted = steps[step] as VectorStep
    const seen = host.take(command)
    const part = (key: string, want: unknown, found: unknown): Disagreement => ({
      step,
      command,
      key,
      wanted: want,
      found,
    })
    if (differs(wanted.r, seen.r)) return part('r', wanted.r, seen.r)
    if (differs(wanted.t ?? [], seen.t)) return part('t', wanted.t ?? [], seen.t)
    // A panic leaves no state to compare.
    if ('panic' in wanted.r || 'dead' in wanted.r) continue
    state = { ...state, ...wanted.d }
    for (const key of Object.keys(state)) {
      if (differs(state[key], seen.state[key])) return part(key, state[key], seen.state[key])
    }
  }
  return null
}
