/**
 * Payloads of events: one real line each, and page-table entries as the kernel itself reads them.
 */
import { expect } from 'chai'
import { decodeEvent } from '../../../src/import/ftrace/events.ts'
import { parseLine } from '../../../src/import/ftrace/line.ts'
import { decodeSpte } from '../../../src/import/kvm/spte.ts'
import { traceLines } from '../kvm/reference.ts'

const HEAD = '         memplay-133     (    133) [000] ...1.    12.066051: '

function decoded(text: string): unknown {
  const record = parseLine(1, HEAD + text)
  if (record.kind !== 'record') throw new TypeError(`no record: ${text}`)
  return decodeEvent(record)
}

describe('an event of KVM', () => {
  const cases: readonly [string, Record<string, unknown>][] = [
    [
      'set_memory_region: (__kvm_set_memory_region+0x0/0x4e0 [kvm]) kvm=0xffffc90000405000 slot=0x10001 flags=0x2 gpa=0xffff0000 size=0x10000 hva=0x7fbb69e00000',
      {
        event: 'set_memory_region',
        kvm: '0xffffc90000405000',
        as: 1,
        slot: 1,
        flags: 2,
        gpa: 0xffff0000n,
        size: 0x10000n,
        hva: 0x7fbb69e00000n,
      },
    ],
    [
      'set_memory_region_ret: (kvm_vm_ioctl+0x384/0x1010 [kvm] <- __kvm_set_memory_region) ret=-17',
      { event: 'set_memory_region_ret', result: -17 },
    ],
    [
      'swap_active_memslots: (kvm_swap_active_memslots+0x0/0x160 [kvm]) kvm=0xffffc90000405000 as_id=1',
      { event: 'swap_active_memslots', kvm: '0xffffc90000405000', as: 1 },
    ],
    ['kvm_entry: vcpu 0, rip 0xfff0', { event: 'kvm_entry', vcpu: 0, rip: 0xfff0n }],
    ['kvm_entry: vcpu 3', { event: 'kvm_entry', vcpu: 3, rip: null }],
    [
      'kvm_exit: vcpu 0 reason npf rip 0xfff0 info1 0x0000000100000014 info2 0x00000000fffffff0 intr_info 0x00000000 error_code 0x00000000',
      { event: 'kvm_exit', vcpu: 0, reason: 'npf', rip: 0xfff0n, info1: 0x100000014n, info2: 0xfffffff0n },
    ],
    [
      'kvm_exit: vcpu 0 reason PF excp rip 0x8000 info1 0x10 info2 0x8000 intr_info 0x0 error_code 0x0',
      { event: 'kvm_exit', vcpu: 0, reason: 'PF excp', rip: 0x8000n, info1: 0x10n, info2: 0x8000n },
    ],
    [
      'kvm_exit: reason EXIT_NPF rip 0x8000 info 200000006 1000',
      { event: 'kvm_exit', vcpu: null, reason: 'EXIT_NPF', rip: 0x8000n, info1: 0x200000006n, info2: 0x1000n },
    ],
    [
      'kvm_page_fault: vcpu 0 rip 0xfff0 address 0x00000000fffffff0 error_code 0x100000014',
      { event: 'kvm_page_fault', vcpu: 0, rip: 0xfff0n, address: 0xfffffff0n, error: 0x100000014n },
    ],
    [
      'kvm_page_fault: address 3fef42812000 error_code 181',
      { event: 'kvm_page_fault', vcpu: null, rip: null, address: 0x3fef42812000n, error: 0x181n },
    ],
    [
      'kvm_mmu_spte_requested: gfn c0000 pfn 8000000000000000 level 1',
      { event: 'kvm_mmu_spte_requested', gfn: 0xc0000, pfn: 0x8000000000000000n, level: 1 },
    ],
    [
      'kvm_mmu_set_spte: gfn fffff spte 1172f3825 (r-xu) level 1 at 112accff8',
      { event: 'kvm_mmu_set_spte', gfn: 0xfffff, spte: 0x1172f3825n, access: 'r-xu', level: 1, at: 0x112accff8n },
    ],
    [
      'kvm_tdp_mmu_spte_changed: as id 1 gfn 209000 level 2 old_spte 0 new_spte 5a0',
      { event: 'kvm_tdp_mmu_spte_changed', as: 1, gfn: 0x209000, level: 2, old: 0n, new: 0x5a0n },
    ],
    [
      'fast_page_fault: vcpu 0 gva 40000000 error_code P|W|U sptep 000000001cb13e5a old 0x10b71ee65 new 10b71ee67 spurious 0 fixed 1',
      {
        event: 'fast_page_fault',
        vcpu: 0,
        address: 0x40000000n,
        old: 0x10b71ee65n,
        new: 0x10b71ee67n,
        spurious: false,
        fixed: true,
      },
    ],
    [
      'kvm_mmu_get_page: sp gen 0 gfn 0 l4 8-byte q0 direct wux nxe ad root 0 sync new',
      { event: 'kvm_mmu_get_page', gfn: 0, level: 4, made: true },
    ],
    [
      'kvm_mmu_prepare_zap_page: sp gen 1 gfn 240000 l1 8-byte q0 direct w-x nxe ad root 0 sync',
      { event: 'kvm_mmu_prepare_zap_page', gfn: 0x240000, level: 1 },
    ],
    [
      'kvm_unmap_hva_range: mmu notifier unmap range: 0x007fbb69e00000 -- 0xffffffffffffffff',
      { event: 'kvm_unmap_hva_range', start: 0x7fbb69e00000n, end: 0xffffffffffffffffn },
    ],
    [
      'kvm_mmio: mmio unsatisfied-read len 8 gpa 0xc0000000 val 0x0',
      { event: 'kvm_mmio', direction: 'unsatisfied-read', length: 8, gpa: 0xc0000000n, value: 0n },
    ],
    ['kvm_userspace_exit: reason restart (4)', { event: 'kvm_userspace_exit', reason: 'restart', code: 4 }],
    [
      'kvm_mmu_split_huge_page: gfn 100000 spte 10b800ee7 level 2 errno 0',
      { event: 'kvm_mmu_split_huge_page', gfn: 0x100000, spte: 0x10b800ee7n, level: 2, errno: 0 },
    ],
    ['vm_release: (kvm_vm_release+0x0/0x30 [kvm])', { event: 'vm_release', kvm: null, vcpu: null }],
    [
      'sys_ioctl(fd: 5, cmd: 4020ae46, arg: 7fff7ca386f0)',
      { event: 'syscall.entered', call: 'ioctl', args: { fd: 5n, cmd: 0x4020ae46n, arg: 0x7fff7ca386f0n } },
    ],
    ['sys_ioctl -> 0xfffffffffffffffc', { event: 'syscall.returned', call: 'ioctl', result: -4n }],
    [
      'sched_process_fork: comm=a b=1 pid=2 pid=7 child_comm=c child_pid=9',
      { event: 'sched_process_fork', pid: 7, child: 9 },
    ],
  ]
  for (const [text, expected] of cases)
    it(`is decoded from ${text.slice(0, 60)}`, () => {
      expect(decoded(text)).to.deep.equal(expected)
    })

  it('is undecoded, and says what was found, when its fields read differently', () => {
    expect(decoded('kvm_entry: vcpu zero')).to.deep.equal({
      event: 'undecoded',
      name: 'kvm_entry',
      reason: 'the fields of kvm_entry, found vcpu zero',
    })
    expect(decoded('sys_ioctl(fd: 5, cmd: 4020a')).to.include({ event: 'undecoded' })
  })

  it('is null when no decoder knows its name, so that it can be counted', () => {
    expect(decoded('kvm_fpu: load')).to.equal(null)
  })
})

describe('a page-table entry', () => {
  it('reads as the kernel itself prints it, in every set_spte line of a trace', () => {
    let seen = 0
    for (const name of ['kvm-tdp/basic', 'kvm-tdp/huge', 'kvm-legacy/basic']) {
      let number = 0
      for (const line of traceLines(name)) {
        number += 1
        const record = parseLine(number, line)
        if (record.kind !== 'record' || record.event !== 'kvm_mmu_set_spte') continue
        const event = decodeEvent(record)
        if (event?.event !== 'kvm_mmu_set_spte') throw new TypeError(`not decoded: ${record.payload}`)
        const entry = decodeSpte(event.spte, event.level)
        if (entry.kind !== 'leaf') throw new TypeError(`no leaf: ${record.payload}`)
        const { read, write, execute } = entry
        expect(`${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`, record.payload).to.equal(
          event.access.slice(0, 3),
        )
        seen += 1
      }
    }
    expect(seen).to.be.greaterThan(6000)
  })

  const entries: readonly [bigint, number, string][] = [
    [0n, 1, 'empty'],
    [0x5a0n, 1, 'removed'],
    [0x80000000000005a0n, 2, 'removed'],
    [0x80000fee002a7n, 1, 'mmio'],
    [0x1019a8827n, 4, 'table'],
    [0x10be7ee67n, 1, 'leaf'],
    [0x10b800ee7n, 2, 'leaf'],
  ]
  for (const [spte, level, kind] of entries)
    it(`is ${kind} for ${spte.toString(16)} at level ${level}`, () => {
      expect(decodeSpte(spte, level).kind).to.equal(kind)
    })

  it('gives the frame and the permissions of a leaf', () => {
    expect(decodeSpte(0x8000000032ae825n, 1)).to.deep.include({ kind: 'leaf', write: false, execute: true })
    expect(decodeSpte(0x80000001_032ae865n, 1)).to.deep.include({
      frame: 0x1032ae,
      execute: false,
      accessed: true,
      dirty: true,
    })
  })

  it('reads Intel bits in the EPT layout', () => {
    expect(decodeSpte(0x10be7eb03n, 1, 'ept')).to.deep.equal({
      kind: 'leaf',
      frame: 0x10be7e,
      read: true,
      write: true,
      execute: false,
      accessed: true,
      dirty: true,
    })
  })
})
