/**
 * A run with a monitor on it. Where it is asked to, each state between two steps is also judged from scratch, and the
 * two must say the same.
 */
import type { Boot } from '../../events/boot.ts'
import type { CallCommand, Command, IocCreate, IocSharemem, RangeRequest } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { Monitor, type Violation } from '../../src/invariant/index.ts'
import { expectSameAsWhole, isJudged } from './judged.ts'

export type WatchedOptions = {
  readonly design?: Design
  readonly boot?: Partial<Boot>
  /** Whether to judge every state from scratch as well. True unless told. */
  readonly whole?: boolean
}

export const PAGE = 4096
/** Where a process gets the first mapping that it leaves to the kernel. */
const FIRST_FIT = 0x1000000000
/** Where a creator of the design before the patch has the memory that it shares. */
const SHARED = 0x600000

/** RAM slots of the given numbers of pages, one after the other. */
export function ram(...pages: readonly number[]): readonly RangeRequest[] {
  let gpa = 0
  return pages.map((count) => {
    const range = { gpa, size: count * PAGE, memtype: 0, va: 0 }
    gpa += count * PAGE
    return range
  })
}

export class Watched {
  readonly run: Run
  /** Where the creator of the first VM has its page 0. */
  readonly start: number
  readonly violations: Violation[] = []
  readonly ended: Violation[] = []
  readonly monitor: Monitor
  /** States that were judged both ways. */
  judged = 0

  constructor({ design = aobjDying, boot = {}, whole = true }: WatchedOptions = {}) {
    this.start = design.name === 'vmspace' ? SHARED : FIRST_FIT
    this.run = createRun({ design, boot: { frames: 2 ** 20, ...boot } })
    this.monitor = new Monitor(this.run.current, {
      memoryFrom: design.memoryFrom,
      report: (violation) => this.violations.push(violation),
      ended: (violation) => this.ended.push(violation),
      sourceOf: (call, place) => this.#sourceOf(design, call as CallCommand['type'], place),
    })
    this.run.subscribe((recorded) => {
      this.monitor.take(recorded, this.run.current)
      if (!whole || !isJudged(recorded, this.run.current)) return
      expectSameAsWhole(this.monitor, this.run.current)
      this.judged += 1
    })
  }

  #sourceOf(design: Design, call: CallCommand['type'], place: string): string | null {
    const state = design.routines[call].states[place]
    return (state?.meta as { source?: string } | undefined)?.source ?? null
  }

  dispatch(command: Command): Outcome {
    return this.run.dispatch(command)
  }

  /** Asks for a call and steps it to `place`; to its end where it never comes there. */
  until(command: CallCommand, thread: string, place: string): void {
    this.run.start(command, thread)
    while (this.run.current.threads[thread] !== undefined && this.run.next(thread).name !== place) this.run.step(thread)
  }

  /** Lets a call that is under way go on to its end. */
  finish(thread: string): void {
    if (this.run.current.threads[thread] !== undefined) this.run.finish(thread)
  }

  /** A process of this pid that promised nothing. */
  process(pid: number): this {
    this.dispatch({ type: 'host.spawn', pid, pledge: [] })
    return this
  }

  /** The request of a VM; before the patch its memory is what the process has mapped, which comes first. */
  request(pid: number, ranges: readonly RangeRequest[] = ram(1)): IocCreate {
    if (this.start !== SHARED) return { type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' }
    const size = Math.max(...ranges.map((range) => Number(range.gpa) + Number(range.size)))
    this.dispatch({ type: 'host.mmap', pid, va: SHARED, size, shared: true, conceal: true })
    const given = ranges.map((range) => ({ ...range, va: SHARED + Number(range.gpa) }))
    return { type: 'ioc.create', pid, ranges: given, ncpus: 1, name: 'vm' }
  }

  create(pid: number, ranges: readonly RangeRequest[] = ram(1)): Outcome {
    return this.dispatch(this.request(pid, ranges))
  }

  share(pid: number, ranges: readonly RangeRequest[] = ram(1)): IocSharemem {
    const given = this.start === SHARED ? ranges.map((range) => ({ ...range, va: SHARED + Number(range.gpa) })) : ranges
    return { type: 'ioc.sharemem', pid, vm: 1, ranges: given, va: [] }
  }

  term(pid: number): Outcome {
    return this.dispatch({ type: 'ioc.term', pid, vm: 1 })
  }

  exit(pid: number): Outcome {
    return this.dispatch({ type: 'host.exit', pid })
  }

  evict(page: number): Outcome {
    const [object] = Object.values(this.run.current.objects)
    return this.dispatch({ type: 'host.pageout', object: object?.name ?? '', page })
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

  /** The numbers of the invariants that were violated, each once, in order. */
  get ids(): readonly string[] {
    return [...new Set(this.violations.map(({ id }) => id))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  }

  /** The first violation of an invariant. */
  of(id: string): Violation | undefined {
    return this.violations.find((violation) => violation.id === id)
  }
}
