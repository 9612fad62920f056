/**
 * What must happen at last, judged by a fair continuation of a run: who returns, who sleeps for ever and on what, and
 * what nobody can know.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import type { CallCommand } from '../../events/command.ts'
import { give, take, under } from '../../machines/calls/locks.ts'
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import { defineDesign, relocked } from '../../src/design/define.ts'
import type { Design } from '../../src/design/design.ts'
import { createRun } from '../../src/engine/run.ts'
import { runAt } from '../../src/liveness/run-at.ts'
import { type Settled, settle } from '../../src/liveness/settle.ts'
import { livenessOf } from '../../src/liveness/verdicts.ts'
import { readTape, recordTape } from '../../src/node.ts'
import { decodeSnapshot } from '../../src/replay/timeline.ts'
import { encodeSnapshot } from '../../src/tape/recording.ts'
import { toText } from '../../src/tape/text.ts'
import { PAGE, ram, Watched } from '../invariant/watched.ts'
import { plays, take as takeDecision } from '../support/runs.ts'
import { runs } from '../support/seed.ts'
import { MemoryFiles } from '../tape/memory-files.ts'

const VMD = 100
const OTHER = 200

/** A VM of four pages whose guest runs on thread `R`; and calls beside it, each gone as far as it goes. */
function beside(calls: Readonly<Record<string, CallCommand>>, watched = new Watched({ whole: false })): Watched {
  watched.process(VMD).process(OTHER)
  watched.create(VMD, ram(4))
  watched.run.start({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 }, 'R')
  watched.run.finish('R')
  for (const [thread, command] of Object.entries(calls)) {
    watched.run.start(command, thread)
    watched.run.finish(thread)
  }
  return watched
}

/** `I72 term-returns T: holds`, of each verdict. */
function verdictsOf({ run }: Watched, options = {}): readonly string[] {
  return livenessOf(run.world, settle(run, options)).map(
    ({ id, name, thread, verdict }) => `${id} ${name} ${thread}: ${verdict}`,
  )
}

const TERM: CallCommand = { type: 'ioc.term', pid: OTHER, vm: 1 }

describe('a fair continuation', () => {
  it('lets TERM return, by what the guest does and not by what TERM does', () => {
    const watched = beside({ T: TERM })
    const settled = settle(watched.run)
    expect(settled.fates.get('R')).to.deep.include({ kind: 'returns', waitedFor: [] })
    expect(settled.fates.get('T')).to.deep.include({
      kind: 'returns',
      reply: { ok: true },
      waitedFor: ["'R', whose guest had used up its quantum"],
    })
    expect(verdictsOf(watched)).to.deep.equal([
      'I72 term-returns T: holds',
      'I72 term-returns-by-its-own-steps T: violated',
    ])
  })

  it('says that TERM returns by itself where nobody is inside', () => {
    const watched = new Watched({ whole: false }).process(VMD)
    watched.create(VMD)
    watched.run.start({ type: 'ioc.term', pid: VMD, vm: 1 }, 'T')
    expect(verdictsOf(watched)).to.deep.equal([
      'I72 term-returns T: holds',
      'I72 term-returns-by-its-own-steps T: holds',
    ])
  })

  it('leaves the run as it was', () => {
    const watched = beside({ T: TERM })
    const before = watched.run.world
    settle(watched.run)
    expect(watched.run.world).to.equal(before)
    expect(watched.run.threads).to.deep.equal(['R', 'T'])
  })

  it('goes on from a run that was stored', () => {
    const { run } = beside({ T: TERM })
    const stored = decodeSnapshot(encodeSnapshot(run.snapshot()))
    const shown = ({ fates, steps }: Settled) => [[...fates].map(([id, { kind }]) => [id, kind]), steps]
    expect(shown(settle(stored))).to.deep.equal(shown(settle(run)))
  })

  it('suspends the device, wakes it up again, and lets those go on who waited at its gate', () => {
    const watched = beside({ Q: { type: 'host.suspend' }, I: { type: 'ioc.info', pid: OTHER, size: 1600 } })
    expect(verdictsOf(watched)).to.deep.equal([
      'I74 quiesce-completes Q: holds',
      'I74 sleeper-proceeds-after-wakeup I: holds',
    ])
    expect(settle(watched.run).around).to.deep.equal(['the device was woken'])
  })

  it('lets a process end whose thread is in the guest', () => {
    expect(verdictsOf(beside({ E: { type: 'host.exit', pid: VMD } }))).to.deep.equal(['I75 exit-completes E: holds'])
  })

  it('knows nothing past its bound', () => {
    const watched = beside({ T: TERM })
    expect(verdictsOf(watched, { bound: 3 })).to.deep.equal([
      'I72 term-returns T: unknown',
      'I72 term-returns-by-its-own-steps T: unknown',
    ])
    expect(settle(watched.run, { bound: 3 })).to.deep.include({ steps: 3, bound: 3 })
  })

  it('does not know who gives a reference back that no call holds', () => {
    const watched = new Watched({ whole: false }).process(VMD).process(OTHER)
    watched.create(VMD)
    watched.dispatch({ type: 'host.hold', pid: VMD, vm: 1, as: 'h' })
    watched.run.start(TERM, 'T')
    expect(settle(watched.run).fates.get('T')).to.deep.equal({
      kind: 'sleeps',
      on: 'refcnt_finalize',
      for: ["reference 'h'"],
      outside: true,
    })
    expect(verdictsOf(watched)[0]).to.equal('I72 term-returns T: unknown')
  })

  it('does not know it of those who wait for such a call, either', () => {
    const watched = new Watched({ whole: false }).process(VMD)
    watched.create(VMD)
    watched.dispatch({ type: 'host.hold', pid: VMD, vm: 1, as: 'h' })
    watched.run.start({ type: 'ioc.term', pid: VMD, vm: 1 }, 'T')
    watched.run.finish('T')
    watched.run.start({ type: 'host.exit', pid: VMD }, 'E')
    expect(settle(watched.run).fates.get('E')).to.deep.equal({
      kind: 'sleeps',
      on: 'threads',
      for: ["'T'"],
      outside: true,
    })
    expect(verdictsOf(watched)).to.include('I75 exit-completes E: unknown')
  })

  it('gives each of two guests on one CPU its quantum', () => {
    const watched = beside({})
    watched.create(OTHER)
    watched.run.start({ type: 'ioc.run', pid: OTHER, vm: 2, vcpu: 0 }, 'S')
    watched.run.finish('S')
    expect([...settle(watched.run).fates.values()].map(({ kind }) => kind)).to.deep.equal(['returns', 'returns'])
  })

  it('says that the host stops where it does', () => {
    const watched = new Watched({ design: aobj, whole: false }).process(VMD)
    watched.create(VMD)
    for (const thread of ['A', 'B']) watched.until({ type: 'ioc.term', pid: VMD, vm: 1 }, thread, 'unlinkingFound')
    expect(settle(watched.run).fates.get('B')).to.deep.equal({ kind: 'ended', panic: 'trap in trap()' })
    expect(verdictsOf(watched)).to.include('I72 term-returns A: violated')
  })
})

describe('a guest fault without memory', () => {
  /** A host of so few pages that the fault of a guest finds none, and what can be evicted. */
  function starved(swapSlots: number): Watched {
    const watched = new Watched({ whole: false, boot: { frames: 22, swapSlots } }).process(VMD).process(OTHER)
    watched.create(VMD, ram(4))
    watched.dispatch({ type: 'host.mmap', pid: OTHER, va: 0x200000, size: 64 * PAGE })
    watched.run.start({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 }, 'R')
    watched.run.finish('R')
    for (let page = 0; watched.run.current.memory.lowestFreeFrame() >= 0; page += 1)
      watched.run.dispatch({ type: 'host.touch', pid: OTHER, va: 0x200000 + page * PAGE, access: 'w' })
    watched.run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w' })
    return watched
  }

  it('is served once the page daemon has made room', () => {
    const watched = starved(100)
    expect(watched.run.current.threads.R?.waiting).to.equal('memory')
    const { around, fates } = settle(watched.run)
    expect(around[0]).to.match(/^the page daemon evicted m1:\d+$/)
    expect(fates.get('R')).to.include({ kind: 'returns' })
    expect(verdictsOf(watched)).to.deep.equal(['I76 fault-is-answered R: holds'])
  })
})

describe('a design in which threads wait for each other', () => {
  const { 'ioc.create': create } = aobjDying.routines
  const keepsSlock: Design = defineDesign(aobjDying, {
    name: 'keeps sc_slock',
    about: 'virtualization stays on while a VM is made',
    routines: {
      'ioc.create': relocked(create, {
        starting: [take('sc_slock')],
        registering: [...under('vm_lock', 'W'), give('sc_slock')],
      }),
    },
  })

  it('is told that TERM does not return, and for whom it waits', () => {
    const watched = new Watched({ design: keepsSlock, whole: false }).process(VMD).process(OTHER)
    watched.create(VMD)
    watched.until({ type: 'ioc.term', pid: VMD, vm: 1 }, 'T', 'stoppingLast')
    watched.until(watched.request(OTHER), 'C', 'checkingCapacity')
    const settled = settle(watched.run)
    expect(settled.fates.get('T')).to.deep.equal({ kind: 'sleeps', on: 'vmmslk', for: ["'C'"], outside: false })
    expect(settled.fates.get('C')).to.deep.equal({ kind: 'sleeps', on: 'vm_list', for: ["'T'"], outside: false })
    const [verdict] = livenessOf(watched.run.world, settled)
    expect(verdict).to.deep.equal({
      id: 'I72',
      name: 'term-returns',
      thread: 'T',
      verdict: 'violated',
      sentence: "it sleeps on vmmslk, for 'C', and nothing that it waits for can happen any more",
    })
  })
})

describe('the designs of the kernel', () => {
  it('let every call return from wherever it is, but for what lies outside of them', function () {
    this.timeout(120_000)
    let claims = 0
    fc.assert(
      fc.property(plays({ acts: 40 }), ({ boot, design, decisions }) => {
        const run = createRun({ boot, design })
        for (const decision of decisions) takeDecision(run, decision)
        const settled = settle(run, { bound: 3000 })
        for (const [id, fate] of settled.fates) {
          const asked = run.world.threads[id]?.command.type
          expect(fate.kind === 'sleeps' && !fate.outside, `${design.name} ${asked} ${toText(fate)}`).to.equal(false)
          // Where all that can be evicted is what somebody needs, the page daemon takes it again and again.
          const isStarved = settled.around.length > 100
          expect(fate.kind === 'unknown' && !isStarved, `${design.name} ${asked} ${toText(fate)}`).to.equal(false)
        }
        claims += livenessOf(run.world, settled).length
      }),
      { numRuns: runs(150) },
    )
    expect(claims).to.be.greaterThan(20)
  })
})

describe('a run that goes on from a tape', () => {
  it('goes on from the end of the step that a moment lies in', () => {
    const files = new MemoryFiles()
    const { run, recording } = recordTape('run.tape', { design: aobjDying, fileSystem: files, sync: 'never' })
    run.dispatch({ type: 'host.spawn', pid: VMD, pledge: [] })
    run.dispatch({ type: 'ioc.create', pid: VMD, ranges: ram(2), ncpus: 1, name: 'vm' })
    const whole = run.world
    recording.close()
    const reader = readTape(files.files.get('run.tape')?.bytes ?? new Uint8Array())
    for (let seq = 0; seq <= whole.seq; seq += 1) {
      const again = runAt(reader, aobjDying, seq)
      expect(again.seq).to.be.at.least(seq)
      for (const thread of again.threads) again.finish(thread)
      if (again.seq > 3) expect(Object.keys(again.world.processes)).to.deep.equal([`${VMD}`])
    }
    expect(runAt(reader, aobjDying, whole.seq).world.softc).to.deep.equal(whole.softc)
  })
})
