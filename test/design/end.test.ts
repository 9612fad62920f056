/**
 * The design before the patch: how a VM ends, in every order, and what becomes of its memory.
 *
 * Source: vm_terminate() and vm_teardown() of vmm.c 1.2; uvmspace_free() and uvm_map_teardown() of uvm_map.c 1.250.
 */
import { expect } from 'chai'
import { remapGuestMemory } from '../../src/vmd/guest-memory.ts'
import { DEVICE, errnoOf, type Host, PAGE, scenario, VMD } from './host.ts'

/** A VM with a device process, a page that the guest has and one that only vmd has. */
function populate(host: Host): void {
  const ranges = host.boot()
  host.dispatch({ type: 'host.spawn', pid: DEVICE, pledge: [] })
  expect(errnoOf(host.dispatch({ type: 'host.touch', pid: VMD, va: ranges[0]?.va ?? 0, access: 'rw' }))).to.equal('ok')
  host.fault(PAGE)
  expect(remapGuestMemory(host, DEVICE, 1, ranges)).to.include({ ok: true })
}

const STEPS = {
  term: (host: Host) => host.dispatch({ type: 'ioc.term', pid: anybody(host), vm: 1 }),
  creator: (host: Host) => host.dispatch({ type: 'host.exit', pid: VMD }),
  device: (host: Host) => host.dispatch({ type: 'host.exit', pid: DEVICE }),
}

/** Somebody who is alive. */
function anybody({ world }: Host): number {
  const [process] = Object.values(world.processes)
  if (process === undefined) throw new Error('nobody is left to terminate the VM')
  return process.pid
}

describe('memory before the patch', () => {
  for (const [order, ledger] of [
    [
      ['term', 'creator', 'device'],
      [{ m1: 2, m2: 1, m3: 2 }, { m1: 1, m3: 1 }, {}],
    ],
    [
      ['term', 'device', 'creator'],
      [{ m1: 2, m2: 1, m3: 2 }, { m1: 1, m2: 1, m3: 1 }, {}],
    ],
    [
      ['creator', 'term', 'device'],
      [{ m1: 2, m2: 1, m3: 2 }, { m1: 1, m3: 1 }, {}],
    ],
    [
      ['device', 'term', 'creator'],
      [{ m1: 2, m2: 2, m3: 2 }, { m1: 1, m2: 1, m3: 1 }, {}],
    ],
  ] as const)
    scenario(`dies with whoever is last: ${order.join(', ')}`, (host) => {
      populate(host)
      expect(host.refs).to.deep.equal({ m1: 3, m2: 2, m3: 3 })
      for (const [i, step] of order.entries()) {
        expect(errnoOf(STEPS[step](host))).to.equal('ok')
        expect(host.refs, step).to.deep.equal(ledger[i])
      }
      expect(host.world.memory).to.include({ framesUsed: 0, pvCount: 0 })
      expect(host.world.pools).to.deep.equal({ vm: 0, vcpu: 0 })
    })

  scenario('stays with a VM that nobody terminates', (host) => {
    populate(host)
    host.dispatch({ type: 'host.exit', pid: VMD })
    host.dispatch({ type: 'host.exit', pid: DEVICE })
    expect(host.refs).to.deep.equal({ m1: 1, m2: 1, m3: 1 })
    expect(host.leafAt(PAGE)).to.equal('m1:1 wired 1 rights 7')
    expect(host.world.softc).to.include({ vmCt: 1, vcpuCt: 1 })
  })

  scenario('stays wired while a process has it, when the VM is gone', (host) => {
    populate(host)
    host.dispatch({ type: 'ioc.term', pid: VMD, vm: 1 })
    expect(host.wires(1 as never)).to.deep.equal({ 0: 0, 1: 1 })
  })
})

describe('VMM_IOC_TERM before the patch', () => {
  scenario('removes leaves by address before it gives the memory back', (host) => {
    populate(host)
    const seq = host.run.seq
    host.dispatch({ type: 'ioc.term', pid: VMD, vm: 1 })
    const told = host.typesSince(seq).filter((type) => !/^(device|table|ept|vcpu|vmcs|lock)/.test(type))
    const entry = ['pmap.removed', 'nested.removed', 'slot.released', 'object.released']
    expect(told).to.deep.equal([
      'vm.referenced',
      'vm.unlinked',
      'vm.released',
      'vm.released',
      'vm.teardownBegun',
      'pmap.cleared',
      ...entry,
      ...entry,
      ...entry,
      'pmap.destroyed',
      'nested.freed',
      'vm.freed',
      'vm.uncounted',
      'vmm.stopped',
    ])
  })

  scenario('takes a page of the next range with it on EPT', (host, mode) => {
    const ranges = host.boot([
      { gpa: 0, size: PAGE, memtype: 0, va: 0 },
      { gpa: PAGE, size: PAGE, memtype: 0, va: 0 },
    ])
    expect(ranges).to.have.length(2)
    host.fault(0)
    host.fault(PAGE)
    host.dispatch({ type: 'ioc.term', pid: VMD, vm: 1 })
    const removed = host.events.flatMap((event) => (event.type === 'pmap.removed' ? [event.pages] : []))
    expect(removed).to.deep.equal(mode === 'ept' ? [2, 0] : [1, 1])
  })

  scenario('runs off the list when two come at once', (host) => {
    host.boot()
    for (const thread of ['one', 'two']) {
      host.run.start({ type: 'ioc.term', pid: VMD, vm: 1 }, thread)
      while (host.run.next(thread).name !== 'unlinkingFound') host.run.step(thread)
    }
    host.run.step('one')
    expect(host.run.step('two')).to.include({ kind: 'panicked', panic: 'trap' })
  })

  scenario('waits for a vCPU in the guest', (host) => {
    host.boot()
    const runner = host.enter()
    const outcome = host.run.dispatch({ type: 'ioc.term', pid: VMD, vm: 1 })
    expect(outcome).to.include({ blocked: 'refcnt_finalize' })
    // No list names the VM any more; its guest goes on, faults and all, until it leaves.
    host.run.guest({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: PAGE, access: 'rw' }, runner)
    expect(host.run.finish(runner)).to.include({ blocked: 'guest' })
    host.run.guest({ type: 'guest.leave', vm: 1, vcpu: 0 }, runner)
    expect(errnoOf(host.run.finish(runner))).to.equal('ok')
    expect('thread' in outcome && errnoOf(host.run.finish(outcome.thread))).to.equal('ok')
    expect(host.refs).to.deep.equal({ m1: 1, m2: 1, m3: 1 })
  })
})
