/**
 * What is shown, piece by piece: tables, differences, commands and their answers, holders and stories.
 */
import { expect } from 'chai'
import type { Command } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import { createRun } from '../../src/engine/run.ts'
import { Accountant } from '../../src/replay/account.ts'
import { violationLines } from '../../src/show/account.ts'
import { differenceLines } from '../../src/show/difference.ts'
import { framePart } from '../../src/show/moment/frame.ts'
import { holdersOf } from '../../src/show/moment/holders.ts'
import { spacePart } from '../../src/show/moment/space.ts'
import { vmPart } from '../../src/show/moment/vm.ts'
import { bytesText, memtypeName } from '../../src/show/names.ts'
import { PLAIN } from '../../src/show/paint.ts'
import { commandText, outcomeLines } from '../../src/show/reply.ts'
import { clip, count, table, WIDTH } from '../../src/show/table.ts'

describe('a table', () => {
  it('aligns its columns by their widest cell', () => {
    const columns = [{ title: 'name' }, { title: 'n', align: 'right' }, { title: 'rest' }] as const
    const rows = [
      ['a', '1', 'x'],
      ['longer', '100', ''],
    ]
    expect(table(columns, rows, PLAIN)).to.deep.equal(['name      n  rest', 'a         1  x', 'longer  100'])
  })
  it('cuts what does not fit a screen, with a mark', () => {
    const [, line = ''] = table([{ title: 'a' }], [['x'.repeat(200)]], PLAIN)
    expect(line).to.have.length(WIDTH)
    expect(line.at(-1)).to.equal('…')
    expect(clip('abc', 3)).to.equal('abc')
    expect(clip('abcd', 3)).to.equal('ab…')
  })
})

describe('a number of things', () => {
  it('is one or many', () => {
    expect([count(1, 'VM'), count(2, 'VM'), count(0, 'entry', 'entries')]).to.deep.equal(['1 VM', '2 VMs', '0 entries'])
  })
})

describe('bytes', () => {
  for (const [bytes, text] of [
    [4096, '4 KiB'],
    [636 * 1024, '636 KiB'],
    [2 ** 32, '4 GiB'],
    [2 ** 32 + 2 ** 22, '4100 MiB'],
    [4097, '0x1001'],
    [0, '0x0'],
  ] as const)
    it(`${bytes} reads ${text}`, () => {
      expect(bytesText(bytes)).to.equal(text)
    })
})

describe('a memory type', () => {
  it('has a name where vmm.h has one', () => {
    expect([0, 1, 2, 7].map(memtypeName)).to.deep.equal(['ram', 'reserved', 'mmio', '7'])
  })
})

describe('a difference', () => {
  it('names each part that differs', () => {
    const wanted = [{ id: 'a1', refs: 3 }, 'x']
    const found = [{ id: 'a1', refs: 2, sw: [1] }]
    expect(differenceLines('aobj', wanted, found)).to.deep.equal([
      'aobj[0].refs: wanted 3, found 2',
      'aobj[0].sw: wanted nothing, found [1]',
      'aobj[1]: wanted "x", found nothing',
    ])
  })
  it('compares plain values, too', () => {
    expect(differenceLines('on', 1, 0)).to.deep.equal(['on: wanted 1, found 0'])
    expect(differenceLines('r', null, { errno: '0' })).to.deep.equal(['r: wanted null, found {"errno":"0"}'])
  })
  it('tells how many more there are', () => {
    const lines = differenceLines('t', Array.from({ length: 12 }, String), [])
    expect(lines).to.have.length(9)
    expect(lines.at(-1)).to.equal('and 4 more')
  })
})

describe('a command and its answer', () => {
  const rows: readonly (readonly [command: Command, outcome: Outcome, text: string, lines: readonly string[]])[] = [
    [
      { type: 'ioc.term', pid: 100, vm: 1 },
      { ok: false, errno: 'EBUSY', at: 'vm_terminate' },
      'ioc.term pid 100 vm 1',
      ['EBUSY (vm_terminate)'],
    ],
    [
      { type: 'ioc.run', pid: 100, vm: 1, vcpu: 2 },
      { ok: true, reason: 'signal', report: null },
      'ioc.run pid 100 vm 1 vcpu 2',
      ['0: a signal'],
    ],
    [
      { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 },
      { ok: false, blocked: 'guest', thread: 't3' },
      'ioc.run pid 100 vm 1',
      ['in the guest, thread t3'],
    ],
    [
      { type: 'host.touch', pid: 1, va: 0xfffffffffffff000n, access: 'x' },
      { ok: false, errno: 'EFAULT', at: 'uvm_fault', faulted: true },
      'host.touch pid 1 va 0xfffffffffffff000 x',
      ['EFAULT (uvm_fault)'],
    ],
    [
      { type: 'host.mmap', pid: 1, va: null, size: 4096 },
      { ok: true, va: 0x2000 },
      'host.mmap pid 1 size 0x1000',
      ['0: at 0x2000'],
    ],
    [
      { type: 'ioc.info', pid: 1, size: 0 },
      { ok: true, count: 0, need: 160, vms: [] },
      'ioc.info pid 1 size 0',
      ['0: the buffer is too small, 160 bytes are needed'],
    ],
    [
      { type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0x1000, access: 'w' },
      { ok: true, faulted: true, left: { ok: false, errno: 'EINVAL', at: 'vmx_fault_page', report: null } },
      'guest.touch vm 1 gpa 0x1000 w',
      ['0: left RUN with EINVAL (vmx_fault_page)'],
    ],
    [{ type: 'host.muststop', pid: 1, vm: 1 }, { ok: true, stop: true }, 'host.muststop pid 1 vm 1', ['0: must stop']],
    [
      { type: 'fail.next', fn: 'uvm_map', k: 3, errno: 'ENOMEM' },
      { ok: true },
      'fail.next uvm_map call 3 ENOMEM',
      ['0'],
    ],
    [
      { type: 'host.write', pid: 1, va: 0x2008, word: 2n ** 63n },
      { ok: true, faulted: true },
      'host.write pid 1 va 0x2008 word 0x8000000000000000',
      ['0: after a fault'],
    ],
    [
      { type: 'host.read', pid: 1, va: 0x2008, word: true },
      { ok: true, faulted: false, word: 7 },
      'host.read pid 1 va 0x2008 word',
      ['0: was mapped, word 0x7'],
    ],
    [
      { type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0x1000, access: 'r', word: null },
      { ok: true, faulted: false, left: null, word: 7 },
      'guest.touch vm 1 gpa 0x1000 r',
      ['0: by the nested tables alone, word 0x7'],
    ],
    [
      { type: 'ioc.writeregs', pid: 1, vm: 1, vcpu: 0, mask: 4, registers: { cr3: 0x1000, pdptes: [1, 2, 3, 4] } },
      { ok: true },
      'ioc.writeregs pid 1 vm 1 mask 4 cr3 0x1000',
      ['0'],
    ],
    [
      { type: 'ioc.readregs', pid: 1, vm: 1, vcpu: 0, mask: 4 },
      { ok: true, registers: { cr0: 0x21, cr3: 0, pdptes: [1, 2, 3, 2n ** 63n] } },
      'ioc.readregs pid 1 vm 1 mask 4',
      ['0: cr0 0x21, cr3 0x0, pdptes 0x1 0x2 0x3 0x8000000000000000'],
    ],
    [
      { type: 'ioc.readvmparams', pid: 1, vm: 1, vcpu: 0, mask: 3 },
      { ok: true, clockGpa: 0x1001, clockVersion: 4 },
      'ioc.readvmparams pid 1 vm 1 mask 3',
      ['0: clockGpa 0x1001, clockVersion 4'],
    ],
    [{ type: 'ioc.intr', pid: 1, vm: 1, vcpu: 0, pending: true }, { ok: true }, 'ioc.intr pid 1 vm 1 pending', ['0']],
    [
      { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0, interrupt: true },
      { ok: true, reason: 'interrupt', report: null },
      'ioc.run pid 100 vm 1 interrupt',
      ['0: an interrupt for the guest'],
    ],
    [
      { type: 'guest.wrmsr', vm: 1, vcpu: 0, msr: 0xc0000080, word: 0x100 },
      { ok: true, refused: 13, left: null },
      'guest.wrmsr vm 1 msr 0xc0000080 word 0x100',
      ['0: the guest goes on with exception 13'],
    ],
    [
      { type: 'guest.vmgexit', vm: 1, vcpu: 0, gpa: 0x1000 },
      { ok: true, refused: null, left: null },
      'guest.vmgexit vm 1 gpa 0x1000',
      ['0: the guest goes on'],
    ],
    [
      { type: 'guest.writecr', vm: 1, vcpu: 0, cr: 0, word: 1 },
      { ok: true, refused: null, left: { ok: false, errno: 'EINVAL', at: 'vmx_handle_cr', report: null } },
      'guest.writecr vm 1 cr 0 word 0x1',
      ['0: left RUN with EINVAL (vmx_handle_cr)'],
    ],
    [
      { type: 'guest.translate', pid: 1, vm: 1, vcpu: 0, gva: 0x400123, access: 'r', cpl: 0 },
      { ok: true, gpa: 0x5123 },
      'guest.translate pid 1 vm 1 gva 0x400123 r cpl 0',
      ['0: gpa 0x5123'],
    ],
    [
      { type: 'host.pageout', object: 'a1', page: 3 },
      { ok: false, panic: { fn: 'pmap_enter', kind: 'assert' } },
      'host.pageout a1:3',
      ['panic in pmap_enter (assert)'],
    ],
  ]
  for (const [command, outcome, text, lines] of rows)
    it(`reads '${text} → ${lines[0]}'`, () => {
      expect(commandText(command)).to.equal(text)
      expect(outcomeLines(command, outcome)).to.deep.equal(lines)
    })
})

/** A host with one VM of one slot, of which another process maps the memory, too. */
function shared() {
  const run = createRun()
  const ranges = [{ gpa: 0, size: 0x4000, memtype: 0, va: 0 }]
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  run.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  return { run, ranges }
}

describe('the holders of an object', () => {
  it('are as many as its references, at every step of SHAREMEM', () => {
    const { run, ranges } = shared()
    run.start({ type: 'ioc.sharemem', pid: 200, vm: 1, ranges, va: [] }, 'S')
    const sums: number[] = []
    for (;;) {
      const [object] = Object.values(run.world.objects)
      if (object === undefined) throw new Error('there is an object')
      const sum = holdersOf(run.world, object).reduce((total, { counts }) => total + counts, 0)
      expect(object.refs).to.equal(sum)
      sums.push(sum)
      if (run.step('S').kind === 'replied') break
    }
    expect([...new Set(sums)]).to.deep.equal([2, 3])
  })
})

describe('the map of a process', () => {
  it('lists entries and what is mapped of each', () => {
    const { run } = shared()
    run.dispatch({ type: 'host.touch', pid: 100, va: 0x1000001000, access: 'w' })
    const process = run.world.processes[100]
    if (process === undefined) throw new Error('there is a process')
    const { data } = spacePart(run.world, process)
    expect(data).to.have.nested.property('entries[0].mapped', 1)
    expect(data).to.have.nested.property('pages[0].va', 0x1000001000)
  })
})

describe('an account', () => {
  it('counts commands by how they ended, and tells the life of a VM', () => {
    const run = createRun({ record: (recorded) => accountant.take(recorded) })
    const accountant = new Accountant(run.world)
    const ranges = [{ gpa: 0, size: 0x4000, memtype: 0, va: 0 }]
    run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
    run.dispatch({ type: 'ioc.create', pid: 100, ranges: [], ncpus: 1, name: 'no' })
    run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
    run.dispatch({ type: 'ioc.term', pid: 100, vm: 1 })
    run.start({ type: 'ioc.info', pid: 100, size: 0 }, 'I')
    const { events, lastSeq, byType, byCommand, vms } = accountant.account()
    expect(events).to.equal(run.seq)
    expect(lastSeq).to.equal(run.seq)
    expect(byType.reduce((sum, one) => sum + one.events, 0)).to.equal(events)
    expect(byCommand).to.deep.equal([
      { command: 'host.spawn', asked: 1, ok: 1, refused: {} },
      { command: 'ioc.create', asked: 2, ok: 1, refused: { EINVAL: 1 } },
      { command: 'ioc.term', asked: 1, ok: 1, refused: {} },
      { command: 'ioc.info', asked: 1, ok: 0, refused: {} },
    ])
    expect(vms).to.have.length(1)
    expect(vms[0]?.life.map(({ what }) => what)).to.deep.equal([
      'allocated',
      'registered as 1',
      'condemned',
      'unlinked',
      'torn down',
      'freed',
    ])
    expect(vms[0]?.teardown.map(({ what }) => what)).to.deep.equal([
      'vcpu 0 deinitialised',
      '0 pages removed from 0x0',
      'slot 0 released',
      'nested tables destroyed',
      'freed',
    ])
  })
})

describe('violations', () => {
  const violation = {
    id: 'I02',
    name: 'nested-page-is-wired',
    severity: 'error',
    seq: 7,
    thread: 't1',
    call: 'ioc.run',
    place: 'enteringLeaf',
    source: 'fault_page()',
    subject: 'vm 1 gpa 0x0',
    sentence: 'it is not',
  } as const
  it('say which, when, whose step and why', () => {
    expect(violationLines([violation], PLAIN)).to.deep.equal([
      'violated  nested-page-is-wired (I02) after event 7',
      '          t1: ioc.run at enteringLeaf (fault_page())',
      '          vm 1 gpa 0x0: it is not',
    ])
  })
  it('are told by their names where there are too many', () => {
    const lines = violationLines(
      Array.from({ length: 25 }, () => violation),
      PLAIN,
    )
    expect(lines).to.have.length(61)
    expect(lines.at(-1)).to.equal('and 5 more: nested-page-is-wired')
  })
})

describe('the guest of a vCPU, and a page of words', () => {
  const at = { pid: 100, vm: 1, vcpu: 0 } as const
  const run = createRun({ boot: { mode: 'ept' } })
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  run.dispatch({
    type: 'ioc.create',
    pid: 100,
    ranges: [{ gpa: 0, size: 0x1000, memtype: 0, va: 0 }],
    ncpus: 1,
    name: 'vm',
  })
  const vmLines = (): readonly string[] => {
    const vm = Object.values(run.world.vms)[0]
    if (vm === undefined) throw new TypeError('there is no VM')
    return vmPart(run.world, vm).lines(PLAIN)
  }

  it('is not told while it is as it was made', () => {
    expect(vmLines().some((line) => line.includes('cr0'))).to.equal(false)
  })
  it('is told by its registers, its clock and what waits for it', () => {
    run.dispatch({
      type: 'ioc.writeregs',
      ...at,
      mask: 12,
      registers: { cr0: 0x80000001, cr4: 0x20, pdptes: [1, 0, 0, 0] },
    })
    run.dispatch({ type: 'ioc.writevmparams', ...at, mask: 3, gpa: 0x101, version: 9 })
    run.dispatch({ type: 'ioc.writevmparams', ...at, mask: 1, gpa: 0x9001, version: 0 })
    run.dispatch({ type: 'ioc.intr', ...at, pending: true })
    expect(vmLines().slice(3, 6)).to.deep.equal([
      '         cr0 0x80000001 cr3 0x0 cr4 0x20 efer 0x0, pae paging',
      '         pdptes 0x1 0x0 0x0 0x0',
      '         clock at 0x101, version 9; an interrupt waits; exception 13 waits',
    ])
  })
  it('tells the words that are not 0', () => {
    const va = run.world.vms[1]?.slots[0]?.hva ?? 0
    run.dispatch({ type: 'host.write', pid: 100, va: va + 16, word: 2n ** 63n })
    run.dispatch({ type: 'host.write', pid: 100, va: va + 0xff8, word: 5 })
    const frame = run.world.memory.resident(run.world.vms[1]?.slots[0]?.object ?? 0, 0)
    expect(framePart(run.world, frame).lines(PLAIN).slice(-2)).to.deep.equal([
      'word     0x10: 0x8000000000000000',
      'word     0xff8: 0x5',
    ])
  })
})
