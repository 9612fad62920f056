/**
 * The law of the monitor: between two steps it says what a look at the whole world says. Held on the recordings of the
 * real kernel and on runs that nobody would write: several processes, threads that overtake each other, failures
 * anywhere, and designs that are wrong.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { Defect } from '../../events/defect.ts'
import type { Vector } from '../../src/conform/vector.ts'
import type { Design } from '../../src/design/design.ts'
import { DESIGNS, RECORDED } from '../../src/design/designs.ts'
import { Monitor } from '../../src/invariant/index.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import { DEFECTIVE } from '../conform/defects.ts'
import { VECTORS } from '../conform/vectors.ts'
import { type Played, plays } from '../support/runs.ts'
import { runs } from '../support/seed.ts'
import { expectSameAsWhole, isJudged } from './judged.ts'
import { runVector, watchedFor } from './vectors.ts'

/** How many states of a vector were judged. A wrong design may come to where the model knows no further. */
function judgedOf(vector: Vector, design: Design): number {
  const watched = watchedFor(vector, design)
  try {
    runVector(vector, watched)
  } catch (error) {
    if (!(error instanceof Defect) || DESIGNS.includes(design)) throw error
  }
  return watched.judged
}

/** Goes over the events of a run, from event `from` on with a monitor. */
function watch({ boot, events }: Played, from: number): { judged: number; ids: Set<string> } {
  const memory = new VersionedMemory(boot.frames)
  const driver = driverOf('inPlace', bootWorld(boot, memory), memory)
  const ids = new Set<string>()
  let judged = 0
  let monitor: Monitor | null = null
  for (const recorded of events) {
    driver.replay(recorded)
    const between = isJudged(recorded, driver.current)
    if (monitor !== null) monitor.take(recorded, driver.current)
    else if (between && recorded.seq >= from) monitor = new Monitor(driver.current, { report: ({ id }) => ids.add(id) })
    if (monitor === null || !between) continue
    expectSameAsWhole(monitor, driver.current)
    judged += 1
  }
  return { judged, ids }
}

describe('the monitor', () => {
  for (const design of [...RECORDED, ...DEFECTIVE])
    it(`says what a look at the whole world says, on the recordings: ${design.name}`, function () {
      if (VECTORS.length === 0) this.skip()
      this.timeout(120_000)
      // A wrong design differs only here and there; a part of the recordings will do for it.
      const vectors = DESIGNS.includes(design) ? VECTORS : VECTORS.filter((_, i) => i % 6 === 0)
      for (const vector of vectors) expect(judgedOf(vector, design), vector.name).to.be.greaterThan(0)
    })

  it('says what a look at the whole world says, in any order of any calls, wherever it begins', function () {
    this.timeout(120_000)
    const seen = new Set<string>()
    let judged = 0
    fc.assert(
      fc.property(plays(), fc.oneof(fc.constant(0), fc.nat(500)), (played, from) => {
        const { judged: more, ids } = watch(played, from)
        judged += more
        for (const id of ids) seen.add(id)
      }),
      { numRuns: runs(150) },
    )
    expect(judged).to.be.greaterThan(10_000)
    // A law about a monitor that sees nothing wrong says little.
    expect([...seen]).to.include.members(['I01', 'I02', 'I09', 'I13', 'I40b', 'I50', 'I71'])
  })
})
