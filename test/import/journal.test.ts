/**
 * The journal beside a trace.
 */
import { expect } from 'chai'
import { countersAt, parseJournal } from '../../src/import/journal.ts'
import { journalOf } from './kvm/reference.ts'

describe('a journal', () => {
  it('is steps and counters, and keeps what is neither', () => {
    const text = [
      'memplay 6: checkpoint 1 slots are there',
      '  checkpoint 1 vm 5 pages_4k 0',
      '  checkpoint 1 vm 5 vcpu 2 pf_fixed 107',
      'Killed',
      '',
    ]
    expect(parseJournal(text)).to.deep.equal({
      steps: [{ line: 1, number: 6, text: 'checkpoint 1 slots are there' }],
      counters: [
        { line: 2, checkpoint: 1, fd: 5, vcpu: null, name: 'pages_4k', value: 0 },
        { line: 3, checkpoint: 1, fd: 5, vcpu: 2, name: 'pf_fixed', value: 107 },
      ],
      others: [{ line: 4, text: 'Killed' }],
    })
  })

  it('gives all counters of a checkpoint, of the VM and of its vCPUs', () => {
    const journal = journalOf('kvm-tdp/close')
    expect(countersAt(journal, 1)).to.have.lengthOf(12 + 2 * 12)
    expect(journal.steps).to.have.lengthOf(63)
    expect(journal.others).to.have.lengthOf(0)
  })
})
