/**
 * VMM_IOC_MPROTECT_EPT, which the design before the patch has.
 *
 * Source: vm_mprotect_ept() and vmx_mprotect_ept() of vmm_machdep.c 1.34 (2024-09-03).
 */
import { expect } from 'chai'
import type { Word64 } from '../../events/address.ts'
import { errnoOf, Host, PAGE, VMD } from './host.ts'

const READ = 1
const WRITE = 2
const EXEC = 4

function protect(host: Host, prot: number, gpa: Word64 = 0, size: Word64 = PAGE, vcpu = 0): string {
  return errnoOf(host.dispatch({ type: 'ioc.mprotectept', pid: VMD, vm: 1, vcpu, gpa, size, prot }))
}

function booted(design = 'vmspace'): Host {
  const host = new Host({ mode: 'ept' }, design)
  if (design === 'vmspace') host.boot()
  return host
}

describe('VMM_IOC_MPROTECT_EPT', () => {
  it('gives the leaves of a range other rights, and brings in what is not there', () => {
    const host = booted()
    host.fault(0)
    expect(protect(host, READ, 0, 2 * PAGE)).to.equal('ok')
    expect([host.leafAt(0), host.leafAt(PAGE)]).to.deep.equal(['m1:0 wired 1 rights 1', 'm1:1 wired 1 rights 1'])
    expect(host.world.pmaps[host.vm.pmap as number]).to.include({ resident: 6 })
    host.finish()
  })

  it('makes RUN come back when the guest does what it may not', () => {
    const host = booted()
    expect(protect(host, READ + EXEC)).to.equal('ok')
    host.enter()
    expect(host.touch(0, 'r')).to.equal('goes on')
    expect(host.touch(0, 'x')).to.equal('goes on')
    expect(host.touch(PAGE, 'rw')).to.equal('goes on')
    expect(host.touch(0, 'w')).to.deep.include({ ok: true, reason: 'protect' })
    expect(host.vm.vcpus[0]).to.include({ life: 'ready' })
    host.finish()
  })

  it('gives rights back as well', () => {
    const host = booted()
    protect(host, READ)
    expect(protect(host, READ + WRITE + EXEC)).to.equal('ok')
    host.enter()
    expect(host.touch(0, 'w')).to.equal('goes on')
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 7')
    host.finish()
  })

  it('tells the TLBs once, at the end', () => {
    const host = booted()
    const seq = host.run.seq
    protect(host, READ, 0, 2 * PAGE)
    const told = host.typesSince(seq).filter((type) => ['pmap.protected', 'ept.invalidated'].includes(type))
    expect(told).to.deep.equal(['pmap.protected', 'pmap.protected', 'ept.invalidated'])
    host.finish()
  })

  it('waits for memory', () => {
    const host = booted()
    host.dispatch({ type: 'fail.next', fn: 'ptp_alloc', k: 1, errno: 'ENOMEM' })
    expect(protect(host, READ)).to.equal('ok')
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 1')
    host.finish()
  })

  for (const [what, errno, ...asked] of [
    ['no right at all', 'EINVAL', 0],
    ['writing without reading', 'EINVAL', WRITE],
    ['writing, executing and a right that there is not', 'EINVAL', 8 + WRITE + EXEC],
    ['an address within a page', 'EINVAL', READ, 8],
    ['no bytes', 'EINVAL', READ, 0, 0],
    ['half a page', 'EINVAL', READ, 0, PAGE / 2],
    ['a range that wraps', 'EINVAL', READ, 2n ** 64n - 4096n, 2 * PAGE],
    ['a range that starts where vmd has its devices', 'EINVAL', READ, 0xf0000000],
    ['a range that ends where vmd has its devices', 'EINVAL', READ, 0xefffe000, 4 * PAGE],
    ['512 GiB', 'EINVAL', READ, 0, 2 ** 39],
    ['a range that starts in a hole', 'EINVAL', READ, 16 * PAGE],
    ['a range that goes on where no memory is', 'EFAULT', READ, 3 * PAGE, 2 * PAGE],
    ['a vCPU that there is not', 'ENOENT', READ, 0, PAGE, 7],
  ] as const)
    it(`refuses ${what}`, () => {
      const host = booted()
      expect(protect(host, ...(asked as unknown as [number, Word64?, Word64?, number?]))).to.equal(errno)
      host.finish()
    })

  it('is busy while a guest left its vCPU otherwise than STOPPED', () => {
    const host = booted()
    host.dispatch({ type: 'host.poke', vm: 1, vcpu: 0, state: 3 })
    expect(protect(host, READ)).to.equal('EBUSY')
    host.finish()
  })

  it('waits for a runner', () => {
    const host = booted()
    host.enter()
    expect(protect(host, READ)).to.equal('asleep on vcpu')
    host.finish()
  })

  it('asks of a pledged process what RUN asks', () => {
    const host = booted()
    host.dispatch({ type: 'host.spawn', pid: 300, pledge: ['vmm', 'proc'] })
    host.dispatch({ type: 'host.spawn', pid: 400, pledge: ['proc'] })
    const asked = { type: 'ioc.mprotectept', vm: 1, vcpu: 0, gpa: 0, size: PAGE, prot: READ } as const
    expect(host.dispatch({ ...asked, pid: 300 })).to.deep.equal({ ok: true })
    expect(host.dispatch({ ...asked, pid: 400 })).to.include({ errno: 'EPERM', at: 'pledge_ioctl_vmm' })
    host.finish()
  })

  it('only takes rights away on RVI, from leaves that are there, and the next fault gives them back', () => {
    const host = new Host({ mode: 'rvi' })
    host.boot()
    host.fault(0)
    expect(protect(host, READ, 0, 2 * PAGE)).to.equal('ok')
    expect(host.leafAt(0)).to.equal('m1:0 wired 1 rights 1')
    expect(host.leafAt(PAGE)).to.equal(null)
    host.enter()
    expect(host.touch(0, 'w')).to.equal('goes on')
    expect(host.leafAt(0)).to.match(/rights 7$/)
    host.finish()
  })

  it('lets writing and executing without reading through, and the guest that touches the page dies', () => {
    const host = booted()
    expect(protect(host, WRITE + EXEC)).to.equal('ok')
    host.enter()
    expect(host.touch(0, 'w')).to.deep.include({ errno: 'EINVAL', at: 'vmx_handle_exit' })
    expect(host.vm.vcpus[0]).to.include({ life: 'terminated' })
    host.finish()
  })

  it('went with the patch', () => {
    const host = booted('aobj')
    expect(protect(host, READ)).to.equal('EINVAL')
    host.finish()
  })
})
