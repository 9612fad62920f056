/**
 * Locks: what every step says of them, that their order is sound in every design, and what is told of designs in which
 * it is not, at rest and in a run.
 */
import { expect } from 'chai'
import { singleStep } from '../../machines/calls/host.ts'
import { give, LOCKS, sleep, take, under } from '../../machines/calls/locks.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import { defineDesign, relocked } from '../../src/design/define.ts'
import type { Design } from '../../src/design/design.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { type LockFinding, lockFindings, lockOrderOf } from '../../src/design/lock-order.ts'
import { vmspace } from '../../src/design/vmspace.ts'
import { UserError } from '../../src/errors.ts'
import { DONE } from '../../src/kernel/kernel.ts'
import { Watched } from '../invariant/watched.ts'

type Command = keyof Design['routines']
type Locks = Parameters<typeof relocked>[1]

/** The December design with other locks in some states of one routine. */
function variant(type: Command, locks: Locks, base: Design = aobjDying): Design {
  const routines = { [type]: relocked(base.routines[type], locks) }
  return defineDesign(base, { name: 'variant', about: 'other locks', routines })
}

const told = (design: Design): readonly string[] => lockFindings(design).map(({ kind, step }) => `${kind}: ${step}`)

/** Virtualization must stay on while a VM is made: a plausible repair, and a wrong one. */
const keepsSlock = variant('ioc.create', {
  starting: [take('sc_slock')],
  registering: [...under('vm_lock', 'W'), give('sc_slock')],
  tearing: [give('sc_slock')],
  // What fails before anything is there.
  stopping: [give('sc_slock')],
  refusingCapacity: [give('sc_slock')],
})

describe('the locks of a design', () => {
  for (const design of DESIGNS)
    it(`are told of every step, and are sound: ${design.name}`, () => {
      expect(lockFindings(design)).to.deep.equal([])
    })

  it('are taken in the order of the field', () => {
    const order = lockOrderOf(aobjDying).map(({ from, to }) => `${from} > ${to}`)
    expect(order).to.include.members([
      'vm_lock > sc_slock',
      'map > object',
      'object > page queues',
      'page queues > pm_mtx',
      'page queues > nested pm_mtx',
      'vc_lock > map',
    ])
    // vc_lock is not held when vm_lock is wanted; quiesce tries them the other way round without sleeping.
    expect(order).not.to.include.members(['vc_lock > vm_lock'])
    expect(order).not.to.include('vm_lock > vc_lock')
  })

  it('name no function that no design has', () => {
    const called = new Set(DESIGNS.flatMap(({ primitives }) => Object.keys(primitives)))
    expect(Object.keys(LOCKS).filter((name) => !called.has(name))).to.deep.equal([])
  })

  it('leave the map that nobody else can reach out of the order', () => {
    const order = lockOrderOf(vmspace).map(({ from, to }) => `${from} > ${to}`)
    expect(order).to.include('map > nested map')
    expect(order.some((one) => one.includes('new map'))).to.equal(false)
    // Taken for the map that others know by then, CREATE and SHAREMEM would lock two maps in two orders.
    const known = variant('ioc.create', { sharingRange: under('nested map', 'W', ...under('map', 'R')) }, vmspace)
    expect(told(known).map((one) => one.split(':')[0])).to.deep.equal(['cycle'])
  })
})

describe('a design whose locks are wrong', () => {
  it('takes sc_slock before vm_lock', () => {
    const [found, ...more] = lockFindings(keepsSlock).filter(({ kind }) => kind === 'cycle') as [LockFinding]
    expect(more).to.deep.equal([])
    expect(found.sentence).to.match(/takes vm_lock while it holds sc_slock/)
    expect(found.sentence).to.match(/ioc.term stoppingLast takes sc_slock while it holds vm_lock/)
    expect(found.source).to.match(/\w+\(\)/)
  })

  it('sleeps under a mutex of the pmap', () => {
    const wired = variant('ioc.run', {
      extracting: [take('nested pm_mtx')],
      enteringLeaf: [give('nested pm_mtx')],
    })
    const sentences = lockFindings(wired).flatMap(({ kind, step, sentence }) =>
      kind === 'sleeps' && step === 'ioc.run wiring' ? [sentence] : [],
    )
    expect(sentences).to.include('it may sleep for map while nested pm_mtx is held')
    expect(sentences.some((one) => /may sleep while nested pm_mtx is held$/.test(one))).to.equal(true)
  })

  const rows: readonly (readonly [title: string, type: Command, locks: Locks, found: string])[] = [
    ['never gives a lock back', 'ioc.info', { walking: [take('vm_lock', 'R')] }, 'never given: ioc.info replying'],
    ['gives back what it does not hold', 'ioc.info', { walking: [give('vm_lock')] }, 'not held: ioc.info walking'],
    [
      'takes a lock that it holds',
      'ioc.info',
      { walking: [take('vm_lock', 'R'), ...under('vm_lock', 'R'), give('vm_lock')] },
      'again: ioc.info walking',
    ],
    [
      'sleeps under the lock of the page queues',
      'host.pageout',
      { writing: under('page queues', 'W', sleep('the write')) },
      'sleeps: host.pageout writing',
    ],
  ]
  for (const [title, type, locks, found] of rows)
    it(title, () => {
      expect(told(variant(type, locks))).to.include(found)
    })

  it('says that nobody knows the locks of a function of its own', () => {
    const own: Design = {
      ...aobjDying,
      name: 'own',
      routines: { ...aobjDying.routines, 'host.signal': singleStep('signal', 'psignal', 'psignal()') },
      primitives: { ...aobjDying.primitives, psignal: () => DONE },
    }
    expect(told(own)).to.deep.equal(['unknown: host.signal acting'])
  })

  it('names a state that there is not', () => {
    expect(() => relocked(aobjDying.routines['ioc.term'], { nowhere: [] })).to.throw(UserError, /no state 'nowhere'/)
  })
})

describe('threads that wait for locks', () => {
  it('come to a deadlock where the order is wrong, and it is told with their names', () => {
    const watched = new Watched({ design: keepsSlock }).process(100).process(200)
    watched.create(100)
    // TERM has vm_lock and comes to sc_slock; CREATE keeps sc_slock and comes to vm_lock.
    watched.until({ type: 'ioc.term', pid: 100, vm: 1 }, 'T', 'stoppingLast')
    watched.until(watched.request(200), 'C', 'checkingCapacity')
    expect(watched.run.step('T')).to.deep.equal({ kind: 'blocked', on: 'vmmslk' })
    expect(watched.violations).to.deep.equal([])
    expect(watched.run.step('C')).to.deep.equal({ kind: 'blocked', on: 'vm_list' })
    expect(watched.of('I46')).to.include({
      name: 'threads-do-not-wait-in-a-circle',
      thread: 'C',
      call: 'ioc.create',
      place: 'checkingCapacity',
      sentence: "'T' waits for sc_slock, which 'C' holds; 'C' waits for vm_lock, which 'T' holds",
    })
    for (const thread of ['C', 'T']) expect(watched.run.step(thread).kind).to.equal('blocked')
  })

  it('wait for vm_lock while the last TERM switches virtualization off, and go on after it', () => {
    const watched = new Watched().process(100).process(200)
    watched.create(100)
    watched.until({ type: 'ioc.term', pid: 100, vm: 1 }, 'T', 'stoppingLast')
    expect(watched.run.world.locks).to.deep.equal([{ lock: 'vm_lock', of: 0, mode: 'W', thread: 'T', held: true }])
    watched.run.start({ type: 'ioc.info', pid: 200, size: 1600 }, 'I')
    expect(watched.run.finish('I')).to.deep.equal({ ok: false, blocked: 'vm_list', thread: 'I' })
    expect(watched.run.world.locks[1]).to.include({ lock: 'vm_lock', mode: 'R', thread: 'I', held: false })
    watched.finish('T')
    expect(watched.run.finish('I')).to.include({ ok: true, count: 0 })
    expect(watched.run.world.locks).to.deep.equal([])
    expect(watched.ids).to.deep.equal([])
  })

  it('wait for the kernel lock while a vmspace is torn down', () => {
    const watched = new Watched({ design: vmspace }).process(100).process(200)
    watched.create(100)
    watched.until({ type: 'ioc.term', pid: 100, vm: 1 }, 'T', 'releasingEntry')
    expect(watched.run.world.locks).to.deep.equal([{ lock: 'kernel lock', of: 0, mode: 'W', thread: 'T', held: true }])
    watched.run.start({ type: 'host.signal', pid: 200 }, 'S')
    expect(watched.run.finish('S')).to.include({ blocked: 'kernel_lock' })
    // What does not need it goes on.
    expect(watched.touch(100, watched.start)).to.include({ ok: true })
    watched.finish('T')
    watched.finish('S')
    expect(watched.run.world.locks).to.deep.equal([])
    expect(watched.ids).to.deep.equal([])
  })
})
