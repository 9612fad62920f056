/**
 * Designs derived from others: what a variant changes, and what is said about one that cannot be.
 */
import { expect } from 'chai'
import { teardown } from '../../machines/calls/fragments.ts'
import { terminateMachineOf } from '../../machines/calls/term.ts'
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import { type Derivation, defineDesign, detoured } from '../../src/design/define.ts'
import type { Design } from '../../src/design/design.ts'
import { digestOfDesign } from '../../src/design/digest.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { UserError } from '../../src/errors.ts'
import { DONE, refuse } from '../../src/kernel/kernel.ts'
import { leafFrame } from '../../src/model/memory.ts'
import { Watched } from '../invariant/watched.ts'
import { errnoOf, faultAt, PAGE, VMD } from './host.ts'

const wiring = { classifying: { done: 'wiring' } }
/** Guest faults wire, whether the caller has the page mapped or not. */
const alwaysWires = defineDesign(aobj, {
  name: 'aobj, always wires',
  about: 'the fault path wires without a look at what the process has mapped',
  routines: { 'guest.fault': wiring, 'ioc.run': wiring },
})

/** vmd touches a page, the guest touches it, and the page daemon wants it. */
function pressed(design: Design, mode: 'ept' | 'rvi', byRun: boolean): Run {
  const run = createRun({ design, boot: { mode } })
  run.dispatch({ type: 'host.spawn', pid: VMD, pledge: [] })
  const ranges = [{ gpa: 0, size: PAGE, memtype: 0, va: 0x200000 }]
  run.dispatch({ type: 'ioc.create', pid: VMD, ranges, ncpus: 1, name: 'vm' })
  run.dispatch({ type: 'host.touch', pid: VMD, va: 0x200000, access: 'rw' })
  if (byRun) {
    run.dispatch({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 })
    run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
    run.dispatch({ type: 'guest.leave', vm: 1, vcpu: 0 })
  } else run.dispatch(faultAt(0))
  return run
}

/** Wire count and use of the page that the guest has at gpa 0. */
function guestPage({ current }: Run): readonly [wires: number, use: string] {
  const packed = current.memory.leaf(current.vms[1]?.pmap as number, 0)
  return [current.memory.wireCount(leafFrame(packed)), current.memory.use(leafFrame(packed))]
}

const evict = (run: Run): string => errnoOf(run.dispatch({ type: 'host.pageout', object: 'a1', page: 0 }))

describe('a variant that always wires', () => {
  for (const mode of ['ept', 'rvi'] as const)
    for (const byRun of [false, true])
      it(`keeps the guest's page where the patch loses it (${mode}, ${byRun ? 'RUN' : 'a fault by itself'})`, () => {
        const patch = pressed(aobj, mode, byRun)
        expect(guestPage(patch)).to.deep.equal([0, 'object'])
        expect(evict(patch)).to.equal('ok')
        // EPT goes on with a page that is free; RVI has lost its leaf, and the TLB is not told.
        if (mode === 'ept') expect(guestPage(patch)).to.deep.equal([0, 'free'])

        const variant = pressed(alwaysWires, mode, byRun)
        expect(guestPage(variant)).to.deep.equal([1, 'object'])
        expect(evict(variant)).to.equal('EBUSY')
        expect(guestPage(variant)).to.deep.equal([1, 'object'])
      })

  it('keeps the invariants that the patch breaks', () => {
    const idsOf = (design: Design): readonly string[] => {
      const watched = new Watched({ design }).process(VMD)
      watched.create(VMD)
      watched.touch(VMD, watched.start)
      watched.fault(VMD, 0)
      watched.dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
      return watched.ids
    }
    expect(idsOf(aobj)).to.deep.equal(['I01', 'I02', 'I06', 'I07'])
    expect(idsOf(alwaysWires)).to.deep.equal([])
  })

  it('is another design, and leaves its base as it was', () => {
    expect(digestOfDesign(alwaysWires)).to.not.equal(digestOfDesign(aobj))
    expect(alwaysWires.routines['ioc.create']).to.equal(aobj.routines['ioc.create'])
    expect(guestPage(pressed(aobj, 'ept', false))).to.deep.equal([0, 'object'])
  })
})

describe('a derived design', () => {
  it('takes a whole routine', () => {
    const early = defineDesign(aobj, {
      name: 'aobj, condemned',
      about: 'the patch with vm_dying, and nothing else',
      routines: { 'ioc.term': terminateMachineOf(true, teardown) },
    })
    const run = pressed(early, 'ept', false)
    for (const thread of ['one', 'two']) {
      run.start({ type: 'ioc.term', pid: VMD, vm: 1 }, thread)
      while (run.next(thread).name !== 'condemning') run.step(thread)
    }
    expect(errnoOf(run.finish('one'))).to.equal('asleep on refcnt_finalize')
    expect(errnoOf(run.finish('two'))).to.equal('EBUSY')
    expect(errnoOf(run.finish('one'))).to.equal('ok')
  })

  it('takes another form of a kernel function', () => {
    const frugal = defineDesign(aobjDying, {
      name: 'one VM',
      about: 'there is room for one vCPU only',
      primitives: {
        check_capacity: (kernel) => (kernel.world.softc.vcpuCt > 0 ? refuse(kernel, 'EBUSY', 'vm_create') : DONE),
      },
    })
    const run = pressed(frugal, 'ept', false)
    const again = {
      type: 'ioc.create',
      pid: VMD,
      ranges: [{ gpa: 0, size: PAGE, memtype: 0, va: 0 }],
      ncpus: 1,
    } as const
    expect(errnoOf(run.dispatch({ ...again, name: 'second' }))).to.equal('EBUSY')
  })

  it('may be derived from again', () => {
    const twice = defineDesign(alwaysWires, {
      name: 'aobj, always wires, no drain',
      about: 'and does not wait for the requests that still use the VM',
      primitives: { refcnt_finalize: () => DONE },
    })
    expect(guestPage(pressed(twice, 'ept', false))).to.deep.equal([1, 'object'])
  })

  it('keeps what a transition tells', () => {
    const machine = detoured(aobj.routines['ioc.term'], { freeingVcpus: { next: 'freeingVcpus' } })
    expect(machine.config.states?.freeingVcpus?.on).to.deep.include({
      next: { target: 'freeingVcpus', actions: 'vcpuDeinit' },
    })
  })
})

describe('a derivation that cannot be', () => {
  const says = (derivation: Partial<Derivation>): string => {
    try {
      defineDesign(aobj, { name: 'odd', about: 'a mistake', ...derivation })
    } catch (error) {
      if (error instanceof UserError) return error.message
      throw error
    }
    return 'nothing'
  }

  it('is told that it needs a name', () => {
    expect(says({ name: '' })).to.equal("a design derived from 'aobj' needs a name of its own; found ''")
    expect(says({ name: 'aobj' })).to.equal("a design derived from 'aobj' needs a name of its own; found 'aobj'")
  })
  it('is told of a routine for what is no command', () => {
    expect(says({ routines: { 'ioc.destroy': {} } as never })).to.equal(
      "design 'odd' has a routine for 'ioc.destroy', which is no command",
    )
  })
  it('is told of a state that there is not', () => {
    expect(says({ routines: { 'host.exit': { tearing: { done: 'replying' } } } })).to.match(
      /^design 'odd': the routine for host\.exit has no state 'tearing'; it has \w+(, \w+)+$/,
    )
  })
  it('is told of a way to a state that there is not', () => {
    expect(says({ routines: { 'host.exit': { removingEntry: { none: 'nowhere' } } } })).to.match(
      /^design 'odd': the routine for host\.exit has no state 'nowhere'; it has /,
    )
  })
  it('is told of an answer that is not taken there', () => {
    expect(says({ routines: { 'guest.fault': { extracting: { done: 'wiring' } } } })).to.equal(
      "design 'odd': the routine for guest.fault takes no 'done' at 'extracting'; it takes page.present, page.absent",
    )
  })
  it('is told of a kernel function that nobody calls', () => {
    expect(says({ primitives: { uvm_share_nested: () => DONE } })).to.equal(
      "design 'odd' has a kernel function 'uvm_share_nested', which no step of it calls",
    )
  })
  it('is told of a step that calls what it does not have', () => {
    const { routines } = defineDesign(aobj, { name: 'same', about: 'nothing differs' })
    const stranger = { ...aobj, primitives: {} }
    expect(() => defineDesign(stranger, { name: 'empty', about: 'no kernel' })).to.throw(
      UserError,
      /^design 'empty' cannot be run: .*has no kernel function '/,
    )
    expect(routines).to.deep.equal(aobj.routines)
  })
})
