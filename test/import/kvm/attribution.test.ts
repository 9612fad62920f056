/**
 * Which VM a line is about, on small recordings written for one question each; and that the answer
 * is "undecided" where nothing tells.
 */
import { expect } from 'chai'
import type { KvmFact } from '../../../src/import/kvm/fact.ts'
import { factsOf } from './reference.ts'

/** A line of process and thread `pid`, without flags; times count up by themselves. */
function line(pid: number, event: string, tgid: number | null = pid): string {
  return `         memplay-${pid}     ${tgid === null ? '' : `(    ${tgid}) `}[000] .....    12.000000: ${event}`
}
const begin = (pid: number, kvm: string, fd: number): string[] => [
  line(pid, 'sys_ioctl(fd: 4, cmd: ae01, arg: 0)'),
  line(pid, `arch_init_vm: (kvm_arch_init_vm+0x0/0x250 [kvm]) kvm=${kvm} type=0`),
  line(pid, `sys_ioctl -> 0x${fd.toString(16)}`),
]
const table = (pid: number, gfn: string, level: number, spte: string): string =>
  line(pid, `kvm_tdp_mmu_spte_changed: as id 0 gfn ${gfn} level ${level} old_spte 0 new_spte ${spte}`)
/** The four lines that a first page takes. */
const mapped = (pid: number, gfn: string, frame: string): string[] => [
  table(pid, '0', 4, `${frame}1827`),
  table(pid, '0', 3, `${frame}2827`),
  table(pid, '0', 2, `${frame}3827`),
  table(pid, gfn, 1, `${frame}4e67`),
]
const inside = (pid: number, fd: number, lines: readonly string[]): string[] => [
  line(pid, `sys_ioctl(fd: ${fd.toString(16)}, cmd: ae80, arg: 0)`),
  ...lines,
  line(pid, 'sys_ioctl -> 0x0'),
]

function leaves(facts: readonly KvmFact[]): string[] {
  return facts.flatMap((fact) =>
    fact.type === 'leaf.entered' || fact.type === 'leaf.removed' ? [`${fact.type} vm ${fact.vm} gfn ${fact.gfn}`] : [],
  )
}

describe('the VM of a line', () => {
  const two = [...begin(7, '0xffffc90000001000', 5), ...begin(7, '0xffffc90000002000', 6)]

  it('is that of the descriptor in whose ioctl the thread is', () => {
    const { facts } = factsOf([...two, ...inside(7, 6, mapped(7, '9', 'aaa')), ...inside(7, 5, mapped(7, '9', 'bbb'))])
    expect(leaves(facts)).to.deep.equal(['leaf.entered vm 2 gfn 9', 'leaf.entered vm 1 gfn 9'])
  })

  it('is that in whose tables the old value stands, for a change from outside', () => {
    const { facts } = factsOf([
      ...two,
      ...inside(7, 6, mapped(7, '9', 'aaa')),
      ...inside(7, 5, mapped(7, '9', 'bbb')),
      line(7, 'kvm_unmap_hva_range: mmu notifier unmap range: 0x007f0000000000 -- 0x007f0000001000'),
      line(7, 'kvm_tdp_mmu_spte_changed: as id 0 gfn 9 level 1 old_spte bbb4e67 new_spte 0'),
    ])
    expect(leaves(facts).at(-1)).to.equal('leaf.removed vm 1 gfn 9')
    expect(facts.some((fact) => fact.type === 'entry.disagreed')).to.equal(false)
  })

  it('is that whose slot lies in the range, when both have the old value', () => {
    const slot = (kvm: string, hva: string): string[] => [
      line(7, `set_memory_region: (f+0x0/0x1 [kvm]) kvm=${kvm} slot=0x0 flags=0x0 gpa=0x0 size=0x100000 hva=${hva}`),
      line(7, 'set_memory_region_ret: (g+0x1/0x2 [kvm] <- f) ret=0'),
    ]
    const { facts } = factsOf([
      ...two,
      ...slot('0xffffc90000001000', '0x7f0000000000'),
      ...slot('0xffffc90000002000', '0x7f1000000000'),
      ...inside(7, 6, mapped(7, '9', 'aaa')),
      ...inside(7, 5, mapped(7, '9', 'aaa')),
      line(7, 'kvm_unmap_hva_range: mmu notifier unmap range: 0x007f1000009000 -- 0x007f100000a000'),
      line(7, 'kvm_tdp_mmu_spte_changed: as id 0 gfn 9 level 1 old_spte aaa4e67 new_spte 0'),
    ])
    expect(leaves(facts).at(-1)).to.equal('leaf.removed vm 2 gfn 9')
  })

  it('is undecided, and its tables unknown from then on, when both have the old value and nothing else tells', () => {
    const { facts } = factsOf([
      ...two,
      ...inside(7, 6, mapped(7, '9', 'aaa')),
      ...inside(7, 5, mapped(7, '9', 'aaa')),
      line(7, 'kvm_tdp_mmu_spte_changed: as id 0 gfn 9 level 1 old_spte aaa4e67 new_spte 0'),
      line(7, 'tracing_mark_write: memplay 1: checkpoint 1 after'),
    ])
    expect(facts.filter((fact) => fact.type === 'vm.undecided')).to.deep.include.members([
      { type: 'vm.undecided', line: 19, time: 12_000_000, among: [1, 2], event: 'kvm_tdp_mmu_spte_changed' },
    ])
    const checkpoint = facts.find((fact) => fact.type === 'checkpoint.noted')
    expect(checkpoint?.type === 'checkpoint.noted' && checkpoint.clouded.map((cloud) => cloud.tables)).to.deep.equal([
      true,
      true,
    ])
  })

  it('is that of the process, without probes and system calls', () => {
    const track = (pid: number): string =>
      line(pid, 'kvm_track_tsc: vcpu_id 0 masterclock 0 offsetmatched 0 nr_online 1 hostclock none')
    const { facts } = factsOf([track(7), track(8), ...mapped(8, '9', 'aaa'), ...mapped(7, '9', 'aaa')])
    expect(leaves(facts)).to.deep.equal(['leaf.entered vm 2 gfn 9', 'leaf.entered vm 1 gfn 9'])
  })

  it('is a new one for a pointer that was used before', () => {
    const pointer = '0xffffc90000001000'
    const end = line(7, `mmu_uninit_vm: (f+0x0/0x1 [kvm]) kvm=${pointer}`)
    const { facts } = factsOf([...begin(7, pointer, 5), end, ...begin(7, pointer, 5)])
    expect(facts.filter((fact) => fact.type === 'vm.created').map((fact) => fact.vm)).to.deep.equal([1, 2])
  })

  it('is not invented from a mark that imitates an event', () => {
    const imitation = line(7, 'kvm_entry: vcpu 0, rip 0x8000')
    const { facts } = factsOf([line(7, `tracing_mark_write: ${imitation}`)])
    expect(facts.map((fact) => fact.type)).to.deep.equal(['note.written'])
  })
})

describe('an entry that a line finds other than it was left', () => {
  const one = begin(7, '0xffffc90000001000', 5)

  it('is told as disagreeing when no event was lost', () => {
    const { facts } = factsOf([
      ...one,
      ...inside(7, 5, mapped(7, '9', 'aaa')),
      line(7, 'kvm_tdp_mmu_spte_changed: as id 0 gfn 9 level 1 old_spte ccc4e67 new_spte 0'),
    ])
    expect(facts.filter((fact) => fact.type === 'entry.disagreed')).to.have.lengthOf(1)
    expect(leaves(facts)).to.deep.equal([
      'leaf.entered vm 1 gfn 9',
      'leaf.removed vm 1 gfn 9',
      'leaf.entered vm 1 gfn 9',
      'leaf.removed vm 1 gfn 9',
    ])
  })

  it('is taken as it is found after a loss, without a finding', () => {
    const { facts } = factsOf([
      ...one,
      ...inside(7, 5, mapped(7, '9', 'aaa')),
      'CPU:0 [LOST 3 EVENTS]',
      line(7, 'kvm_tdp_mmu_spte_changed: as id 0 gfn 9 level 1 old_spte ccc4e67 new_spte 0'),
    ])
    expect(facts.some((fact) => fact.type === 'entry.disagreed')).to.equal(false)
    expect(facts.filter((fact) => 'how' in fact && fact.how === 'untold')).to.have.lengthOf(2)
  })

  it('may have other permissions: nothing tells of a dirty log', () => {
    const { facts } = factsOf([
      ...one,
      ...inside(7, 5, mapped(7, '9', 'aaa')),
      line(7, 'kvm_tdp_mmu_spte_changed: as id 0 gfn 9 level 1 old_spte aaa4e65 new_spte 0'),
    ])
    expect(facts.some((fact) => fact.type === 'entry.disagreed')).to.equal(false)
    const changed = facts.filter((fact) => fact.type === 'leaf.changed')
    expect(changed).to.have.lengthOf(1)
    expect(changed[0]).to.include({ how: 'untold', write: false })
  })
})
