/**
 * Calls in flight: what each was asked, the step that is next, what it knows and what it waits for.
 */
import type { SourceOf } from '../../engine/routines.ts'
import { NO_LOCALS, type Thread, type World } from '../../model/world.ts'
import { plain } from '../../tape/text.ts'
import { commandText } from '../reply.ts'
import { clip } from '../table.ts'
import { type Part, section } from './part.ts'

export function callsPart(world: World, sourceOf: SourceOf): Part {
  const calls = Object.values(world.threads).map((thread) => {
    const { id, command, place, locals, waiting } = thread
    return { thread: id, command, place, source: sourceOf(command.type, place), waiting, locals: learnt(locals) }
  })
  return {
    name: 'calls',
    data: calls,
    lines: (paint) =>
      section(
        `${calls.length === 0 ? 'no' : calls.length} ${calls.length === 1 ? 'call' : 'calls'} in flight`,
        calls.flatMap(({ thread, command, place, source, waiting, locals }) => [
          `  ${paint.cyan(thread)}: ${commandText(command)}`,
          clip(`    next   ${place}${source === null ? '' : ` (${source})`}`),
          ...(waiting === null ? [] : [`    waits  ${waiting}`]),
          ...(Object.keys(locals).length === 0 ? [] : wrapped('    knows  ', texts(locals))),
        ]),
        paint,
      ),
  }
}

/** The locals that say more than what a call starts with. */
function learnt(locals: Thread['locals']): Readonly<Record<string, unknown>> {
  const before = NO_LOCALS as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    Object.entries(locals).filter(
      ([key, value]) => JSON.stringify(plain(value, key)) !== JSON.stringify(plain(before[key], key)),
    ),
  )
}

function texts(locals: Readonly<Record<string, unknown>>): string[] {
  const values = plain(locals, '') as Readonly<Record<string, unknown>>
  return Object.entries(values).map(
    ([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
}

/** Items on as many lines as they take. */
function wrapped(start: string, items: readonly string[]): string[] {
  const lines: string[] = []
  let line = start
  for (const item of items) {
    if (line.length + item.length > 98 && line.trim() !== start.trim()) {
      lines.push(line)
      line = ' '.repeat(start.length)
    }
    line += line.length === start.length ? item : `, ${item}`
  }
  return [...lines, line].map((one) => clip(one))
}
