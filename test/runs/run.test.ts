/**
 * VMM_IOC_RUN: into the guest, what its faults come to, and the ways out.
 *
 * Source: vm_run() of vmm.c; vcpu_run_vmx() and vcpu_run_svm() of vmm_machdep.c.
 */
import { expect } from 'chai'
import type { GuestCommand, IocRun } from '../../events/command.ts'
import { createRun } from '../../src/engine/run.ts'
import { VCPU_REQTERM, VCPU_RUNNING, VCPU_STOPPED, VCPU_TERMINATED } from '../../src/model/world.ts'
import { PAGE } from '../support/commands.ts'
import { RANGES, scene } from '../support/scene.ts'

const RUN: IocRun = { type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 }
const RESET = { ...RUN, type: 'ioc.resetcpu' } as const
const LEAVE: GuestCommand = { type: 'guest.leave', vm: 1, vcpu: 0 }
const MMIO = 2 * PAGE
const HOLE = 0x40000000
const touch = (gpa: number | bigint): GuestCommand => ({ type: 'guest.touch', vm: 1, vcpu: 0, gpa, access: 'rw' })
const busy = (at: string) => ({ ok: false, errno: 'EBUSY', at })

describe('a vCPU that is run', () => {
  scene('is in the guest until something makes it leave', (host) => {
    host.create()
    const runner = host.enter()
    expect(host.vcpu()).to.include({ id: 0, state: VCPU_RUNNING, life: 'inGuest', lock: runner })
    expect(host.run.runnerOf(1, 0)).to.equal(runner)
    expect(host.resume(runner)).to.deep.equal({ blocked: 'guest' })
    expect(host.acts(LEAVE, runner)).to.deep.equal({ ok: true, reason: 'guest', report: null })
    expect(host.vcpu()).to.include({ id: 0, state: VCPU_STOPPED, life: 'ready', lock: null })
    expect(host.run.runnerOf(1, 0)).to.equal(null)
    expect(host.vm().holders).to.deep.equal(['list'])
  })

  scene('is seen RUNNING by INFO', (host) => {
    host.create()
    host.enter()
    const info = host.ask({ type: 'ioc.info', pid: 100, size: 1600 })
    expect(info)
      .to.have.nested.property('vms[0].states')
      .that.deep.equals([{ vcpu: 0, state: VCPU_RUNNING }])
  })

  scene('can run again after it left', (host) => {
    host.create()
    expect(host.acts(LEAVE, host.enter())).to.include({ ok: true })
    expect(host.acts(LEAVE, host.enter())).to.include({ ok: true })
    expect(host.count('vcpu.started')).to.equal(2)
  })

  scene('invalidates the EPT translations of its CPU before it enters', (host) => {
    host.create()
    host.enter()
    const types = host.events.map(({ event }) => event.type)
    expect(types.lastIndexOf('ept.invalidated')).to.equal(types.indexOf('vcpu.entered') - 1)
  })

  scene(
    'has no EPT to invalidate on AMD',
    (host) => {
      host.create()
      host.enter()
      expect(host.count('ept.invalidated')).to.equal(0)
    },
    { boot: { mode: 'rvi' } },
  )
})

describe('a guest that touches memory', () => {
  for (const mode of ['ept', 'rvi'] as const) {
    scene(
      `has the page wired and is in the guest again (${mode})`,
      (host) => {
        host.create()
        const runner = host.enter()
        expect(host.acts(touch(PAGE + 5), runner)).to.deep.equal({ at: 'inGuest' })
        expect(host.count('page.wired')).to.equal(1)
        expect(host.count('vmcs.reloaded')).to.equal(mode === 'ept' ? 1 : 0)
        const { pmap } = host.vm()
        expect(host.world.memory.leafAt(pmap ?? 0, 1)).to.include({ read: true, write: true, execute: true })
        expect(host.acts(touch(3 * PAGE), runner)).to.deep.equal({ at: 'inGuest' })
        expect(host.acts(LEAVE, runner)).to.include({ ok: true, reason: 'guest' })
      },
      { boot: { mode } },
    )

    scene(
      `takes the page that the process has touched, and wires nothing (${mode})`,
      (host) => {
        host.create()
        host.touch(100, host.vm().slots[0]?.hva ?? 0)
        expect(host.acts(touch(0), host.enter())).to.deep.equal({ at: 'inGuest' })
        expect(host.count('page.wired')).to.equal(0)
        const leaf = host.world.memory.leafAt(host.vm().pmap ?? 0, 0)
        expect(host.world.memory.wireCount(leaf?.frame ?? -1)).to.equal(0)
      },
      { boot: { mode } },
    )

    scene(
      `goes on after a wait for memory (${mode})`,
      (host) => {
        host.create()
        host.ask({ type: 'fail.next', fn: 'page_alloc', k: 1, errno: 'ENOMEM' })
        expect(host.acts(touch(0), host.enter())).to.deep.equal({ at: 'inGuest' })
        expect(host.count('memory.awaited')).to.equal(1)
      },
      { boot: { mode } },
    )
  }

  it('does not leave for a page that its tables map', () => {
    const run = createRun()
    run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
    run.dispatch({ type: 'ioc.create', pid: 100, ranges: RANGES, ncpus: 1, name: 'vm' })
    run.dispatch(RUN)
    expect(run.dispatch(touch(0))).to.deep.equal({ ok: true, faulted: true, left: null })
    const { seq } = run
    expect(run.dispatch(touch(0xfff))).to.deep.equal({ ok: true, faulted: false, left: null })
    expect(run.seq).to.equal(seq)
    expect(run.dispatch(touch(PAGE))).to.include({ faulted: true })
    expect(run.dispatch(LEAVE)).to.deep.equal({
      ok: true,
      faulted: false,
      left: { ok: true, reason: 'guest', report: { exit: 'handled', instructionLength: 0, instructionInfo: 0 } },
    })
    expect(run.dispatch(touch(0))).to.deep.equal({ ok: false, errno: 'ESRCH', at: 'guest' })
  })
})

describe('a guest that touches MMIO', () => {
  const rows = [
    { mode: 'ept', instructionLength: 3, instructionInfo: 1 },
    { mode: 'rvi', instructionLength: 4, instructionInfo: 2 },
  ] as const
  for (const { mode, ...instruction } of rows)
    scene(
      `makes RUN answer 0, with the instruction for userland (${mode})`,
      (host) => {
        host.create()
        const answer = host.acts(touch(MMIO), host.enter())
        expect(answer).to.deep.equal({ ok: true, reason: 'mmio', report: { exit: 'mmio', ...instruction } })
        expect(host.vcpu()).to.include({ state: VCPU_STOPPED, life: 'ready', lock: null })
        expect(host.acts(LEAVE, host.enter())).to.include({ ok: true, reason: 'guest' })
      },
      { boot: { mode } },
    )

  scene('makes RUN fail where the instruction length cannot be read', (host) => {
    host.create()
    host.ask({ type: 'fail.next', fn: 'vmread', k: 2, errno: 'EINVAL' })
    const report = { exit: 'mmio', instructionLength: 0, instructionInfo: 0 }
    expect(host.acts(touch(MMIO), host.enter())).to.deep.equal({
      ok: false,
      errno: 'EINVAL',
      at: 'vmx_handle_np_fault',
      report,
    })
    expect(host.vcpu()).to.include({ state: VCPU_TERMINATED })
  })
})

describe('a vCPU that failed', () => {
  for (const gpa of [HOLE, 4 * PAGE, 2n ** 63n])
    scene(`never runs again: no memory at 0x${gpa.toString(16)}`, (host) => {
      host.create()
      const answer = host.acts(touch(gpa), host.enter())
      expect(answer).to.include({ ok: false, errno: 'EINVAL', at: 'vmm_get_guest_memtype' })
      expect(host.vcpu()).to.include({ id: 0, state: VCPU_TERMINATED, life: 'terminated', lock: null })
      expect(host.ask(RUN)).to.deep.equal({ ...busy('vm_run'), report: null })
      expect(host.ask(RESET)).to.deep.equal(busy('vm_resetcpu'))
      expect(host.ask({ type: 'ioc.term', pid: 100, vm: 1 })).to.deep.equal({ ok: true })
    })

  const rows = [
    ['uvm_fault_wire', 'EFAULT', 'EFAULT', 'uvm_fault_wire'],
    ['uvm_fault_wire', 'EIO', 'EIO', 'uvm_fault_wire'],
    ['fault_nomap', 'EINVAL', 'EINVAL', 'pmap_extract'],
    ['vmptrld', 'EINVAL', 'EINVAL', 'vcpu_reload_vmcs_vmx', 2],
    ['vmread', 'EINVAL', 'EINVAL', 'vmx_handle_np_fault'],
  ] as const
  // The run loop has loaded the VMCS once before the fault does.
  for (const [fn, injected, errno, at, k = 1] of rows)
    scene(`is TERMINATED with what ${fn} answers: ${injected}`, (host) => {
      host.create()
      host.ask({ type: 'fail.next', fn, k, errno: injected })
      expect(host.acts(touch(0), host.enter())).to.include({ ok: false, errno, at })
      expect(host.vcpu()).to.include({ state: VCPU_TERMINATED, life: 'terminated', lock: null })
    })

  scene('is TERMINATED for want of a page-table page, where a wait would have done', (host) => {
    host.create()
    host.touch(100, host.vm().slots[0]?.hva ?? 0)
    host.ask({ type: 'fail.next', fn: 'ptp_alloc', k: 1, errno: 'ENOMEM' })
    expect(host.acts(touch(0), host.enter())).to.include({ ok: false, errno: 'ENOMEM', at: 'pmap_enter' })
    expect(host.vcpu()).to.include({ state: VCPU_TERMINATED })
  })

  scene(
    'takes the host down where AMD wants a page-table page',
    (host) => {
      host.create()
      host.touch(100, host.vm().slots[0]?.hva ?? 0)
      host.ask({ type: 'fail.next', fn: 'ptp_alloc', k: 1, errno: 'ENOMEM' })
      const runner = host.enter()
      expect(host.acts(touch(0), runner)).to.deep.equal({ panic: 'pmap_enter' })
      expect(host.run.dispatch(LEAVE)).to.deep.equal({ ok: false, panic: { fn: 'pmap_enter', kind: 'panic' } })
    },
    { boot: { mode: 'rvi' } },
  )

  scene('failed for a runner that has no memory at the address', (host) => {
    host.create()
    host.spawn(200)
    expect(host.acts(touch(0), host.enter(200))).to.include({ ok: false, errno: 'EFAULT', at: 'uvm_fault_wire' })
    expect(host.vcpu()).to.include({ state: VCPU_TERMINATED })
  })
})

describe('vm_run()', () => {
  scene('leaves the state RUNNING when copyin fails, for good', (host) => {
    host.create()
    host.ask({ type: 'fail.next', fn: 'copyin', k: 1, errno: 'EFAULT' })
    expect(host.ask(RUN)).to.deep.equal({ ok: false, errno: 'EFAULT', at: 'copyin', report: null })
    expect(host.vcpu()).to.include({ id: 0, state: VCPU_RUNNING, life: 'running', lock: null })
    expect(host.ask(RUN)).to.deep.equal({ ...busy('vm_run'), report: null })
    expect(host.ask(RESET)).to.deep.equal(busy('vm_resetcpu'))
    expect(host.ask({ type: 'ioc.term', pid: 100, vm: 1 })).to.deep.equal({ ok: true })
  })

  scene('runs a vCPU that a debugger put back to STOPPED after such a failure', (host) => {
    host.create()
    host.ask({ type: 'fail.next', fn: 'copyin', k: 1, errno: 'EFAULT' })
    host.ask(RUN)
    expect(host.ask({ type: 'host.poke', vm: 1, vcpu: 0, state: VCPU_STOPPED })).to.deep.equal({ ok: true })
    expect(host.acts(LEAVE, host.enter())).to.include({ ok: true })
  })

  scene('answers EFAULT when copyout fails, and the vCPU is STOPPED', (host) => {
    host.create()
    host.ask({ type: 'fail.next', fn: 'copyout', k: 1, errno: 'EIO' })
    expect(host.acts(LEAVE, host.enter())).to.deep.equal({ ok: false, errno: 'EFAULT', at: 'copyout', report: null })
    expect(host.vcpu()).to.include({ state: VCPU_STOPPED, life: 'ready', lock: null })
    host.enter()
  })

  scene('makes a second runner wait for vc_lock, and lets it in after the first', (host) => {
    host.create()
    const first = host.enter()
    const second = host.dispatch(RUN)
    expect(host.ending(second)).to.deep.equal({ blocked: 'vcpu' })
    expect(host.resume(second)).to.deep.equal({ blocked: 'vcpu' })
    expect(host.acts(LEAVE, first)).to.include({ ok: true })
    expect(host.resume(second)).to.deep.equal({ blocked: 'guest' })
    expect(host.vcpu().lock).to.equal(second)
  })

  scene('answers EBUSY to a second runner that waited for one that failed', (host) => {
    host.create()
    const first = host.enter()
    const second = host.dispatch(RUN)
    expect(host.acts(touch(HOLE), first)).to.include({ ok: false, errno: 'EINVAL' })
    expect(host.resume(second)).to.deep.equal({ ...busy('vm_run'), report: null })
  })

  scene('makes RESETCPU wait for vc_lock as well', (host) => {
    host.create()
    const runner = host.enter()
    const reset = host.dispatch(RESET)
    expect(host.ending(reset)).to.deep.equal({ blocked: 'vcpu' })
    expect(host.acts(LEAVE, runner)).to.include({ ok: true })
    expect(host.resume(reset)).to.deep.equal({ ok: true })
    expect(host.count('vcpu.reset')).to.equal(1)
  })

  scene('comes back for a signal, from the guest', (host) => {
    host.create()
    const runner = host.enter()
    host.ask({ type: 'host.signal', pid: 100 })
    expect(host.resume(runner)).to.deep.equal({ ok: true, reason: 'signal', report: null })
    expect(host.vcpu()).to.include({ state: VCPU_STOPPED, life: 'ready' })
  })

  scene('comes back for a signal after a fault that it handles first', (host) => {
    host.create()
    const runner = host.enter()
    host.ask({ type: 'host.signal', pid: 100 })
    expect(host.acts(touch(0), runner)).to.include({ ok: true, reason: 'signal' })
    expect(host.count('pmap.entered')).to.be.above(0)
  })

  scene('comes back when somebody asks the vCPU to stop', (host) => {
    host.create()
    const runner = host.enter()
    host.ask({ type: 'host.poke', vm: 1, vcpu: 0, state: VCPU_REQTERM })
    expect(host.resume(runner)).to.include({ ok: true, reason: 'signal' })
    expect(host.vcpu()).to.include({ state: VCPU_STOPPED })
  })

  scene('goes on into the guest when a debugger writes the state word on the way', (host) => {
    host.create()
    const runner = host.stopAt(RUN, 'loading')
    host.ask({ type: 'host.poke', vm: 1, vcpu: 0, state: VCPU_TERMINATED })
    expect(host.resume(runner)).to.deep.equal({ blocked: 'guest' })
    expect(host.vcpu()).to.include({ state: VCPU_TERMINATED, life: 'inGuest' })
  })
})

describe('vm_terminate()', () => {
  scene('waits while a vCPU is in the guest, which still touches its memory', (host) => {
    host.create()
    const runner = host.enter()
    const term = host.dispatch({ type: 'ioc.term', pid: 100, vm: 1 })
    expect(host.ending(term)).to.deep.equal({ blocked: 'refcnt_finalize' })
    expect(host.vm().listed).to.equal(false)
    expect(host.run.runnerOf(1, 0)).to.equal(runner)
    expect(host.acts(touch(0), runner)).to.deep.equal({ at: 'inGuest' })
    expect(host.resume(term)).to.deep.equal({ blocked: 'refcnt_finalize' })
    expect(host.acts(LEAVE, runner)).to.include({ ok: true })
    expect(host.resume(term)).to.deep.equal({ ok: true })
    expect(host.world.vms).to.deep.equal({})
  })
})

describe('a guest of no runner', () => {
  it('cannot act', () => {
    const run = createRun()
    run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
    expect(run.dispatch(LEAVE)).to.deep.equal({ ok: false, errno: 'ESRCH', at: 'guest' })
    run.dispatch({ type: 'ioc.create', pid: 100, ranges: RANGES, ncpus: 1, name: 'vm' })
    expect(run.dispatch(touch(0))).to.deep.equal({ ok: false, errno: 'ESRCH', at: 'guest' })
    const runner = run.start(RUN)
    expect(() => run.guest(LEAVE, runner))
      .to.throw()
      .with.property('code', 'ENG010')
  })
})
