/**
 * The design before the patch: how a VM comes about, what refuses it, and what is left then.
 *
 * Source: vm_create() of vmm.c 1.2, vm_impl_init() of vmm_machdep.c 1.34, uvm_share() of uvm_map.c 1.250.
 */
import { expect } from 'chai'
import { VM_MAXUSER_ADDRESS, type Word64 } from '../../events/address.ts'
import type { RangeRequest } from '../../events/command.ts'
import { leafFrame } from '../../src/model/memory.ts'
import { errnoOf, Host, PAGE, RANGES, scenario, VMD } from './host.ts'

/** What a host has of everything that a VM is made of. */
function leftovers({ world }: Host): object {
  const { vms, softc, pools, pmaps } = world
  return { vms: Object.keys(vms), vmCt: softc.vmCt, pools, pmaps: Object.keys(pmaps).length }
}

const CLEAN = { vms: [], vmCt: 0, pools: { vm: 0, vcpu: 0 }, pmaps: 1 }
const at = (va: Word64, size: number = 2 * PAGE): readonly RangeRequest[] => [{ gpa: 0, size, memtype: 0, va }]

describe('VMM_IOC_CREATE before the patch', () => {
  scenario('shares every range from the caller, MMIO included', (host) => {
    const ranges = host.boot()
    expect(host.refs).to.deep.equal({ m1: 2, m2: 2, m3: 2 })
    expect(host.vm.space?.map(({ start, size, object }) => [start, size, object])).to.deep.equal([
      [0, 2 * PAGE, 1],
      [2 * PAGE, PAGE, 2],
      [3 * PAGE, PAGE, 3],
    ])
    expect(host.vm.slots.map(({ life, hva, object }) => [life, hva, object])).to.deep.equal(
      ranges.map(({ va }) => ['shared', va, null]),
    )
  })

  scenario('keeps what the entries say about core dumps and children', (host) => {
    host.boot()
    for (const entry of host.vm.space ?? []) expect(entry).to.include({ conceal: true, inherit: 'share' })
  })

  scenario('touches no page and enters no leaf', (host) => {
    host.boot()
    const { memory, pmaps } = host.world
    for (const object of memory.objects()) expect(memory.residentCount(object)).to.equal(0)
    expect(pmaps[host.vm.pmap as number]).to.include({ resident: 1, wired: 0 })
  })

  scenario('shares a range that lies in two mappings', (host) => {
    host.dispatch({ type: 'host.mmap', pid: VMD, va: 0x200000, size: PAGE })
    host.dispatch({ type: 'host.mmap', pid: VMD, va: 0x201000, size: 3 * PAGE })
    expect(errnoOf(host.create(at(0x200000, 3 * PAGE)))).to.equal('ok')
    expect(host.vm.space?.map(({ start, size, object, offset }) => [start, size, object, offset])).to.deep.equal([
      [0, PAGE, 1, 0],
      [PAGE, 2 * PAGE, 2, 0],
    ])
  })

  scenario('shares the middle of a mapping, and one mapping twice', (host) => {
    host.dispatch({ type: 'host.mmap', pid: VMD, va: 0x200000, size: 4 * PAGE })
    const ranges = [
      { gpa: 0, size: 2 * PAGE, memtype: 0, va: 0x201000 },
      { gpa: 4 * PAGE, size: PAGE, memtype: 0, va: 0x202000 },
    ]
    expect(errnoOf(host.create(ranges))).to.equal('ok')
    expect(host.refs).to.deep.equal({ m1: 3 })
    host.fault(PAGE)
    host.fault(4 * PAGE)
    // Both are page 2 of the one object: two faults, two wirings, one page.
    expect([host.leafAt(PAGE), host.leafAt(4 * PAGE)]).to.deep.equal(['m1:2 wired 2 rights 7', 'm1:2 wired 2 rights 7'])
  })

  for (const [what, ranges] of [
    ['an address below user space', at(0)],
    ['an address that starts no page', at(0x200800)],
    ['an address above user space', at(VM_MAXUSER_ADDRESS)],
    ['an address of 64 bits', at(2n ** 63n)],
    ['a range that ends where user space does', at(VM_MAXUSER_ADDRESS - 2 * PAGE)],
    ['memory for nothing but devices', [{ gpa: 0, size: PAGE, memtype: 2, va: 0x200000 }]],
  ] as const)
    scenario(`refuses ${what}`, (host) => {
      expect(errnoOf(host.create(ranges))).to.equal('EINVAL')
      expect(leftovers(host)).to.deep.equal(CLEAN)
    })

  scenario('answers ENOMEM to a hole in the process, and leaves its map as it was', (host) => {
    host.allocate(RANGES.slice(0, 1))
    const before = host.run.world.processes[VMD]
    expect(errnoOf(host.create(at(0x300000)))).to.equal('ENOMEM')
    expect(host.world.processes[VMD]).to.deep.equal(before)
    expect(leftovers(host)).to.deep.equal(CLEAN)
    expect(host.refs).to.deep.equal({ m1: 1 })
  })

  scenario('gives back what it shared before it came to the hole', (host) => {
    host.dispatch({ type: 'host.mmap', pid: VMD, va: 0x200000, size: PAGE })
    const seq = host.run.seq
    expect(errnoOf(host.create(at(0x200000, 2 * PAGE)))).to.equal('ENOMEM')
    expect(host.typesSince(seq).filter((type) => /^(nested|slot|share)/.test(type))).to.deep.equal([
      'nested.created',
      'nested.mapped',
      'share.refused',
      'slot.abandoned',
      'nested.removed',
      'nested.freed',
    ])
    expect(host.events.find(({ type }) => type === 'share.refused')).to.include({ slot: 0, errno: 'EINVAL' })
    expect(leftovers(host)).to.deep.equal(CLEAN)
    expect(host.refs).to.deep.equal({ m1: 1 })
  })

  scenario('unwinds when a later range cannot be shared', (host) => {
    const ranges = host.allocate()
    host.dispatch({ type: 'fail.next', fn: 'uvm_share', k: 3, errno: 'ENOMEM' })
    expect(errnoOf(host.create(ranges))).to.equal('ENOMEM')
    expect(leftovers(host)).to.deep.equal(CLEAN)
    expect(host.refs).to.deep.equal({ m1: 1, m2: 1, m3: 1 })
  })

  scenario('passes on what vcpu_init() says, and loses the struct', (host) => {
    const ranges = host.allocate()
    host.dispatch({ type: 'fail.next', fn: 'vcpu_init', k: 1, errno: 'EINVAL' })
    expect(errnoOf(host.create(ranges))).to.equal('EINVAL')
    expect(leftovers(host)).to.deep.equal({ ...CLEAN, pools: { vm: 0, vcpu: 1 } })
    expect(host.refs).to.deep.equal({ m1: 1, m2: 1, m3: 1 })
  })

  it('answers ENOMEM on a CPU without nested paging', () => {
    const host = new Host({ mode: 'unknown' })
    expect(errnoOf(host.create(host.allocate()))).to.equal('ENOMEM')
    expect(leftovers(host)).to.deep.equal(CLEAN)
    host.finish()
  })

  it('looks at the room for vCPUs again once the VM is built', () => {
    const host = new Host({ vcpuMax: 1 })
    const [first = [], second = []] = [host.allocate(), host.allocate()]
    host.run.start({ type: 'ioc.create', pid: VMD, ranges: first, ncpus: 1, name: 'slow' }, 'slow')
    while (host.run.next('slow').name !== 'registering') host.run.step('slow')
    expect(errnoOf(host.create(second))).to.equal('ok')
    expect(errnoOf(host.run.finish('slow'))).to.equal('ENOMEM')
    expect(Object.keys(host.world.vms)).to.have.length(1)
    host.finish()
  })
})

describe('the creator before the patch', () => {
  scenario('may unmap its memory: the VM goes on with it', (host) => {
    const [first] = host.boot() as [RangeRequest]
    host.fault(PAGE)
    expect(errnoOf(host.dispatch({ type: 'host.munmap', pid: VMD, va: first.va, size: first.size }))).to.equal('ok')
    expect(host.refs).to.include({ m1: 1 })
    expect(host.leafAt(PAGE)).to.equal('m1:1 wired 1 rights 7')
    expect(errnoOf(host.fault(0))).to.equal('ok')
  })

  scenario('leaves its memory to a child, which sees what the guest does', (host) => {
    const [first] = host.boot() as [RangeRequest]
    host.dispatch({ type: 'host.fork', pid: VMD, child: 300 })
    expect(host.refs).to.deep.equal({ m1: 3, m2: 3, m3: 3 })
    host.fault(0)
    host.dispatch({ type: 'host.touch', pid: 300, va: first.va, access: 'w' })
    const { memory, processes } = host.world
    expect(memory.residentCount(1)).to.equal(1)
    expect(leafFrame(memory.leaf(processes[300]?.pmap as number, Number(first.va) / PAGE))).to.equal(
      memory.resident(1, 0),
    )
  })

  scenario('may map something else there: the VM keeps what it had', (host) => {
    const [first] = host.boot() as [RangeRequest]
    host.dispatch({ type: 'host.munmap', pid: VMD, va: first.va, size: first.size })
    host.dispatch({ type: 'host.mmap', pid: VMD, va: first.va, size: first.size })
    host.dispatch({ type: 'host.touch', pid: VMD, va: first.va, access: 'rw' })
    host.fault(0)
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 7')
  })
})
