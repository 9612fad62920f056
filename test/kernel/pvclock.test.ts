/**
 * The clocks of a guest: where they may lie, when they are updated, and what others see of the middle of an update.
 *
 * Source: vmm_gpa_is_valid(), vmm_init_pvclock(), vmm_update_pvclock(), vmm_pv_wall_clock(), vm_rwvmparams() of
 * vmm_machdep.c.
 */
import { expect } from 'chai'
import type { Word64 } from '../../events/address.ts'
import type { Run } from '../../src/engine/run.ts'
import { MSR_SYSTEM_TIME, MSR_WALL_CLOCK } from '../../src/kernel/vmm_instruction.ts'
import { guestOf } from '../../src/model/guest.ts'
import { replayable } from '../support/replayed.ts'

const PAGE = 4096
const SLOT = 0x1000000000
const at = { pid: 100, vm: 1, vcpu: 0 } as const
const guest = { vm: 1, vcpu: 0 } as const
const SERVED = { ok: true, refused: null, left: null }
const REFUSED = { ok: true, refused: 13, left: null }

/** RAM of two pages, MMIO of one, RAM of one, and a hole; the guest runs. */
function running(mode: 'ept' | 'rvi' = 'ept', design?: string) {
  const host = replayable({ mode, frames: 64 }, design)
  const { run } = host
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  const own = design === 'vmspace'
  if (own) run.dispatch({ type: 'host.mmap', pid: 100, va: SLOT, size: 4 * PAGE, shared: true })
  const ranges = [
    { gpa: 0, size: 2 * PAGE, memtype: 0, va: own ? SLOT : 0 },
    { gpa: 2 * PAGE, size: PAGE, memtype: 2, va: own ? SLOT + 2 * PAGE : 0 },
    { gpa: 3 * PAGE, size: PAGE, memtype: 0, va: own ? SLOT + 3 * PAGE : 0 },
  ]
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  run.dispatch({ type: 'ioc.run', ...at })
  return host
}

const kept = (run: Run) => guestOf(run.world.vms[1]?.vcpus[0])
const wrmsr = (run: Run, msr: number, word: Word64) => run.dispatch({ type: 'guest.wrmsr', ...guest, msr, word })
const placeClock = (run: Run, word: Word64) => wrmsr(run, MSR_SYSTEM_TIME, word)
const touch = (run: Run, gpa: number) => run.dispatch({ type: 'guest.touch', ...guest, gpa, access: 'w', value: 0 })
const word = (run: Run, gpa: number): unknown => {
  const found = run.dispatch({ type: 'guest.touch', ...guest, gpa, access: 'r', word: null })
  return 'word' in found ? found.word : found
}
/** As the process sees it. */
const seen = (run: Run, va: number): unknown => {
  const found = run.dispatch({ type: 'host.read', pid: 100, va, word: true })
  return 'word' in found ? found.word : found
}

describe('a clock', () => {
  const places: readonly (readonly [what: string, gpa: Word64, accepted: boolean])[] = [
    ['in RAM', 0x1001, true],
    ['with low bits that say other things', 0x100f, true],
    ['in MMIO', 0x2001, true],
    ['that ends with its range', 0x1fe1, false],
    ['that ends 16 bytes before its range', 0x1fd1, true],
    ['over the end of a page', 0x0ff1, false],
    ['in a hole', 0x8001, false],
    ['far above', 2n ** 63n + 1n, false],
  ]
  for (const [what, gpa, accepted] of places)
    it(`${what} is ${accepted ? 'accepted' : 'a general-protection exception'}`, () => {
      const { run, checkRun } = running()
      expect(placeClock(run, gpa)).to.deep.equal(accepted ? SERVED : REFUSED)
      expect(kept(run).clockGpa).to.equal(accepted ? gpa : 0)
      checkRun()
    })

  for (const mode of ['ept', 'rvi'] as const)
    for (const design of ['aobj', 'aobj-dying', 'vmspace'])
      it(`is updated at once and before each entry: ${design} on ${mode}`, () => {
        const { run, checkRun } = running(mode, design)
        touch(run, 0x1000)
        expect(placeClock(run, 0x1001)).to.deep.equal(SERVED)
        // Once by the MSR write, and once before the entry that follows.
        expect(kept(run).clockVersion).to.equal(2)
        expect(word(run, 0x1000)).to.equal(4)
        const [stamp, time, shift] = [0x1008, 0x1010, 0x1018].map((gpa) => word(run, gpa)) as number[]
        expect(stamp).to.be.greaterThan(0)
        expect(time).to.equal(stamp)
        expect(shift).to.equal(2 ** 40 + 12 * 2 ** 32)
        touch(run, 0)
        expect(word(run, 0x1000)).to.equal(6)
        expect(word(run, 0x1010)).to.be.greaterThan(time ?? 0)
        checkRun()
      })

  it('on a page that the guest never touched is not updated, and nobody is told', () => {
    const { run, checkRun } = running()
    expect(placeClock(run, 0x1001)).to.deep.equal(SERVED)
    touch(run, 0)
    expect(kept(run)).to.include({ clockGpa: 0x1001, clockVersion: 0 })
    touch(run, 0x1000)
    // The entry after the fault finds the page.
    expect(kept(run).clockVersion).to.equal(1)
    checkRun()
  })

  it('that is not wanted is placed and not updated', () => {
    const { run, checkRun } = running()
    touch(run, 0x1000)
    placeClock(run, 0x1000)
    touch(run, 0)
    expect(kept(run)).to.include({ clockGpa: 0x1000, clockVersion: 0 })
    checkRun()
  })

  it('costs an entry of a vCPU without one no event', () => {
    const [plain, other] = [running(), running()]
    // This one has state of its own, and no clock.
    other.run.dispatch({ type: 'guest.writecr', ...guest, cr: 3, word: 0x1000 })
    const faults = [plain, other].map(({ run, events }) => {
      const before = events.length
      touch(run, 0)
      return events.slice(before).map(({ event }) => event.type)
    })
    expect(faults[1]).to.deep.equal(faults[0])
  })
})

describe('a wall clock', () => {
  it('is written once, when the guest says where', () => {
    const { run, checkRun } = running()
    run.dispatch({ type: 'guest.touch', ...guest, gpa: 0x1000, access: 'w', word: 0xffffffff00000006n })
    expect(wrmsr(run, MSR_WALL_CLOCK, 0x1000)).to.deep.equal(SERVED)
    // The version was 6, is odd meanwhile, and 8 after; seconds and nanoseconds of the boot.
    expect([word(run, 0x1000), word(run, 0x1008)]).to.deep.equal([8, 0])
    touch(run, 0)
    expect(word(run, 0x1000)).to.equal(8)
    checkRun()
  })

  it('lies where it lies: nothing is aligned', () => {
    const { run, checkRun } = running()
    touch(run, 0x1000)
    expect(wrmsr(run, MSR_WALL_CLOCK, 0x1006)).to.deep.equal(SERVED)
    expect(word(run, 0x1000)).to.equal(2 * 2 ** 48)
    checkRun()
  })

  const places: readonly (readonly [what: string, gpa: number, touched: boolean])[] = [
    ['on a page that was never touched', 0x1000, false],
    ['that ends with its range', 0x1ff4, true],
    ['over the end of a page', 0x0ff8, true],
    ['in a hole', 0x8000, false],
  ]
  for (const [what, gpa, touched] of places)
    it(`${what} is a general-protection exception`, () => {
      const { run, checkRun } = running()
      if (touched) touch(run, gpa - (gpa % PAGE))
      expect(wrmsr(run, MSR_WALL_CLOCK, gpa)).to.deep.equal(REFUSED)
      checkRun()
    })

  it('was not there before the patch', () => {
    const { run, checkRun } = running('ept', 'vmspace')
    touch(run, 0x1000)
    expect(wrmsr(run, MSR_WALL_CLOCK, 0x1000)).to.deep.equal(SERVED)
    expect(word(run, 0x1000)).to.equal(0)
    expect(wrmsr(run, MSR_WALL_CLOCK, 0x8000)).to.deep.equal(SERVED)
    checkRun()
  })
})

describe('an update of the clock', () => {
  it('can be seen from the process while its version is odd', () => {
    const { run, checkRun } = running()
    touch(run, 0x1000)
    placeClock(run, 0x1001)
    const slot = run.world.vms[1]?.slots[0]?.hva ?? 0
    expect(seen(run, slot + 0x1000)).to.equal(4)
    const before = seen(run, slot + 0x1010)
    const runner = run.runnerOf(1, 0) ?? ''
    run.guestFault(0, runner)
    while (run.next(runner).name !== 'fillingClock') run.step(runner)
    expect([seen(run, slot + 0x1000), seen(run, slot + 0x1010)]).to.deep.equal([7, before])
    while (run.next(runner).name !== 'inGuest') run.step(runner)
    expect(seen(run, slot + 0x1000)).to.equal(6)
    checkRun()
  })

  it('by two at a time leaves an even version before all is written', () => {
    const { run, checkRun } = running()
    touch(run, 0x1000)
    placeClock(run, 0x1001)
    // WRITEVMPARAMS updates the clock on its own thread, without vc_lock; the vCPU does on its own.
    run.start({ type: 'ioc.writevmparams', ...at, mask: 1, gpa: 0x1001, version: 0 }, 'W')
    while (run.next('W').name !== 'fillingClock') run.step('W')
    const runner = run.runnerOf(1, 0) ?? ''
    run.guestFault(0, runner)
    while (run.next(runner).name !== 'inGuest') run.step(runner)
    expect(word(run, 0x1000)).to.equal(8)
    const time = word(run, 0x1010)
    expect(run.finish('W')).to.deep.equal({ ok: true })
    // The guest saw version 8 with a time that changed under it.
    expect(word(run, 0x1000)).to.equal(8)
    expect(word(run, 0x1010)).to.not.equal(time)
    checkRun()
  })
})

describe('READVMPARAMS and WRITEVMPARAMS', () => {
  it('tell what is asked for, also of a vCPU that runs', () => {
    const { run, checkRun } = running()
    placeClock(run, 0x1001)
    expect(run.world.vms[1]?.vcpus[0]?.lock).to.not.equal(null)
    const ask = (mask: number) => run.dispatch({ type: 'ioc.readvmparams', ...at, mask })
    expect(ask(3)).to.deep.equal({ ok: true, clockGpa: 0x1001, clockVersion: 0 })
    expect(ask(1)).to.deep.equal({ ok: true, clockGpa: 0x1001 })
    expect(ask(2)).to.deep.equal({ ok: true, clockVersion: 0 })
    expect(ask(0)).to.deep.equal({ ok: true })
    checkRun()
  })

  it('answer 0 to a place that is refused, and the guest gets an exception', () => {
    const { run, checkRun } = running()
    const write = { type: 'ioc.writevmparams', ...at, gpa: 0x8001, version: 9 } as const
    expect(run.dispatch({ ...write, mask: 3 })).to.deep.equal({ ok: true })
    expect(kept(run)).to.include({ clockGpa: 0, clockVersion: 9, exception: 13 })
    touch(run, 0)
    expect(kept(run).exception).to.equal(null)
    checkRun()
  })

  it('whose exception comes before RUN is lost', () => {
    const { run, events, checkRun } = running()
    run.dispatch({ type: 'guest.leave', ...guest })
    run.dispatch({ type: 'ioc.writevmparams', ...at, mask: 1, gpa: 0x8001, version: 0 })
    expect(kept(run).exception).to.equal(13)
    run.dispatch({ type: 'ioc.run', ...at })
    expect(kept(run).exception).to.equal(null)
    expect(events.some(({ event }) => event.type === 'exception.dropped')).to.equal(true)
    checkRun()
  })
})

describe('INTR', () => {
  it('makes a vCPU that runs leave', () => {
    const { run, checkRun } = running()
    expect(run.dispatch({ type: 'ioc.intr', ...at, pending: true })).to.deep.equal({ ok: true })
    const runner = run.runnerOf(1, 0) ?? ''
    expect(run.finish(runner)).to.deep.equal({ ok: true, reason: 'interrupt', report: null })
    checkRun()
  })

  it('makes it leave after a fault as well', () => {
    const { run, checkRun } = running()
    run.dispatch({ type: 'ioc.intr', ...at, pending: true })
    expect(touch(run, 0)).to.have.nested.property('left.reason', 'interrupt')
    checkRun()
  })

  it('before RUN is overwritten by what RUN says', () => {
    const { run, checkRun } = running()
    run.dispatch({ type: 'guest.leave', ...guest })
    run.dispatch({ type: 'ioc.intr', ...at, pending: true })
    expect(kept(run).interrupt).to.equal(true)
    expect(run.dispatch({ type: 'ioc.run', ...at })).to.include({ blocked: 'guest' })
    expect(kept(run).interrupt).to.equal(false)
    run.dispatch({ type: 'guest.leave', ...guest })
    expect(run.dispatch({ type: 'ioc.run', ...at, interrupt: true })).to.include({ ok: true, reason: 'interrupt' })
    checkRun()
  })

  it('can be taken back', () => {
    const { run, checkRun } = running()
    run.dispatch({ type: 'ioc.intr', ...at, pending: true })
    run.dispatch({ type: 'ioc.intr', ...at, pending: false })
    expect(touch(run, 0)).to.include({ faulted: true, left: null })
    checkRun()
  })
})
