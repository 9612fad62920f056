/** Drives the recordings of the real kernel through a watched run. */
import type { ThreadId } from '../../events/ids.ts'
import { bootOf, translate } from '../../src/conform/translate.ts'
import type { Vector, VectorCommand } from '../../src/conform/vector.ts'
import type { Design } from '../../src/design/design.ts'
import { Watched } from './watched.ts'

/** Steps a thread until it answers, sleeps, panics, or stands at its pause point. */
function go({ run }: Watched, thread: ThreadId, pause: readonly [string, number] | undefined): void {
  let left = pause?.[1] ?? 0
  for (;;) {
    const asleep = run.current.threads[thread]?.waiting !== null
    for (const point of asleep ? [] : run.next(thread).pauses) {
      if (point !== pause?.[0]) continue
      left -= 1
      if (left === 0) return
    }
    if (run.step(thread).kind !== 'moved') return
  }
}

/** A watched run that is booted as a vector says. */
export function watchedFor(vector: Vector, design: Design, whole = true): Watched {
  return new Watched({ design, boot: bootOf(vector.commands[0] as VectorCommand), whole })
}

/** Runs all commands of a vector. */
export function runVector(vector: Vector, watched: Watched): void {
  const commands = vector.commands.slice(1)
  const { run } = watched
  for (const [i, command] of commands.entries()) {
    if (run.current.panic !== null) break
    if (command.op === 'resume') {
      const thread = command.as as ThreadId
      if (run.current.threads[thread] !== undefined) go(watched, thread, undefined)
      continue
    }
    const call = translate(command)
    const named = call.type !== 'host.hold' && call.type !== 'host.release' && typeof command.as === 'string'
    const thread = named ? (command.as as ThreadId) : `#${i}`
    run.start(call, thread)
    go(watched, thread, command.pause as readonly [string, number] | undefined)
  }
}
