/**
 * CPUs and VMCSs: what is loaded and cleared when, and where a thread may be moved.
 *
 * Source: vcpu_reload_vmcs_vmx(), vcpu_run_vmx(), vcpu_reset_regs_vmx() and vmm_quiesce_vmx() of vmm_machdep.c.
 */
import { expect } from 'chai'
import { aobj } from '../../src/design/aobj.ts'
import { defineDesign } from '../../src/design/define.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { broken, Host, HVA, RUN, scenario } from './cpu-host.ts'

describe('a VMCS', () => {
  scenario('is cleared and loaded where RUN begins, with INVEPT there', (host) => {
    const since = host.events.length
    const thread = host.on(1, RUN)
    expect(host.told(since)).to.deep.equal(['vmcs.cleared 1', 'vmcs.loaded 1', 'vcpu.placed 1', 'ept.invalidated 1'])
    expect(host.vcpu).to.deep.include({
      lastCpu: 1,
      cachedOn: 1,
      vmcs: { state: 'launched', launched: true, active: [1] },
    })
    expect(host.run.current.cpus[1]).to.deep.include({ eptPmap: 2, vmcs: { vm: 1, vcpu: 0 } })
    host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, thread)
  })

  scenario('is fetched from the CPU where it was', (host) => {
    host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, host.on(0, RUN))
    const since = host.events.length
    host.on(1, RUN)
    expect(host.told(since)).to.deep.equal(['vmcs.cleared 0', 'vmcs.loaded 1', 'vcpu.placed 1', 'ept.invalidated 1'])
    expect(broken(host, 'I61')).to.deep.equal([])
  })

  scenario('is taken along when a guest loses its CPU', (host) => {
    const thread = host.on(0, RUN)
    host.move(thread, 1)
    const since = host.events.length
    host.touch(0, thread)
    expect(host.told(since).slice(0, 4)).to.deep.equal([
      'vmcs.cleared 0',
      'vmcs.loaded 1',
      'vcpu.placed 1',
      'ept.invalidated 1',
    ])
    expect(broken(host, 'I61')).to.deep.equal([])
  })

  scenario('is loaded again when another guest has had the CPU', (host) => {
    host.vm(200)
    const first = host.on(0, RUN)
    host.on(0, { ...RUN, pid: 200, vm: 2 })
    const since = host.events.length
    host.touch(0, first)
    expect(host.told(since).slice(0, 3)).to.deep.equal(['vmcs.loaded 0', 'vcpu.placed 0', 'ept.invalidated 0'])
    expect(broken(host, 'I61')).to.deep.equal([])
  })

  scenario('is loaded and left clear by a reset', (host) => {
    host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, host.on(0, RUN))
    const since = host.events.length
    host.on(1, { type: 'ioc.resetcpu', pid: 100, vm: 1, vcpu: 0 })
    expect(host.told(since)).to.deep.equal(['vmcs.cleared 0', 'vmcs.loaded 1', 'vmcs.cleared 1'])
    expect(host.vcpu).to.deep.include({ lastCpu: 0, vmcs: { state: 'clear', launched: false, active: [] } })
  })

  scenario('is cleared before the host sleeps, wherever it is', (host) => {
    host.vm(200)
    host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, host.on(1, RUN))
    host.acts({ type: 'guest.leave', vm: 2, vcpu: 0 }, host.on(0, { ...RUN, pid: 200, vm: 2 }))
    const since = host.events.length
    host.dispatch({ type: 'host.suspend' })
    expect(host.told(since)).to.deep.equal(['vmcs.cleared 0', 'vmcs.cleared 1'])
    expect(host.run.current.cpus.map(({ on }) => on)).to.deep.equal([false, false])
    host.dispatch({ type: 'host.wakeup' })
    expect(host.run.current.cpus.map(({ on }) => on)).to.deep.equal([true, true])
    host.on(1, RUN)
    expect(broken(host, 'I40', 'I45', 'I61')).to.deep.equal([])
  })
})

/** A fault that sleeps for its page on CPU 0 and goes on on CPU 1. */
function sleepsAndMoves(host: Host): string {
  host.dispatch({ type: 'host.touch', pid: 100, va: HVA, access: 'rw' })
  const thread = host.on(0, RUN)
  const name = host.run.current.objects[1]?.name ?? ''
  const daemon = host.start({ type: 'host.pageout', object: name, page: 0 })
  host.step(daemon, 2)
  host.guest({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w', value: 7 }, thread)
  host.step(thread)
  expect(host.run.current.threads[thread]?.waiting).to.equal('pagedaemon')
  host.step(daemon)
  host.move(thread, 1)
  host.step(thread)
  return thread
}

describe('a fault that has slept', () => {
  for (const design of DESIGNS)
    scenario(
      `has its VMCS again on another CPU, and INVEPT before it enters: ${design.name}`,
      (host) => {
        const since = host.events.length
        sleepsAndMoves(host)
        const told = host.told(since)
        expect(told.slice(told.lastIndexOf('vmcs.cleared 0'))).to.deep.equal([
          'vmcs.cleared 0',
          'vmcs.reloaded',
          'vcpu.placed 1',
          'ept.invalidated 1',
        ])
        expect(host.vcpu).to.include({ lastCpu: 1, cachedOn: 1 })
        expect(broken(host, 'I61')).to.deep.equal([])
      },
      {},
      design,
    )

  const forgets = defineDesign(aobj, {
    name: 'aobj, forgets its VMCS',
    about: 'the VMCS is not loaded again after uvm_fault_wire()',
    routines: { 'ioc.run': { reloading: { done: 'extractingAgain' } } },
    primitives: { vcpu_reload_vmcs_vmx: () => ({ type: 'done' }) },
  })
  it('is found to enter another guest where the VMCS is not loaded again', () => {
    const host = new Host({}, forgets)
    sleepsAndMoves(host)
    expect(host.told(0)).to.include('vmcs.missed vmresume')
    expect(broken(host, 'I61')).to.deep.equal(['I61'])
  })
})

describe('a thread', () => {
  const reply = (host: Host): unknown => Object(host.events.at(-1)?.event).reply

  scenario('stays where it neither sleeps nor is preempted', (host) => {
    const thread = host.start({ type: 'ioc.resetcpu', pid: 100, vm: 1, vcpu: 0 })
    for (const [place, ok] of [
      ['filtering', true],
      ['entering', true],
      ['finding', true],
      ['findingVcpu', false],
    ] as const) {
      expect(host.run.current.threads[thread]?.place).to.equal(place)
      host.move(thread, 1)
      expect(reply(host)).to.deep.include(
        ok ? { ok } : { ok, errno: 'EBUSY', why: 'the thread stands where the kernel neither sleeps nor is preempted' },
      )
      host.step(thread, 1)
    }
    host.step(thread)
  })

  scenario('and a CPU have to be there', (host) => {
    host.move('nobody', 1)
    expect(reply(host)).to.include({ ok: false, errno: 'ESRCH' })
    host.move(host.on(0, RUN), 2)
    expect(reply(host)).to.include({ ok: false, errno: 'EINVAL' })
  })
})
