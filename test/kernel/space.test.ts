/**
 * What a process may do to its address space, and what it may not: rows in the order in which the C checks, and what
 * is left after each.
 */
import { expect } from 'chai'
import type { Hva } from '../../events/address.ts'
import type { CallCommand } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import type { Run } from '../../src/engine/run.ts'
import { leafFlags } from '../../src/model/memory.ts'
import type { Process } from '../../src/model/world.ts'
import { type Replayable, replayable } from '../support/replayed.ts'

const PAGE = 4096
const pid = 100
/** Where the creator's only slot lies, and where its other memory does. */
const SLOT = 0x1000000000
const ANON = 0x200000

function process(run: Run, id = pid): Process {
  const found = run.world.processes[id]
  if (found === undefined) throw new TypeError(`there is no process ${id}`)
  return found
}

/** A process with a VM of three pages, sealed, and with four pages of its own. */
function host(boot = {}): Replayable {
  const made = replayable({ frames: 4096, ...boot })
  const { run } = made
  run.dispatch({ type: 'host.spawn', pid, pledge: [] })
  const ranges = [{ gpa: 0, size: 3 * PAGE, memtype: 0, va: 0 }]
  run.dispatch({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
  run.dispatch({ type: 'host.mmap', pid, va: ANON, size: 4 * PAGE })
  return made
}

function said(outcome: Outcome): string {
  if ('ok' in outcome && outcome.ok) return 'ok'
  return 'errno' in outcome ? `${outcome.errno} ${outcome.at}` : JSON.stringify(outcome)
}

const slot = { pid, va: SLOT, size: 3 * PAGE } as const
const part = { pid, va: SLOT + PAGE, size: PAGE } as const
const own = { pid, va: ANON, size: 4 * PAGE } as const
const hole = { pid, va: 0x800000, size: PAGE } as const
const high = { pid, va: 2n ** 63n, size: PAGE } as const
const nobody = { pid: 7, va: ANON, size: PAGE } as const

describe('the calls of a process on its address space', () => {
  const rows: readonly (readonly [command: CallCommand, said: string])[] = [
    [{ type: 'host.mmap', ...nobody, fixed: true }, 'ESRCH curproc'],
    [{ type: 'host.mmap', pid, va: ANON, size: 0, fixed: true }, 'EINVAL sys_mmap'],
    [{ type: 'host.mmap', pid, va: null, size: PAGE, fixed: true }, 'EINVAL sys_mmap'],
    [{ type: 'host.mmap', pid, va: ANON + 1, size: PAGE, fixed: true }, 'EINVAL sys_mmap'],
    [{ type: 'host.mmap', ...slot, fixed: true }, 'EPERM uvm_mapanon'],
    [{ type: 'host.mmap', ...part, fixed: true }, 'EPERM uvm_mapanon'],
    [{ type: 'host.mmap', ...own }, 'EEXIST sys_mmap'],
    [{ type: 'host.mmap', ...own, fixed: true }, 'ok'],
    [{ type: 'host.munmap', ...hole }, 'EINVAL uvm_map_checkprot'],
    [{ type: 'host.munmap', ...part }, 'EPERM uvm_unmap_remove'],
    [{ type: 'host.munmap', ...own }, 'ok'],
    [{ type: 'host.mprotect', ...nobody, prot: 'r' }, 'ESRCH curproc'],
    [{ type: 'host.mprotect', ...high, prot: 'r' }, 'EINVAL sys_mprotect'],
    [{ type: 'host.mprotect', ...part, prot: 'r' }, 'EPERM uvm_map_protect'],
    [{ type: 'host.mprotect', ...hole, prot: 'r' }, 'ok'],
    [{ type: 'host.mprotect', ...own, prot: 'rwx' }, 'ok'],
    [{ type: 'host.minherit', ...nobody, inherit: 'share' }, 'ESRCH curproc'],
    [{ type: 'host.minherit', ...high, inherit: 'share' }, 'EINVAL sys_minherit'],
    [{ type: 'host.minherit', ...part, inherit: 'share' }, 'EPERM uvm_map_inherit'],
    [{ type: 'host.minherit', ...hole, inherit: 'share' }, 'ok'],
    [{ type: 'host.minherit', ...own, inherit: 'zero' }, 'ok'],
    [{ type: 'host.madvise', ...nobody, advice: 'free' }, 'ESRCH curproc'],
    [{ type: 'host.madvise', ...high, advice: 'free' }, 'EINVAL sys_madvise'],
    [{ type: 'host.madvise', ...own, advice: 'spaceavail' }, 'EINVAL sys_madvise'],
    [{ type: 'host.madvise', ...hole, advice: 'dontneed' }, 'EFAULT uvm_map_clean'],
    [{ type: 'host.madvise', ...hole, advice: 'random' }, 'ok'],
    // The immutability of an object's mapping keeps neither advice nor a flush away.
    [{ type: 'host.madvise', ...part, advice: 'random' }, 'ok'],
    [{ type: 'host.madvise', ...slot, advice: 'free' }, 'ok'],
    [{ type: 'host.madvise', ...slot, advice: 'willneed' }, 'ok'],
    [{ type: 'host.msync', ...hole, invalidate: true }, 'EFAULT uvm_map_clean'],
    [{ type: 'host.msync', ...high, invalidate: true }, 'EINVAL sys_msync'],
    [{ type: 'host.msync', ...slot, invalidate: true }, 'ok'],
    [{ type: 'host.msync', ...slot, invalidate: false }, 'ok'],
    [{ type: 'host.mlock', ...high }, 'EINVAL sys_mlock'],
    [{ type: 'host.mlock', ...hole }, 'ENOMEM uvm_map_pageable'],
    [{ type: 'host.mlock', ...own, size: 5 * PAGE }, 'ENOMEM uvm_map_pageable'],
    [{ type: 'host.mlock', ...part }, 'ok'],
    [{ type: 'host.munlock', ...hole }, 'ENOMEM uvm_map_pageable'],
    [{ type: 'host.munlock', ...part }, 'ok'],
    [{ type: 'host.fork', pid: 7, child: 8 }, 'ESRCH curproc'],
    [{ type: 'host.fork', pid, child: pid }, 'EEXIST fork'],
    [{ type: 'host.fork', pid, child: 8 }, 'ok'],
    [{ type: 'host.exec', pid: 7 }, 'ESRCH curproc'],
    [{ type: 'host.exec', pid }, 'ok'],
    [{ type: 'host.coredump', pid: 7 }, 'ESRCH curproc'],
    [{ type: 'host.coredump', pid }, 'ok'],
  ]
  for (const [command, answer] of rows)
    it(`answers ${answer} to ${JSON.stringify(command, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`, () => {
      const { run, checkRun } = host()
      const before = JSON.stringify(run.world.processes)
      expect(said(run.dispatch(command))).to.equal(answer)
      if (answer !== 'ok') expect(JSON.stringify(run.world.processes)).to.equal(before)
      checkRun()
    })
})

describe('uvm_map_protect()', () => {
  it('takes rights from leaves, and leaves it to the next fault to add them', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.touch', pid, va: ANON, access: 'rw' })
    run.dispatch({ type: 'host.mprotect', pid, va: ANON, size: PAGE, prot: 'r' })
    const flags = (): number => leafFlags(run.world.memory.leaf(process(run).pmap, ANON / PAGE)) % 8
    expect(flags()).to.equal(1)
    expect(run.dispatch({ type: 'host.touch', pid, va: ANON, access: 'r' })).to.deep.equal({ ok: true, faulted: false })
    expect(said(run.dispatch({ type: 'host.touch', pid, va: ANON, access: 'w' }))).to.equal('EACCES uvm_fault')
    run.dispatch({ type: 'host.mprotect', pid, va: ANON, size: PAGE, prot: 'rw' })
    expect(flags()).to.equal(1)
    expect(run.dispatch({ type: 'host.touch', pid, va: ANON, access: 'w' })).to.deep.equal({ ok: true, faulted: true })
    expect(flags()).to.equal(3)
    checkRun()
  })

  it('cuts entries at the ends of the range; each cut takes a reference', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.mprotect', pid, va: ANON + PAGE, size: 2 * PAGE, prot: 'none' })
    const own = process(run).entries.filter(({ start }) => start < SLOT)
    expect(own.map(({ start, size, offset, prot }) => [start - ANON, size / PAGE, offset, prot])).to.deep.equal([
      [0, 1, 0, 'rw'],
      [PAGE, 2, 1, 'none'],
      [3 * PAGE, 1, 3, 'rw'],
    ])
    expect(run.world.objects[own[0]?.object ?? 0]?.refs).to.equal(3)
    checkRun()
  })
})

describe('uvm_map_pageable()', () => {
  it('wires a part of a slot: two cuts, two references more, and page counts up and down', () => {
    const { run, checkRun } = host()
    const object = process(run).entries.at(-1)?.object ?? 0
    const wires = (): readonly number[] =>
      [0, 1, 2].map((index) => run.world.memory.wireCount(run.world.memory.resident(object, index)))
    run.dispatch({ type: 'host.mlock', ...part })
    expect(run.world.objects[object]?.refs).to.equal(4)
    expect(process(run).entries.map(({ wired }) => wired)).to.deep.equal([0, 0, 1, 0])
    expect(wires()).to.deep.equal([0, 1, 0])
    run.dispatch({ type: 'host.munlock', ...part })
    expect(process(run).entries.map(({ wired }) => wired)).to.deep.equal([0, 0, 0, 0])
    expect(wires()).to.deep.equal([0, 0, 0])
    expect(run.world.objects[object]?.refs).to.equal(4)
    expect(run.world.pmaps[process(run).pmap]?.wired).to.equal(0)
    checkRun()
  })

  it('leaves the wiring of a guest fault alone', () => {
    const { run, checkRun } = host()
    const fault = { handler: null, direct: false, qualification: 1, instructionLength: 3, decodeAssist: true } as const
    run.dispatch({ type: 'guest.fault', pid, vm: 1, vcpu: 0, gpa: PAGE, ...fault })
    run.dispatch({ type: 'host.mlock', ...part })
    const frame = run.world.memory.resident(process(run).entries.at(-1)?.object ?? 0, 1)
    expect(run.world.memory.wireCount(frame)).to.equal(2)
    run.dispatch({ type: 'host.munlock', ...part })
    expect(run.world.memory.wireCount(frame)).to.equal(1)
    expect(run.world.memory.queue(frame)).to.equal('none')
    checkRun()
  })

  it('gives the wirings of an entry back when the entry goes', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.mlock', ...slot })
    const object = process(run).entries.at(-1)?.object ?? 0
    const frame = run.world.memory.resident(object, 0)
    run.dispatch({ type: 'host.exec', pid })
    expect(process(run).entries).to.deep.equal([])
    // The VM keeps its object, and the page is on a queue again.
    expect(run.world.memory.wireCount(frame)).to.equal(0)
    expect(run.world.memory.queue(frame)).to.equal('active')
    checkRun()
  })

  it('undoes what it wired when there is no page left', () => {
    const { run, checkRun } = host({ frames: 16 })
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: 32 * PAGE })
    const outcome = run.dispatch({ type: 'host.mlock', pid, va: 0x400000, size: 32 * PAGE })
    if (!('blocked' in outcome)) {
      expect(said(outcome)).to.equal('ENOMEM uvm_fault_wire')
      expect(process(run).entries.every(({ wired }) => wired === 0)).to.equal(true)
      expect(run.world.pmaps[process(run).pmap]?.wired).to.equal(0)
    }
    checkRun()
  })
})

describe('uvm_map_clean()', () => {
  const frameOf = (run: Run, object: number, index: number): number => run.world.memory.resident(object, index)

  it('frees the pages of memory that nobody else refers to', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.touch', pid, va: ANON, access: 'rw' })
    const object = process(run).entries[0]?.object ?? 0
    expect(frameOf(run, object, 0)).to.be.at.least(0)
    run.dispatch({ type: 'host.madvise', ...own, advice: 'free' })
    expect(frameOf(run, object, 0)).to.equal(-1)
    checkRun()
  })

  it('only deactivates those of a slot, which vmm refers to as well, and skips wired ones', () => {
    const { run, checkRun } = host()
    const object = process(run).entries.at(-1)?.object ?? 0
    run.dispatch({ type: 'host.touch', pid, va: SLOT, access: 'rw' })
    run.dispatch({ type: 'host.mlock', ...part })
    run.dispatch({ type: 'host.madvise', ...slot, advice: 'free' })
    const queues = [0, 1].map((index) => run.world.memory.queue(frameOf(run, object, index)))
    expect(queues).to.deep.equal(['inactive', 'none'])
    checkRun()
  })
})

describe('uvmspace_fork()', () => {
  const child = 8
  const entriesOf = (run: Run): readonly (readonly [number, number])[] =>
    process(run, child).entries.map(({ start, size }) => [start, size / PAGE])

  it('gives a child no slot', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.fork', pid, child })
    expect(entriesOf(run)).to.deep.equal([[ANON, 4]])
    expect(process(run, child).entries[0]?.object).to.not.equal(process(run).entries[0]?.object)
    checkRun()
  })

  it('shares what is to be shared, leaves out what is not inherited, and gives zeros where they are asked for', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.minherit', pid, va: ANON, size: PAGE, inherit: 'share' })
    run.dispatch({ type: 'host.minherit', pid, va: ANON + PAGE, size: PAGE, inherit: 'none' })
    run.dispatch({ type: 'host.minherit', pid, va: ANON + 2 * PAGE, size: PAGE, inherit: 'zero' })
    const object = process(run).entries[0]?.object ?? 0
    const before = run.world.objects[object]?.refs ?? 0
    run.dispatch({ type: 'host.fork', pid, child })
    expect(entriesOf(run).map(([start]) => (start - ANON) / PAGE)).to.deep.equal([0, 2, 3])
    expect(process(run, child).entries.map((entry) => entry.object === object)).to.deep.equal([true, false, false])
    expect(run.world.objects[object]?.refs).to.equal(before + 1)
    checkRun()
  })

  it('hands on rights, concealment, immutability and promises, but no lock', () => {
    const { run, checkRun } = replayable({ frames: 4096 })
    run.dispatch({ type: 'host.spawn', pid, pledge: ['vmm', 'proc'] })
    run.dispatch({ type: 'host.mmap', pid, va: ANON, size: PAGE, shared: true, conceal: true, prot: 'r' })
    run.dispatch({ type: 'host.madvise', pid, va: ANON, size: PAGE, advice: 'random' })
    run.dispatch({ type: 'host.mlock', pid, va: ANON, size: PAGE })
    run.dispatch({ type: 'host.fork', pid, child })
    const [entry] = process(run, child).entries
    expect(entry).to.include({ prot: 'r', maxProt: 'rwx', conceal: true, inherit: 'share', advice: 'random', wired: 0 })
    expect(process(run, child).pledge).to.deep.equal(['vmm', 'proc'])
    checkRun()
  })

  it('breaks the promise of a process that did not promise proc', () => {
    const { run, checkRun } = replayable()
    run.dispatch({ type: 'host.spawn', pid, pledge: ['vmm'] })
    expect(said(run.dispatch({ type: 'host.fork', pid, child }))).to.equal('EPERM pledge_syscall')
    expect(process(run).killed).to.equal(true)
    checkRun()
  })
})

describe('uvmspace_exec()', () => {
  it('drops every entry, immutable or not; the VM survives', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.touch', pid, va: SLOT, access: 'rw' })
    expect(said(run.dispatch({ type: 'host.exec', pid }))).to.equal('ok')
    expect(process(run).entries).to.deep.equal([])
    expect(run.world.memory.leafCount(process(run).pmap)).to.equal(0)
    expect(run.world.softc.list).to.have.length(1)
    const object = run.world.vms[1]?.slots[0]?.object ?? 0
    expect(run.world.objects[object]?.refs).to.equal(1)
    checkRun()
  })

  it('waits for the other threads of the process', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
    const outcome = run.dispatch({ type: 'host.exec', pid })
    expect(outcome).to.deep.include({ blocked: 'threads' })
    run.dispatch({ type: 'guest.leave', vm: 1, vcpu: 0 })
    const thread = 'thread' in outcome ? outcome.thread : ''
    expect(run.finish(thread)).to.deep.equal({ ok: true })
    checkRun()
  })
})

describe('uvm_coredump_walkmap()', () => {
  it('leaves concealed memory out', () => {
    const { run, checkRun } = host()
    run.dispatch({ type: 'host.mmap', pid, va: 0x400000, size: PAGE, conceal: true })
    const ranges = [{ start: ANON as Hva, size: 4 * PAGE }]
    expect(run.dispatch({ type: 'host.coredump', pid })).to.deep.equal({ ok: true, ranges })
    checkRun()
  })
})

describe('uvm_map_immutable()', () => {
  it('refuses memory of which a child gets zeros, so that CREATE gives the range up', () => {
    const { run, checkRun } = replayable({ frames: 4096 })
    run.dispatch({ type: 'host.spawn', pid, pledge: [] })
    const ranges = [{ gpa: 0, size: PAGE, memtype: 0, va: 0 }]
    const thread = run.start({ type: 'ioc.create', pid, ranges, ncpus: 1, name: 'vm' })
    while (run.next(thread).name !== 'sealingSlot') run.step(thread)
    run.dispatch({ type: 'host.minherit', pid, va: SLOT, size: PAGE, inherit: 'zero' })
    expect(said(run.finish(thread))).to.equal('EPERM uvm_map_immutable')
    expect(process(run).entries).to.deep.equal([])
    checkRun()
  })
})
