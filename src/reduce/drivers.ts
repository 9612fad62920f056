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
import { moveCall } from './call.ts'
import { cloneWorld } from './clone.ts'
import type { WorldDraft } from './draft.ts'
import { reduceEvent, reduceRecorded } from './reduce.ts'

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

type Made = Omit<Driver, 'kind'>

function perEvent(start: World, memory: VersionedMemory): Made {
  let world = start
  const view = (draft: ImmerDraft<World>): WorldDraft => draft as unknown as WorldDraft
  const settle = (next: World): void => {
    // The handle moves on with the events: each world reads memory as of its own moment.
    world = { ...next, memory: memory.at(next.seq) }
    freeze(world)
  }
  return {
    get current() {
      return world
    },
    snapshot: () => world,
    apply(event, seq, thread) {
      memory.begin(seq)
      settle(produce(world, (draft) => reduceEvent(view(draft), event, seq, thread, memory)))
    },
    move(thread, place) {
      settle(produce(world, (draft) => moveCall(view(draft), thread, place)))
    },
    replay(recorded) {
      memory.begin(recorded.seq)
      settle(produce(world, (draft) => reduceRecorded(view(draft), recorded, memory)))
    },
  }
}

function perBatch(start: World, memory: VersionedMemory): Made {
  let base = start
  let draft: WorldDraft | null = null
  const open = (): WorldDraft => {
    draft ??= createDraft({ ...base, memory }) as unknown as WorldDraft
    return draft
  }
  return {
    get current() {
      return open() as unknown as World
    },
    snapshot() {
      if (draft !== null) {
        const done = finishDraft(draft as unknown as ImmerDraft<World>) as World
        base = freeze({ ...done, memory: memory.at(done.seq) })
        draft = null
      }
      return base
    },
    apply(event, seq, thread) {
      memory.begin(seq)
      reduceEvent(open(), event, seq, thread, memory)
    },
    move: (thread, place) => moveCall(open(), thread, place),
    replay(recorded) {
      memory.begin(recorded.seq)
      reduceRecorded(open(), recorded, memory)
    },
  }
}

function inPlace(start: World, memory: VersionedMemory): Made {
  const world = cloneWorld(start, memory)
  let copied: World | null = null
  return {
    current: world as unknown as World,
    snapshot() {
      if (copied === null || copied.seq !== world.seq) {
        copied = freeze(cloneWorld(world as unknown as World, memory.at(world.seq)) as unknown as World, true)
      }
      return copied
    },
    apply(event, seq, thread) {
      memory.begin(seq)
      reduceEvent(world, event, seq, thread, memory)
    },
    move(thread, place) {
      copied = null
      moveCall(world, thread, place)
    },
    replay(recorded) {
      memory.begin(recorded.seq)
      reduceRecorded(world, recorded, memory)
    },
  }
}

/** A driver over `world`, whose memory must be `memory` as of its latest event. */
export function driverOf(kind: DriverKind, world: World, memory: VersionedMemory): Driver {
  if (memory.version > world.seq) {
    throw new Defect('RED010', `memory is at event ${memory.version}, the world at ${world.seq}`, world.seq)
  }
  const made =
    kind === 'event' ? perEvent(world, memory) : kind === 'batch' ? perBatch(world, memory) : inPlace(world, memory)
  return Object.defineProperty(made, 'kind', { value: kind }) as Driver
}
