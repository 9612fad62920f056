/**
 * A tape replayed in bulk, and the loop in plain JavaScript that does nothing but the same inserts into page tables.
 */
import { Timeline } from '../../src/replay/timeline.ts'
import { readTape } from '../../src/tape/file.ts'
import { type Ask, expectEqual, type Measure, timed } from '../harness/measure.ts'
import { pagesOfStream, type StreamName } from '../harness/streams.ts'
import { PlainTables } from './plain-tables.ts'

/** Where the process maps the guest's memory, in pages. */
const HVA_PAGE = 2 ** 28
const WARM_FAULTS = 20_000
/** Table pages of 4 KiB entries are few beside 64 GiB of them. */
const PAGES_MAX = 2 ** 24 + 2 ** 18

/** Opens `ask.tape`, looks at every byte of it, decodes it and builds all that time travel needs. */
export function replay({ tape = '', warm = '', faults = 0 }: Ask): Measure {
  const warmed = Timeline.load(readTape(warm)).lastSeq
  let timeline: Timeline | null = null
  let events = 0
  const time = timed(1, () => {
    timeline = Timeline.load(readTape(tape))
    events = timeline.lastSeq
  })
  const { boot, lastSeq } = timeline as unknown as Timeline
  expectEqual(warmed < lastSeq && boot.frames > 0 ? 1 : 0, 1, 'the tape is longer than the one before')
  return {
    cpu: time.cpu / events,
    user: time.user / events,
    wall: time.wall / events,
    fault: time.cpu / faults,
    events,
  }
}

/** Both inserts of each fault, of which a frame is all that is known. */
export function plainTables({ stream, faults = 0 }: Ask): Measure {
  const pages = pagesOfStream(stream as StreamName, faults)
  insertAll(pages.subarray(0, WARM_FAULTS), new PlainTables(PAGES_MAX), new PlainTables(PAGES_MAX))
  const ofProcess = new PlainTables(PAGES_MAX)
  const nested = new PlainTables(PAGES_MAX)
  const time = timed(faults, () => insertAll(pages, ofProcess, nested))
  expectEqual(ofProcess.mapped + nested.mapped, 2 * faults, 'entries of the two tables')
  return { ...time, fault: time.cpu }
}

function insertAll(pages: Uint32Array, ofProcess: PlainTables, nested: PlainTables): void {
  for (let at = 0; at < pages.length; at++) {
    const page = pages[at] as number
    ofProcess.insert(HVA_PAGE + page, at + 1)
    nested.insert(page, at + 1)
  }
}
