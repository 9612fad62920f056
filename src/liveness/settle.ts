/**
 * What becomes of the calls in flight if every thread gets its turn: a fair continuation of a run, up to a bound. No new
 * call begins. Threads take one step each, in turn, in the order in which they began; a guest whose turn comes leaves at
 * the end of its quantum, as vcpu_run_vmx() and vcpu_run_svm() do when the scheduler wants the CPU.
 *
 * Where nobody can move, the host around them acts, one thing at a time: the page daemon evicts a page where somebody
 * waits for memory, and a device that is suspended wakes up. What happens then is said. Where that does not help either,
 * who is asleep sleeps for ever.
 *
 * A finite run proves what it shows: that a call returns, and that it cannot. Where the bound ends it, nothing is known.
 */
import type { ThreadId } from '../../events/ids.ts'
import type { Reply } from '../../events/reply.ts'
import type { WaitChannel } from '../../events/wait.ts'
import type { StepOutcome } from '../engine/engine.ts'
import { type Run, type RunSnapshot, restoreRun } from '../engine/run.ts'
import { circleOf, waitsFor } from '../model/waits.ts'
import type { Thread, World } from '../model/world.ts'

/** Steps of all threads together, unless told. */
export const SETTLE_BOUND = 100_000

/** What became of a call. */
export type Fate =
  /** `waitedFor`: what had to happen outside this call before it could go on, in order. */
  | { readonly kind: 'returns'; readonly steps: number; readonly reply: Reply; readonly waitedFor: readonly string[] }
  /** Nothing that it waits for can happen any more. `for`: threads, or what holds it from outside all calls. */
  | { readonly kind: 'sleeps'; readonly on: WaitChannel; readonly for: readonly string[]; readonly outside: boolean }
  /** The host stopped. */
  | { readonly kind: 'ended'; readonly panic: string }
  | { readonly kind: 'unknown'; readonly bound: number; readonly steps: number }

export type Settled = {
  /** Number of the event after which the run was continued. */
  readonly from: number
  /** Steps that were taken in all, what the host around them did among them. */
  readonly steps: number
  readonly bound: number
  /** What the host around the calls did, in order. */
  readonly around: readonly string[]
  /** By thread, of the calls that were in flight. */
  readonly fates: ReadonlyMap<ThreadId, Fate>
  /** The world in which it ended. */
  readonly world: World
}

export type SettleOptions = {
  /** Steps of all threads together; SETTLE_BOUND unless told. */
  readonly bound?: number
}

/** A call on its way. */
type Going = { readonly id: ThreadId; steps: number; readonly waitedFor: string[]; reply: Reply | null }

/** A page that nothing wires. */
type Evictable = { readonly ref: number; readonly name: string; readonly page: number }

function evictable({ objects, memory }: World): readonly Evictable[] {
  const pages: Evictable[] = []
  for (const { ref, name } of Object.values(objects)) {
    memory.eachResident(ref, (page, frame) => {
      if (memory.wireCount(frame) === 0 && !memory.busy(frame)) pages.push({ ref, name, page })
    })
  }
  return pages
}

class Settling {
  readonly #run: Run
  readonly #bound: number
  readonly #going: Going[]
  readonly around: string[] = []
  steps = 0
  /** Which page the page daemon looks at next. */
  #hand = -1

  constructor(run: Run, bound: number) {
    this.#run = run
    this.#bound = bound
    this.#going = run.threads.map((id) => ({ id, steps: 0, waitedFor: [], reply: null }))
  }

  get #isOver(): boolean {
    return (
      this.#run.current.panic !== null || this.steps >= this.#bound || this.#going.every(({ reply }) => reply !== null)
    )
  }

  finish(): void {
    while (!this.#isOver) {
      let moved = false
      for (const call of this.#going) {
        if (this.#isOver) return
        if (call.reply === null && this.#turn(call)) moved = true
      }
      if (!moved && !this.#actAround()) return
    }
  }

  /** @returns whether the call has moved. */
  #turn(call: Going): boolean {
    const run = this.#run
    let outcome: StepOutcome
    if (this.#isInGuest(call.id)) {
      const { vm, vcpu } = this.#guestOf(call.id)
      this.#tellWaiting(vm, `'${call.id}', whose guest had used up its quantum`)
      outcome = run.guest({ type: 'guest.leave', vm, vcpu }, call.id)
    } else outcome = run.step(call.id)
    if (outcome.kind === 'blocked' || outcome.kind === 'panicked') return false
    this.steps += 1
    call.steps += 1
    if (outcome.kind === 'replied') call.reply = outcome.reply
    return true
  }

  /** Whether it is in its guest, and no signal brings it out. */
  #isInGuest(id: ThreadId): boolean {
    const { threads, vms, processes } = this.#run.current
    const { place, locals } = threads[id] as Thread
    const vcpu = vms[locals.vm ?? 0]?.vcpus.find((one) => one.id === locals.vcpu)
    return place === 'inGuest' && vcpu?.life === 'inGuest' && processes[locals.pid]?.signalled !== true
  }

  #guestOf(id: ThreadId): { readonly vm: number; readonly vcpu: number } {
    const { threads, vms } = this.#run.current
    const locals = threads[id]?.locals
    return { vm: vms[locals?.vm ?? 0]?.id ?? 0, vcpu: locals?.vcpu ?? 0 }
  }

  /** Those who wait for this VM, or for everybody inside, owe it to the quantum that they go on. */
  #tellWaiting(vm: number, what: string): void {
    const { threads, vms } = this.#run.current
    for (const call of this.#going) {
      const thread = threads[call.id]
      if (thread === undefined || call.reply !== null || thread.waiting === 'guest') continue
      const own = vms[thread.locals.vm ?? 0]?.id
      const waits = thread.waiting === 'refcnt_finalize' || thread.waiting === 'vcpu' || thread.waiting === 'threads'
      if (waits && (own === undefined || own === vm) && !call.waitedFor.includes(what)) call.waitedFor.push(what)
    }
  }

  /** Nobody can move by himself. @returns whether something was done. */
  #actAround(): boolean {
    const { threads, softc } = this.#run.current
    const waiting = Object.values(threads)
    if (waiting.some((one) => one.waiting === 'memory') && this.#evict()) return true
    const isSuspending = waiting.some(
      ({ command }) => command.type === 'host.suspend' || command.type === 'host.wakeup',
    )
    if (softc.status === 'suspended' && !isSuspending && waiting.some((one) => one.waiting === 'vmmresume')) {
      const outcome = this.#run.dispatch({ type: 'host.wakeup' })
      return this.#did('the device was woken', 'ok' in outcome && outcome.ok === true, 'vmmresume')
    }
    return false
  }

  /** The page daemon takes the next page that it may: in turn, so that it does not always take what somebody needs. */
  #evict(): boolean {
    if (this.#run.current.pagedaemon !== 'idle') return false
    const pages = evictable(this.#run.current)
    for (let tried = 0; tried < pages.length; tried += 1) {
      this.#hand += 1
      const { ref, name, page } = pages[this.#hand % pages.length] as Evictable
      const outcome = this.#run.dispatch({ type: 'host.pageout', object: name, page })
      const freed = 'ok' in outcome && outcome.ok === true && this.#run.current.memory.resident(ref, page) < 0
      if (this.#did(`the page daemon evicted ${name}:${page}`, freed, 'memory')) return true
    }
    return false
  }

  #did(what: string, done: boolean, channel: WaitChannel): boolean {
    if (!done) return false
    this.steps += 1
    this.around.push(what)
    for (const call of this.#going)
      if (this.#run.current.threads[call.id]?.waiting === channel) call.waitedFor.push(what)
    return true
  }

  fates(): ReadonlyMap<ThreadId, Fate> {
    const world = this.#run.current
    return new Map(this.#going.map((call) => [call.id, this.#fateOf(call, world)]))
  }

  #fateOf({ id, reply, steps, waitedFor }: Going, world: World): Fate {
    if (reply !== null) return { kind: 'returns', steps, reply, waitedFor }
    if (world.panic !== null) return { kind: 'ended', panic: `${world.panic.kind} in ${world.panic.fn}()` }
    const thread = world.threads[id]
    if (this.steps >= this.#bound || thread === undefined || thread.waiting === null)
      return { kind: 'unknown', bound: this.#bound, steps }
    const { names, outside } = heldUpBy(world, thread)
    return { kind: 'sleeps', on: thread.waiting, for: names, outside }
  }
}

/** What a sleeping thread waits for besides other threads: nothing that the calls in flight can bring about. */
function outsideOf(world: World, thread: Thread): readonly string[] {
  if (thread.waiting === 'vmmresume') return ['the end of a suspension']
  if (thread.waiting === 'memory') return ['memory, of which none can be freed']
  if (thread.waiting !== 'refcnt_finalize' || thread.command.type === 'host.suspend') return []
  const holders = world.vms[thread.locals.vm ?? 0]?.holders ?? []
  return holders.flatMap((one) => (world.threads[one] === undefined ? [`reference '${one}'`] : []))
}

/**
 * Who keeps a sleeping thread from going on, and whether that is left to something outside the calls in flight: for
 * itself, or for those that it waits for. Threads in a circle wait for each other whatever happens outside.
 */
function heldUpBy(world: World, thread: Thread): { readonly names: readonly string[]; readonly outside: boolean } {
  const names = [...waitsFor(world, thread).map((id) => `'${id}'`), ...outsideOf(world, thread)]
  const circle = circleOf(world) ?? []
  const open = [thread]
  const seen = new Set<ThreadId>()
  let outside = false
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next.id)) continue
    seen.add(next.id)
    if (circle.includes(next.id)) return { names, outside: false }
    const others = waitsFor(world, next)
    if (others.length === 0 || outsideOf(world, next).length > 0) outside = true
    for (const id of others) open.push(world.threads[id] as Thread)
  }
  return { names, outside }
}

/** Continues a run that nobody else uses. */
export function settleInPlace(run: Run, { bound = SETTLE_BOUND }: SettleOptions = {}): Settled {
  const from = run.seq
  const settling = new Settling(run, bound)
  settling.finish()
  const { steps, around } = settling
  return { from, steps, bound, around, fates: settling.fates(), world: run.world }
}

/**
 * What becomes of the calls in flight of `run`, on a copy of it. `run` stays where it is.
 *
 * @param run a run, or one that was stored; of a design that is not built in, the run itself.
 */
export function settle(run: Run | RunSnapshot, options: SettleOptions = {}): Settled {
  const copy = 'snapshot' in run ? restoreRun(run.snapshot(), { design: run.design }) : restoreRun(run)
  return settleInPlace(copy, options)
}
