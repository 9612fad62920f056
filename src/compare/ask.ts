/**
 * CREATE and SHAREMEM in a design's own way: before the patch the process maps the memory of a VM and brings it, and finds
 * places for memory that it wants to share; since then vmm(4) makes the memory and chooses the places.
 */
import type { CallCommand, Command, RangeRequest } from '../../events/command.ts'
import type { Design } from '../design/design.ts'
import type { Run } from '../engine/run.ts'
import { count } from '../show/table.ts'
import { allocateGuestMemory, type Dispatch, findPlaces, type Placed, type Places } from '../vmd/guest-memory.ts'

export type AsksForMemory = Extract<CallCommand, { type: 'ioc.create' | 'ioc.sharemem' }>

/** The command as it is to be asked, and in words what was done for it before. */
export type Asked<Command extends AsksForMemory> = { readonly command: Command; readonly note: string | null }

/**
 * Prepares a command that was made for the design `there` on a run of another, and says how it is asked there.
 *
 * @param at where each range lies in the process on the other run, as far as that is known.
 */
export function askForMemory<Wanted extends AsksForMemory>(
  command: Wanted,
  there: Design,
  here: Run,
  at: Places,
): Asked<Wanted> {
  const { memoryFrom } = here.design
  if (there.memoryFrom === memoryFrom) return { command, note: null }
  if (memoryFrom === 'vmm') return { command: askedOfVmm(command), note: null }
  const done: Command[] = []
  const host: Dispatch = {
    dispatch: (wanted) => {
      done.push(wanted)
      return here.dispatch(wanted)
    },
  }
  const creates = command.type === 'ioc.create'
  const placed = (creates ? allocateGuestMemory : findPlaces)(host, command.pid, command.ranges, at)
  const ranges = placed.ok ? placed.ranges : command.ranges
  const what = creates ? 'maps the memory first' : 'looks for places first'
  const asked = creates ? { ...command, ranges } : { ...command, ranges, va: [] }
  return { command: asked, note: `the process ${what}, as vmd did: ${doneText(done, placed)}` }
}

/** Where a range is to lie is a hint for CREATE; SHAREMEM refuses one. */
function askedOfVmm<Wanted extends AsksForMemory>(command: Wanted): Wanted {
  if (command.type === 'ioc.create') return command
  const ranges: readonly RangeRequest[] = command.ranges.map((range) => ({ ...range, va: 0 }))
  return { ...command, ranges, va: [] }
}

function doneText(done: readonly Command[], placed: Placed): string {
  const mmaps = done.filter(({ type }) => type === 'host.mmap').length
  const munmaps = done.length - mmaps
  const text = [count(mmaps, 'mmap'), ...(munmaps > 0 ? [count(munmaps, 'munmap')] : [])].join(', ')
  return placed.ok ? text : `${text}, refused with ${placed.errno}`
}
