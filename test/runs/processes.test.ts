/**
 * How processes begin and end while their threads are in the kernel.
 *
 * Source: exit1() and single_thread_set() of kern_exit.c and kern_sig.c; uvm_map_teardown() of uvm_map.c.
 */
import { expect } from 'chai'
import type { CallCommand, IocCreate } from '../../events/command.ts'
import { PAGE } from '../support/commands.ts'
import { RANGES, ram, scene } from '../support/scene.ts'

const EXIT: CallCommand = { type: 'host.exit', pid: 100 }
const CREATE: IocCreate = { type: 'ioc.create', pid: 100, ranges: RANGES, ncpus: 1, name: 'vm' }
const gone = { ok: false, errno: 'ESRCH', at: 'exit' }

describe('a process that ends', () => {
  scene('leaves its VM, and the references of its slots to vmm', (host) => {
    host.create()
    expect(host.ask(EXIT)).to.deep.equal({ ok: true })
    expect(host.world.processes).to.deep.equal({})
    expect(host.vm().listed).to.equal(true)
    expect(Object.values(host.world.objects).map(({ refs }) => refs)).to.deep.equal([1, 1])
  })

  scene('waits for its thread in CREATE', (host) => {
    host.spawn()
    const create = host.stopAt(CREATE, 'sealingSlot')
    const exit = host.dispatch(EXIT)
    expect(host.ending(exit)).to.deep.equal({ blocked: 'threads' })
    expect(host.resume(create)).to.include({ ok: true, id: 1 })
    expect(host.resume(exit)).to.deep.equal({ ok: true })
  })

  scene('makes its thread leave the guest', (host) => {
    host.create()
    const runner = host.enter()
    const exit = host.dispatch(EXIT)
    expect(host.ending(exit)).to.deep.equal({ blocked: 'threads' })
    expect(host.process(100).signalled).to.equal(true)
    expect(host.resume(exit)).to.deep.equal({ blocked: 'threads' })
    expect(host.resume(runner)).to.include({ ok: true, reason: 'signal' })
    expect(host.resume(exit)).to.deep.equal({ ok: true })
    expect(host.count('process.signalled')).to.equal(1)
  })

  scene('does not wait for threads of others, nor for those that act on it', (host) => {
    host.create()
    host.spawn(200)
    host.start({ type: 'host.signal', pid: 100 })
    host.stopAt({ type: 'ioc.sharemem', pid: 200, vm: 1, ranges: RANGES, va: [] }, 'mappingSlot')
    expect(host.ask(EXIT)).to.deep.equal({ ok: true })
  })

  scene('ends once, whoever is first', (host) => {
    host.create()
    const first = host.start(EXIT)
    const second = host.start(EXIT)
    expect(host.resume(second)).to.deep.equal(gone)
    expect(host.resume(first)).to.deep.equal({ ok: true })
    expect(host.ask(EXIT)).to.deep.equal(gone)
  })

  scene('is gone for its own requests from the moment it begins to end', (host) => {
    host.create()
    const exit = host.stopAt(EXIT, 'removingEntry')
    expect(host.process(100).exiting).to.equal(true)
    expect(host.ask(CREATE)).to.deep.equal({ ok: false, errno: 'ESRCH', at: 'curproc' })
    expect(host.touch(100, host.vm().slots[0]?.hva ?? 0)).to.include({ errno: 'ESRCH' })
    expect(host.ask(EXIT)).to.deep.equal(gone)
    expect(host.ask({ type: 'host.spawn', pid: 100, pledge: [] })).to.deep.equal({
      ok: false,
      errno: 'EEXIST',
      at: 'fork',
    })
    expect(host.resume(exit)).to.deep.equal({ ok: true })
    expect(host.ask({ type: 'host.spawn', pid: 100, pledge: [] })).to.deep.equal({ ok: true })
  })

  scene('ends while its own TERM of another VM waits for a guest', (host) => {
    host.create(RANGES, 200)
    host.spawn(100)
    const runner = host.enter(200)
    const term = host.dispatch({ type: 'ioc.term', pid: 100, vm: 1 })
    const exit = host.dispatch(EXIT)
    expect(host.ending(exit)).to.deep.equal({ blocked: 'threads' })
    host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, runner)
    expect(host.resume(term)).to.deep.equal({ ok: true })
    expect(host.resume(exit)).to.deep.equal({ ok: true })
  })
})

describe('CREATE', () => {
  scene('answers with its VM also when that is gone before the answer', (host) => {
    host.spawn()
    host.spawn(200)
    const create = host.stopAt({ ...CREATE, ranges: [ram(0, 1, 0x200000)] }, 'leaving')
    expect(host.ask({ type: 'ioc.term', pid: 200, vm: 1 })).to.deep.equal({ ok: true })
    expect(host.world.vms).to.deep.equal({})
    expect(host.resume(create)).to.deep.equal({ ok: true, id: 1, va: [0x200000] })
  })

  scene('gives MMIO back the address that it was given', (host) => {
    host.spawn()
    const ranges = [ram(0, 1), { gpa: PAGE, size: PAGE, memtype: 2, va: 0x777000 }]
    expect(host.ask({ ...CREATE, ranges })).to.deep.equal({ ok: true, id: 1, va: [0x1000000000, 0x777000] })
  })
})

describe('threads that want their process for themselves', () => {
  const EXEC: CallCommand = { type: 'host.exec', pid: 100 }

  scene('are one at a time: the second exec(2) is refused', (host) => {
    host.create()
    const [first, second] = [host.start(EXEC), host.start(EXEC)]
    expect(host.resume(first)).to.deep.equal({ ok: false, errno: 'EINTR', at: 'single_thread_set' })
    expect(host.resume(second)).to.deep.equal({ ok: true })
  })

  scene('do not keep the process from its end', (host) => {
    host.create()
    const runner = host.enter()
    const exec = host.dispatch(EXEC)
    const exit = host.dispatch(EXIT)
    expect([host.ending(exec), host.ending(exit)]).to.deep.equal([{ blocked: 'threads' }, { blocked: 'threads' }])
    expect(host.resume(exec)).to.include({ errno: 'EINTR' })
    expect(host.resume(runner)).to.include({ reason: 'signal' })
    expect(host.resume(exit)).to.deep.equal({ ok: true })
  })
})

describe('fork(2)', () => {
  scene(
    'is refused where the copies leave no page for the roots of the child',
    (host) => {
      host.spawn()
      host.ask({ type: 'host.mmap', pid: 100, va: 0x200000, size: PAGE })
      host.touch(100, 0x200000)
      const { framesUsed, framesMax } = host.world.memory
      expect(framesMax - framesUsed).to.equal(1)
      expect(host.ask({ type: 'host.fork', pid: 100, child: 200 })).to.deep.equal({
        ok: false,
        errno: 'ENOMEM',
        at: 'uvmspace_fork',
      })
      expect(Object.keys(host.world.processes)).to.deep.equal(['100'])
    },
    { boot: { frames: 6 } },
  )
})
