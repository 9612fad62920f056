/**
 * A run as an actor, for people who live in xstate: `createActor(runLogic, { input: { boot } })` takes commands by
 * `send`, emits the recorded events, answers `subscribe` and `getPersistedSnapshot`, and shows in an inspector.
 *
 * Its snapshots are values. Sending to an actor that was started from an older snapshot goes on from there.
 */
import type { ActorLogic, ActorSystem, Snapshot } from 'xstate'
import type { Boot } from '../../events/boot.ts'
import type { CallCommand, Command } from '../../events/command.ts'
import type { Recorded } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Outcome } from '../../events/reply.ts'
import { dumpOf } from '../model/memory/dump.ts'
import type { World } from '../model/world.ts'
import type { StepOutcome } from './engine.ts'
import { createRun, type Run, type RunSnapshot, restoreRun } from './run.ts'

export type RunInput = { readonly design?: string; readonly boot?: Partial<Boot> }

/** What an actor can be sent: a command to its end, a command on a thread, or one step of a thread. */
export type RunActorEvent =
  | Command
  | { readonly type: 'thread.start'; readonly thread: ThreadId; readonly command: CallCommand }
  | { readonly type: 'thread.step'; readonly thread: ThreadId }

/** What an actor emits: each recorded event, under the type `recorded`. */
export type RunActorEmitted = { readonly type: 'recorded' } & Recorded

export type RunActorSnapshot = Snapshot<undefined> & {
  readonly design: string
  readonly world: World
  /** What the last thing that was sent came to. */
  readonly outcome: Outcome | StepOutcome | null
}

/** A snapshot as plain data, for storage. */
export type RunActorPersisted = Snapshot<undefined> & { readonly run: RunSnapshot }

type Logic = ActorLogic<RunActorSnapshot, RunActorEvent, RunInput, ActorSystem<never>, RunActorEmitted>

/** The runs behind the snapshots; a snapshot that its run has left behind is restored when it is needed. */
const runs = new WeakMap<RunActorSnapshot, Run>()

function snapshotOf(run: Run, outcome: RunActorSnapshot['outcome']): RunActorSnapshot {
  const snapshot: RunActorSnapshot = {
    status: 'active',
    output: undefined,
    error: undefined,
    design: run.design.name,
    world: run.world,
    outcome,
  }
  runs.set(snapshot, run)
  return snapshot
}

/** A world as what a run is stored as. */
function storedWorld(design: string, { memory, ...records }: World): RunSnapshot {
  return { design, records, memory: dumpOf(memory) }
}

function runOf(snapshot: RunActorSnapshot): Run {
  const run = runs.get(snapshot)
  if (run !== undefined && run.seq === snapshot.world.seq) return run
  return restoreRun(storedWorld(snapshot.design, snapshot.world))
}

function take(run: Run, event: RunActorEvent): RunActorSnapshot['outcome'] {
  if (event.type === 'thread.step') return run.step(event.thread)
  if (event.type !== 'thread.start') return run.dispatch(event)
  run.start(event.command, event.thread)
  return null
}

export const runLogic: Logic = {
  transition(snapshot, event, { emit }) {
    // xstate sends events of its own to every actor; they are not for the run.
    if (event.type.startsWith('xstate.')) return snapshot
    const run = runOf(snapshot)
    const stop = run.subscribe((recorded) => emit({ type: 'recorded', ...recorded }))
    try {
      return snapshotOf(run, take(run, event))
    } finally {
      stop()
    }
  },
  getInitialSnapshot: (_, input) => snapshotOf(createRun(input ?? {}), null),
  getPersistedSnapshot: (snapshot) => {
    const persisted: RunActorPersisted = {
      status: 'active',
      output: undefined,
      error: undefined,
      run: storedWorld(snapshot.design, snapshot.world),
    }
    return persisted
  },
  restoreSnapshot: (persisted) => snapshotOf(restoreRun((persisted as RunActorPersisted).run), null),
}
