/**
 * Failures that were asked for, on a design whose functions are others: each is asked for right before the step that it
 * comes in, since what is called on the way there differs.
 */
import type { CallCommand } from '../../events/command.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Design } from '../design/design.ts'
import type { Failure } from './ahead.ts'
import { failureIn, timesOf } from './counterpart.ts'
import type { Watched } from './witness.ts'

type FailNext = Extract<CallCommand, { readonly type: 'fail.next' }>

/** `calls` is the function in which it comes here, `there` the one in which it came there. */
type Expected = Failure & { readonly there: string; readonly command: FailNext }

export class Failures {
  readonly #there: Design
  readonly #here: Watched
  readonly #expected: Expected[] = []

  constructor(there: Design, here: Watched) {
    this.#there = there
    this.#here = here
  }

  /** Remembers a failure that was asked for, and says in words what becomes of it. `failure` is null when it never came. */
  expect(command: FailNext, failure: Failure | null): string {
    if (failure === null) return 'it never comes'
    const here = failureIn(command.fn, failure.calls, this.#there, this.#here.run.design)
    if (here === null) return `nothing here can fail as ${failure.calls} does`
    const asked = { ...command, fn: here.fn, k: failure.ordinal }
    this.#expected.push({ ...failure, there: failure.calls, calls: here.calls, command: asked })
    return here.fn === command.fn ? 'asked for where it comes' : `asked for where it comes, of ${here.fn}`
  }

  areExpectedIn(act: number): boolean {
    return this.#expected.some((one) => one.act === act)
  }

  /** The failure to ask for before the next step of a thread. @param pairOf the thread here of one there. */
  before(thread: ThreadId, act: number, pairOf: (there: ThreadId) => ThreadId | undefined): FailNext | null {
    const at = this.#expected.findIndex(
      (one) => one.act === act && pairOf(one.thread) === thread && this.#isNext(one, thread),
    )
    return at < 0 ? null : (this.#expected.splice(at, 1)[0]?.command ?? null)
  }

  /** Whether the next step of a thread is the one in which the failure came there. */
  #isNext({ calls, there, pass }: Expected, thread: ThreadId): boolean {
    const { run, witness } = this.#here
    if (run.next(thread).meta.calls !== calls) return false
    const { command } = run.current.threads[thread] ?? { command: null }
    const memtypes = command !== null && 'ranges' in command ? command.ranges.map(({ memtype }) => memtype) : []
    const wanted = timesOf(there, pass, this.#there, run.design, memtypes)
    return (witness.completedBy(thread).get(calls) ?? 0) + 1 >= wanted
  }
}
