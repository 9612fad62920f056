/**
 * Missing lines. Whatever part of a recording is lost, as long as the recording says that something
 * is, no count that is told is wrong; and a file that ends in the middle proves nothing that the
 * whole one does not.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { type SourceLine, splitLines } from '../../../src/import/ftrace/line.ts'
import { runs } from '../../support/seed.ts'
import { factsOf, journalOf, traceLines, verdicts } from './reference.ts'

/** The trace with `length` lines from `from` on lost, and the marker that a live reader prints then. */
function withLoss(lines: readonly SourceLine[], from: number, length: number): SourceLine[] {
  const marker = `CPU:0 [LOST ${length} EVENTS]`
  return [...lines.slice(0, from), marker, ...lines.slice(from + length)]
}

/** The trace as a ring that overran leaves it: the oldest lines are gone, and the header says how many there were. */
function withOverrun(lines: readonly SourceLine[], lost: number): SourceLine[] {
  const text = lines.filter((line) => typeof line === 'string')
  const header = text.filter((line) => line.startsWith('#'))
  const events = text.filter((line) => !line.startsWith('#'))
  const kept = events.slice(lost)
  const count = `# entries-in-buffer/entries-written: ${kept.length}/${events.length}   #P:2`
  return [...header.map((line) => (line.includes('entries-in-buffer') ? count : line)), ...kept]
}

describe('a trace with lost events', () => {
  // mix1 is short and has all: slots that come, go and move, three vCPUs, forks.
  for (const trace of ['kvm-tdp/close', 'kvm-tdp/mix1', 'kvm-tdp/twovm']) {
    const whole = traceLines(trace)
    const journal = journalOf(trace)

    it(`tells no wrong count, wherever lines of ${trace} are lost`, () => {
      const spans = [1, 10, 100, 1000, 5000]
      fc.assert(
        fc.property(fc.integer({ min: 12, max: whole.length - 1 }), fc.constantFrom(...spans), (from, length) => {
          const { facts } = factsOf(withLoss(whole, from, length))
          const wrong = verdicts(facts, journal).verdicts.filter((one) => one.verdict === 'differs')
          expect(wrong).to.deep.equal([])
        }),
        { numRuns: runs(12) },
      )
    })

    it(`tells no wrong count, however much of the beginning of ${trace} was overwritten`, () => {
      fc.assert(
        fc.property(fc.nat(whole.length - 20), (lost) => {
          const { facts } = factsOf(withOverrun(whole, lost + 1))
          const wrong = verdicts(facts, journal).verdicts.filter((one) => one.verdict === 'differs')
          expect(wrong).to.deep.equal([])
        }),
        { numRuns: runs(8) },
      )
    })
  }

  it('proves no more when it is cut than when it is whole', () => {
    const text = traceLines('kvm-tdp/close')
      .slice(0, 3000)
      .filter((line) => typeof line === 'string')
      .join('\n')
    const all = factsOf([...splitLines([`${text}\n`])]).facts
    fc.assert(
      fc.property(fc.nat(text.length - 1), (end) => {
        const { facts } = factsOf([...splitLines([text.slice(0, end)])])
        const proven = facts.filter((fact) => fact.type !== 'line.unparsed')
        expect(proven).to.deep.equal(all.slice(0, proven.length))
      }),
      { numRuns: runs(25) },
    )
  })

  it('is whole again for a VM that begins after the loss', () => {
    const journal = journalOf('kvm-tdp/close')
    // Within the second of six VMs, one after the other.
    const { facts } = factsOf(withLoss(traceLines('kvm-tdp/close'), 2000, 100))
    const { verdicts: all } = verdicts(facts, journal)
    const unknown = new Set(all.filter((verdict) => verdict.verdict === 'unknown').map((verdict) => verdict.checkpoint))
    expect([...unknown]).to.deep.equal([2])
    expect(all.filter((verdict) => verdict.verdict === 'equal' && verdict.checkpoint > 2)).to.have.lengthOf(150)
  })

  it('says where events are missing and how many', () => {
    const { facts, counts } = factsOf(traceLines('kvm-tdp/lost'))
    const lost = facts.filter((fact) => fact.type === 'events.lost')
    expect(lost.map(({ line, where, cpu, count }) => ({ line, where, cpu, count }))).to.deep.equal([
      { line: 290, where: 'marker', cpu: 1, count: 5897 },
      { line: 383, where: 'marker', cpu: 1, count: 9129 },
    ])
    expect(counts.lost).to.equal(15026)
  })

  it('says from which line on each CPU of an overrun ring is there', () => {
    const { facts, counts } = factsOf(traceLines('kvm-tdp/mix5-overrun'))
    const lost = facts.filter((fact) => fact.type === 'events.lost')
    expect(lost.map(({ line, where, cpu, count }) => ({ line, where, cpu, count }))).to.deep.equal([
      { line: 3, where: 'overrun', cpu: null, count: 13125 },
      { line: 11821, where: 'start', cpu: 1, count: null },
    ])
    expect(counts.lost).to.equal(13125)
  })
})
