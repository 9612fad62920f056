/**
 * VMM_IOC_SHAREMEM: what it compares, in the order in which the C looks, what it refuses, and what it leaves behind.
 *
 * Source: vm_share_mem() of vmm.c with the patch of May 2025.
 */
import { expect } from 'chai'
import type { Failpoint, IocSharemem } from '../../events/command.ts'
import type { Errno } from '../../events/errno.ts'
import { checkRun } from '../support/check-run.ts'
import { PAGE } from '../support/commands.ts'
import { mmio, RANGES, ram, Scene, scene } from '../support/scene.ts'

const SHARE: IocSharemem = { type: 'ioc.sharemem', pid: 200, vm: 1, ranges: RANGES, va: [] }

/** A VM of process 100, with process 200 beside it. */
function withTwo(): Scene {
  const host = new Scene()
  host.create()
  host.spawn(200)
  return host
}

describe('the comparison of vm_share_mem()', () => {
  const [first = ram(0, 2), second = mmio(2 * PAGE, 1), third = ram(3 * PAGE, 1)] = RANGES
  const rows: readonly (readonly [what: string, change: Partial<IocSharemem>])[] = [
    ['a range less         ', { ranges: [first, second] }],
    ['a range more         ', { ranges: [...RANGES, ram(9 * PAGE, 1)] }],
    ['no range             ', { ranges: [] }],
    ['a count less         ', { count: 2 }],
    ['a count of 2^64 - 1  ', { count: 2n ** 64n - 1n }],
    ['a type of the first  ', { ranges: [{ ...first, memtype: 1 }, second, third] }],
    ['a type of the MMIO   ', { ranges: [first, { ...second, memtype: 0 }, third] }],
    ['a gpa of the first   ', { ranges: [{ ...first, gpa: PAGE }, second, third] }],
    ['a gpa of the last    ', { ranges: [first, second, { ...third, gpa: 4 * PAGE }] }],
    ['a gpa of 64 bits     ', { ranges: [first, second, { ...third, gpa: 2n ** 63n }] }],
    ['a size of the first  ', { ranges: [{ ...first, size: PAGE }, second, third] }],
    ['a size of the last   ', { ranges: [first, second, { ...third, size: 2 * PAGE }] }],
    ['an address, the first', { va: [0x200000] }],
    ['an address of MMIO   ', { va: [0, 0x200000] }],
    ['an address, the last ', { va: [0, 0, 1] }],
    ['an address of 64 bits', { va: [2n ** 64n - 1n] }],
  ]
  for (const [what, change] of rows)
    it(`answers 0 and does nothing where ${what.trim()} is another`, () => {
      const host = withTwo()
      const given = change.va ?? []
      const va = (change.ranges ?? RANGES).map((_, i) => given[i] ?? 0)
      expect(host.ask({ ...SHARE, ...change })).to.deep.equal({ ok: true, va })
      expect(host.process(200).entries).to.deep.equal([])
      expect(host.vm().refcnt).to.equal(1)
      checkRun(host.played)
    })

  it('does not look at the user address of a range, nor at addresses beyond the ranges', () => {
    const host = withTwo()
    const ranges = RANGES.map((range) => ({ ...range, va: 0x777 }))
    expect(host.ask({ ...SHARE, ranges, va: [0, 0, 0, 5] })).to.include({ ok: true })
    expect(host.process(200).entries).to.have.length(2)
    checkRun(host.played)
  })
})

describe('vm_share_mem()', () => {
  scene('maps all memory sealed, hidden and with a reference each', (host) => {
    host.create()
    host.spawn(200)
    const answer = host.ask(SHARE)
    const [low, high] = host.process(200).entries
    expect(answer).to.deep.equal({ ok: true, va: [low?.start, 0, high?.start] })
    for (const entry of [low, high]) expect(entry).to.include({ immutable: true, conceal: true, inherit: 'none' })
    expect(Object.values(host.world.objects).map(({ refs, owed }) => [refs, owed])).to.deep.equal([
      [3, []],
      [3, []],
    ])
  })

  scene('lets an entry live on a reference that nobody took, for a step', (host) => {
    host.create()
    host.spawn(200)
    const thread = host.stopAt(SHARE, 'referencingObject')
    expect(host.world.objects[1]).to.deep.include({ refs: 2, owed: [thread] })
    expect(host.process(200).entries).to.have.length(1)
    expect(host.resume(thread)).to.include({ ok: true })
    expect(host.world.objects[1]).to.deep.include({ refs: 3, owed: [] })
  })

  scene('maps again whatever is mapped already', (host) => {
    host.create()
    host.ask({ ...SHARE, pid: 100 })
    host.ask({ ...SHARE, pid: 100 })
    expect(host.process(100).entries).to.have.length(6)
    expect(host.world.objects[1]).to.include({ refs: 4 })
  })

  type Row = readonly [
    what: string,
    inject: readonly [Failpoint, number, Errno] | null,
    change: Partial<IocSharemem>,
    answer: string,
  ]
  const rows: readonly Row[] = [
    ['a process that is gone        ', null, { pid: 999 }, 'ESRCH curproc'],
    ['an interrupted wait           ', ['rw_enter', 1, 'EINTR'], {}, 'EINTR rw_enter'],
    ['a VM that is none             ', null, { vm: 2 }, 'ENOENT vm_find'],
    ['a VM 0                        ', null, { vm: 0 }, 'ENOENT vm_find'],
    ['no place for the first slot   ', ['uvm_map', 1, 'ENOMEM'], {}, 'ENOMEM uvm_map'],
    ['another error of uvm_map()    ', ['uvm_map', 1, 'EACCES'], {}, 'EACCES uvm_map'],
    ['no seal on the first slot     ', ['uvm_map_immutable', 1, 'EPERM'], {}, 'EPERM uvm_map_immutable'],
    ['no place for the last slot    ', ['uvm_map', 2, 'ENOMEM'], {}, 'ENOMEM uvm_map'],
    ['no seal on the last slot      ', ['uvm_map_immutable', 2, 'EPERM'], {}, 'EPERM uvm_map_immutable'],
    ['the lookup before the ranges  ', null, { vm: 2, ranges: [] }, 'ENOENT vm_find'],
  ]
  for (const [what, inject, change, wanted] of rows)
    it(`answers ${wanted} to ${what.trim()}, and gives back what it mapped`, () => {
      const host = withTwo()
      if (inject !== null) host.ask({ type: 'fail.next', fn: inject[0], k: inject[1], errno: inject[2] })
      const [errno, at] = wanted.split(' ')
      expect(host.ask({ ...SHARE, ...change })).to.include({ ok: false, errno, at })
      expect(host.process(200).entries).to.deep.equal([])
      expect(Object.values(host.world.objects).map(({ refs }) => refs)).to.deep.equal([2, 2])
      expect(host.vm().refcnt).to.equal(1)
      checkRun(host.played)
    })

  scene('unmaps what lies low in the caller when it gives MMIO back', (host) => {
    host.create([mmio(0, 0x300), ram(0x300 * PAGE, 1), ram(0x301 * PAGE, 1)])
    host.spawn(200)
    expect(host.ask({ type: 'host.mmap', pid: 200, va: 0x200000, size: PAGE })).to.include({ ok: true })
    host.ask({ type: 'fail.next', fn: 'uvm_map', k: 2, errno: 'ENOMEM' })
    const ranges = [mmio(0, 0x300), ram(0x300 * PAGE, 1), ram(0x301 * PAGE, 1)]
    expect(host.ask({ ...SHARE, ranges })).to.include({ ok: false, errno: 'ENOMEM' })
    // Its own page at 0x200000 went with them: the address of an MMIO range is 0.
    expect(host.process(200).entries).to.deep.equal([])
  })
})
