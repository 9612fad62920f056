/**
 * Drives recipes over a world. All drivers apply the same recipes; they differ in what they keep and in what that
 * costs. A law holds them equal.
 *
 * `event`: one immer produce per event; every world is an immutable value that shares what did not change.
 * `batch`: one draft for many events, finished when somebody asks for the world.
 * `inPlace`: a private plain copy, written to directly; immutable worlds are copied out when asked for.
 */
import { createDraft, finishDraft, freeze, type Draft as ImmerDraft, produce } from 'immer'
import { Defect } from '../../events/defect.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { VersionedMemory } from '../model/memory/versioned.ts'
import type { World } from '../model/world.ts'
import { moveThread } from './call.ts'
import { cloneWorld } from './clone.ts'
import type { WorldDraft } from './draft.ts'
import { type Caller, callerOf } from './lookup.ts'
import { reduceEvent } from './reduce.ts'

export type DriverKind = 'event' | 'batch' | 'inPlace'

export interface Driver {
  readonly kind: DriverKind
  /** The world as it is now. Under `batch` and `inPlace` it changes with the next event: read it, do not keep it. */
  readonly current: World
  /** The world as a value that never changes. */
  snapshot(): World
  /** Makes one event true in the middle of a step. */
  apply(event: VmmEvent, seq: number, thread: ThreadId | null): void
  /** Ends a step: the thread's call stands at `place`. */
  move(thread: ThreadId, place: string): void
  /** Makes a recorded event true, its place included. */
  replay(recorded: Recorded): void
}

/** What drivers have in common: a recorded event is an event, and the place that it ends in. */
abstract class RecipeDriver implements Driver {
  abstract readonly kind: DriverKind
  abstract readonly current: World
  abstract snapshot(): World
  abstract apply(event: VmmEvent, seq: number, thread: ThreadId | null): void
  abstract move(thread: ThreadId, place: string): void

  replay({ event, seq, thread, place }: Recorded): void {
    this.apply(event, seq, thread)
    if (place !== null && thread !== null) this.move(thread, place)
  }
}

class PerEvent extends RecipeDriver {
  readonly kind = 'event'
  #world: World
  readonly #memory: VersionedMemory

  constructor(start: World, memory: VersionedMemory) {
    super()
    this.#world = start
    this.#memory = memory
  }

  get current(): World {
    return this.#world
  }

  snapshot(): World {
    return this.#world
  }

  apply(event: VmmEvent, seq: number, thread: ThreadId | null): void {
    const memory = this.#memory
    memory.begin(seq)
    this.#produce((draft) => reduceEvent(draft, event, seq, callerOf(draft, thread), memory))
  }

  move(thread: ThreadId, place: string): void {
    this.#produce((draft) => moveThread(callerOf(draft, thread), place))
  }

  #produce(recipe: (draft: WorldDraft) => void): void {
    const next = produce(this.#world, (draft) => recipe(draft as unknown as WorldDraft))
    // The handle moves on with the events: each world reads memory as of its own moment.
    this.#world = { ...next, memory: this.#memory.at(next.seq) }
    freeze(this.#world)
  }
}

class PerBatch extends RecipeDriver {
  readonly kind = 'batch'
  #base: World
  #draft: WorldDraft | null = null
  readonly #memory: VersionedMemory

  constructor(start: World, memory: VersionedMemory) {
    super()
    this.#base = start
    this.#memory = memory
  }

  get #open(): WorldDraft {
    this.#draft ??= createDraft({ ...this.#base, memory: this.#memory }) as unknown as WorldDraft
    return this.#draft
  }

  get current(): World {
    return this.#open as unknown as World
  }

  snapshot(): World {
    if (this.#draft !== null) {
      const done = finishDraft(this.#draft as unknown as ImmerDraft<World>) as World
      this.#base = freeze({ ...done, memory: this.#memory.at(done.seq) })
      this.#draft = null
    }
    return this.#base
  }

  apply(event: VmmEvent, seq: number, thread: ThreadId | null): void {
    this.#memory.begin(seq)
    reduceEvent(this.#open, event, seq, callerOf(this.#open, thread), this.#memory)
  }

  move(thread: ThreadId, place: string): void {
    moveThread(callerOf(this.#open, thread), place)
  }
}

class InPlace extends RecipeDriver {
  readonly kind = 'inPlace'
  readonly current: World
  readonly #world: WorldDraft
  readonly #memory: VersionedMemory
  #copied: World | null = null
  /** The call that was asked for last: a thread takes many steps in a row. */
  #callerId: ThreadId | null = null
  #caller: Caller = null

  constructor(start: World, memory: VersionedMemory) {
    super()
    this.#world = cloneWorld(start, memory)
    this.#memory = memory
    this.current = this.#world as unknown as World
  }

  snapshot(): World {
    if (this.#copied === null || this.#copied.seq !== this.#world.seq) {
      this.#copied = freeze(cloneWorld(this.current, this.#memory.at(this.#world.seq)) as unknown as World, true)
    }
    return this.#copied
  }

  apply(event: VmmEvent, seq: number, thread: ThreadId | null): void {
    this.#memory.begin(seq)
    reduceEvent(this.#world, event, seq, this.#callerOf(thread), this.#memory)
    // A call begins and ends by these alone.
    if (event.type === 'call.started' || event.type === 'call.replied') this.#callerId = null
  }

  move(thread: ThreadId, place: string): void {
    this.#copied = null
    moveThread(this.#callerOf(thread), place)
  }

  #callerOf(thread: ThreadId | null): Caller {
    if (thread === null) return null
    if (thread !== this.#callerId) {
      this.#callerId = thread
      this.#caller = callerOf(this.#world, thread)
    }
    return this.#caller
  }
}

/** A driver over `world`, whose memory must be `memory` as of its latest event. */
export function driverOf(kind: DriverKind, world: World, memory: VersionedMemory): Driver {
  if (memory.version > world.seq) {
    throw new Defect('RED010', `memory is at event ${memory.version}, the world at ${world.seq}`, world.seq)
  }
  const Kind = { event: PerEvent, batch: PerBatch, inPlace: InPlace }[kind]
  return new Kind(world, memory)
}
