/**
 * The laws of the drivers: whatever drives the reducers, live or on replay, the worlds are the same; a world that was
 * handed out never changes; and the oracle, which is slow and obvious, says so too.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { DEFAULT_BOOT } from '../../events/boot.ts'
import type { Recorded } from '../../events/event.ts'
import { Engine } from '../../src/engine/engine.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld, type World } from '../../src/model/world.ts'
import { type DriverKind, driverOf } from '../../src/reduce/drivers.ts'
import { checkRun } from '../support/check-run.ts'
import { Oracle } from '../support/oracle.ts'
import { answersOf } from '../support/questions.ts'
import { type Played, plays, take } from '../support/runs.ts'
import { runs } from '../support/seed.ts'
import { deepFreeze, expectSame, expectSameEvents, expectSameWorld, worldText } from '../support/worlds.ts'

const KINDS: readonly DriverKind[] = ['event', 'batch', 'inPlace']
/** Every so many decisions a world is looked at; a prime, so that it falls on all kinds of steps. */
const EVERY = 23

type Seen = { readonly seq: number; readonly world: World; readonly text: string }

/** Takes the decisions of a run, and keeps worlds on the way. */
function lived({ boot, design, decisions }: Played, driver: DriverKind): { events: Recorded[]; seen: Seen[] } {
  const events: Recorded[] = []
  const run: Run = createRun({ boot, design, driver, record: (recorded) => events.push(deepFreeze(recorded)) })
  const seen: Seen[] = []
  for (const [i, decision] of decisions.entries()) {
    take(run, decision)
    if (i % EVERY !== 0 && i !== decisions.length - 1) continue
    const { world } = run
    seen.push({ seq: world.seq, world, text: worldText(world) })
  }
  return { events, seen }
}

/** Replays events, and keeps the worlds of the same moments. */
function replayed({ boot, events }: Played, kind: DriverKind, moments: readonly number[]): readonly World[] {
  const memory = new VersionedMemory(boot.frames)
  const driver = driverOf(kind, bootWorld(boot, memory), memory)
  return moments.map((seq) => {
    for (const recorded of events.slice(driver.current.seq, seq)) driver.replay(recorded)
    return driver.snapshot()
  })
}

function expectUnchanged(seen: readonly Seen[]): void {
  for (const { world, text, seq } of seen) {
    expect(worldText(world) === text, `the world after event ${seq} is still what it was`).to.equal(true)
    expect(() => Object.assign(world.softc, { vmCt: 99 })).to.throw(TypeError)
  }
}

describe('all drivers', function () {
  this.timeout(60_000)

  it('record the same events and give the same worlds, live', () => {
    let compared = 0
    fc.assert(
      fc.property(plays(), (played) => {
        const [first, ...others] = KINDS.map((kind) => lived(played, kind))
        if (first === undefined) return
        expectSameEvents(first.events, played.events, `${KINDS[0]} records`)
        for (const [i, other] of others.entries()) {
          expectSameEvents(other.events, first.events, `${KINDS[i + 1]} records`)
          for (const [at, { world, seq }] of other.seen.entries())
            expectSameWorld(world, first.seen[at]?.world as World, `${KINDS[i + 1]}, after event ${seq}`)
          compared += other.seen.length
        }
        for (const { seen } of [first, ...others]) expectUnchanged(seen)
      }),
      { numRuns: runs(30) },
    )
    expect(compared).to.be.above(250)
  })

  it('give the worlds of the live run when its events are replayed', () => {
    fc.assert(
      fc.property(plays(), (played) => {
        const { seen } = lived(played, 'event')
        for (const kind of KINDS) {
          const worlds = replayed(
            played,
            kind,
            seen.map(({ seq }) => seq),
          )
          for (const [at, world] of worlds.entries())
            expectSameWorld(world, seen[at]?.world as World, `${kind}, after event ${world.seq}`)
        }
        expectUnchanged(seen)
      }),
      { numRuns: runs(30) },
    )
  })

  it('give the world of every moment, not only of those between two decisions', () => {
    fc.assert(
      fc.property(plays({ acts: 12 }), (played) => {
        const all = played.events.map(({ seq }) => seq)
        const [first = [], ...others] = KINDS.map((kind) => replayed(played, kind, all))
        for (const worlds of others)
          for (const [at, world] of worlds.entries()) expectSameWorld(world, first[at] as World, `event ${at + 1}`)
      }),
      { numRuns: runs(15) },
    )
  })

  it('refuse a memory that is ahead of its world', () => {
    const memory = new VersionedMemory(64)
    memory.begin(3)
    for (const kind of KINDS)
      expect(() => driverOf(kind, bootWorld({ ...DEFAULT_BOOT, vcpuMax: 1, frames: 64 }, memory), memory))
        .to.throw()
        .with.property('code', 'RED010')
  })
})

describe('the oracle', function () {
  this.timeout(60_000)

  it('decides and gives the same, over plain memory', () => {
    let questions = 0
    fc.assert(
      fc.property(plays({ acts: 40 }), (played) => {
        const { boot, design, decisions } = played
        const oracle = new Oracle(boot)
        const events: Recorded[] = []
        const engine = new Engine(design, oracle, (recorded) => events.push(recorded))
        const run = createRun({ boot, design })
        for (const [i, decision] of decisions.entries()) {
          take(run, decision)
          if (decision.type === 'thread.start') engine.start(decision.command, decision.thread)
          else if (decision.type === 'guest.act') engine.guest(decision.command, decision.thread)
          else engine.step(decision.thread)
          if (i % EVERY !== 0 && i !== decisions.length - 1) continue
          const { world } = run
          expectSameWorld(oracle.current, world, `the oracle, after event ${world.seq}`)
          expectSame(answersOf(world.memory), answersOf(oracle.current.memory), `asked after event ${world.seq}`)
          questions += 1
        }
        expectSameEvents(events, played.events, 'the oracle')
      }),
      { numRuns: runs(30) },
    )
    expect(questions).to.be.above(100)
  })
})

describe('every run', function () {
  this.timeout(60_000)

  it('stands what each scenario must stand', () => {
    let events = 0
    fc.assert(
      fc.property(plays(), (played) => {
        events += checkRun(played, { moments: 6 }).length
      }),
      { numRuns: runs(15) },
    )
    expect(events).to.be.above(1500)
  })
})
