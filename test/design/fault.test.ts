/**
 * The design before the patch: nested faults go through the map of guest-physical space and wire, whoever runs the vCPU.
 *
 * Source: vmx_fault_page(), svm_fault_page() of vmm_machdep.c 1.34 (2024-09-03); uvm_fault_wire() of uvm_fault.c.
 */
import { expect } from 'chai'
import type { Failpoint } from '../../events/command.ts'
import { leafFrame } from '../../src/model/memory.ts'
import { errnoOf, faultAt, Host, PAGE, RANGES, scenario, VMD } from './host.ts'

const OTHER = 300
const RAM = RANGES.slice(0, 1)

describe('a nested fault before the patch', () => {
  scenario('enters a wired page with all rights, and tells no process', (host, mode) => {
    host.boot()
    expect(errnoOf(host.fault(PAGE + 0x123))).to.equal('ok')
    expect(host.leafAt(PAGE)).to.equal('m1:1 wired 1 rights 7')
    const { pmaps, memory, processes } = host.world
    expect(memory.leafCount(processes[VMD]?.pmap as number)).to.equal(0)
    // Only the ordinary tables know wired leaves and reverse mappings.
    expect(pmaps[host.vm.pmap as number]).to.include({ resident: 5, wired: mode === 'rvi' ? 1 : 0 })
    expect(memory.pvCount).to.equal(mode === 'rvi' ? 1 : 0)
  })

  scenario('wires once for each fault', (host) => {
    host.boot()
    for (let i = 0; i < 3; i += 1) host.fault(0)
    host.fault(PAGE)
    expect(host.wires(1 as never)).to.deep.equal({ 0: 3, 1: 1 })
  })

  scenario('wires a page that the process has touched before as well', (host) => {
    const [range] = host.boot()
    host.dispatch({ type: 'host.touch', pid: VMD, va: range?.va ?? 0, access: 'rw' })
    expect(host.wires(1 as never)).to.deep.equal({ 0: 0 })
    host.fault(0)
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 7')
    const { memory, processes } = host.world
    const process = memory.leaf(processes[VMD]?.pmap as number, Number(range?.va) / PAGE)
    expect(leafFrame(process)).to.equal(memory.resident(1, 0))
  })

  scenario('brings a page back from swap, and needs its copy there no more', (host) => {
    const [range] = host.boot()
    host.dispatch({ type: 'host.touch', pid: VMD, va: range?.va ?? 0, access: 'rw' })
    host.dispatch({ type: 'host.pageout', object: 'm1', page: 0 })
    expect(host.world).to.include({ swapUsed: 1 })
    expect(errnoOf(host.fault(0))).to.equal('ok')
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 7')
    expect(host.world).to.include({ swapUsed: 0 })
  })

  scenario('keeps its page from the page daemon', (host) => {
    host.boot()
    host.fault(0)
    expect(errnoOf(host.dispatch({ type: 'host.pageout', object: 'm1', page: 0 }))).to.equal('EBUSY')
  })

  scenario('waits for a page that the page daemon has', (host) => {
    const [range] = host.boot()
    host.dispatch({ type: 'host.touch', pid: VMD, va: range?.va ?? 0, access: 'rw' })
    host.run.start({ type: 'host.pageout', object: 'm1', page: 0 }, 'daemon')
    while (host.run.next('daemon').name !== 'freeing') host.run.step('daemon')
    host.run.start(faultAt(0), 'fault')
    expect(errnoOf(host.run.finish('fault'))).to.equal('asleep on pagedaemon')
    expect(host.leafAt(0)).to.equal(null)
    expect(errnoOf(host.run.finish('daemon'))).to.equal('ok')
    expect(errnoOf(host.run.finish('fault'))).to.equal('ok')
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 7')
  })

  scenario('asks userland about devices, and knows nothing of holes', (host) => {
    host.boot()
    expect(host.fault(2 * PAGE)).to.deep.include({ errno: 'EAGAIN' })
    expect(host.fault(5 * PAGE)).to.deep.include({ errno: 'EINVAL', at: 'vmm_get_guest_memtype' })
    // The function by itself looks at no memory type: what is shared, it wires.
    expect(errnoOf(host.fault(2 * PAGE, VMD, true))).to.equal('ok')
    expect(host.leafAt(2 * PAGE)).to.equal('m2:0 wired 1 rights 7')
    expect(errnoOf(host.fault(5 * PAGE, VMD, true))).to.equal('EFAULT')
  })

  scenario('loads its VMCS again whatever the fault said', (host, mode) => {
    host.boot()
    const loads = () => host.events.filter(({ type }) => type === 'vmcs.reloaded').length
    host.fault(0)
    host.dispatch({ type: 'fail.next', fn: 'uvm_fault_wire', k: 1, errno: 'EIO' })
    expect(errnoOf(host.fault(0))).to.equal('EIO')
    expect(loads()).to.equal(mode === 'ept' ? 2 : 0)
    host.dispatch({ type: 'fail.next', fn: 'uvm_fault_wire', k: 1, errno: 'EIO' })
    host.dispatch({ type: 'fail.next', fn: 'vmptrld', k: 1, errno: 'EIO' })
    expect(errnoOf(host.fault(0))).to.equal(mode === 'ept' ? 'EINVAL' : 'EIO')
  })

  scenario('believes a fault that says that all is well', (host) => {
    host.boot()
    host.dispatch({ type: 'fail.next', fn: 'fault_nomap', k: 1, errno: 'EIO' })
    expect(errnoOf(host.fault(0))).to.equal('ok')
    expect(host.leafAt(0)).to.equal(null)
  })
})

describe('who runs a vCPU before the patch', () => {
  /** What a fault on page 1 comes to, after `prepare` has made ready whoever calls. */
  const outcomeOf = (host: Host, pid: number): readonly (string | null)[] => [
    errnoOf(host.fault(PAGE, pid)),
    host.leafAt(PAGE),
  ]
  const SERVED = ['ok', 'm1:1 wired 1 rights 7']

  scenario('does not matter: its creator', (host) => {
    host.boot()
    expect(outcomeOf(host, VMD)).to.deep.equal(SERVED)
  })
  scenario('does not matter: a process that has nothing mapped', (host) => {
    host.boot()
    host.dispatch({ type: 'host.spawn', pid: OTHER, pledge: [] })
    expect(outcomeOf(host, OTHER)).to.deep.equal(SERVED)
  })
  scenario('does not matter: a process with memory of its own at that address', (host) => {
    const [range] = host.boot()
    host.dispatch({ type: 'host.spawn', pid: OTHER, pledge: [] })
    host.dispatch({ type: 'host.mmap', pid: OTHER, va: range?.va ?? 0, size: 2 * PAGE })
    host.dispatch({ type: 'host.touch', pid: OTHER, va: Number(range?.va) + PAGE, access: 'rw' })
    expect(outcomeOf(host, OTHER)).to.deep.equal(SERVED)
  })
  scenario('does not matter: its creator, once it is another program', (host) => {
    host.boot()
    expect(errnoOf(host.dispatch({ type: 'host.exec', pid: VMD }))).to.equal('ok')
    expect(host.refs).to.deep.equal({ m1: 1, m2: 1, m3: 1 })
    expect(outcomeOf(host, VMD)).to.deep.equal(SERVED)
  })
  scenario('does not matter: a child of its creator', (host) => {
    host.boot()
    expect(errnoOf(host.dispatch({ type: 'host.fork', pid: VMD, child: OTHER }))).to.equal('ok')
    expect(outcomeOf(host, OTHER)).to.deep.equal(SERVED)
  })
  scenario('does not matter: anybody, once the creator is gone', (host) => {
    host.boot()
    host.dispatch({ type: 'host.spawn', pid: OTHER, pledge: [] })
    host.dispatch({ type: 'host.exit', pid: VMD })
    expect(outcomeOf(host, OTHER)).to.deep.equal(SERVED)
  })
})

describe('a shortage during a nested fault before the patch', () => {
  const shortages: readonly Failpoint[] = ['page_alloc', 'ptp_alloc', 'pv_get']
  for (const fn of shortages)
    scenario(`of ${fn} is waited for`, (host, mode) => {
      host.boot()
      host.enter()
      host.dispatch({ type: 'fail.next', fn, k: 1, errno: 'ENOMEM' })
      expect(host.touch(0)).to.equal('goes on')
      expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 7')
      const waits = host.events.filter(({ type }) => type === 'memory.awaited').length
      // EPT has no reverse mappings to run short of.
      expect(waits).to.equal(fn === 'pv_get' && mode === 'ept' ? 0 : 1)
    })

  it('is a panic with the patch where reverse mappings run short, and the end of a vCPU where tables do', () => {
    const create = (host: Host) => host.create(RAM)
    const rvi = new Host({ mode: 'rvi' }, 'aobj')
    expect(errnoOf(create(rvi))).to.equal('ok')
    // The first reverse mapping is that of the process, which waits.
    rvi.dispatch({ type: 'fail.next', fn: 'pv_get', k: 2, errno: 'ENOMEM' })
    expect(errnoOf(rvi.run.dispatch(faultAt(0)))).to.equal('panic in pmap_enter')
    const ept = new Host({ mode: 'ept' }, 'aobj')
    expect(errnoOf(create(ept))).to.equal('ok')
    ept.dispatch({ type: 'host.touch', pid: VMD, va: ept.vm.slots[0]?.hva ?? 0, access: 'rw' })
    ept.enter()
    ept.dispatch({ type: 'fail.next', fn: 'ptp_alloc', k: 1, errno: 'ENOMEM' })
    expect(ept.run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })).to.nested.include({
      'left.errno': 'ENOMEM',
    })
    expect(ept.vm.vcpus[0]?.life).to.equal('terminated')
  })

  for (const mode of ['ept', 'rvi'] as const)
    it(`is ENOMEM when no page is left at all (${mode})`, () => {
      const host = new Host({ mode, frames: 6, swapSlots: 0 })
      host.boot(RAM)
      expect(errnoOf(host.fault(0))).to.equal('ok')
      expect(host.world.memory.framesUsed).to.equal(6)
      expect(errnoOf(host.fault(PAGE))).to.equal('ENOMEM')
      host.finish()
    })
})

describe('VMM_IOC_RUN before the patch', () => {
  scenario('serves the guest page by page', (host) => {
    host.boot()
    host.enter()
    for (const gpa of [0, PAGE, 3 * PAGE]) expect(host.touch(gpa)).to.equal('goes on')
    expect([0, PAGE, 3 * PAGE].map((gpa) => host.leafAt(gpa))).to.deep.equal([
      'm1:0 wired 1 rights 7',
      'm1:1 wired 1 rights 7',
      'm3:0 wired 1 rights 7',
    ])
    // What is there needs no fault, and wires no more.
    host.touch(0)
    expect(host.wires(1 as never)).to.deep.equal({ 0: 1, 1: 1 })
  })

  scenario('comes back for devices', (host) => {
    host.boot()
    host.enter()
    expect(host.touch(2 * PAGE)).to.deep.include({ ok: true, reason: 'mmio' })
    expect(host.vm.vcpus[0]).to.include({ life: 'ready', state: 0 })
  })

  scenario('ends the vCPU in a hole', (host) => {
    host.boot()
    host.enter()
    expect(host.touch(9 * PAGE)).to.deep.include({ ok: false, errno: 'EINVAL' })
    expect(host.vm.vcpus[0]).to.include({ life: 'terminated', state: 3 })
  })
})
