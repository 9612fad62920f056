/** One run on two designs: where they part, and what is compared. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { comparePlays, type Pair, tallyOf } from '../../src/compare/compare.ts'
import { designNamed } from '../../src/design/designs.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { type Played, play } from '../../src/scenario/play.ts'
import { readScenario } from '../../src/scenario/read.ts'
import { playVmd } from '../../src/vmd/vmd.ts'

function pairsOf(
  designs: readonly [string, string],
  steps: (run: Run) => Iterable<Played>,
  own: boolean,
): readonly Pair[] {
  const runs = [createRun({ design: designNamed(designs[0]) }), createRun({ design: designNamed(designs[1]) })] as const
  return [...comparePlays(runs, [steps(runs[0]), steps(runs[1])], own)]
}

function example(name: string): (run: Run) => Iterable<Played> {
  const { entries } = readScenario(readFileSync(`examples/scenarios/${name}.jsonl`, 'utf8'), name)
  return (run) => play(run, entries)
}

describe('a comparison', () => {
  it('finds no parting where vmd starts, runs and ends a guest before and after the patch', () => {
    const steps = (run: Run) => playVmd(run, { memory: 2 ** 30, devices: 2, faults: 300 })
    const pairs = pairsOf(['vmspace', 'aobj'], steps, true)
    expect(pairs.filter(({ parts }) => parts).map(({ answers, differs }) => ({ answers, differs }))).to.deep.equal([])
    const most = Math.max(...pairs.map(({ tallies }) => tallies[0].nestedPages))
    expect(most).to.equal(300)
  })

  it('tells who holds the memory, which differs by design', () => {
    const steps = (run: Run) => playVmd(run, { memory: 2 ** 30, devices: 2, faults: 1 })
    const running = pairsOf(['vmspace', 'aobj'], steps, true).find(
      ({ played }) => played[0].command?.type === 'ioc.run',
    )
    expect(running?.tallies.map(({ byNestedMaps, bySlots }) => ({ byNestedMaps, bySlots }))).to.deep.equal([
      { byNestedMaps: 5, bySlots: 0 },
      { byNestedMaps: 0, bySlots: 4 },
    ])
  })

  it('parts where two TERMs race, at the answer of the second', () => {
    const pairs = pairsOf(['aobj', 'aobj-dying'], example('d10'), false)
    const parting = pairs.find(({ parts }) => parts)
    expect(parting?.answers).to.deep.equal(['panic in trap', 'EBUSY (vm_terminate)'])
  })

  it('counts nothing in a host that has just booted', () => {
    expect(Object.values(tallyOf(createRun({}).world)).every((value) => value === 0)).to.equal(true)
  })
})
