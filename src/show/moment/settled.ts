/**
 * What becomes of the calls in flight if every thread gets its turn, and what that says of what must happen at last.
 */
import type { Fate, Settled } from '../../liveness/settle.ts'
import { type LivenessVerdict, livenessOf } from '../../liveness/verdicts.ts'
import type { World } from '../../model/world.ts'
import { commandText, outcomeLines } from '../reply.ts'
import { clip, count } from '../table.ts'
import { type Part, section } from './part.ts'

/** @param before the world from which the run was continued. */
export function settledPart(before: World, settled: Settled): Part {
  const { from, steps, bound, around, fates } = settled
  const verdicts = livenessOf(before, settled)
  const calls = [...fates].map(([thread, fate]) => {
    const command = before.threads[thread]?.command
    return { thread, command, fate }
  })
  return {
    name: 'settled',
    data: { from, steps, bound, around, calls, verdicts },
    lines: (paint) => [
      ...section(
        `if every thread gets its turn from event ${from} on, ${count(steps, 'step')}`,
        (calls.length === 0 ? ['  no call is in flight'] : []).concat(
          calls.flatMap(({ thread, command, fate }) => {
            const asked = command === undefined ? '' : commandText(command)
            const answer =
              fate.kind === 'returns' && command !== undefined ? outcomeLines(command, fate.reply)[0] : null
            return [
              clip(`  ${paint.cyan(thread)}: ${asked}`),
              clip(`    ${fateText(fate)}${answer === null || answer === undefined ? '' : `: ${answer}`}`),
              ...(fate.kind === 'returns' ? fate.waitedFor.map((what) => clip(`    after  ${what}`)) : []),
            ]
          }),
        ),
        paint,
      ),
      ...(around.length === 0
        ? []
        : [
            '',
            ...section(
              'what the host around them did',
              around.map((one) => clip(`  ${one}`)),
              paint,
            ),
          ]),
      ...(verdicts.length === 0
        ? []
        : ['', ...section('what must happen at last', verdicts.flatMap(verdictLines), paint)]),
    ],
  }
}

function fateText(fate: Fate): string {
  switch (fate.kind) {
    case 'returns':
      return `returns after ${count(fate.steps, 'step')} of its own`
    case 'sleeps':
      return `sleeps for ever on ${fate.on}${fate.for.length === 0 ? '' : `, for ${fate.for.join(', ')}`}`
    case 'ended':
      return `does not return: ${fate.panic}`
    case 'unknown':
      return `stands after ${count(fate.steps, 'step')} of its own; the bound of ${fate.bound} is reached`
  }
}

function verdictLines({ id, name, thread, verdict, sentence }: LivenessVerdict): readonly string[] {
  return [`  ${id} ${name}, ${thread}: ${verdict}`, clip(`    ${sentence}`)]
}
