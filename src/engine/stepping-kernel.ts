/**
 * The kernel that a step sees: the world as it is at this instant and the thread that takes the step; and what the
 * step records, each event made true at once, and handed on when it is known whether it ends the step.
 *
 * A class, not a literal with getters: each literal would have a shape of its own, and every kernel function would
 * look its fields up anew for each engine.
 */
import type { Failpoint } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { Errno } from '../../events/errno.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Thread, World } from '../model/world.ts'
import type { Driver } from '../reduce/drivers.ts'

/** Gets every event as soon as the step that it belongs to is sure of it, in order. */
export type Recorder = (recorded: Recorded) => void

export class SteppingKernel implements Kernel {
  readonly #driver: Driver
  readonly #recorder: Recorder
  /** Records that are written to in place stay the same object from step to step; others are looked up anew. */
  readonly #stable: boolean
  #id: ThreadId = ''
  #caller: Thread | null = null
  /** The last event, whose place is not known yet, and its number. */
  #pending: VmmEvent | null = null
  #seq: number

  readonly #mayMove: (thread: ThreadId) => boolean

  /** @param mayMove whether a thread stands where it may have slept or been preempted. */
  constructor(driver: Driver, recorder: Recorder, mayMove: (thread: ThreadId) => boolean) {
    this.#driver = driver
    this.#mayMove = mayMove
    this.#recorder = recorder
    this.#stable = driver.kind === 'inPlace'
    this.#seq = driver.current.seq
  }

  get world(): World {
    return this.#driver.current
  }

  get thread(): Thread {
    return this.#caller ?? this.live(this.#id)
  }

  /** Number of the last event. */
  get seq(): number {
    return this.#seq
  }

  /** The thread `id`, which has a call in flight. @throws Defect ENG030 when it has none. */
  live(id: ThreadId): Thread {
    const thread = this.#driver.current.threads[id]
    if (thread === undefined) throw new Defect('ENG030', `thread '${id}' has no call in flight`, this.#seq)
    return thread
  }

  /** What is recorded next belongs to a call of thread `id` that has not begun. */
  enterFirst(id: ThreadId): void {
    this.#id = id
    this.#caller = null
  }

  /** The next step is one of thread `id`. */
  enter(id: ThreadId): Thread {
    // Nearly always the same thread goes on.
    if (this.#caller !== null && id === this.#id) return this.#caller
    const thread = this.live(id)
    this.#id = id
    this.#caller = this.#stable ? thread : null
    return thread
  }

  /** The call of the thread has ended; what it recorded is handed on. */
  leave(): void {
    this.flush(null)
    this.#caller = null
  }

  record(event: VmmEvent): void {
    if (this.#pending !== null) this.flush(null)
    this.#seq += 1
    this.#driver.apply(event, this.#seq, this.#id)
    this.#pending = event
  }

  /** Hands the last event on. The one that ends a step carries the place in which the step leaves its call. */
  flush(place: string | null): void {
    const event = this.#pending
    if (event === null) return
    this.#pending = null
    this.#recorder({ seq: this.#seq, thread: this.#id, place, event })
  }

  /** Ends the step: the call stands at `place`. A step that recorded nothing is recorded as that. */
  endStep(place: string): void {
    if (this.#pending === null) this.record({ type: 'call.stepped', thread: this.#id })
    this.#driver.move(this.#id, place)
    this.flush(place)
  }

  mayMove(thread: ThreadId): boolean {
    return this.#mayMove(thread)
  }

  fails(fn: Failpoint): Errno | null {
    const { failpoints } = this.#driver.current
    // Nearly always nobody waits for anything.
    if (failpoints.length === 0) return null
    const armed = failpoints.filter((point) => point.fn === fn)
    if (armed.length === 0) return null
    const errno = armed.find((point) => point.k === 1)?.errno ?? null
    this.record({ type: 'failpoint.counted', fn })
    return errno
  }
}
