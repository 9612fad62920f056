/**
 * The page daemon's queues, shortage of memory and swap, and fault-ahead.
 */
import { expect } from 'chai'
import type { CallCommand } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import type { Run } from '../../src/engine/run.ts'
import { hasFlag, LEAF_WIRED, leafFlags } from '../../src/model/memory.ts'
import { type Replayable, replayable } from '../support/replayed.ts'

const PAGE = 4096
const pid = 100
const SLOT = 0x1000000000
const ANON = 0x200000

/** A process with eight pages of its own, and a VM of three. */
function host(boot = {}): Replayable {
  const made = replayable({ frames: 256, ...boot })
  made.run.dispatch({ type: 'host.spawn', pid, pledge: [] })
  made.run.dispatch({ type: 'host.mmap', pid, va: ANON, size: 8 * PAGE })
  const ranges = [{ gpa: 0, size: 3 * PAGE, memtype: 0, va: 0 }]
  made.run.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
  return made
}

function said(outcome: Outcome): string {
  if ('ok' in outcome && outcome.ok) return 'fate' in outcome ? `ok ${outcome.fate}` : 'ok'
  return 'errno' in outcome ? `${outcome.errno} ${outcome.at}` : JSON.stringify(outcome)
}

const touch = (va: number, access: 'r' | 'w' = 'w'): CallCommand => ({ type: 'host.touch', pid, va, access })
const deactivate = { type: 'host.deactivate', object: 'm1', page: 0 } as const
const reclaim = { type: 'host.reclaim', object: 'm1', page: 0 } as const

describe('the page daemon', () => {
  const rows: readonly (readonly [what: string, before: readonly CallCommand[], asked: CallCommand, said: string])[] = [
    ['that is not resident', [], deactivate, 'ENOENT uvmpd_scan_active'],
    ['of nobody', [], { ...deactivate, object: 'm9' }, 'ENOENT uvmpd_scan_active'],
    ['that is wired', [{ type: 'host.mlock', pid, va: ANON, size: PAGE }], deactivate, 'EBUSY uvmpd_scan_active'],
    ['that is active', [touch(ANON)], deactivate, 'ok'],
    ['that is inactive', [touch(ANON), deactivate], deactivate, 'ok'],
    ['that is not resident', [], reclaim, 'ENOENT uvmpd_scan_inactive'],
    ['that is active', [touch(ANON)], reclaim, 'EBUSY uvmpd_scan_inactive'],
    ['that is wired', [{ type: 'host.mlock', pid, va: ANON, size: PAGE }], reclaim, 'EBUSY uvmpd_scan_inactive'],
    ['that nobody used since', [touch(ANON), deactivate], reclaim, 'ok written'],
    ['that its process used since', [touch(ANON), deactivate, touch(ANON, 'r')], reclaim, 'ok activated'],
    [
      'that came from swap and was only read',
      [touch(ANON), deactivate, reclaim, touch(ANON, 'r'), deactivate],
      reclaim,
      'ok freed',
    ],
    [
      'that came from swap and was changed',
      [touch(ANON), deactivate, reclaim, touch(ANON, 'w'), deactivate],
      reclaim,
      'ok written',
    ],
  ]
  for (const [what, before, asked, answer] of rows)
    it(`answers ${answer} to ${asked.type} of a page ${what}`, () => {
      const { run, checkRun } = host()
      for (const command of before) run.dispatch(command)
      expect(said(run.dispatch(asked))).to.equal(answer)
      checkRun()
    })

  it('leaves a page where it is when swap is full', () => {
    const { run, checkRun } = host({ swapSlots: 1 })
    for (const page of [0, 1]) {
      run.dispatch(touch(ANON + page * PAGE))
      run.dispatch({ ...deactivate, page })
    }
    expect(said(run.dispatch(reclaim))).to.equal('ok written')
    expect(said(run.dispatch({ ...reclaim, page: 1 }))).to.equal('ENOMEM uao_set_swslot')
    expect(run.world.swapUsed).to.equal(1)
    expect(run.world.pagedaemon).to.equal('idle')
    checkRun()
  })

  for (const [mode, answer] of [
    ['ept', 'ok written'],
    ['rvi', 'ok activated'],
  ] as const)
    it(`on ${mode} says ${answer} of a page that only the guest used since`, () => {
      const { run, checkRun } = host({ mode })
      run.dispatch(touch(SLOT))
      run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
      run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
      run.dispatch({ ...deactivate, object: 'a1' })
      run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
      expect(said(run.dispatch({ ...reclaim, object: 'a1' }))).to.equal(answer)
      checkRun()
    })

  it('brings a page back in another frame', () => {
    const { run, checkRun } = host()
    run.dispatch(touch(ANON))
    const object = run.world.processes[pid]?.entries[0]?.object ?? 0
    const before = run.world.memory.resident(object, 0)
    run.dispatch(deactivate)
    run.dispatch(reclaim)
    run.dispatch(touch(ANON + PAGE))
    run.dispatch(touch(ANON))
    expect(run.world.memory.resident(object, 1)).to.equal(before)
    expect(run.world.memory.resident(object, 0)).to.be.above(before)
    checkRun()
  })
})

/** Touches pages until a fault finds none that is free. */
function exhaust(run: Run): { readonly outcome: Outcome; readonly page: number } {
  for (let page = 0; page < 64; page += 1) {
    const outcome = run.dispatch({ type: 'host.touch', pid, va: 0x400000 + page * PAGE, access: 'rw' })
    if (!('ok' in outcome) || !outcome.ok) return { outcome, page }
  }
  throw new RangeError('there was memory for 64 pages')
}

describe('a fault that finds no free page', () => {
  it('sleeps until the page daemon has freed one', () => {
    const { run, events, checkRun } = host({ frames: 20 })
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: 64 * PAGE })
    const { outcome } = exhaust(run)
    expect(outcome).to.include({ ok: false, blocked: 'memory' })
    const thread = 'thread' in outcome ? outcome.thread : ''
    // Trying too early changes nothing, and is not said again.
    expect(run.finish(thread)).to.include({ blocked: 'memory' })
    expect(events.filter(({ event }) => event.type === 'memory.awaited')).to.have.length(1)
    run.dispatch({ ...deactivate, object: 'm2' })
    expect(said(run.dispatch({ ...reclaim, object: 'm2' }))).to.equal('ok written')
    expect(run.finish(thread)).to.deep.equal({ ok: true, faulted: true })
    checkRun()
  })

  it('answers ENOMEM when swap is full as well', () => {
    const { run, checkRun } = host({ frames: 20, swapSlots: 1 })
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: 64 * PAGE })
    const { outcome, page } = exhaust(run)
    run.dispatch({ ...deactivate, object: 'm2' })
    run.dispatch({ ...reclaim, object: 'm2' })
    run.finish('thread' in outcome ? outcome.thread : '')
    expect(said(run.dispatch(touch(0x400000 + (page + 1) * PAGE)))).to.equal('ENOMEM uvm_fault')
    checkRun()
  })

  it('does so for a guest as well, whose RUN goes on when there is memory', () => {
    const { run, checkRun } = host({ frames: 20 })
    run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: 64 * PAGE })
    exhaust(run)
    const outcome = run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
    expect(outcome).to.include({ ok: false, blocked: 'memory' })
    checkRun()
  })
})

describe('fault-ahead', () => {
  /** Pages of the first eight that the process pmap has after a fault on `page`, all of them resident. */
  function mappedAfter(page: number, boot: object, ...before: readonly CallCommand[]): readonly number[] {
    const { run, checkRun } = host(boot)
    run.dispatch({ type: 'host.mlock', pid, va: ANON, size: 8 * PAGE })
    run.dispatch({ type: 'host.munlock', pid, va: ANON, size: 8 * PAGE })
    run.dispatch({ type: 'host.mprotect', pid, va: ANON, size: 8 * PAGE, prot: 'none' })
    run.dispatch({ type: 'host.mprotect', pid, va: ANON, size: 8 * PAGE, prot: 'rw' })
    for (const command of before) run.dispatch(command)
    run.dispatch(touch(ANON + page * PAGE))
    const { memory, processes } = run.world
    const pmap = processes[pid]?.pmap ?? 0
    const mapped = [0, 1, 2, 3, 4, 5, 6, 7].filter((index) => memory.leaf(pmap, ANON / PAGE + index) >= 0)
    for (const index of mapped)
      expect(hasFlag(leafFlags(memory.leaf(pmap, ANON / PAGE + index)), LEAF_WIRED)).to.equal(false)
    checkRun()
    return mapped
  }
  const all = { pid, va: ANON, size: 8 * PAGE } as const

  it('is not, unless the host is booted so', () => {
    expect(mappedAfter(3, {})).to.deep.equal([3])
  })
  it('maps resident neighbours: three before and four after', () => {
    expect(mappedAfter(3, { faultAhead: 4 })).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7])
    expect(mappedAfter(0, { faultAhead: 4 })).to.deep.equal([0, 1, 2, 3, 4])
    expect(mappedAfter(7, { faultAhead: 4 })).to.deep.equal([4, 5, 6, 7])
  })
  it('leaves random memory alone', () => {
    expect(mappedAfter(3, { faultAhead: 4 }, { type: 'host.madvise', ...all, advice: 'random' })).to.deep.equal([3])
  })
  it('reaches far ahead of a sequential reader, and maps nothing behind', () => {
    const advised = { type: 'host.madvise', ...all, advice: 'sequential' } as const
    expect(mappedAfter(2, { faultAhead: 4 }, advised)).to.deep.equal([2, 3, 4, 5, 6, 7])
  })
  it('stays within the entry', () => {
    const cut = { type: 'host.mprotect', pid, va: ANON + 4 * PAGE, size: PAGE, prot: 'r' } as const
    expect(mappedAfter(3, { faultAhead: 4 }, cut)).to.deep.equal([0, 1, 2, 3])
  })
  for (const [faultAhead, wires] of [
    [0, 1],
    [4, 0],
  ] as const)
    it(`of ${faultAhead} pages leaves a page that only a device process had touched wired ${wires} times`, () => {
      const { run, checkRun } = host({ faultAhead })
      const ranges = [{ gpa: 0, size: 3 * PAGE, memtype: 0, va: 0 }]
      run.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
      run.dispatch({ type: 'ioc.sharemem', pid: 200, vm: 1, ranges, va: [] })
      for (const page of [0, 1, 2]) run.dispatch({ type: 'host.touch', pid: 200, va: SLOT + page * PAGE, access: 'rw' })
      // The creator touches the page before; the guest's fault then finds its page mapped, or not.
      run.dispatch(touch(SLOT))
      run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
      run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: PAGE, access: 'rw' })
      const object = run.world.vms[1]?.slots[0]?.object ?? 0
      expect(run.world.memory.wireCount(run.world.memory.resident(object, 1))).to.equal(wires)
      checkRun()
    })
})
