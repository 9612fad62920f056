/**
 * What every run must stand, whatever it is about: each scenario ends here, so that each one tests replay too.
 */
import { expect } from 'chai'
import type { Recorded } from '../../events/event.ts'
import { createRun, restoreRun } from '../../src/engine/run.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld, type World } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import { decodeSnapshot, Timeline } from '../../src/replay/timeline.ts'
import { verify } from '../../src/replay/verify.ts'
import { readTape, TapeWriter } from '../../src/tape/file.ts'
import { encodeSnapshot, headerOf, Recording } from '../../src/tape/recording.ts'
import { fromPlain, toText } from '../../src/tape/text.ts'
import { MemoryFiles } from '../tape/memory-files.ts'
import { type Played, take } from './runs.ts'
import { deepFreeze, expectSame, expectSameEvents, expectSameWorld } from './worlds.ts'

/** A run to be checked: all that it is a function of. */
export type Scenario = Pick<Played, 'boot' | 'design' | 'decisions'>

/** A moment between two decisions. */
type Mark = {
  /** How many decisions were taken before. */
  readonly taken: number
  /** How many events were recorded before. */
  readonly recorded: number
  readonly world: World
  /** The run as it was stored then. */
  readonly stored: Uint8Array
}

/** About `count` of the numbers from 0 to `last`, evenly spread, both ends among them. */
function spread(last: number, count: number): ReadonlySet<number> {
  return new Set(Array.from({ length: count }, (_, i) => Math.round((i * last) / Math.max(1, count - 1))))
}

/** Runs the scenario, and keeps the world and the stored run at some moments. */
function live({ boot, design, decisions }: Scenario, moments: number): { events: Recorded[]; marks: Mark[] } {
  const events: Recorded[] = []
  // A reducer that wrote to an event would throw.
  const run = createRun({ boot, design, record: (recorded) => events.push(deepFreeze(recorded)) })
  const sampled = spread(decisions.length, moments)
  const marks: Mark[] = []
  for (let taken = 0; taken <= decisions.length; taken += 1) {
    const decision = decisions[taken - 1]
    if (decision !== undefined) take(run, decision)
    if (!sampled.has(taken)) continue
    marks.push({ taken, recorded: events.length, world: run.world, stored: encodeSnapshot(run.snapshot()) })
  }
  return { events, marks }
}

/** The events as the text that people read, and back. */
function readFromText(events: readonly Recorded[]): readonly Recorded[] {
  const texts = events.map(toText)
  const read = texts.map((text) => fromPlain(JSON.parse(text)) as Recorded)
  expectSameEvents(read, events, 'after JSON there and back')
  expectSame(read.map(toText), texts, 'written again')
  return read
}

/** The events on a tape. */
function onTape({ boot, design }: Scenario, events: readonly Recorded[]): Timeline {
  const files = new MemoryFiles()
  const header = headerOf({ name: design.name, digest: 'of a test' }, boot)
  const writer = TapeWriter.create('run.vmtape', header, { fileSystem: files, sync: 'never' })
  // Short segments, so that a run has several.
  const recording = new Recording(writer, 64)
  for (const recorded of events) recording.record(recorded)
  recording.close()
  return Timeline.load(readTape(files.files.get('run.vmtape')?.bytes ?? new Uint8Array()))
}

/** Replayed forward, every sampled moment is what it was live, and stays so whatever comes after. */
function replays({ boot }: Scenario, events: readonly Recorded[], marks: readonly Mark[]): void {
  const memory = new VersionedMemory(boot.frames)
  const driver = driverOf('inPlace', bootWorld(boot, memory), memory)
  const kept = marks.map(({ recorded, world, taken }) => {
    for (const event of events.slice(driver.current.seq, recorded)) driver.replay(event)
    const replayed = driver.snapshot()
    expectSameWorld(replayed, world, `replayed to decision ${taken}`)
    return { replayed, world, taken }
  })
  for (const { replayed, world, taken } of kept.reverse()) {
    expectSameWorld(replayed, world, `looked at again, after decision ${taken}`)
  }
}

/** Sought from the last moment to the first, every sampled moment is what it was live. */
function seeksBackwards(timeline: Timeline, marks: readonly Mark[]): void {
  for (const { recorded, world, taken } of [...marks].reverse()) {
    expectSameWorld(timeline.at(recorded), world, `sought backwards to decision ${taken}`)
  }
}

/** The same decisions give the same events, whatever drives the reducers; so do those that the events tell of. */
function decidesAgain({ boot, design, decisions }: Scenario, events: readonly Recorded[]): void {
  const again: Recorded[] = []
  const run = createRun({ boot, design, driver: 'event', record: (recorded) => again.push(recorded) })
  for (const decision of decisions) take(run, decision)
  expectSameEvents(again, events, 'decided again')
  expect(verify(events, design, boot), 'decided again from the events alone').to.equal(null)
}

/** Stored between two steps and taken up again, also in the middle of an ioctl, a run goes on to the same end. */
function goesOn({ design, decisions }: Scenario, events: readonly Recorded[], marks: readonly Mark[]): void {
  const end = marks.at(-1)?.world
  for (const { taken, recorded, world, stored } of marks) {
    const rest: Recorded[] = []
    const run = restoreRun(decodeSnapshot(stored), { design, record: (one) => rest.push(one) })
    expectSameWorld(run.world, world, `stored after decision ${taken}`)
    for (const decision of decisions.slice(taken)) take(run, decision)
    expectSameEvents(rest, events.slice(recorded), `taken up after decision ${taken}`)
    if (end !== undefined) expectSameWorld(run.world, end, `at the end, taken up after decision ${taken}`)
  }
}

/**
 * Runs a scenario and checks it.
 *
 * @param moments how many moments between two decisions are looked at, spread over the run.
 * @returns the events of the run.
 */
export function checkRun(scenario: Scenario, { moments = 5 } = {}): readonly Recorded[] {
  const { events, marks } = live(scenario, moments)
  replays(scenario, readFromText(events), marks)
  const timeline = onTape(scenario, events)
  expectSameEvents([...timeline.between()], events, 'on tape')
  seeksBackwards(timeline, marks)
  decidesAgain(scenario, events)
  goesOn(scenario, events, marks)
  return events
}
