/**
 * Beginnings and ends, in the six orders of closing descriptors that one trace holds, and with a
 * process that ends while its vCPUs run.
 */
import { expect } from 'chai'
import type { KvmFact } from '../../../src/import/kvm/fact.ts'
import { factsOf, traceLines } from './reference.ts'

/** A fact of a VM's end in a word or two; null for any other. */
function word(fact: KvmFact): string | null {
  switch (fact.type) {
    case 'descriptor.closed':
      return fact.vcpu === null ? 'close vm' : `close vcpu ${fact.vcpu}`
    case 'runpage.unmapped':
      return `unmap vcpu ${fact.vcpu}`
    case 'vm.released':
      return 'VM'
    case 'vcpu.released':
      return `VCPU ${fact.vcpu ?? '?'}`
    case 'teardown.reached':
      return fact.step === 'put_kvm' || fact.step === 'arch_free_memslot' ? null : fact.step
    case 'vm.ended':
      return `ended with ${fact.leaves} leaves`
    default:
      return null
  }
}

function endOf(facts: readonly KvmFact[], vm: number): string[] {
  return facts.filter((fact) => 'vm' in fact && fact.vm === vm).flatMap((fact) => word(fact) ?? [])
}

/** What kvm_destroy_vm() does, whoever was last. */
const DESTROY = [
  'destroy_vm',
  'mmu_notifier_release',
  'flush_shadow_all',
  'mmu_zap_all',
  'arch_destroy_vm',
  'vcpu_mmu_unload',
  'vcpu_mmu_unload',
  'destroy_vcpus',
  'vcpu_destroy',
  'vcpu_destroy',
  'mmu_uninit_vm',
  'ended with 0 leaves',
]

describe('the end of a VM', () => {
  const { facts } = factsOf(traceLines('kvm-tdp/close'))
  const orders: readonly [string, readonly string[]][] = [
    [
      'the VM first: the last vCPU mapping lets go',
      ['close vm', 'VM', 'close vcpu 0', 'close vcpu 1', 'unmap vcpu 0', 'VCPU 0', 'unmap vcpu 1', 'VCPU 1'],
    ],
    [
      'the VM last',
      ['unmap vcpu 1', 'unmap vcpu 0', 'close vcpu 1', 'VCPU 1', 'close vcpu 0', 'VCPU 0', 'close vm', 'VM'],
    ],
    [
      'the memory first',
      ['close vm', 'VM', 'unmap vcpu 0', 'close vcpu 0', 'VCPU 0', 'unmap vcpu 1', 'close vcpu 1', 'VCPU 1'],
    ],
    [
      'the VM closed and a vCPU used on',
      ['close vm', 'VM', 'unmap vcpu 0', 'close vcpu 0', 'VCPU 0', 'unmap vcpu 1', 'close vcpu 1', 'VCPU 1'],
    ],
    [
      'the slots first',
      ['unmap vcpu 0', 'unmap vcpu 1', 'close vcpu 0', 'VCPU 0', 'close vcpu 1', 'VCPU 1', 'close vm', 'VM'],
    ],
    [
      'a child that keeps all',
      ['unmap vcpu 0', 'unmap vcpu 1', 'close vcpu 0', 'close vcpu 1', 'close vm', 'VCPU ?', 'VCPU ?', 'VM'],
    ],
  ]
  orders.forEach(([what, order], index) => {
    it(`is told step by step with ${what}`, () => {
      expect(endOf(facts, index + 1)).to.deep.equal([...order, ...DESTROY])
    })
  })

  it('names a descriptor number for each of six VMs that had it', () => {
    const opened = facts.filter((fact) => fact.type === 'descriptor.opened' && fact.fd === 5 && fact.process === 242)
    expect(opened.map((fact) => 'vm' in fact && fact.vm)).to.deep.equal([1, 2, 3, 4, 5, 6])
  })

  it('passes a VM on to a child that was forked, and takes no thread for a child', () => {
    const opened = facts.filter((fact) => fact.type === 'descriptor.opened' && fact.process === 251)
    expect(opened).to.have.lengthOf(3)
    const running = factsOf(traceLines('kvm-tdp/exitrun0')).facts
    expect(running.filter((fact) => fact.type === 'descriptor.opened')).to.have.lengthOf(5)
  })

  it('begins with the mappings when a process ends with all descriptors open', () => {
    const { facts: killed } = factsOf(traceLines('kvm-tdp/exitrun0'))
    expect(endOf(killed, 1)).to.deep.equal([
      'mmu_notifier_release',
      'flush_shadow_all',
      'mmu_zap_all',
      'VCPU ?',
      'VCPU ?',
      'VCPU ?',
      'VCPU ?',
      'VM',
      'destroy_vm',
      'arch_destroy_vm',
      ...Array<string>(4).fill('vcpu_mmu_unload'),
      'destroy_vcpus',
      ...Array<string>(4).fill('vcpu_destroy'),
      'mmu_uninit_vm',
      'ended with 0 leaves',
    ])
  })
})

describe('a slot of a VM', () => {
  const { facts } = factsOf(traceLines('kvm-tdp/slotdel'))
  const told = facts.flatMap((fact): string[] => {
    switch (fact.type) {
      case 'slot.created':
        return [`created ${fact.slot} at ${fact.gpa.toString(16)}`]
      case 'slot.moved':
        return [`moved ${fact.slot} to ${fact.gpa.toString(16)} from ${fact.from?.toString(16)}`]
      case 'slot.deleted':
        return [`deleted ${fact.slot}`]
      case 'slot.invalidated':
        return [`invalidated ${fact.slot}`]
      case 'slot.refused':
        return [`refused ${fact.slot}: ${fact.errno}`]
      case 'roots.invalidated':
        return [`gave up ${fact.roots.join()}`]
      case 'mappings.dropped':
        return [`dropped ${fact.root}`]
      default:
        return []
    }
  })

  it('comes, moves and goes, or is refused, and takes all mappings with it', () => {
    expect(told).to.deep.equal([
      'created 0 at 0',
      'created 1 at 40000000',
      'created 2 at 80000000',
      'invalidated 1',
      'gave up 1',
      'dropped 1',
      'deleted 1',
      'created 1 at 40000000',
      'invalidated 2',
      'gave up 2',
      'dropped 2',
      'moved 2 to 180000000 from 80000000',
      'refused 3: 17',
      'refused 2: 22',
      'refused 2: 22',
      'refused 5: 22',
      'refused 6: 22',
      'created 7 at 280000000',
      'invalidated 7',
      'gave up 3',
      'dropped 3',
      'deleted 7',
      'invalidated 0',
      'deleted 0',
      'invalidated 1',
      'gave up 4',
      'dropped 4',
      'deleted 1',
      'invalidated 2',
      'deleted 2',
    ])
  })

  it('has its dirty log turned on and off without a new slot', () => {
    const { facts: dirty } = factsOf(traceLines('kvm-tdp/dirty'))
    const flags = dirty.filter((fact) => fact.type === 'slot.reflagged').map((fact) => fact.dirtyLog)
    expect(flags).to.deep.equal([true, false])
  })
})
