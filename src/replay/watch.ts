/**
 * Goes over a tape once, event by event, with the world as it is after each: for whoever counts or judges.
 */
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import { Defect } from '../../events/defect.ts'
import type { Recorded } from '../../events/event.ts'
import type { World } from '../model/world.ts'
import { driverOf } from '../reduce/drivers.ts'
import { itemsOf } from '../tape/codec.ts'
import { recordedCodec } from '../tape/packing.ts'
import type { TapeReader } from '../tape/reader.ts'
import { beginning, type Progress } from './timeline.ts'

/** Events between two reports of progress. */
const PROGRESS_EVENTS = 10_000

/** What looks at each event once it has become true. The world is the present one: look at it, do not keep it. */
export type Watcher = (recorded: Recorded, world: World) => void

/**
 * @param begin gets the world before the first event, and answers with what watches from there.
 * @returns the world at the end.
 * @throws Defect where an event cannot be true in the world before it; TapeError where a payload is none of ours.
 */
export function watchTape(reader: TapeReader, begin: (world: World) => readonly Watcher[], progress?: Progress): World {
  const boot = { ...DEFAULT_BOOT, ...(reader.header.boot as Partial<Boot>) }
  const { world, memory } = beginning(reader, boot, reader.report.accepted.firstSeq ?? 1)
  const driver = driverOf('inPlace', world, memory)
  const watchers = begin(driver.current)
  let last = driver.current.seq
  for (const recorded of itemsOf(reader, recordedCodec)) {
    if (recorded.seq !== last + 1) {
      throw new Defect('RPL001', `the tape goes on with event ${recorded.seq} after event ${last}`, last)
    }
    last = recorded.seq
    driver.replay(recorded)
    for (const watch of watchers) watch(recorded, driver.current)
    if (last % PROGRESS_EVENTS === 0) progress?.(last)
  }
  return driver.current
}
