/**
 * What must be known of a run before it is retold in another design's way: which mappings of a process are the memory of
 * a VM to be, and where the failures that were asked for come. A first playing of the run finds it out.
 */
import type { Word64 } from '../../events/address.ts'
import type { Command, RangeRequest } from '../../events/command.ts'
import type { Pid } from '../../events/ids.ts'
import type { Design } from '../design/design.ts'
import { createRun } from '../engine/run.ts'
import type { Act } from './act.ts'
import type { Source } from './compare.ts'
import { type Fired, Witness } from './witness.ts'

/** Where a failure comes: in which act, which step, and as the how manieth call of its function in that step. */
export type Failure = Omit<Fired, 'asked'> & { readonly act: number }

export type Ahead = {
  /** Acts that only prepare a VM's memory, and the act of the CREATE or SHAREMEM that they prepare. */
  readonly prepares: ReadonlyMap<number, number>
  /** By the act that asked for it; null where it never comes. */
  readonly failures: ReadonlyMap<number, Failure | null>
}

type Mapping = {
  readonly act: number
  readonly pid: Pid
  readonly start: number
  readonly end: number
  gone: number | null
}

/** @param design the one that the acts are the decisions of. */
export function lookAhead(source: Source, design: Design): Ahead {
  const run = createRun({ design, boot: source.boot })
  const witness = new Witness(run)
  const prepares = new Map<number, number>()
  const failures = new Map<number, Failure | null>()
  const asked: number[] = []
  const mappings: Mapping[] = []
  let index = 0
  for (const act of source.acts(run)) {
    const { fired, seen } = witness.hear()
    if (seen.some(({ type }) => type === 'failpoint.armed')) {
      failures.set(index, null)
      asked.push(index)
    }
    for (const { asked: number, ...failure } of fired) failures.set(asked[number] ?? -1, { ...failure, act: index })
    learn(mappings, act, index)
    if (act.command !== null && act.begins) markPrepared(mappings, act.command, index, prepares)
    index += 1
  }
  witness.close()
  return { prepares, failures }
}

function learn(mappings: Mapping[], { command, result }: Act, act: number): void {
  if (result.kind !== 'answered' || command === null) return
  const { outcome } = result
  if (!outcome.ok) return
  if (command.type === 'host.mmap' && 'va' in outcome && typeof outcome.va === 'number') {
    const start = outcome.va
    mappings.push({ act, pid: command.pid, start, end: start + Number(command.size), gone: null })
  }
  if (command.type !== 'host.munmap') return
  const { pid, va, size } = command
  const end = Number(va) + Number(size)
  for (const mapping of mappings)
    if (mapping.pid === pid && mapping.gone === null && mapping.start < end && Number(va) < mapping.end)
      mapping.gone = act
}

/** CREATE is prepared by what is mapped, SHAREMEM by what was mapped to find a place and is unmapped again. */
function markPrepared(
  mappings: readonly Mapping[],
  command: Command,
  act: number,
  prepares: Map<number, number>,
): void {
  if (command.type !== 'ioc.create' && command.type !== 'ioc.sharemem') return
  const creates = command.type === 'ioc.create'
  for (const range of command.ranges) {
    const mapping = mappings.findLast((one) => one.pid === command.pid && overlaps(one, range))
    if (mapping === undefined || (mapping.gone === null) !== creates) continue
    prepares.set(mapping.act, act)
    if (mapping.gone !== null) prepares.set(mapping.gone, act)
  }
}

function overlaps({ start, end }: Mapping, { va, size }: RangeRequest): boolean {
  const from: Word64 = Number(va)
  return start < from + Number(size) && from < end
}
