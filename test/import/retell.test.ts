/**
 * An imported run through the model's own reducers: every event can be applied, and at every
 * checkpoint the nested pmaps of the world hold as many leaves as the kernel counted.
 */
import { expect } from 'chai'
import { judge } from '../../src/import/checkpoint.ts'
import { retell } from '../../src/import/retell/retell.ts'
import { IMPORT_BOOT } from '../../src/import/retell/telling.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld, type World } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import { factsOf, journalOf, traceLines } from './kvm/reference.ts'

/** Leaves at `level` in all nested pmaps of a VM. */
function pagesOf(world: World, vm: number, level: number): number {
  let pages = 0
  for (const pmap of Object.values(world.pmaps)) {
    if (pmap.owner.kind !== 'nested' || pmap.owner.vm !== vm) continue
    world.memory.eachLeaf(pmap.ref, 0, 2 ** 36, (_page, _packed, at) => {
      if (at === level) pages += 1
    })
  }
  return pages
}

const TRACES: readonly { readonly trace: string; readonly checked: number; readonly settled: boolean }[] = [
  { trace: 'kvm-tdp/close', checked: 24, settled: true },
  { trace: 'kvm-tdp/basic', checked: 15, settled: true },
  { trace: 'kvm-tdp/slotdel', checked: 30, settled: true },
  { trace: 'kvm-tdp/unmap', checked: 27, settled: true },
  { trace: 'kvm-tdp/dirty', checked: 24, settled: true },
  { trace: 'kvm-tdp/huge', checked: 27, settled: true },
  { trace: 'kvm-tdp/twovm', checked: 24, settled: true },
  { trace: 'kvm-tdp/ksm', checked: 24, settled: true },
  { trace: 'kvm-tdp/mix1', checked: 24, settled: true },
  { trace: 'kvm-tdp/mix5-overrun', checked: 3, settled: true },
  { trace: 'kvm-tdp/exitrun2', checked: 0, settled: true },
  // The rest of the run is lost: its VM never ends.
  { trace: 'kvm-tdp/lost', checked: 6, settled: false },
]

describe('an imported run', () => {
  for (const { trace, checked, settled } of TRACES)
    it(`goes through the model's reducers and meets ${checked} page counts in ${trace}`, () => {
      const { facts } = factsOf(traceLines(trace))
      const journal = journalOf(trace)
      const memory = new VersionedMemory(IMPORT_BOOT.frames)
      const driver = driverOf('inPlace', bootWorld(IMPORT_BOOT, memory), memory)
      const checkpoints = facts.filter((fact) => fact.type === 'checkpoint.noted')
      let next = 0
      let seq = 0
      let met = 0
      const replay = { pages: (vm: number, level: number) => pagesOf(driver.current, vm, level), count: () => 0 }
      const check = (line: number): void => {
        for (; (checkpoints[next]?.line ?? Number.POSITIVE_INFINITY) < line; next += 1) {
          const checkpoint = checkpoints[next]
          if (checkpoint === undefined) return
          for (const { vcpu, name, kernel, replay: held } of judge(checkpoint, journal, replay)) {
            if (vcpu !== null || held === null) continue
            expect(held, `checkpoint ${checkpoint.number} ${name}`).to.equal(kernel)
            met += 1
          }
        }
      }
      for (const { line, event } of retell(facts)) {
        check(line)
        seq += 1
        driver.apply(event, seq, null)
      }
      check(Number.POSITIVE_INFINITY)
      expect(met).to.equal(checked)
      const { vms, pmaps, objects, pools, softc } = driver.snapshot()
      for (const pmap of Object.values(pmaps)) {
        const { memory: now } = driver.current
        expect(pmap.resident).to.equal(pmap.roots.length + now.tableCount(pmap.ref) + now.leafCount(pmap.ref))
      }
      if (!settled) return
      expect({ vms, pmaps, objects, pools }).to.deep.equal({
        vms: {},
        pmaps: {},
        objects: {},
        pools: { vm: 0, vcpu: 0 },
      })
      expect(softc).to.include({ vmCt: 0, vcpuCt: 0 })
    })

  it('counts the facts that the model has no event for', () => {
    const { facts } = factsOf(traceLines('kvm-tdp/basic'))
    const telling = retell(facts)
    let step = telling.next()
    while (step.done !== true) step = telling.next()
    const unretold = step.value
    expect([...unretold.keys()].sort()).to.include.members(['hole.marked', 'mmio.accessed', 'note.written'])
    expect(unretold.get('hole.marked')).to.equal(5)
    expect(unretold.has('leaf.entered')).to.equal(false)
  })
})
