/**
 * The law of retelling: any run can be retold on any design without a defect, and on a design with the same routines it
 * is the run itself. Held on runs that nobody would write: several processes, threads that overtake each other, failures
 * anywhere.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Recorded } from '../../events/event.ts'
import { actsOfTape } from '../../src/compare/act.ts'
import { compareRuns, type Source } from '../../src/compare/compare.ts'
import { wiredPagesOf } from '../../src/compare/tally.ts'
import type { Design } from '../../src/design/design.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { type Played, plays } from '../support/runs.ts'
import { runs } from '../support/seed.ts'

function sourceOf({ boot, design, events }: Played): Source {
  return { boot, design, acts: (run) => actsOfTape(run, events) }
}

describe('a run that nobody would write', () => {
  it('is taken from its tape to its last event', () => {
    fc.assert(
      fc.property(plays({ acts: 40 }), (played) => {
        const { pairs, runs: compared } = compareRuns(sourceOf(played), [played.design, played.design])
        for (const _ of pairs());
        expect(compared[0].seq).to.equal(played.events.length)
      }),
      { numRuns: runs(60) },
    )
  })

  it('is itself where it is retold on a design with the same routines', () => {
    fc.assert(
      fc.property(plays({ acts: 40 }), (played) => {
        const same: Design = { ...played.design, name: `${played.design.name} again` }
        const { pairs, runs: compared } = compareRuns(sourceOf(played), [played.design, same])
        const events: Recorded[] = []
        compared[1].subscribe((recorded) => events.push(recorded))
        for (const { parts } of pairs()) expect(parts).to.equal(false)
        expect(events.map(({ event }) => event.type)).to.deep.equal(played.events.map(({ event }) => event.type))
      }),
      { numRuns: runs(60) },
    )
  })

  for (const design of DESIGNS)
    it(`is retold on ${design.name}, and its wired pages are counted as it goes`, () => {
      fc.assert(
        fc.property(plays({ acts: 40 }), (played) => {
          const { pairs, runs: compared } = compareRuns(sourceOf(played), [played.design, design])
          for (const { sides } of pairs())
            expect(sides.map(({ tally }) => tally.wiredPages)).to.deep.equal(
              compared.map(({ current }) => wiredPagesOf(current)),
            )
        }),
        { numRuns: runs(60) },
      )
    })
})
