/**
 * What a run records while something is done, each event with the step of the C routine that recorded it: read off the
 * events as they come, and handed over act by act.
 */

import type { Frame } from '../../events/address.ts'
import type { Failpoint } from '../../events/command.ts'
import type { Errno } from '../../events/errno.ts'
import type { EventType, Recorded } from '../../events/event.ts'
import type { ThreadId, VmRef } from '../../events/ids.ts'
import { type RoutineStep, type Routines, routinesOf } from '../engine/routines.ts'
import type { Run, Unsubscribe } from '../engine/run.ts'

/** Events of one type that one step of a routine recorded. */
export type Sighting = { readonly type: EventType; readonly source: string; times: number }
/** A failure that was asked for came: in which step, the how manieth of its kind, and in which call within the step. */
export type Fired = {
  readonly asked: number
  readonly thread: ThreadId
  readonly calls: string
  readonly pass: number
  readonly ordinal: number
}

/** What was recorded since it was asked last. */
export type Testimony = {
  readonly seen: readonly Sighting[]
  /** Kernel functions that steps called, in order; one that repeats is named once. */
  readonly functions: readonly string[]
  /** The step that refused last. */
  readonly refused: { readonly errno: Errno; readonly source: string } | null
  readonly fired: readonly Fired[]
}

const NONE: ReadonlyMap<string, number> = new Map()

type Armed = { readonly fn: Failpoint | string; left: number; readonly asked: number }

/** Functions that are listed of one act; a loop over slots is as long as there are slots. */
const FUNCTIONS_MAX = 24

export class Witness {
  readonly #routines: Routines
  readonly #unsubscribe: Unsubscribe
  /** Where each call stands. */
  readonly #steps = new Map<ThreadId, RoutineStep>()
  /** How often each call has completed each function of the kernel; the one that it completed last comes last. */
  readonly #completed = new Map<ThreadId, Map<string, number>>()
  /** How many steps each call has taken. */
  readonly #taken = new Map<ThreadId, number>()
  /** The VM that each call has made. */
  readonly #made = new Map<ThreadId, VmRef>()
  readonly #wired = new Set<Frame>()
  readonly #armed: Armed[] = []
  #asked = 0
  #counted = 0
  #sightings = new Map<EventType, Map<string, Sighting>>()
  #functions: string[] = []
  #refused: Testimony['refused'] = null
  #fired: Fired[] = []

  constructor(run: Run) {
    this.#routines = routinesOf(run.design)
    this.#unsubscribe = run.subscribe((recorded) => this.#take(recorded))
  }

  /** Pages of objects that are wired. */
  get wiredPages(): number {
    return this.#wired.size
  }

  /** The VM that the call has allocated; undefined before, and for a call that makes none. */
  vmMadeBy(thread: ThreadId): VmRef | undefined {
    return this.#made.get(thread)
  }

  /** How often the call has completed each function of the kernel, the one that it completed last at the end. */
  completedBy(thread: ThreadId): ReadonlyMap<string, number> {
    return this.#completed.get(thread) ?? NONE
  }

  /** How many steps the call has taken. */
  stepsOf(thread: ThreadId): number {
    return this.#taken.get(thread) ?? 0
  }

  /** Hands over what was seen, and begins anew. */
  hear(): Testimony {
    const seen = [...this.#sightings.values()].flatMap((bySource) => [...bySource.values()])
    const testimony = { seen, functions: this.#functions, refused: this.#refused, fired: this.#fired }
    this.#sightings = new Map()
    this.#functions = []
    this.#refused = null
    this.#fired = []
    return testimony
  }

  close(): void {
    this.#unsubscribe()
  }

  #take({ event, thread, place }: Recorded): void {
    const step = thread === null ? undefined : this.#steps.get(thread)
    this.#see(event.type, step?.meta.source ?? '')
    switch (event.type) {
      case 'call.started': {
        const routine = this.#routines.get(event.command.type)
        const first = place === null ? undefined : routine?.byName.get(place)
        if (first !== undefined) this.#steps.set(event.thread, first)
        this.#completed.set(event.thread, new Map())
        this.#taken.set(event.thread, 0)
        return
      }
      case 'call.replied':
        this.#steps.delete(event.thread)
        return
      case 'call.learnt': {
        const { errno } = event.locals as { readonly errno?: Errno | null }
        if (errno !== undefined && errno !== null) this.#refused = { errno, source: step?.meta.source ?? '' }
        break
      }
      case 'page.wired':
      case 'nested.wired':
        this.#wired.add(event.frame)
        break
      case 'page.unwired':
        if (event.wires === 0) this.#wired.delete(event.frame)
        break
      case 'page.freed':
        this.#wired.delete(event.frame)
        break
      case 'vm.allocated':
        if (thread !== null) this.#made.set(thread, event.vm)
        break
      case 'failpoint.armed':
        this.#armed.push({ fn: event.fn, left: event.k, asked: this.#asked })
        this.#asked += 1
        break
      case 'failpoint.counted':
        if (thread !== null) this.#count(event.fn, thread, step)
        break
      default:
        break
    }
    if (place !== null && thread !== null && step !== undefined) this.#move(thread, step, place)
  }

  #see(type: EventType, source: string): void {
    let bySource = this.#sightings.get(type)
    if (bySource === undefined) {
      bySource = new Map()
      this.#sightings.set(type, bySource)
    }
    const known = bySource.get(source)
    if (known === undefined) bySource.set(source, { type, source, times: 1 })
    else known.times += 1
  }

  /** The step has ended. */
  #move(thread: ThreadId, step: RoutineStep, place: string): void {
    const { calls } = step.meta
    this.#counted = 0
    if (calls !== null && this.#functions.length < FUNCTIONS_MAX && this.#functions.at(-1) !== calls)
      this.#functions.push(calls)
    const next = step.routine.byName.get(place)
    if (next !== undefined) this.#steps.set(thread, next)
    this.#taken.set(thread, this.stepsOf(thread) + 1)
    const completed = this.#completed.get(thread)
    if (calls === null || completed === undefined) return
    const times = completed.get(calls) ?? 0
    completed.delete(calls)
    completed.set(calls, times + 1)
  }

  #count(fn: string, thread: ThreadId, step: RoutineStep | undefined): void {
    this.#counted += 1
    for (const armed of this.#armed) {
      if (armed.fn !== fn || armed.left === 0) continue
      armed.left -= 1
      if (armed.left > 0) continue
      const calls = step?.meta.calls ?? ''
      const pass = (this.completedBy(thread).get(calls) ?? 0) + 1
      this.#fired.push({ asked: armed.asked, thread, calls, pass, ordinal: this.#counted })
    }
  }
}

/** A run and what is seen of it. */
export type Watched = { readonly run: Run; readonly witness: Witness }
