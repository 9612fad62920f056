/**
 * Calls in flight: what each was asked, the step that is next, what it knows, what it waits for and which locks it holds.
 */
import type { LockName } from '../../../events/lock.ts'
import type { SourceOf } from '../../engine/routines.ts'
import { type AwaitedLock, awaitedLock, type HeldLock, heldLocks, waitsFor } from '../../model/waits.ts'
import { NO_LOCALS, type Thread, type World } from '../../model/world.ts'
import { plain } from '../../tape/text.ts'
import { commandText } from '../reply.ts'
import { clip } from '../table.ts'
import { type Part, section } from './part.ts'

export function callsPart(world: World, sourceOf: SourceOf): Part {
  const calls = Object.values(world.threads).map((thread) => {
    const { id, command, place, locals, waiting } = thread
    const holds = heldLocks(world, id)
    const awaits = awaitedLock(world, thread)
    const waitsOn = awaits === null && waiting !== null ? waitsFor(world, thread) : []
    return {
      thread: id,
      command,
      place,
      source: sourceOf(command.type, place),
      waiting,
      waitsOn,
      holds,
      awaits,
      locals: learnt(locals),
    }
  })
  return {
    name: 'calls',
    data: calls,
    lines: (paint) =>
      section(
        `${calls.length === 0 ? 'no' : calls.length} ${calls.length === 1 ? 'call' : 'calls'} in flight`,
        calls.flatMap(({ thread, command, place, source, waiting, waitsOn, holds, awaits, locals }) => [
          `  ${paint.cyan(thread)}: ${commandText(command)}`,
          clip(`    next   ${place}${source === null ? '' : ` (${source})`}`),
          ...(waiting === null
            ? []
            : [`    waits  ${waiting}${awaits === null ? forText(waitsOn) : awaitedText(awaits)}`]),
          ...(holds.length === 0 ? [] : [`    holds  ${holds.map(heldText).join(', ')}`]),
          ...(Object.keys(locals).length === 0 ? [] : wrapped('    knows  ', texts(locals))),
        ]),
        paint,
      ),
  }
}

const heldText = ({ lock, of, mode }: HeldLock): string =>
  `${lock}${ownerText(lock, of)} for ${mode === 'R' ? 'reading' : 'writing'}`

/** `, for A, B`. */
function forText(threads: readonly string[]): string {
  return threads.length === 0 ? '' : `, for ${threads.join(', ')}`
}

/** `, for vm_lock, which A holds`. */
function awaitedText({ lock, of, holders }: AwaitedLock): string {
  const held = holders.length === 0 ? 'which nobody holds any more' : `which ${holders.join(', ')} holds`
  return `, for ${lock}${ownerText(lock, of)}, ${held}`
}

/** Whose lock it is, where there is more than one of the kind. */
function ownerText(lock: LockName, of: number): string {
  if (of === 0) return ''
  const whose = lock === 'map' || lock === 'pm_mtx' ? 'process' : lock === 'object' ? 'object' : 'vm'
  return ` of ${whose} ${of}`
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
