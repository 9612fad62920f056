/**
 * The facts against the kernel's own counters: nothing but the facts of a trace is replayed, and at
 * every checkpoint the leaves that are there, and the exits and faults that were, are as many as KVM
 * counted. Where a trace cannot tell, the answer is unknown, and never a wrong number.
 */
import { expect } from 'chai'
import type { Verdict } from '../../../src/import/checkpoint.ts'
import { factsOf, journalOf, traceLines, verdicts } from './reference.ts'

type Expected = {
  readonly trace: string
  /** Counters that agree: every one that the facts can tell. */
  readonly exact: number
  /** Of these, how many are page counts. */
  readonly pages: number
  readonly unknown: number
}

// Pinned: fewer exact or more unknown means that the importer lost knowledge it had.
const EXPECTED: readonly Expected[] = [
  { trace: 'kvm-tdp/close', exact: 200, pages: 24, unknown: 0 },
  { trace: 'kvm-tdp/basic', exact: 70, pages: 15, unknown: 0 },
  { trace: 'kvm-tdp/slotdel', exact: 250, pages: 30, unknown: 0 },
  { trace: 'kvm-tdp/unmap', exact: 126, pages: 27, unknown: 0 },
  { trace: 'kvm-tdp/dirty', exact: 200, pages: 24, unknown: 0 },
  { trace: 'kvm-tdp/huge', exact: 225, pages: 27, unknown: 0 },
  { trace: 'kvm-tdp/twovm', exact: 167, pages: 24, unknown: 0 },
  { trace: 'kvm-tdp/ksm', exact: 112, pages: 24, unknown: 0 },
  { trace: 'kvm-tdp/wedge', exact: 42, pages: 9, unknown: 0 },
  { trace: 'kvm-tdp/mix1', exact: 288, pages: 24, unknown: 0 },
  { trace: 'kvm-tdp/mix2', exact: 144, pages: 12, unknown: 0 },
  // No probes and no system calls: the VM is found, not created.
  { trace: 'kvm-tdp/mix3-plain', exact: 108, pages: 9, unknown: 0 },
  // A cycle counter and no process column.
  { trace: 'kvm-tdp/mix4-tsc', exact: 28, pages: 6, unknown: 0 },
  // The ring overran: the page counts come back to knowledge when a deleted slot takes all mappings down.
  { trace: 'kvm-tdp/mix5-overrun', exact: 3, pages: 3, unknown: 47 },
  // The reader was too slow: what it lost is never known again.
  { trace: 'kvm-tdp/lost', exact: 72, pages: 6, unknown: 108 },
  // vCPUs run at every checkpoint.
  { trace: 'kvm-tdp/exitrun0', exact: 0, pages: 0, unknown: 3 },
  { trace: 'kvm-tdp/exitrun2', exact: 0, pages: 0, unknown: 6 },
]

describe('the facts of a trace', () => {
  for (const { trace, exact, pages, unknown } of EXPECTED)
    it(`agree with the kernel's counters in ${trace}: ${exact} exact, ${unknown} unknown`, () => {
      const { facts } = factsOf(traceLines(trace))
      const { verdicts: all, reference } = verdicts(facts, journalOf(trace))
      const told = all.filter((verdict) => verdict.verdict !== 'unknown')
      expect(told.filter((verdict) => verdict.verdict === 'differs').map(sentence)).to.deep.equal([])
      expect(reference.breaches).to.deep.equal([])
      expect(told).to.have.lengthOf(exact)
      expect(told.filter((verdict) => verdict.name.startsWith('pages_'))).to.have.lengthOf(pages)
      expect(all).to.have.lengthOf(exact + unknown)
    })

  for (const trace of ['kvm-legacy/slotdel', 'kvm-legacy/mix1', 'kvm-shadow/slotdel', 'kvm-shadow/mix1'])
    it(`agree in exits and faults, and leave pages unknown, in ${trace}`, () => {
      const { facts } = factsOf(traceLines(trace))
      const { verdicts: all } = verdicts(facts, journalOf(trace))
      const told = all.filter((verdict) => verdict.verdict !== 'unknown')
      expect(told.filter((verdict) => verdict.verdict === 'differs').map(sentence)).to.deep.equal([])
      const unknownPages = all.filter(
        (verdict) => verdict.verdict === 'unknown' && verdict.name === 'pages_4k' && verdict.kernel > 0,
      )
      expect(unknownPages).not.to.have.lengthOf(0)
    })
})

function sentence({ checkpoint, vm, vcpu, name, kernel, replay }: Verdict): string {
  return `checkpoint ${checkpoint} vm ${vm} vcpu ${vcpu} ${name}: kernel ${kernel}, replay ${replay}`
}
