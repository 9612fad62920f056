/**
 * What reads find: the last that was written, through whatever mapping, and zeros before. Against the flat memory, and
 * against hand-made runs in which paging goes wrong.
 */
import { expect } from 'chai'
import type { Outcome } from '../../events/reply.ts'
import type { Run } from '../../src/engine/run.ts'
import { type FlatFinding, FlatMemory } from '../../src/invariant/flat.ts'
import { type Replayable, replayable } from '../support/replayed.ts'

const PAGE = 4096
const pid = 100
const SLOT = 0x1000000000

/** A run beside a flat memory that judges every read. */
function judged(boot = {}, design?: string): Replayable & { readonly findings: FlatFinding[] } {
  const made = replayable({ frames: 64, ...boot }, design)
  const flat = new FlatMemory()
  const findings: FlatFinding[] = []
  made.run.subscribe(({ event, thread }) => {
    const finding = flat.judge(event, made.run.current, thread)
    if (finding !== null) findings.push(finding)
  })
  made.run.dispatch({ type: 'host.spawn', pid, pledge: [] })
  return { ...made, findings }
}

/** A VM of three pages whose guest runs. */
function guest(run: Run): void {
  const ranges = [{ gpa: 0, size: 3 * PAGE, memtype: 0, va: 0 }]
  run.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
  run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
}

const read = (run: Run, va: number, of = pid): unknown => found(run.dispatch({ type: 'host.read', pid: of, va }))
const write = (run: Run, va: number, value: number): Outcome => run.dispatch({ type: 'host.write', pid, va, value })
const guestRead = (run: Run, gpa: number): unknown =>
  found(run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access: 'r', value: null }))
const guestWrite = (run: Run, gpa: number, value: number): unknown =>
  found(run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access: 'w', value }))

function found(outcome: Outcome): unknown {
  return 'value' in outcome ? outcome.value : outcome
}

describe('a process', () => {
  it('reads zeros at first, then what it wrote, page by page', () => {
    const { run, findings, checkRun } = judged()
    run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: 2 * PAGE })
    expect(read(run, 0x200000)).to.equal(0)
    expect(write(run, 0x200010, 7)).to.deep.equal({ ok: true, faulted: false })
    expect(read(run, 0x200ff8)).to.equal(7)
    expect(read(run, 0x201000)).to.equal(0)
    expect(findings).to.deep.equal([])
    checkRun()
  })

  const rows: readonly (readonly [what: string, va: number, value: number | null, answer: object])[] = [
    ['nothing is mapped', 0x300000, null, { ok: false, errno: 'EFAULT', at: 'uvm_fault', faulted: true }],
    ['nothing is mapped', 0x300000, 1, { ok: false, errno: 'EFAULT', at: 'uvm_fault', faulted: true }],
    ['it may only read', 0x200000, 1, { ok: false, errno: 'EACCES', at: 'uvm_fault', faulted: true }],
    ['it may only read', 0x200000, null, { ok: true, faulted: true, value: 0 }],
  ]
  for (const [what, va, value, answer] of rows)
    it(`${value === null ? 'reads' : 'writes'} where ${what}: ${JSON.stringify(answer)}`, () => {
      const { run, checkRun } = judged()
      run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: PAGE, prot: 'r' })
      const outcome =
        value === null
          ? run.dispatch({ type: 'host.read', pid, va })
          : run.dispatch({ type: 'host.write', pid, va, value })
      expect(outcome).to.deep.equal(answer)
      checkRun()
    })

  it('gets zeros in memory that somebody else has left', () => {
    const { run, findings, checkRun } = judged()
    run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: PAGE })
    write(run, 0x200000, 7)
    const frame = run.world.memory.resident(run.world.processes[pid]?.entries[0]?.object ?? 0, 0)
    run.dispatch({ type: 'host.munmap', pid, va: 0x200000, size: PAGE })
    // What was there is there until somebody takes the frame.
    expect(run.world.memory.value(frame)).to.equal(7)
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: 4 * PAGE })
    for (const index of [0, 1, 2, 3]) expect(read(run, 0x400000 + index * PAGE)).to.equal(0)
    expect(findings).to.deep.equal([])
    checkRun()
  })

  it('shares what fork shares, and keeps its own copy of the rest', () => {
    const { run, findings, checkRun } = judged()
    run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: PAGE })
    run.dispatch({ type: 'host.mmap', pid, va: 0x300000, size: PAGE, shared: true })
    write(run, 0x200000, 7)
    write(run, 0x300000, 8)
    run.dispatch({ type: 'host.fork', pid, child: 200 })
    write(run, 0x200000, 70)
    write(run, 0x300000, 80)
    expect([read(run, 0x200000, 200), read(run, 0x300000, 200)]).to.deep.equal([7, 80])
    expect(findings).to.deep.equal([])
    checkRun()
  })

  it('finds zeros after it gave its memory up', () => {
    const { run, findings, checkRun } = judged()
    run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: PAGE })
    write(run, 0x200000, 7)
    run.dispatch({ type: 'host.madvise', pid, va: 0x200000, size: PAGE, advice: 'free' })
    expect(read(run, 0x200000)).to.equal(0)
    expect(findings).to.deep.equal([])
    checkRun()
  })
})

for (const design of ['aobj', 'aobj-dying'])
  for (const mode of ['ept', 'rvi'] as const)
    describe(`a guest of ${design} on ${mode}`, () => {
      it('and its process see what the other wrote', () => {
        const { run, findings, checkRun } = judged({ mode }, design)
        guest(run)
        expect(guestRead(run, 0)).to.equal(0)
        expect(guestWrite(run, 0, 7)).to.equal(7)
        expect(read(run, SLOT)).to.equal(7)
        write(run, SLOT + PAGE, 8)
        expect(guestRead(run, PAGE + 16)).to.equal(8)
        expect(findings).to.deep.equal([])
        checkRun()
      })

      it('says when an access to contents needed a fault', () => {
        const { run, checkRun } = judged({ mode }, design)
        guest(run)
        const touch = { type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w', value: 5 } as const
        expect(run.dispatch(touch)).to.deep.equal({ ok: true, faulted: true, left: null, value: 5 })
        expect(run.dispatch(touch)).to.deep.equal({ ok: true, faulted: false, left: null, value: 5 })
        checkRun()
      })

      it('gets pages back from swap as they were, in another frame', () => {
        const { run, findings, checkRun } = judged({ mode }, design)
        guest(run)
        write(run, SLOT, 7)
        const object = run.world.vms[1]?.slots[0]?.object ?? 0
        const before = run.world.memory.resident(object, 0)
        expect(run.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })).to.deep.equal({ ok: true })
        run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: 2 * PAGE })
        write(run, 0x200000, 9)
        write(run, 0x201000, 9)
        expect(guestRead(run, 0)).to.equal(7)
        expect(run.world.memory.resident(object, 0)).to.not.equal(before)
        expect(findings).to.deep.equal([])
        checkRun()
      })
    })

describe('a guest of vmspace', () => {
  for (const mode of ['ept', 'rvi'] as const)
    it(`on ${mode} has its pages wired, and never parts from its process`, () => {
      const { run, findings, checkRun } = judged({ mode }, 'vmspace')
      run.dispatch({ type: 'host.mmap', pid, va: 0x600000, size: 2 * PAGE, shared: true, conceal: true })
      const ranges = [{ gpa: 0, size: 2 * PAGE, memtype: 0, va: 0x600000 }]
      expect(run.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })).to.include({ ok: true })
      run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
      write(run, 0x600000, 7)
      expect(guestRead(run, 0)).to.equal(7)
      const pageout = { type: 'host.pageout', object: 'm1', page: 0 } as const
      expect(run.dispatch(pageout)).to.include({ ok: false, errno: 'EBUSY' })
      guestWrite(run, 0, 8)
      expect(read(run, 0x600000)).to.equal(8)
      expect(findings).to.deep.equal([])
      checkRun()
    })
})

/** The firmware page: the process has touched it before the guest, so that the guest's fault does not wire it. */
function fastPath(mode: 'ept' | 'rvi'): ReturnType<typeof judged> {
  const made = judged({ mode })
  guest(made.run)
  // A neighbour whose page tables are there already, so that it is its memory that gets the next free frame.
  made.run.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
  made.run.dispatch({ type: 'host.mmap', pid: 200, va: 0x200000, size: 2 * PAGE })
  made.run.dispatch({ type: 'host.write', pid: 200, va: 0x201000, value: 1 })
  write(made.run, SLOT, 7)
  guestRead(made.run, 0)
  made.run.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
  return made
}

describe('an unwired page under a nested leaf', () => {
  it('shows an EPT guest the memory of whoever has its frame now', () => {
    const { run, findings, checkRun } = fastPath('ept')
    run.dispatch({ type: 'host.write', pid: 200, va: 0x200000, value: 4242 })
    expect(guestRead(run, 0)).to.equal(4242)
    expect(findings.map(({ id, page, wanted, found: seen }) => [id, page, wanted, seen])).to.deep.equal([
      ['I80', 'a1:0', '7', '4242'],
    ])
    // And the other way: the guest writes into memory that is not its own.
    guestWrite(run, 0, 6666)
    expect(read(run, 0x200000, 200)).to.equal(6666)
    checkRun()
  })

  it('lets process and guest part for good', () => {
    const { run, findings, checkRun } = fastPath('ept')
    // Somebody has the old frame, so that the page comes back in another one.
    run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: 2 * PAGE })
    write(run, 0x200000, 9)
    write(run, 0x201000, 9)
    expect(read(run, SLOT)).to.equal(7)
    guestWrite(run, 0, 8)
    expect(read(run, SLOT)).to.equal(7)
    expect(findings.map(({ by, wanted, found: seen }) => [by.kind, wanted, seen])).to.deep.equal([
      ['process', '8', '7'],
    ])
    checkRun()
  })

  it('loses what an EPT guest wrote to a page that the modified bits call clean', () => {
    const { run, findings, checkRun } = fastPath('ept')
    // The page comes back from swap into its old frame, which the leaf still names: all looks well.
    expect(read(run, SLOT)).to.equal(7)
    expect(guestRead(run, 0)).to.equal(7)
    guestWrite(run, 0, 8)
    expect(read(run, SLOT)).to.equal(8)
    run.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
    expect(read(run, SLOT)).to.equal(7)
    expect(findings.map(({ wanted, found: seen }) => [wanted, seen])).to.deep.equal([['8', '7']])
    checkRun()
  })

  it('takes the leaf of an RVI guest along, which faults and is well', () => {
    const { run, findings, checkRun } = fastPath('rvi')
    expect(guestRead(run, 0)).to.equal(7)
    guestWrite(run, 0, 8)
    run.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
    expect(read(run, SLOT)).to.equal(8)
    expect(findings).to.deep.equal([])
    checkRun()
  })
})
