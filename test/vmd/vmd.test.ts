/** vmd's own sequence, on the designs before and after the patch: a guest starts, runs and ends, and nothing is left. */
import { expect } from 'chai'
import { DESIGNS } from '../../src/design/designs.ts'
import { createRun } from '../../src/engine/run.ts'
import type { Played } from '../../src/scenario/play.ts'
import { playVmd } from '../../src/vmd/vmd.ts'

const GIB = 2 ** 30

function answers(played: readonly Played[]): readonly string[] {
  return played.map(({ result, command }) => {
    if (result.kind !== 'answered') return result.kind === 'noted' ? result.text : result.place
    const { outcome } = result
    if ('blocked' in outcome) return `${command?.type} in the ${outcome.blocked}`
    return `${command?.type} ${outcome.ok ? 'ok' : 'errno' in outcome ? outcome.errno : 'panic'}`
  })
}

describe('vmd', () => {
  for (const design of DESIGNS)
    for (const mode of ['ept', 'rvi'] as const)
      it(`starts a guest with devices and ends it on ${design.name}, ${mode}`, () => {
        const run = createRun({ design, boot: { mode } })
        const played = [...playVmd(run, { memory: GIB, devices: 2, faults: 500 })]
        const told = answers(played)
        expect(told).to.include('the guest touched 500 pages: 500 nested faults')
        expect(told.filter((one) => !/ ok$|guest$|faults$/.test(one))).to.deep.equal([])
        expect(told.at(-1)).to.equal('host.exit ok')
        const { vms, pmaps, objects, processes, memory, softc, pools } = run.world
        expect({ vms, pmaps, objects, processes }).to.deep.equal({ vms: {}, pmaps: {}, objects: {}, processes: {} })
        expect({ used: memory.framesUsed, pv: memory.pvCount, on: softc.on, vcpus: pools.vcpu }).to.deep.equal({
          used: 0,
          pv: 0,
          on: false,
          vcpus: 0,
        })
      })

  it('gets no further than the kernel lets it', () => {
    const run = createRun({})
    const told = answers([...playVmd(run, { memory: 200 * GIB, devices: 1, faults: 1 })])
    expect(told.at(-1)).to.equal('ioc.create EINVAL')
  })
})
