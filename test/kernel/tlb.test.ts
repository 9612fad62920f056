/**
 * What is flushed when, what may be cached, and what a vCPU gets of the CPU to be told apart by.
 *
 * Source: vcpu_init_vmx(), vcpu_run_svm(), vcpu_reset_regs_svm() and vmm_alloc_vpid() of vmm_machdep.c; pmap_shootept()
 * of pmap.c.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Design } from '../../src/design/design.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { vmspace } from '../../src/design/vmspace.ts'
import { eachCached, staleOn } from '../../src/model/tlb.ts'
import { checkRun } from '../support/check-run.ts'
import { runs } from '../support/seed.ts'
import { broken, Host, HVA, PAGE, RUN, scenario } from './cpu-host.ts'

describe('an ASID', () => {
  const rvi = { mode: 'rvi' } as const

  scenario(
    'is flushed where the vCPU runs on another CPU, and not where it ran last',
    (host) => {
      host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, host.on(0, RUN))
      const since = host.events.length
      host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, host.on(0, RUN))
      expect(host.told(since)).to.deep.equal([])
      host.on(1, RUN)
      expect(host.told(since)).to.deep.equal(['vcpu.placed 1'])
      expect(host.vcpu).to.include({ cachedOn: 1, tlbControl: 'none', asid: 1 })
    },
    rvi,
  )

  scenario(
    'is flushed after a reset, which writes the nested root down',
    (host) => {
      host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, host.on(0, RUN))
      host.dispatch({ type: 'ioc.resetcpu', pid: 100, vm: 1, vcpu: 0 })
      const root = host.run.current.pmaps[host.run.current.vms[1]?.pmap ?? 0]?.roots[0] ?? 0
      expect(host.vcpu).to.include({ cachedOn: null, tlbControl: 'flush', nestedCr3: root * PAGE })
    },
    rvi,
  )

  scenario(
    'keeps what the page daemon took from the tables until the vCPU moves',
    (host) => {
      host.dispatch({ type: 'host.touch', pid: 100, va: HVA, access: 'rw' })
      const thread = host.on(0, RUN)
      host.touch(0, thread)
      host.touch(PAGE, thread)
      const cached: number[] = []
      eachCached(host.run.current, 0, ({ page }) => cached.push(page))
      expect(cached).to.deep.equal([0, 1])
      host.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
      expect(staleOn(host.run.current, 0)).to.have.lengthOf(1)
      expect(staleOn(host.run.current, 0)[0]).to.include({ vm: 1, vcpu: 0, page: 0, level: 0, freed: true })
      host.touch(0, thread, true)
      expect(host.events.at(-2)?.event).to.include({ type: 'memory.written', cached: true })
      host.move(thread, 1)
      host.touch(PAGE, thread)
      expect(host.run.current.stale).to.deep.equal({})
    },
    rvi,
  )

  scenario(
    'is the lowest that nobody has, and can run out',
    (host) => {
      host.vm(200)
      host.vm(300)
      expect(Object.values(host.run.current.vms).flatMap(({ vcpus }) => vcpus.map(({ asid }) => asid))).to.deep.equal([
        1, 2,
      ])
      expect(host.events.flatMap(({ event }) => (event.type === 'vcpu.initRefused' ? event.errno : []))).to.deep.equal([
        'ENOMEM',
      ])
      host.dispatch({ type: 'ioc.term', pid: 100, vm: 1 })
      host.vm(400)
      expect(Object.values(host.run.current.vms).flatMap(({ vcpus }) => vcpus.map(({ asid }) => asid))).to.deep.equal([
        2, 1,
      ])
    },
    { mode: 'rvi', asids: 2 },
  )
})

describe('the EPT pointer', () => {
  for (const [eptWriteBack, low] of [
    [true, 30],
    [false, 24],
  ] as const)
    scenario(
      `is the root with a walk of four levels, write-back ${eptWriteBack ? '' : 'not '}offered`,
      (host) => {
        const pmap = host.run.current.pmaps[host.run.current.vms[1]?.pmap ?? 0]
        expect(pmap?.eptp).to.equal((pmap?.roots[0] ?? 0) * PAGE + low)
      },
      { eptWriteBack },
    )

  scenario(
    'cannot be made without a walk of four levels',
    (host) => {
      const refused = host.events.find(({ event }) => event.type === 'vcpu.initRefused')
      expect(refused?.event).to.include({ errno: 'EINVAL' })
      expect(host.told(0).slice(0, 2)).to.deep.equal(['vmcs.loaded 0', 'vmcs.freed'])
      expect(host.run.current.vms).to.deep.equal({})
    },
    { eptWalk4: false },
  )
})

describe('INVEPT', () => {
  scenario('goes to the CPUs that had the pmap last, and to the own one', (host) => {
    const thread = host.on(1, RUN)
    host.touch(0, thread)
    host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, thread)
    const since = host.events.length
    host.dispatch({ type: 'ioc.term', pid: 100, vm: 1 })
    expect(host.told(since)).to.include('ept.invalidated 0,1')
  })

  scenario(
    'stays on the own CPU after MPROTECT_EPT',
    (host) => {
      const thread = host.on(1, RUN)
      host.touch(0, thread)
      host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, thread)
      const since = host.events.length
      host.dispatch({ type: 'ioc.mprotectept', pid: 100, vm: 1, vcpu: 0, gpa: 0, size: PAGE, prot: 1 })
      expect(host.told(since)).to.deep.equal(['ept.invalidated 0'])
      expect(broken(host, 'I10')).to.deep.equal([])
    },
    {},
    vmspace,
  )
})

/** Runs of a guest that loses its CPU and its pages. */
const wanderings = fc.record({
  mode: fc.constantFrom('ept' as const, 'rvi' as const),
  design: fc.constantFrom(...DESIGNS),
  acts: fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { minLength: 8, maxLength: 40 }),
})

function wander({ mode, design, acts }: { mode: 'ept' | 'rvi'; design: Design; acts: [number, number][] }): Host {
  const host = new Host({ mode, frames: 64 }, design)
  host.dispatch({ type: 'host.touch', pid: 100, va: HVA, access: 'rw' })
  for (const [what, which] of acts) {
    const { current } = host.run
    const thread = Object.keys(current.threads)[0]
    const name = Object.values(current.objects)[0]?.name ?? 'a1'
    const at = { vm: 1, vcpu: 0, gpa: (which % 2) * PAGE } as const
    const isInGuest = thread !== undefined && current.threads[thread]?.place === 'inGuest'
    if (thread === undefined && what < 6) host.on(which % 2, RUN)
    else if (what === 6 && thread !== undefined) host.move(thread, which % 2)
    else if (what === 7) host.dispatch({ type: 'host.pageout', object: name, page: which % 2 })
    else if (what === 8) host.dispatch({ type: 'host.touch', pid: 100, va: HVA + (which % 2) * PAGE, access: 'rw' })
    else if (what === 9 && thread === undefined) host.dispatch({ type: 'ioc.resetcpu', pid: 100, vm: 1, vcpu: 0 })
    else if (what === 5 && isInGuest) host.acts({ type: 'guest.leave', vm: 1, vcpu: 0 }, thread)
    else if (isInGuest)
      host.acts(
        {
          type: 'guest.touch',
          ...at,
          access: which > 1 ? 'w' : 'r',
          value: which > 1 ? what : null,
          tlb: what % 2 === 0,
        },
        thread,
      )
  }
  return host
}

describe('a guest that loses its CPU and its pages', function () {
  this.timeout(60_000)

  it('goes on with its own VMCS, is judged the same from scratch, and replays', () => {
    let stale = 0
    fc.assert(
      fc.property(wanderings, (given) => {
        const host = wander(given)
        if (Object.keys(host.run.current.stale).length > 0) stale += 1
        expect(broken(host, 'I40', 'I45', 'I61')).to.deep.equal([])
        checkRun(host.played, { moments: 3 })
      }),
      { numRuns: runs(60) },
    )
    expect(stale, 'runs that ended with a stale translation').to.be.above(0)
  })
})
