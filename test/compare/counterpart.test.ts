/** Steps of one design that mean what steps of another do. */
import { expect } from 'chai'
import { AS_FAR, functionsOf, timesOf } from '../../src/compare/counterpart.ts'
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { vmspace } from '../../src/design/vmspace.ts'

const DESIGNS = { vmm: [aobj, aobjDying], creator: [vmspace] } as const

function calls(design: Design, calls: string): boolean {
  const types = Object.keys(design.routines) as (keyof Design['routines'])[]
  return types.some((type) => functionsOf(design, type).has(calls))
}

describe('the steps that mean the same', () => {
  for (const from of ['vmm', 'creator'] as const)
    for (const to of ['vmm', 'creator'] as const)
      for (const [one, other] of Object.entries(AS_FAR[from][to]))
        it(`are steps of their designs: ${one} and ${other}`, () => {
          expect(DESIGNS[from].every((design) => calls(design, one))).to.equal(true)
          expect(DESIGNS[to].every((design) => calls(design, other))).to.equal(true)
        })

  it('are counted by ranges with memory behind them where one design passes over MMIO', () => {
    const types = [0, 2, 0]
    expect([1, 2].map((times) => timesOf('uvm_map_slot', times, aobj, vmspace, types))).to.deep.equal([1, 3])
    expect([1, 2, 3].map((times) => timesOf('uvm_share_nested', times, vmspace, aobj, types))).to.deep.equal([1, 1, 2])
    expect(timesOf('uvm_map_slot', 2, aobj, aobjDying, types)).to.equal(2)
  })
})
