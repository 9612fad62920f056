/**
 * Plays a scenario on a run: one entry after the other, each with what came of it.
 */
import type { CallCommand, Command } from '../../events/command.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Outcome } from '../../events/reply.ts'
import { routinesOf } from '../engine/routines.ts'
import { outcomeOf, type Run } from '../engine/run.ts'
import { UserError } from '../errors.ts'
import { listed } from '../json-lines.ts'
import type { Decision } from './commands.ts'
import type { Entry } from './read.ts'

/** What came of an entry: an answer (a panic and a sleep are some), a call left standing somewhere, or a note. */
export type Played = {
  readonly entry: Entry
  /** Whose step it was; null for a note and for what a guest does without being in RUN. */
  readonly thread: ThreadId | null
  /** The command that was answered or stands. */
  readonly command: Command | null
  readonly result:
    | { readonly kind: 'answered'; readonly outcome: Outcome }
    | { readonly kind: 'stands'; readonly place: string; readonly source: string }
    | { readonly kind: 'noted'; readonly text: string }
  /** Number of the last event after it. */
  readonly seq: number
}

type Result = Pick<Played, 'thread' | 'command' | 'result'>

/** @throws UserError with the entry's place, for a thread that is not there, or is there already. */
export function* play(run: Run, entries: readonly Entry[]): Generator<Played> {
  for (const entry of entries) {
    const result = playEntry(run, entry)
    yield { entry, ...result, seq: run.seq }
    if (run.current.panic !== null) return
  }
}

function playEntry(run: Run, { asked, place }: Entry): Result {
  switch (asked.type) {
    case 'start':
      refuseTaken(run, asked.thread, `${place}: start`)
      run.start(asked.command, asked.thread)
      return standing(run, asked.thread)
    case 'step':
      return step(run, asked, `${place}: step`)
    case 'finish': {
      const command = commandOf(run, asked.thread, `${place}: finish`)
      return { thread: asked.thread, command, result: { kind: 'answered', outcome: run.finish(asked.thread) } }
    }
    case 'pause':
      return pause(run, asked, `${place}: pause`)
    case 'note':
      return { thread: null, command: null, result: { kind: 'noted', text: asked.text } }
    case 'guest.touch':
    case 'guest.leave':
    case 'guest.writecr':
    case 'guest.wrmsr':
    case 'guest.vmgexit': {
      const thread = run.runnerOf(asked.vm, asked.vcpu)
      return { thread, command: asked, result: { kind: 'answered', outcome: run.dispatch(asked) } }
    }
    default: {
      const thread = run.start(asked)
      return { thread, command: asked, result: { kind: 'answered', outcome: run.finish(thread) } }
    }
  }
}

function step(run: Run, { thread, times }: Extract<Decision, { type: 'step' }>, place: string): Result {
  const command = commandOf(run, thread, place)
  for (let done = 0; done < times; done++) {
    const end = run.step(thread)
    const outcome = end.kind === 'moved' ? null : outcomeOf(end, thread)
    if (outcome !== null) return { thread, command, result: { kind: 'answered', outcome } }
  }
  return standing(run, thread)
}

/** Steps until the thread is about to pass the `k`-th time where it shall stop; its next step would pass it. */
function pause(run: Run, { thread, at, k, command }: Extract<Decision, { type: 'pause' }>, place: string): Result {
  if (command !== null) {
    refuseTaken(run, thread, place)
    refuseUnknownStop(run, command, at, place)
    run.start(command, thread)
  }
  const asked = commandOf(run, thread, place)
  refuseUnknownStop(run, asked, at, place)
  let left = k
  // A thread that stands already does not stop where it stands.
  let counts = command !== null
  for (;;) {
    if (counts && stops(run, thread, at)) left -= 1
    if (left === 0) return standing(run, thread)
    counts = true
    const end = run.step(thread)
    const outcome = end.kind === 'moved' ? null : outcomeOf(end, thread)
    if (outcome !== null) return { thread, command: asked, result: { kind: 'answered', outcome } }
  }
}

/** Whether the next step begins at `at`. One that was asleep passed its pause points before. */
function stops(run: Run, thread: ThreadId, at: string): boolean {
  const { name, pauses } = run.next(thread)
  return name === at || (run.current.threads[thread]?.waiting === null && pauses.some((point) => point === at))
}

function refuseUnknownStop(run: Run, command: CallCommand, at: string, place: string): void {
  const steps =
    routinesOf(run.design)
      .get(command.type)
      ?.steps.filter((one) => one.primitive !== null) ?? []
  const stops = new Set([...steps.flatMap((one) => one.pauses), ...steps.map((one) => one.name)])
  if ([...stops].some((stop) => stop === at)) return
  throw new UserError(`${place}: at: wanted a step of ${command.type}, found '${at}'; there are ${listed([...stops])}`)
}

function refuseTaken(run: Run, thread: ThreadId, place: string): void {
  if (run.current.threads[thread] === undefined) return
  throw new UserError(`${place}: thread: wanted a thread without a call, and '${thread}' has one in flight.`)
}

function commandOf(run: Run, thread: ThreadId, place: string): CallCommand {
  const found = run.current.threads[thread]
  if (found !== undefined) return found.command
  const wanted = `wanted a thread with a call in flight, found '${thread}'`
  throw new UserError(`${place}: thread: ${wanted}; there are ${listed(run.threads)}`)
}

function standing(run: Run, thread: ThreadId): Result {
  const { name, meta } = run.next(thread)
  const command = run.current.threads[thread]?.command ?? null
  return { thread, command, result: { kind: 'stands', place: name, source: meta.source } }
}
