/**
 * What single invariants say, and what they do not say, beyond the one wrong step that breaks each.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { Command } from '../../events/command.ts'
import type { Recorded } from '../../events/event.ts'
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import { defineDesign } from '../../src/design/define.ts'
import { vmspace } from '../../src/design/vmspace.ts'
import { createRun } from '../../src/engine/run.ts'
import { Monitor, referenceFault, type Violation } from '../../src/invariant/index.ts'
import { endsStep } from '../../src/invariant/invariant.ts'
import { refuse } from '../../src/kernel/kernel.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld } from '../../src/model/world.ts'
import { driverOf } from '../../src/reduce/drivers.ts'
import type { Played } from '../support/runs.ts'
import { runs } from '../support/seed.ts'
import { ALL } from './known.ts'
import { PAGE, ram, Watched } from './watched.ts'

const VMD = 100
const OTHER = 200

describe('I60: a guest fault', () => {
  const foreign = (watched: Watched): Watched => {
    watched.process(VMD).process(OTHER).create(VMD)
    watched.dispatch({ type: 'host.mmap', pid: OTHER, va: watched.start, size: PAGE })
    watched.touch(OTHER, watched.start)
    watched.fault(OTHER, 0)
    return watched
  }
  it('shows the memory of its caller where the caller is not the creator', () => {
    expect(foreign(new Watched()).of('I60')?.sentence).to.equal(
      'process 200 runs the vCPU, and the guest was given frame 3, which is page 0 of m1, not page 0 of a1',
    )
  })

  it('shows the memory of the VM before the patch, whoever its caller is', () => {
    const watched = new Watched({ design: vmspace }).process(VMD).process(OTHER)
    watched.create(VMD)
    watched.fault(OTHER, 0)
    expect(watched.ids).to.deep.equal([])
  })

  it('fails by itself where nothing is mapped at the address', () => {
    const watched = new Watched().process(VMD).process(OTHER)
    watched.create(VMD)
    watched.fault(OTHER, 0)
    expect(watched.of('I60')).to.include({ call: 'guest.fault', subject: 'vm 1 vcpu 0' })
  })

  it('is another program’s after exec(2), and fails because of it', () => {
    const watched = new Watched().process(VMD)
    watched.create(VMD)
    watched.dispatch({ type: 'host.exec', pid: VMD })
    watched.fault(VMD, 0)
    expect(watched.ids).to.include('I60')
  })

  it('is not blamed on a caller where the host is short', () => {
    const watched = new Watched().process(VMD).process(OTHER)
    watched.create(VMD)
    watched.fail('uvm_fault_wire')
    watched.fault(OTHER, 0)
    expect(watched.ids).to.deep.equal([])
  })

  it('is not blamed on the creator', () => {
    const watched = new Watched().process(VMD)
    watched.create(VMD)
    watched.fail('uvm_fault_wire', 1, 'EFAULT')
    watched.fault(VMD, 0)
    expect(watched.ids).to.deep.equal([])
  })
})

describe('the reference of a fault', () => {
  const watched = new Watched({ whole: false }).process(VMD)
  watched.create(VMD, [
    { gpa: 0, size: PAGE, memtype: 0, va: 0 },
    { gpa: 2 * PAGE, size: 2 * PAGE, memtype: 1, va: 0 },
    { gpa: 4 * PAGE, size: PAGE, memtype: 2, va: 0 },
  ])
  const vm = watched.run.world.vms[1]
  if (vm === undefined) throw new Error('no VM')
  const rows: readonly (readonly [title: string, gpa: number | bigint, wanted: object])[] = [
    ['memory', 0xfff, { verdict: 'completes', page: { object: 1, index: 0 } }],
    ['a hole', PAGE, { verdict: 'dies' }],
    ['the second page of reserved memory', 3 * PAGE, { verdict: 'completes', page: { object: 2, index: 1 } }],
    ['MMIO', 4 * PAGE, { verdict: 'assist' }],
    ['the byte after all', 5 * PAGE, { verdict: 'dies' }],
    ['an address that no number holds', 2n ** 63n, { verdict: 'dies' }],
  ]
  for (const [title, gpa, wanted] of rows)
    it(`is a function of the ranges: ${title}`, () => {
      expect(referenceFault(vm, gpa)).to.deep.equal(wanted)
    })
})

describe('I84: a fault verdict', () => {
  for (const design of ALL)
    it(`is right for memory, MMIO and holes: ${design.name}`, () => {
      const watched = new Watched({ design }).process(VMD)
      watched.create(VMD, [
        { gpa: 0, size: PAGE, memtype: 0, va: 0 },
        { gpa: PAGE, size: PAGE, memtype: 2, va: 0 },
      ])
      for (const page of [0, 1, 2]) watched.fault(VMD, page * PAGE)
      watched.dispatch({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 })
      watched.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 5 * PAGE, access: 'r' })
      expect(watched.ids).to.deep.equal([])
      expect(watched.run.world.vms[1]?.vcpus[0]?.life).to.equal('terminated')
    })

  it('is wrong where memory is taken for a hole', () => {
    const blind = defineDesign(aobjDying, {
      name: 'blind',
      about: 'finds no range',
      primitives: {
        np_fault_classify: (kernel) => refuse(kernel, 'EINVAL', 'vmm_get_guest_memtype', { handler: 'ept' }),
      },
    })
    const watched = new Watched({ design: blind }).process(VMD)
    watched.create(VMD)
    watched.fault(VMD, 0)
    expect(watched.of('I84')?.sentence).to.equal('the vCPU stops with EINVAL for gpa 0x0, where the VM has memory')
  })
})

describe('I55: validation', () => {
  /** What a monitor that knows the design says of a request with this address, or with this answer. */
  function judged(design: typeof aobj, va: number | bigint, accepts: boolean): readonly string[] {
    const found: string[] = []
    const odd = defineDesign(design, {
      name: 'odd',
      about: 'validates in a way of its own',
      primitives: {
        vm_create_check_mem_ranges: (kernel) =>
          accepts ? { type: 'done' } : refuse(kernel, 'EINVAL', 'vm_create_check_mem_ranges'),
      },
    })
    const run = createRun({ design: accepts ? design : odd })
    const { memoryFrom } = design
    const monitor = new Monitor(run.current, { memoryFrom, report: ({ id }: Violation) => found.push(id) })
    run.subscribe((recorded) => monitor.take(recorded, run.current))
    run.dispatch({ type: 'host.spawn', pid: VMD, pledge: [] })
    const ranges = [{ gpa: 0, size: PAGE, memtype: 0, va }]
    run.dispatch({ type: 'ioc.create', pid: VMD, ranges, ncpus: 1, name: 'vm' })
    return found.filter((id) => id === 'I55')
  }
  const FAR = 0x800000000000
  it('takes an address for a wish after the patch', () => {
    expect(judged(aobj, FAR, true)).to.deep.equal([])
    expect(judged(aobj, FAR, false)).to.deep.equal(['I55'])
  })
  it('takes it for memory of the caller before the patch', () => {
    expect(judged(vmspace, FAR, false)).to.deep.equal([])
    expect(judged(vmspace, 0x200000, false)).to.deep.equal(['I55'])
  })
  it('must not accept what no process can have, before the patch', () => {
    const loose = defineDesign(vmspace, {
      name: 'loose',
      about: 'does not look at the addresses of the caller',
      primitives: { vm_create_check_mem_ranges: aobj.primitives.vm_create_check_mem_ranges as never },
    })
    expect(judged(loose, FAR, true)).to.deep.equal(['I55'])
  })
})

describe('I51: an errno', () => {
  it('is told of uvm_share() to nobody, before the patch', () => {
    const watched = new Watched({ design: vmspace }).process(VMD).process(OTHER)
    watched.create(VMD)
    watched.fail('uvm_share')
    watched.dispatch(watched.share(OTHER))
    expect(watched.of('I51')?.sentence).to.equal('uvm_share() said ENOMEM, and SHAREMEM answered 0')
    expect(watched.ids).to.deep.equal(['I50', 'I51'])
  })
  it('is the same as the reason where both are ENOMEM', () => {
    const watched = new Watched({ design: vmspace }).process(VMD)
    watched.fail('uvm_share')
    watched.create(VMD)
    expect(watched.ids).to.deep.equal(['I40b'])
  })
})

describe('I73: the mutex of a pmap', () => {
  /** Whether the end of a VM of so many pages is reported, and on what subject. */
  function told(mode: 'ept' | 'rvi', pages: number): readonly string[] {
    const watched = new Watched({ boot: { mode }, whole: false }).process(VMD)
    watched.create(VMD, ram(pages))
    watched.term(VMD)
    return watched.violations.map(({ id, severity, sentence }) => `${id} ${severity}: ${sentence}`)
  }
  it('is held for each page of the range on EPT, and one more, mapped or not', () => {
    expect(told('ept', 65_535)).to.deep.equal([])
    expect(told('ept', 65_536)).to.deep.equal([
      'I73 warning: pmap_remove() visited 65537 pages under pm_mtx, of which 0 had a leaf; 65536 are allowed',
    ])
  })
  it('is held for what is mapped on RVI', () => {
    expect(told('rvi', 1_000_000)).to.deep.equal([])
  })
})

describe('I80: contents', () => {
  it('are judged from where a monitor joins the run', () => {
    const run = createRun({ design: aobjDying })
    const dispatch = run.dispatch.bind(run)
    dispatch({ type: 'host.spawn', pid: VMD, pledge: [] })
    dispatch({ type: 'ioc.create', pid: VMD, ranges: ram(2), ncpus: 1, name: 'vm' })
    const va = 0x1000000000
    dispatch({ type: 'host.write', pid: VMD, va, value: 7 })
    dispatch({ type: 'host.write', pid: VMD, va: va + PAGE, value: 9 })
    dispatch({ type: 'host.pageout', object: 'a1', page: 1 })
    const found: string[] = []
    const monitor = new Monitor(run.world, { report: ({ id }) => found.push(id) })
    run.subscribe((recorded) => monitor.take(recorded, run.current))
    // Resident, and back from swap.
    expect(dispatch({ type: 'host.read', pid: VMD, va })).to.include({ value: 7 })
    expect(dispatch({ type: 'host.read', pid: VMD, va: va + PAGE })).to.include({ value: 9 })
    expect(found).to.deep.equal([])
    // The guest gets the page unwired; it is evicted and comes back elsewhere.
    dispatch({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 })
    dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w', value: 1 })
    dispatch({ type: 'host.pageout', object: 'a1', page: 0 })
    dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'w', value: 2 })
    expect(dispatch({ type: 'host.read', pid: VMD, va })).to.include({ value: 1 })
    expect(found).to.include('I80')
  })
})

describe('a host that comes to what it must not come to', () => {
  it('does not wake a device that is still being suspended', () => {
    const watched = new Watched().process(VMD)
    watched.create(VMD)
    watched.dispatch({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 })
    expect(watched.dispatch({ type: 'host.suspend' })).to.include({ blocked: 'refcnt_finalize' })
    watched.run.start({ type: 'host.wakeup' }, 'W')
    expect(watched.run.finish('W')).to.include({ blocked: 'quiesced' })
    watched.dispatch({ type: 'guest.leave', vm: 1, vcpu: 0 })
    const [suspending] = watched.run.threads.filter((id) => id !== 'W')
    watched.finish(suspending ?? '')
    watched.finish('W')
    expect(watched.run.world.softc.status).to.equal('active')
    expect(watched.ids).to.deep.equal([])
  })

  it('lets a process end whose thread waits at the gate', () => {
    const watched = new Watched().process(VMD)
    watched.create(VMD)
    watched.dispatch({ type: 'host.suspend' })
    watched.run.start({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 }, 'R')
    expect(watched.run.finish('R')).to.include({ blocked: 'vmmresume' })
    watched.run.start({ type: 'host.exit', pid: VMD }, 'E')
    expect(watched.run.finish('E')).to.include({ blocked: 'threads' })
    expect(watched.run.finish('R')).to.include({ errno: 'EINTR', at: 'rwsleep' })
    expect(watched.run.finish('E')).to.include({ ok: true })
  })

  it('stops where an access faults on an object that was freed under its entry', () => {
    const watched = new Watched().process(VMD).process(OTHER).process(300)
    watched.create(VMD)
    // Two entries live on a reference that nobody took for them; vmm has the only one.
    watched.until(watched.share(OTHER), 'S', 'referencingObject')
    watched.until(watched.share(300), 'T', 'referencingObject')
    watched.exit(VMD)
    watched.dispatch({ type: 'host.munmap', pid: OTHER, va: watched.start, size: PAGE })
    expect(watched.run.world.objects[1]).to.equal(undefined)
    expect(watched.touch(300, watched.start)).to.deep.equal({ ok: false, panic: { fn: 'uvm_fault', kind: 'uaf' } })
    expect(watched.ids).to.include('I21')
  })
})

describe('contents, wherever a monitor begins', () => {
  /** The reads that were wrong, from the first moment after `from` on at which nothing else was. */
  function wrongReads(
    { boot, events }: Pick<Played, 'boot' | 'events'>,
    from: number,
  ): { wanted: readonly string[]; found: readonly string[] } {
    const memory = new VersionedMemory(boot.frames)
    const driver = driverOf('inPlace', bootWorld(boot, memory), memory)
    let wanted: string[] = []
    const found: string[] = []
    const into = (list: () => string[]) => (violation: Violation) => {
      if (violation.id === 'I80' || violation.id === 'I85') list().push(`${violation.seq} ${violation.subject}`)
    }
    const whole = new Monitor(driver.current, { report: into(() => wanted) })
    let joined: Monitor | null = null
    for (const recorded of events) {
      driver.replay(recorded)
      whole.take(recorded, driver.current)
      joined?.take(recorded, driver.current)
      const isBetween = recorded.place !== null || endsStep(recorded.event, recorded.thread)
      // A page that a guest has and its object has not holds something that nobody finds by the object.
      const isSound = whole.standing.every(({ claim }) => claim.about !== 'leaf')
      if (joined === null && recorded.seq >= from && isBetween && isSound && driver.current.panic === null) {
        joined = new Monitor(driver.current, { report: into(() => found) })
        wanted = []
      }
    }
    return joined === null ? { wanted: [], found } : { wanted, found }
  }

  /** Two pages that a process and its guest use while the page daemon wants them. */
  function used(
    acts: readonly (readonly [what: number, page: number, value: number])[],
  ): Pick<Played, 'boot' | 'events'> {
    const events: Recorded[] = []
    const boot: Boot = { ...DEFAULT_BOOT, frames: 64 }
    const run = createRun({ boot, record: (recorded) => events.push(recorded) })
    const va = 0x1000000000
    run.dispatch({ type: 'host.spawn', pid: VMD, pledge: [] })
    run.dispatch({ type: 'ioc.create', pid: VMD, ranges: ram(2), ncpus: 1, name: 'vm' })
    run.dispatch({ type: 'ioc.run', pid: VMD, vm: 1, vcpu: 0 })
    for (const [what, page, value] of acts) {
      const guest = { type: 'guest.touch', vm: 1, vcpu: 0, gpa: page * PAGE } as const
      const commands: readonly Command[] = [
        { type: 'host.write', pid: VMD, va: va + page * PAGE, value },
        { type: 'host.read', pid: VMD, va: va + page * PAGE },
        { ...guest, access: 'w', value },
        { ...guest, access: 'r', value: null },
        { type: 'host.pageout', object: 'a1', page },
      ]
      run.dispatch(commands[what % commands.length] as Command)
    }
    return { boot, events }
  }

  it('are judged the same', () => {
    let seen = 0
    const acts = fc.array(fc.tuple(fc.nat(4), fc.nat(1), fc.integer({ min: 1, max: 9 })), {
      minLength: 4,
      maxLength: 24,
    })
    fc.assert(
      fc.property(acts, fc.nat(70), (chosen, from) => {
        const { wanted, found } = wrongReads(used(chosen), from)
        seen += found.length
        expect(found).to.deep.equal(wanted)
      }),
      { numRuns: runs(300) },
    )
    expect(seen).to.be.greaterThan(5)
  })
})
