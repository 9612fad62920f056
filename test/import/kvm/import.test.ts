/**
 * The importer as a whole: taken line by line, and on lines that nobody printed.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import type { KvmFact } from '../../../src/import/kvm/fact.ts'
import { KvmTraceImport } from '../../../src/import/kvm/import.ts'
import { retell } from '../../../src/import/retell/retell.ts'
import { IMPORT_BOOT } from '../../../src/import/retell/telling.ts'
import { VersionedMemory } from '../../../src/model/memory/versioned.ts'
import { bootWorld } from '../../../src/model/world.ts'
import { driverOf } from '../../../src/reduce/drivers.ts'
import { runs } from '../../support/seed.ts'
import { factsOf, Reference, traceLines } from './reference.ts'

/** Replays facts in both ways: neither may find one that cannot follow from the ones before. */
function replay(facts: readonly KvmFact[]): void {
  const reference = new Reference()
  for (const fact of facts) reference.take(fact)
  expect(reference.breaches).to.deep.equal([])
  const memory = new VersionedMemory(IMPORT_BOOT.frames)
  const driver = driverOf('inPlace', bootWorld(IMPORT_BOOT, memory), memory)
  let seq = 0
  for (const { event } of retell(facts)) {
    seq += 1
    driver.apply(event, seq, null)
  }
}

describe('the importer', () => {
  const lines = traceLines('kvm-tdp/huge')

  it('gives line by line what it gives for the whole trace', () => {
    const importer = new KvmTraceImport()
    const facts = lines.flatMap((line) => [...importer.take(line)])
    expect(facts).to.deep.equal(factsOf(lines).facts)
    for (const fact of facts) expect(Object.isFrozen(fact)).to.equal(true)
  })

  it('counts the lines of each event, known and passed over', () => {
    const { counts } = factsOf(traceLines('kvm-tdp/basic'))
    expect(counts).to.include({ lines: 24_899, records: 24_887, unparsed: 0, undecoded: 0, lost: 0 })
    expect(counts.known.get('kvm_tdp_mmu_spte_changed')).to.equal(5193)
    expect(counts.passedOver.has('kvm_write_tsc_offset')).to.equal(true)
    const sum = (names: ReadonlyMap<string, number>) => [...names.values()].reduce((all, one) => all + one, 0)
    expect(sum(counts.known) + sum(counts.passedOver)).to.equal(24_887)
  })

  it('tells facts that follow from each other, whatever lines are lost, doubled or swapped', () => {
    const edit = fc.record({
      what: fc.constantFrom('lose', 'double', 'swap'),
      at: fc.integer({ min: 12, max: lines.length - 3000 }),
      length: fc.integer({ min: 1, max: 2500 }),
    })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = [...lines]
        for (const { what, at, length } of edits) {
          const piece = text.slice(at, at + length)
          const rest = text.slice(at + length)
          if (what === 'lose') text = [...text.slice(0, at), 'CPU:0 [LOST EVENTS]', ...rest]
          else if (what === 'double') text = [...text.slice(0, at), ...piece, ...piece, ...rest]
          else text = [...text.slice(0, at), ...rest.slice(0, length), ...piece, ...rest.slice(length)]
        }
        replay(factsOf(text).facts)
      }),
      { numRuns: runs(8) },
    )
  })

  it('tells facts that follow from each other, whatever the numbers in its lines', () => {
    const edits = fc.array(fc.tuple(fc.nat(lines.length - 1), fc.nat(20), fc.stringMatching(/^[0-9a-f]{1,16}$/)), {
      minLength: 100,
      maxLength: 400,
    })
    fc.assert(
      fc.property(edits, (changes) => {
        const text = [...lines]
        for (const [at, which, number] of changes) {
          let seen = -1
          const line = text[at]
          // Only in the payload: the head of a line stays what it is.
          if (typeof line === 'string')
            text[at] = line.replace(/(?<=: .*)\b[0-9a-f]+\b/g, (old) => {
              seen += 1
              return seen === which % 6 ? number : old
            })
        }
        replay(factsOf(text).facts)
      }),
      { numRuns: runs(8) },
    )
  })
})
