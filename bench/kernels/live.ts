/**
 * Faults as they happen: dispatched, decided by the machines, reduced, packed, and on the disk after each batch.
 */
import { rmSync, statSync } from 'node:fs'
import type { Recorder } from '../../src/engine/engine.ts'
import type { Run } from '../../src/engine/run.ts'
import { Monitor } from '../../src/invariant/index.ts'
import { sealTape, TapeWriter } from '../../src/tape/file.ts'
import { headerOf, Recording } from '../../src/tape/recording.ts'
import { type Ask, expectEqual, type Measure, timed } from '../harness/measure.ts'
import { bootOf, pagesOfStream, runOf, type StreamName, touch } from '../harness/streams.ts'

/** Faults between two waits for the disk. */
export const BATCH_FAULTS = 1000
const WARM_FAULTS = 20_000

/** Steps the machines and reduces, and lets the events go. */
export function liveUnrecorded({ stream, mode = 'ept', faults = 0 }: Ask): Measure {
  let events = 0
  const record: Recorder = () => {
    events += 1
  }
  warm(mode)
  const pages = pagesOfStream(stream as StreamName, faults)
  const run = runOf(stream as StreamName, mode, record)
  const before = events
  const time = timed(faults, () => {
    for (const page of pages) touch(run, page)
  })
  return { ...time, events: (events - before) / faults }
}

/** The same with every invariant judged after every event; the events are let go as well. */
export function liveJudged({ stream, mode = 'ept', faults = 0 }: Ask): Measure {
  warm(mode, judging)
  const pages = pagesOfStream(stream as StreamName, faults)
  const run = runOf(stream as StreamName, mode, () => {})
  judging(run)
  const time = timed(faults, () => {
    for (const page of pages) touch(run, page)
  })
  return { ...time }
}

/** Judges all that the run does from here on, of which nothing is wrong. */
function judging(run: Run): void {
  const monitor = new Monitor(run.current, {
    report: ({ name, sentence }) => {
      throw new TypeError(`nothing is wrong with this run, and ${name}: ${sentence}`)
    },
  })
  run.subscribe((recorded) => monitor.take(recorded, run.current))
}

/** The same onto a tape at `ask.tape`, which stays there. */
export function live({ stream, mode = 'ept', faults = 0, tape = '' }: Ask): Measure {
  warm(mode)
  const pages = pagesOfStream(stream as StreamName, faults)
  rmSync(tape, { force: true })
  const header = headerOf({ name: 'aobj-dying', digest: '' }, bootOf(mode))
  const writer = TapeWriter.create(tape, header, { sync: 'never' })
  const recording = new Recording(writer)
  const run = runOf(stream as StreamName, mode, recording.record)
  recording.sync()
  const before = run.seq
  const time = timed(faults, () => {
    let waiting = 0
    for (const page of pages) {
      touch(run, page)
      waiting += 1
      if (waiting < BATCH_FAULTS) continue
      waiting = 0
      recording.sync()
    }
    recording.sync()
  })
  expectEqual(writer.acknowledged, run.seq, 'events on the disk')
  recording.close()
  return { ...time, events: (run.seq - before) / faults, bytes: statSync(tape).size / run.seq }
}

/** Seals the tape at `ask.tape`, and says what an event takes on either. */
export function seal({ tape = '' }: Ask): Measure {
  const sealed = `${tape}.sealed`
  const { report, bytesBefore, bytesAfter } = sealTape(tape, sealed, { overwrite: true })
  rmSync(sealed)
  const { events } = report.accepted
  return { open: bytesBefore / events, sealed: bytesAfter / events }
}

/** So that the code is compiled before the clock starts; the tape goes nowhere. */
function warm(mode: 'ept' | 'rvi', prepare: (run: Run) => void = () => {}): void {
  const nowhere = () => {}
  const sink = { appendEvents: nowhere, appendSnapshot: nowhere, appendNote: nowhere, sync: nowhere, close: nowhere }
  const recording = new Recording(sink)
  const run = runOf('rand/4G', mode, recording.record)
  prepare(run)
  for (const page of pagesOfStream('rand/4G', WARM_FAULTS)) touch(run, page)
  recording.sync()
}
