/**
 * Pages that somebody else has: the page daemon, or nobody because there are none left.
 *
 * Source: uvm_fault.c, uao_detach() of uvm_aobj.c, uvmpd_scan_inactive() of uvm_pdaemon.c, pmap_create().
 */
import { expect } from 'chai'
import type { CallCommand } from '../../events/command.ts'
import { PAGE } from '../support/commands.ts'
import { RANGES, ram, type Scene, scene } from '../support/scene.ts'

const SLOT = 0x1000000000
const PAGEOUT: CallCommand = { type: 'host.pageout', object: 'a1', page: 0 }
const waits = { blocked: 'pagedaemon' }

/** A VM of one page, touched by its process, which the page daemon has just made busy. */
function withBusyPage(host: Scene, place = 'protecting'): string {
  host.create([ram(0, 1)])
  host.touch(100, SLOT)
  return host.stopAt(PAGEOUT, place)
}

describe('a page that the page daemon has', () => {
  for (const place of ['protecting', 'writing', 'freeing'])
    scene(`makes an access wait that faults (${place})`, (host) => {
      const daemon = withBusyPage(host, place)
      host.spawn(200)
      host.ask({ type: 'ioc.sharemem', pid: 200, vm: 1, ranges: [ram(0, 1)], va: [] })
      const access = host.dispatch({ type: 'host.touch', pid: 200, va: SLOT, access: 'rw' })
      expect(host.ending(access)).to.deep.equal(waits)
      expect(host.resume(daemon)).to.deep.equal({ ok: true })
      expect(host.resume(access)).to.deep.equal({ ok: true, faulted: true })
      expect(host.world.memory.swapped(1, 0)).to.equal(true)
    })

  scene('makes a fault of the guest wait, whose failpoints count once', (host) => {
    const daemon = withBusyPage(host, 'writing')
    const runner = host.enter()
    host.ask({ type: 'fail.next', fn: 'uvm_fault_wire', k: 2, errno: 'EFAULT' })
    expect(host.acts({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w' }, runner)).to.deep.equal(waits)
    expect(host.resume(runner)).to.deep.equal(waits)
    expect(host.resume(daemon)).to.deep.equal({ ok: true })
    expect(host.resume(runner)).to.deep.equal({ blocked: 'guest' })
    expect(host.world.failpoints).to.deep.equal([{ fn: 'uvm_fault_wire', k: 1, errno: 'EFAULT' }])
    expect(host.world.memory.swapped(1, 0)).to.equal(false)
  })

  scene('makes the end of its object wait, whose last reference is gone by then', (host) => {
    const daemon = withBusyPage(host)
    host.ask({ type: 'host.exit', pid: 100 })
    host.spawn(200)
    const term = host.dispatch({ type: 'ioc.term', pid: 200, vm: 1 })
    expect(host.ending(term)).to.deep.equal(waits)
    expect(host.world.objects[1]).to.include({ refs: 0 })
    expect(host.resume(term)).to.deep.equal(waits)
    expect(host.resume(daemon)).to.deep.equal({ ok: true })
    expect(host.resume(term)).to.deep.equal({ ok: true })
    expect(host.world.objects).to.deep.equal({})
    expect(host.world.swapUsed).to.equal(0)
    expect(host.count('object.released')).to.equal(2)
  })

  scene('makes the end of a process wait where its entry has the last reference', (host) => {
    host.create([ram(0, 1), ram(PAGE, 1)])
    host.touch(100, SLOT)
    host.touch(100, SLOT + PAGE)
    host.ask({ type: 'ioc.term', pid: 100, vm: 1 })
    const daemon = host.stopAt(PAGEOUT, 'protecting')
    const exit = host.dispatch({ type: 'host.exit', pid: 100 })
    expect(host.ending(exit)).to.deep.equal(waits)
    expect(host.resume(daemon)).to.deep.equal({ ok: true })
    expect(host.resume(exit)).to.deep.equal({ ok: true })
    expect(host.world.objects).to.deep.equal({})
    expect(host.count('object.freed')).to.equal(2)
  })

  scene('is freed under a guest that reached it by the way without a fault', (host) => {
    const daemon = withBusyPage(host, 'protecting')
    const runner = host.enter()
    // The process still maps it, so that the guest gets it as it is.
    expect(host.acts({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w' }, runner)).to.deep.equal({
      at: 'inGuest',
    })
    expect(host.resume(daemon)).to.deep.equal({ ok: true })
    const leaf = host.world.memory.leafAt(host.vm().pmap ?? 0, 0)
    expect(host.world.memory.use(leaf?.frame ?? -1)).to.equal('free')
  })

  scene('makes another eviction wait', (host) => {
    const first = withBusyPage(host)
    const second = host.dispatch(PAGEOUT)
    expect(host.ending(second)).to.deep.equal(waits)
    host.resume(first)
    expect(host.resume(second)).to.deep.equal({ ok: false, errno: 'ENOENT', at: 'uvmpd_scan' })
  })
})

describe('a host without a free page', () => {
  // A root for each process, and a root for the VM.
  scene(
    'makes fork(2) wait for one',
    (host) => {
      host.spawn(100)
      host.spawn(200)
      const third = host.dispatch({ type: 'host.spawn', pid: 300, pledge: [] })
      expect(host.ending(third)).to.deep.equal({ blocked: 'memory' })
      host.ask({ type: 'host.exit', pid: 200 })
      expect(host.resume(third)).to.deep.equal({ ok: true })
    },
    { boot: { frames: 2 } },
  )

  scene(
    'makes CREATE wait for one',
    (host) => {
      host.spawn(100)
      host.spawn(200)
      const create = host.dispatch({ type: 'ioc.create', pid: 100, ranges: RANGES, ncpus: 1, name: 'vm' })
      expect(host.ending(create)).to.deep.equal({ blocked: 'memory' })
      host.ask({ type: 'host.exit', pid: 200 })
      expect(host.resume(create)).to.include({ ok: true, id: 1 })
    },
    { boot: { frames: 2 } },
  )

  scene(
    'waits for two at once on a CPU that needs two roots',
    (host) => {
      host.spawn(100)
      const second = host.dispatch({ type: 'host.spawn', pid: 200, pledge: [] })
      expect(host.ending(second)).to.deep.equal({ blocked: 'memory' })
      expect(host.world.memory.framesUsed).to.equal(2)
    },
    { boot: { frames: 3, meltdown: true } },
  )

  for (const [frames, what] of [
    [2, 'page'],
    [3, 'page table'],
    [5, 'page table of the last level'],
  ] as const)
    scene(
      `answers ENOMEM to an access that needs a ${what}`,
      (host) => {
        host.create([ram(0, 2)])
        expect(host.touch(100, SLOT)).to.include({ ok: false, errno: 'ENOMEM', at: 'uvm_fault' })
      },
      { boot: { frames, swapSlots: 0 } },
    )

  scene(
    'ends a vCPU whose fault needs a page',
    (host) => {
      host.create([ram(0, 2)])
      const answer = host.acts({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w' }, host.enter())
      expect(answer).to.include({ ok: false, errno: 'ENOMEM', at: 'uvm_fault_wire' })
      expect(host.vcpu()).to.include({ life: 'terminated' })
    },
    { boot: { frames: 2, swapSlots: 0 } },
  )
})
