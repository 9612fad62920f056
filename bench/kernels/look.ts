/**
 * Looking around in an open tape: how much memory it takes, how long a seek, and a read of one entry in the past.
 */
import type { Recorded } from '../../events/event.ts'
import { Monitor } from '../../src/invariant/index.ts'
import { Timeline } from '../../src/replay/timeline.ts'
import { watchTape } from '../../src/replay/watch.ts'
import { readTape } from '../../src/tape/file.ts'
import { type Ask, expectEqual, type Measure, residentBytes, timed } from '../harness/measure.ts'
import { pagesOfStream, type StreamName } from '../harness/streams.ts'
import { dice } from '../memory/pages.ts'

const SEEKS = 400
const READS = 200_000

/** Opens `ask.tape` and looks at moments of it at random. */
export function look({ tape = '', stream, faults = 0 }: Ask): Measure {
  const before = residentBytes()
  const timeline = Timeline.load(readTape(tape))
  const megabytes = (residentBytes() - before) / 2 ** 20
  const { lastSeq } = timeline
  const roll = dice()

  const seeks = Array.from({ length: SEEKS }, () => {
    const seq = roll(lastSeq + 1)
    const { cpu } = timed(1, () => expectEqual(timeline.at(seq).seq, seq, 'the moment that was sought'))
    return cpu / 1e6
  }).sort((a, b) => a - b)

  const pages = pagesOfStream(stream as StreamName, faults)
  const pmap = timeline.at(lastSeq).vms[1]?.pmap ?? 0
  let found = 0
  const read = timed(READS, () => {
    for (let i = 0; i < READS; i++) {
      if (timeline.memoryAt(roll(lastSeq + 1)).leaf(pmap, pages[roll(faults)] as number) >= 0) found += 1
    }
  })
  // A page is there at half of all moments.
  expectEqual(Math.round((found / READS) * 10), 5, 'tenths of the entries that are there')
  const at = (part: number): number => seeks[Math.min(SEEKS - 1, Math.floor(SEEKS * part))] as number
  return { megabytes, seekMedianMs: at(0.5), seekWorstMs: at(1), readUs: read.cpu / 1000 }
}

/** Goes over `ask.tape` event by event, and looks at nothing. */
export function watchAlone({ tape = '' }: Ask): Measure {
  return watched(tape, false)
}

/** The same with every invariant watched after every event. */
export function watchInvariants({ tape = '' }: Ask): Measure {
  return watched(tape, true)
}

function watched(tape: string, judges: boolean): Measure {
  const reader = readTape(tape)
  const events = reader.report.accepted.lastSeq ?? 0
  let seen = 0
  const time = timed(events, () => {
    watchTape(reader, (world) => {
      const count = (): void => {
        seen += 1
      }
      if (!judges) return [count]
      const monitor = new Monitor(world, {
        report: ({ name, sentence }) => {
          throw new TypeError(`nothing is wrong with this run, and ${name}: ${sentence}`)
        },
      })
      return [count, (recorded: Recorded, now) => monitor.take(recorded, now)]
    })
  })
  expectEqual(seen, events, 'events that were watched')
  return { ...time }
}
