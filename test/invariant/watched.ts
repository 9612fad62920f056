/**
 * A run with a monitor on it. Where it is asked to, each state between two steps is also judged from scratch, and the
 * two must say the same.
 */
import { expect } from 'chai'
import type { Boot } from '../../events/boot.ts'
import type { CallCommand, Command } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { counterexamples, isAtRest, Monitor, type Violation } from '../../src/invariant/index.ts'
import { endsStep } from '../../src/invariant/invariant.ts'

export type WatchedOptions = {
  readonly design?: Design
  readonly boot?: Partial<Boot>
  /** Whether to judge every state from scratch as well. True unless told. */
  readonly whole?: boolean
}

const START = 0x1000000000
export const PAGE = 4096

/** RAM slots of the given numbers of pages, one after the other. */
export function ram(...pages: readonly number[]) {
  let gpa = 0
  return pages.map((count) => {
    const range = { gpa, size: count * PAGE, memtype: 0, va: 0 }
    gpa += count * PAGE
    return range
  })
}

export class Watched {
  readonly run: Run
  readonly violations: Violation[] = []
  readonly ended: Violation[] = []
  readonly monitor: Monitor
  /** States that were judged both ways. */
  judged = 0

  constructor({ design = aobjDying, boot = {}, whole = true }: WatchedOptions = {}) {
    this.run = createRun({ design, boot: { frames: 2 ** 20, ...boot } })
    this.monitor = new Monitor(this.run.current, {
      report: (violation) => this.violations.push(violation),
      ended: (violation) => this.ended.push(violation),
      sourceOf: (call, place) => this.#sourceOf(design, call as CallCommand['type'], place),
    })
    this.run.subscribe((recorded) => {
      this.monitor.take(recorded, this.run.current)
      const settled = recorded.place !== null || endsStep(recorded.event, recorded.thread)
      if (whole && settled && this.run.current.panic === null) this.compare()
    })
  }

  #sourceOf(design: Design, call: CallCommand['type'], place: string): string | null {
    const state = design.routines[call].states[place]
    return (state?.meta as { source?: string } | undefined)?.source ?? null
  }

  /** Judges the world from scratch and holds the monitor to it. */
  compare(): void {
    const world = this.run.current
    const atRest = isAtRest(world)
    const found = [...counterexamples(world, 'always'), ...(atRest ? counterexamples(world, 'quiescent') : [])]
    const wanted = found.map(({ claim, a, b }) => `${claim.id} ${claim.name} ${a}:${b}`).sort()
    const standing = this.monitor.standing
      .filter(({ claim }) => claim.when === 'always' || atRest)
      .map(({ claim, a, b }) => `${claim.id} ${claim.name} ${a}:${b}`)
      .sort()
    expect(standing, `after event ${world.seq}`).to.deep.equal(wanted)
    this.judged += 1
  }

  dispatch(command: Command): Outcome {
    return this.run.dispatch(command)
  }

  /** Asks for a call and stops before the step at `place`, which it must reach. */
  until(command: CallCommand, thread: string, place: string): void {
    this.run.start(command, thread)
    this.on(thread, place)
  }

  /** Steps a thread until it stands at `place`. */
  on(thread: string, place: string): void {
    while (this.run.next(thread).name !== place) {
      const { kind } = this.run.step(thread)
      expect(kind, `a step towards ${place}`).to.equal('moved')
    }
  }

  /** A process of this pid that promised nothing. */
  process(pid: number): this {
    this.dispatch({ type: 'host.spawn', pid, pledge: [] })
    return this
  }

  create(pid: number, ranges = ram(1)): Outcome {
    return this.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
  }

  /** A nested fault of vCPU 0, on its own. */
  fault(pid: number, gpa: number, vm = 1): Outcome {
    const info = { handler: null, direct: false, qualification: 1, instructionLength: 3, decodeAssist: true }
    return this.dispatch({ type: 'guest.fault', pid, vm, vcpu: 0, gpa, ...info })
  }

  touch(pid: number, va: number): Outcome {
    return this.dispatch({ type: 'host.touch', pid, va, access: 'rw' })
  }

  fail(
    fn: Extract<CallCommand, { type: 'fail.next' }>['fn'],
    k = 1,
    errno: 'ENOMEM' | 'EFAULT' | 'EINVAL' = 'ENOMEM',
  ): void {
    this.dispatch({ type: 'fail.next', fn, k, errno })
  }

  /** Where the creator has guest page 0 of its first VM. */
  get start(): number {
    return START
  }

  /** The numbers of the invariants that were violated, each once, in order. */
  get ids(): readonly string[] {
    return [...new Set(this.violations.map(({ id }) => id))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  }

  /** The first violation of an invariant. */
  of(id: string): Violation | undefined {
    return this.violations.find((violation) => violation.id === id)
  }
}
