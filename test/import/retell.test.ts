/**
 * An imported run through the model's own reducers: every event can be applied, and at every
 * checkpoint the nested pmaps of the world hold as many leaves as the kernel counted.
 */
import { expect } from 'chai'
import { countersAt } from '../../src/import/journal.ts'
import { retell } from '../../src/import/retell/retell.ts'
import { IMPORT_BOOT } from '../../src/import/retell/telling.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld, type World } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import { factsOf, journalOf, traceLines } from './kvm/reference.ts'

/** Leaves of 4 KiB and of 2 MiB in all nested pmaps of a VM. */
function leavesOf(world: World, vm: number): { readonly small: number; readonly large: number } {
  let small = 0
  let large = 0
  for (const pmap of Object.values(world.pmaps)) {
    if (pmap.owner.kind !== 'nested' || pmap.owner.vm !== vm) continue
    world.memory.eachLeaf(pmap.ref, 0, 2 ** 36, (_page, _packed, level) => {
      if (level === 1) small += 1
      if (level === 2) large += 1
    })
  }
  return { small, large }
}

const TRACES: readonly { readonly trace: string; readonly checked: number; readonly settled: boolean }[] = [
  { trace: 'kvm-tdp/close', checked: 16, settled: true },
  { trace: 'kvm-tdp/basic', checked: 10, settled: true },
  { trace: 'kvm-tdp/slotdel', checked: 20, settled: true },
  { trace: 'kvm-tdp/unmap', checked: 18, settled: true },
  { trace: 'kvm-tdp/dirty', checked: 16, settled: true },
  { trace: 'kvm-tdp/huge', checked: 18, settled: true },
  { trace: 'kvm-tdp/twovm', checked: 16, settled: true },
  { trace: 'kvm-tdp/ksm', checked: 16, settled: true },
  { trace: 'kvm-tdp/mix1', checked: 16, settled: true },
  { trace: 'kvm-tdp/mix5-overrun', checked: 2, settled: true },
  { trace: 'kvm-tdp/exitrun2', checked: 0, settled: true },
  // The rest of the run is lost: its VM never ends.
  { trace: 'kvm-tdp/lost', checked: 4, settled: false },
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
      const check = (line: number): void => {
        for (; (checkpoints[next]?.line ?? Number.POSITIVE_INFINITY) < line; next += 1) {
          const checkpoint = checkpoints[next]
          if (checkpoint === undefined || checkpoint.running.length > 0) continue
          for (const { fd, vcpu, name, value } of countersAt(journal, checkpoint.number)) {
            if (vcpu !== null || (name !== 'pages_4k' && name !== 'pages_2m')) continue
            const vm = checkpoint.descriptors.find((held) => held.fd === fd)?.vm ?? checkpoint.live[0] ?? 0
            if (checkpoint.clouded.some((cloud) => cloud.vm === vm && cloud.tables)) continue
            const { small, large } = leavesOf(driver.current, vm)
            expect(name === 'pages_4k' ? small : large, `checkpoint ${checkpoint.number} ${name}`).to.equal(value)
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
