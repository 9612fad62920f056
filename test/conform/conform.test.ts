/**
 * The model against the recordings of the real kernel functions; and the comparison against designs that are wrong:
 * one that finds nothing proves nothing.
 */
import { expect } from 'chai'
import { check, type Disagreement } from '../../src/conform/conform.ts'
import type { Vector } from '../../src/conform/vector.ts'
import type { Design } from '../../src/design/design.ts'
import { RECORDED } from '../../src/design/designs.ts'
import { DEFECTIVE } from './defects.ts'
import { VECTORS } from './vectors.ts'

type Part = Disagreement & { readonly vector: string }

function disagreements(vectors: readonly Vector[], design: Design): readonly Part[] {
  return vectors.flatMap((vector) => {
    const found = check(vector, design)
    return found === null ? [] : [{ vector: vector.name, ...found }]
  })
}

const groups = [...new Set(VECTORS.map(({ cat }) => cat))].sort()

describe('the recordings', () => {
  it('are all read', function () {
    if (VECTORS.length === 0) this.skip()
    // Pinned: as many lines as the file of recordings has.
    expect(VECTORS).to.have.length(343)
    expect(VECTORS.filter((vector) => vector.expected_v7 !== undefined)).to.have.length(7)
  })
})

for (const design of RECORDED)
  describe(`design ${design.name}`, () => {
    for (const group of groups)
      it(`does what the kernel did: ${group}`, () => {
        expect(
          disagreements(
            VECTORS.filter(({ cat }) => cat === group),
            design,
          ),
        ).to.deep.equal([])
      })
  })

describe('the comparison', () => {
  for (const design of DEFECTIVE)
    it(`finds out ${design.name}`, function () {
      if (VECTORS.length === 0) this.skip()
      const first = VECTORS.find((vector) => check(vector, design) !== null)
      expect(first?.name, design.about).to.be.a('string')
    })
})
