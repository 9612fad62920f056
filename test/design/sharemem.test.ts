/**
 * The design before the patch: a device process gets the guest's memory where it wants it, or is told so.
 *
 * Source: vm_share_mem() of vmm.c 1.2 (2023-05-13); remap_guest_mem() of vmd.
 */
import { expect } from 'chai'
import type { RangeRequest } from '../../events/command.ts'
import type { Outcome } from '../../events/reply.ts'
import { type Dispatch, remapGuestMemory } from '../../src/vmd/guest-memory.ts'
import { DEVICE, errnoOf, type Host, PAGE, scenario, VMD } from './host.ts'

const AT = 0x40000000

/** The VM's ranges, each at a place of the device's choice. */
function wanted(host: Host): readonly RangeRequest[] {
  const ranges = host.boot()
  host.dispatch({ type: 'host.spawn', pid: DEVICE, pledge: [] })
  return ranges.map((range, i) => ({ ...range, va: range.memtype === 2 ? 0 : AT + i * 16 * PAGE }))
}

function share(host: Host, ranges: readonly RangeRequest[], count?: number): Outcome<'ioc.sharemem'> {
  return host.dispatch({
    type: 'ioc.sharemem',
    pid: DEVICE,
    vm: 1,
    ranges,
    va: [],
    ...(count === undefined ? {} : { count }),
  })
}

/** `start object:page` of each entry that the device has. */
function mapped({ world }: Host): readonly string[] {
  return (world.processes[DEVICE]?.entries ?? []).map(
    ({ start, object, offset }) => `${start} ${world.objects[object]?.name}:${offset}`,
  )
}

const BOTH = [`${AT} m1:0`, `${AT + 32 * PAGE} m3:0`]

describe('VMM_IOC_SHAREMEM before the patch', () => {
  scenario('maps all but MMIO where the caller wants it', (host) => {
    expect(errnoOf(share(host, wanted(host)))).to.equal('ok')
    expect(mapped(host)).to.deep.equal(BOTH)
    expect(host.refs).to.deep.equal({ m1: 3, m2: 2, m3: 3 })
    for (const entry of host.world.processes[DEVICE]?.entries ?? [])
      expect(entry).to.include({ immutable: false, conceal: true, inherit: 'share' })
  })

  scenario('shows the page that the guest has', (host) => {
    share(host, wanted(host))
    host.fault(PAGE)
    expect(host.dispatch({ type: 'host.touch', pid: DEVICE, va: AT + PAGE, access: 'w' })).to.include({ faulted: true })
    expect(host.world.memory.residentCount(1)).to.equal(1)
    expect(host.leafAt(PAGE)).to.equal('m1:1 wired 1 rights 7')
  })

  scenario('maps it again and again, as often as it is asked to', (host) => {
    const ranges = wanted(host)
    share(host, ranges)
    share(
      host,
      ranges.map((range) => ({ ...range, va: range.memtype === 2 ? 0 : Number(range.va) + 8 * PAGE })),
    )
    expect(host.refs).to.deep.equal({ m1: 4, m2: 2, m3: 4 })
  })

  for (const [what, spoil] of [
    ['a wrong size', (ranges) => ranges.map((range) => ({ ...range, size: PAGE }))],
    ['a wrong address of the guest', (ranges) => ranges.map((range) => ({ ...range, gpa: Number(range.gpa) + PAGE }))],
    ['a wrong type', (ranges) => ranges.map((range) => ({ ...range, memtype: 0 }))],
    ['too few ranges', (ranges) => ranges.slice(1)],
    ['an address that starts no page', (ranges) => ranges.map((range) => ({ ...range, va: Number(range.va) + 8 }))],
  ] satisfies readonly (readonly [string, (ranges: readonly RangeRequest[]) => readonly RangeRequest[]])[])
    scenario(`answers 0 to ${what}, and maps nothing`, (host) => {
      expect(errnoOf(share(host, spoil(wanted(host))))).to.equal('ok')
      expect(mapped(host)).to.deep.equal([])
    })

  scenario('answers 0 where a place is taken, and leaves what it had mapped', (host) => {
    const ranges = wanted(host)
    host.dispatch({ type: 'host.mmap', pid: DEVICE, va: ranges[2]?.va ?? 0, size: PAGE })
    expect(errnoOf(share(host, ranges))).to.equal('ok')
    expect(mapped(host)).to.deep.equal([BOTH[0], `${AT + 32 * PAGE} m4:0`])
    expect(host.events.find(({ type }) => type === 'share.refused')).to.include({
      slot: 2,
      into: 'process',
      errno: 'ENOMEM',
    })
  })

  scenario('answers 0 where the caller wants nothing', (host) => {
    const ranges = wanted(host).map((range) => ({ ...range, va: 0 }))
    expect(errnoOf(share(host, ranges))).to.equal('ok')
    expect(mapped(host)).to.deep.equal([])
  })

  scenario('finds no VM that is not there', (host) => {
    host.dispatch({ type: 'host.spawn', pid: DEVICE, pledge: [] })
    expect(errnoOf(share(host, []))).to.equal('ENOENT')
  })

  scenario('is not for the VM of somebody else without the promise', (host) => {
    const ranges = wanted(host)
    host.dispatch({ type: 'host.spawn', pid: 300, pledge: ['vmm'] })
    expect(errnoOf(host.dispatch({ type: 'ioc.sharemem', pid: 300, vm: 1, ranges, va: [] }))).to.equal('EPERM')
  })
})

describe("vmd's own part before the patch", () => {
  scenario('lets the kernel choose, gives the places up and asks for them', (host) => {
    const ranges = host.boot()
    host.dispatch({ type: 'host.spawn', pid: DEVICE, pledge: [] })
    const placed = remapGuestMemory(host, DEVICE, 1, ranges)
    expect(placed.ok && placed.ranges.map(({ va }) => va)).to.deep.equal(
      mapped(host).flatMap((line, i) => (i === 0 ? [Number(line.split(' ')[0]), 0] : [Number(line.split(' ')[0])])),
    )
    expect(host.refs).to.deep.equal({ m1: 3, m2: 2, m3: 3 })
  })

  scenario('loses a place that somebody takes in between, and does not hear of it', (host) => {
    const ranges = host.boot()
    host.dispatch({ type: 'host.spawn', pid: DEVICE, pledge: [] })
    let unmapped = 0
    const raced: Dispatch = {
      dispatch(command) {
        const outcome = host.dispatch(command)
        if (command.type === 'host.munmap' && unmapped++ === 0)
          host.dispatch({ type: 'host.mmap', pid: DEVICE, va: command.va, size: PAGE })
        return outcome
      },
    }
    expect(remapGuestMemory(raced, DEVICE, 1, ranges)).to.include({ ok: true })
    expect(host.refs).to.include({ m1: 2, m3: 2 })
  })

  scenario('gives back what it mapped when a range finds no memory', (host) => {
    host.dispatch({ type: 'fail.next', fn: 'uvm_map', k: 3, errno: 'ENOMEM' })
    expect(() => host.allocate()).to.throw('ENOMEM')
    expect(host.world.processes[VMD]?.entries).to.deep.equal([])
    expect(host.refs).to.deep.equal({})
  })
})
