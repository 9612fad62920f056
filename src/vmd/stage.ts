/**
 * Plays the commands of vmd's processes one after the other, each handed out as a scenario's lines are, right after it
 * was answered.
 */
import type { CallCommand, Command, GuestCommand } from '../../events/command.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Outcome } from '../../events/reply.ts'
import type { Run } from '../engine/run.ts'
import type { Played } from '../scenario/play.ts'
import type { Dispatch } from './guest-memory.ts'

/** What is played, and the answer of what was asked. */
export type Playing<Answer = void> = Generator<Played, Answer>

export class Stage {
  readonly run: Run
  #line = 0

  constructor(run: Run) {
    this.run = run
  }

  *ask<Asked extends CallCommand | GuestCommand>(command: Asked): Playing<Outcome<Asked['type']>> {
    const outcome = this.run.dispatch(command)
    yield this.#played(command, outcome)
    return outcome
  }

  /** A call that was asleep goes on. */
  *finish(thread: ThreadId): Playing<Outcome> {
    const command = this.run.current.threads[thread]?.command ?? null
    const outcome = this.run.finish(thread)
    yield { ...this.#played(command, outcome), thread }
    return outcome
  }

  *note(text: string): Playing {
    this.#line += 1
    const entry = { line: this.#line, place: 'vmd', asked: { type: 'note', text } as const }
    yield { entry, thread: null, command: null, result: { kind: 'noted', text }, seq: this.run.seq }
  }

  /** What somebody asks who does several things at once; all of it is handed out together. */
  *all<Answer>(act: (host: Dispatch) => Answer): Playing<Answer> {
    const played: Played[] = []
    const answer = act({
      dispatch: (command) => {
        const outcome = this.run.dispatch(command)
        played.push(this.#played(command, outcome))
        return outcome
      },
    })
    yield* played
    return answer
  }

  #played(command: Command | null, outcome: Outcome): Played {
    this.#line += 1
    const asked = command ?? ({ type: 'note', text: '' } as const)
    const entry = { line: this.#line, place: 'vmd', asked }
    return { entry, thread: null, command, result: { kind: 'answered', outcome }, seq: this.run.seq }
  }
}
