/**
 * The guest's registers that are kept for a vCPU: what the ioctls read and write, and what the guest's own writes come to.
 *
 * Source: vm_rwregs(), vcpu_reset_regs(), vmx_handle_cr(), vmx_load_pdptes(), svm_handle_msr() of vmm_machdep.c.
 */
import { expect } from 'chai'
import type { Word64 } from '../../events/address.ts'
import type { Command } from '../../events/command.ts'
import type { Registers } from '../../events/guest.ts'
import type { Run } from '../../src/engine/run.ts'
import { Monitor } from '../../src/invariant/index.ts'
import { MSR_EFER } from '../../src/kernel/vmm_instruction.ts'
import { guestOf } from '../../src/model/guest.ts'
import { replayable } from '../support/replayed.ts'

const PAGE = 4096
const at = { pid: 100, vm: 1, vcpu: 0 } as const
const guest = { vm: 1, vcpu: 0 } as const
const PE = 1
const NE = 0x20
const PG = 0x80000000
const PAE = 0x20
const VMXE = 0x2000
const LME = 0x100
const LMA = 0x400

/** A VM of four pages. */
function made(mode: 'ept' | 'rvi', design?: string) {
  const host = replayable({ mode, frames: 64 }, design)
  const { run } = host
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  if (design === 'vmspace') run.dispatch({ type: 'host.mmap', pid: 100, va: 0x600000, size: 4 * PAGE, shared: true })
  const ranges = [{ gpa: 0, size: 4 * PAGE, memtype: 0, va: design === 'vmspace' ? 0x600000 : 0 }]
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  return host
}

const registers = (run: Run): Registers => guestOf(run.world.vms[1]?.vcpus[0]).registers
const reset = (run: Run, given: Partial<Registers>): void => {
  expect(run.dispatch({ type: 'ioc.resetcpu', ...at, registers: given })).to.deep.equal({ ok: true })
}
const enter = (run: Run): void => {
  expect(run.dispatch({ type: 'ioc.run', ...at })).to.include({ blocked: 'guest' })
}
const writeCr = (run: Run, cr: number, word: Word64) =>
  run.dispatch({ type: 'guest.writecr', ...guest, cr, word } satisfies Command)
const store = (run: Run, gpa: number, word: Word64) =>
  run.dispatch({ type: 'guest.touch', ...guest, gpa, access: 'w', word })

const SERVED = { ok: true, refused: null, left: null }
const REFUSED = { ok: true, refused: 13, left: null }

describe('RESETCPU, READREGS and WRITEREGS', () => {
  it('know nothing of registers that nobody has written', () => {
    const { run, checkRun } = made('ept')
    expect(run.dispatch({ type: 'ioc.resetcpu', ...at })).to.deep.equal({ ok: true })
    expect(run.world.vms[1]?.vcpus[0]).to.not.have.property('guest')
    expect(run.dispatch({ type: 'ioc.readregs', ...at, mask: 12 })).to.deep.equal({
      ok: true,
      registers: { cr0: 0, cr3: 0, cr4: 0, efer: 0, pdptes: [0, 0, 0, 0] },
    })
    checkRun()
  })

  it('set what VMX wants: CR0.NE and CR4.VMXE, of 32 bits', () => {
    const { run, checkRun } = made('ept')
    reset(run, { cr0: 2n ** 40n + BigInt(PE), cr4: PAE, cr3: 0x1000, efer: LME, pdptes: [1, 2, 3, 4] })
    expect(registers(run)).to.deep.equal({
      cr0: PE + NE,
      cr3: 0x1000,
      cr4: PAE + VMXE,
      efer: LME,
      pdptes: [1, 2, 3, 4],
    })
    // What a later reset does not give is 0.
    reset(run, {})
    expect(registers(run)).to.deep.equal({ cr0: NE, cr3: 0, cr4: VMXE, efer: 0, pdptes: [0, 0, 0, 0] })
    checkRun()
  })

  it('only add bits to EFER on SVM, so that long mode outlives a reset', () => {
    const { run, checkRun } = made('rvi')
    reset(run, { cr0: PG + PE, cr4: PAE, efer: LME + LMA })
    reset(run, {})
    expect(registers(run)).to.deep.equal({ cr0: 0, cr3: 0, cr4: 0, efer: 0x1000 + LME + LMA, pdptes: [0, 0, 0, 0] })
    const write = { type: 'ioc.writeregs', ...at, mask: 8, registers: { efer: 0x800 } } as const
    expect(run.dispatch(write)).to.deep.equal({ ok: true })
    expect(registers(run).efer).to.equal(0x1d00)
    checkRun()
  })

  it('touch only the groups in the mask', () => {
    const { run, checkRun } = made('ept')
    const given = { cr0: 1, cr3: 2, cr4: 3, efer: 4, pdptes: [5, 6, 7, 2n ** 63n] }
    expect(run.dispatch({ type: 'ioc.writeregs', ...at, mask: 4, registers: given })).to.deep.equal({ ok: true })
    expect(registers(run)).to.deep.equal({ ...given, efer: 0 })
    run.dispatch({ type: 'ioc.writeregs', ...at, mask: 8, registers: { efer: 4 } })
    expect(registers(run)).to.deep.equal(given)
    expect(run.dispatch({ type: 'ioc.readregs', ...at, mask: 8 })).to.deep.equal({ ok: true, registers: { efer: 4 } })
    expect(run.dispatch({ type: 'ioc.readregs', ...at, mask: 4 })).to.have.nested.property('registers.cr3', 2)
    expect(run.dispatch({ type: 'ioc.readregs', ...at, mask: 0 })).to.deep.equal({ ok: true, registers: {} })
    checkRun()
  })

  it('have no PDPTEs in a VMCB', () => {
    const { run, checkRun } = made('rvi')
    run.dispatch({ type: 'ioc.writeregs', ...at, mask: 4, registers: { cr3: 0x1000, pdptes: [1, 2, 3, 4] } })
    expect(registers(run).pdptes).to.deep.equal([0, 0, 0, 0])
    expect(run.dispatch({ type: 'ioc.readregs', ...at, mask: 4 })).to.deep.equal({
      ok: true,
      registers: { cr0: 0, cr3: 0x1000, cr4: 0 },
    })
    checkRun()
  })

  it('wait for a vCPU that runs, and do not look at its state', () => {
    const { run, checkRun } = made('ept')
    enter(run)
    const asked = run.dispatch({ type: 'ioc.readregs', ...at, mask: 12 })
    expect(asked).to.include({ blocked: 'vcpu' })
    run.dispatch({ type: 'guest.leave', ...guest })
    expect(run.finish((asked as { thread: string }).thread)).to.include({ ok: true })
    run.dispatch({ type: 'host.poke', ...guest, state: 3 })
    expect(run.dispatch({ type: 'ioc.writeregs', ...at, mask: 12, registers: { cr0: 1 } })).to.deep.equal({ ok: true })
    checkRun()
  })

  const failures: readonly (readonly [fn: 'vmptrld' | 'vmread', type: 'ioc.readregs' | 'ioc.writeregs', at: string])[] =
    [
      ['vmptrld', 'ioc.readregs', 'vcpu_reload_vmcs_vmx'],
      ['vmptrld', 'ioc.writeregs', 'vcpu_reload_vmcs_vmx'],
      ['vmread', 'ioc.readregs', 'vcpu_readregs_vmx'],
    ]
  for (const [fn, type, routine] of failures)
    it(`answer EINVAL where ${fn} fails: ${type}`, () => {
      const { run, checkRun } = made('ept')
      run.dispatch({ type: 'fail.next', fn, k: 1, errno: 'EINVAL' })
      expect(run.dispatch({ type, ...at, mask: 12, registers: {} } as Command)).to.deep.equal({
        ok: false,
        errno: 'EINVAL',
        at: routine,
      })
      expect(run.world.vms[1]?.vcpus[0]?.lock).to.equal(null)
      checkRun()
    })

  it('find no VM and no vCPU', () => {
    const { run, checkRun } = made('ept')
    const refusal = (more: object) => run.dispatch({ type: 'ioc.readregs', ...at, mask: 12, ...more })
    expect(refusal({ vm: 7 })).to.deep.equal({ ok: false, errno: 'ENOENT', at: 'vm_find' })
    expect(refusal({ vcpu: 1 })).to.deep.equal({ ok: false, errno: 'ENOENT', at: 'vm_find_vcpu' })
    checkRun()
  })
})

describe("a guest's write to a control register", () => {
  it('does not exit on VMX without the bits of the masks, and keeps those bits', () => {
    const { run, events, checkRun } = made('ept')
    reset(run, {})
    enter(run)
    expect(writeCr(run, 0, PE)).to.deep.equal(SERVED)
    expect(writeCr(run, 3, 0x1000)).to.deep.equal(SERVED)
    expect(writeCr(run, 4, 0x10)).to.deep.equal(SERVED)
    expect(registers(run)).to.include({ cr0: PE + NE, cr3: 0x1000, cr4: 0x10 + VMXE })
    expect(events.some(({ event }) => event.type === 'vcpu.exited')).to.equal(false)
    checkRun()
  })

  it('exits on VMX with CR0.NE and with CR4.VMXE, and never on SVM', () => {
    for (const [mode, exits] of [
      ['ept', 2],
      ['rvi', 0],
    ] as const) {
      const { run, events, checkRun } = made(mode)
      reset(run, {})
      enter(run)
      expect(writeCr(run, 0, PE + NE)).to.deep.equal(SERVED)
      expect(writeCr(run, 4, PAE + VMXE)).to.deep.equal(SERVED)
      expect(registers(run)).to.include({ cr0: PE + NE, cr4: PAE + VMXE })
      expect(events.filter(({ event }) => event.type === 'vcpu.exited').length).to.equal(exits)
      checkRun()
    }
  })

  const wrong: readonly (readonly [what: string, cr: number, word: Word64])[] = [
    ['paging without protection', 0, PG],
    ['NW without CD', 0, 0x20000000],
    ['bits above 31', 0, 2n ** 32n + 1n],
  ]
  for (const [what, cr, word] of wrong)
    for (const [who, more] of [
      ['the CPU', 0],
      ['vmx_handle_cr0_write()', NE],
    ] as const)
      it(`is answered by ${who} with an exception: ${what}`, () => {
        const { run, checkRun } = made('ept')
        reset(run, {})
        enter(run)
        expect(writeCr(run, cr, typeof word === 'bigint' ? word + BigInt(more) : word + more)).to.deep.equal(REFUSED)
        expect(registers(run).cr0).to.equal(NE)
        expect(run.world.vms[1]?.vcpus[0]?.guest?.exception).to.equal(null)
        checkRun()
      })

  it('is an exception where long mode would go wrong', () => {
    const { run, checkRun } = made('rvi')
    reset(run, { efer: LME })
    enter(run)
    expect(writeCr(run, 0, PG + PE)).to.deep.equal(REFUSED)
    expect(writeCr(run, 4, PAE)).to.deep.equal(SERVED)
    expect(writeCr(run, 0, PG + PE)).to.deep.equal(SERVED)
    expect(registers(run).efer).to.equal(0x1000 + LME + LMA)
    expect(writeCr(run, 4, 0)).to.deep.equal(REFUSED)
    expect(writeCr(run, 0, PE)).to.deep.equal(SERVED)
    expect(registers(run).efer).to.equal(0x1000 + LME)
    checkRun()
  })

  it('ends the vCPU where its exit cannot be read', () => {
    const { run, checkRun } = made('ept')
    enter(run)
    run.dispatch({ type: 'fail.next', fn: 'vmread', k: 1, errno: 'EINVAL' })
    expect(writeCr(run, 0, NE)).to.deep.include({ ok: true, refused: null })
    expect(run.world.vms[1]?.vcpus[0]?.life).to.equal('terminated')
    checkRun()
  })
})

describe('a write to EFER', () => {
  const writeEfer = (run: Run, word: Word64) => run.dispatch({ type: 'guest.wrmsr', ...guest, msr: MSR_EFER, word })

  it('does not exit on VMX: LMA follows LME and paging alone', () => {
    const { run, events, checkRun } = made('ept')
    reset(run, { cr4: PAE })
    enter(run)
    expect(writeEfer(run, LME + LMA)).to.deep.equal(SERVED)
    expect(registers(run).efer).to.equal(LME)
    writeCr(run, 0, PG + PE)
    expect(writeEfer(run, LMA)).to.deep.equal(REFUSED)
    expect(registers(run).efer).to.equal(LME + LMA)
    expect(events.some(({ event }) => event.type === 'vcpu.exited')).to.equal(false)
    checkRun()
  })

  it('exits on SVM, where LMA is what the guest says', () => {
    const { run, events, checkRun } = made('rvi')
    enter(run)
    expect(writeEfer(run, LMA)).to.deep.equal(SERVED)
    expect(registers(run).efer).to.equal(0x1000 + LMA)
    expect(events.filter(({ event }) => event.type === 'vcpu.exited').length).to.equal(1)
    checkRun()
  })

  it('to another register is thrown away', () => {
    for (const mode of ['ept', 'rvi'] as const) {
      const { run, checkRun } = made(mode)
      enter(run)
      expect(run.dispatch({ type: 'guest.wrmsr', ...guest, msr: 0x10, word: 1 })).to.deep.equal(SERVED)
      expect(run.world.vms[1]?.vcpus[0]).to.not.have.property('guest')
      checkRun()
    }
  })
})

describe('PDPTEs', () => {
  const TABLE = [0x2001, 0x3001, 0, 2 ** 51 + 1]

  /** A guest of 32-bit PAE with its PDPTEs at 0x1020, and others where the page starts. */
  function pae(design?: string) {
    const host = made('ept', design)
    reset(host.run, { cr4: PAE, cr3: 0x1020 })
    enter(host.run)
    for (const [i, entry] of TABLE.entries()) store(host.run, 0x1020 + 8 * i, entry)
    store(host.run, 0x1000, 0x7001)
    return host
  }

  it('are loaded by the CPU from where CR3 says', () => {
    const { run, checkRun } = pae()
    expect(writeCr(run, 0, PG + PE)).to.deep.equal(SERVED)
    expect(registers(run).pdptes).to.deep.equal(TABLE)
    // And again with CR3, whose page is faulted in first.
    expect(writeCr(run, 3, 0x3000)).to.deep.equal(SERVED)
    expect(registers(run).pdptes).to.deep.equal([0, 0, 0, 0])
    checkRun()
  })

  for (const design of ['aobj', 'aobj-dying', 'vmspace'])
    it(`are loaded by ${design} from the start of the page`, () => {
      const { run, checkRun } = pae(design)
      expect(writeCr(run, 0, PG + PE + NE)).to.deep.equal(SERVED)
      expect(registers(run).pdptes).to.deep.equal([0x7001, 0, 0, 0])
      checkRun()
    })

  it('are zeros where the page of CR3 was never touched', () => {
    const { run, checkRun } = made('ept')
    reset(run, { cr4: PAE, cr3: 0x1000, pdptes: [1, 1, 1, 1] })
    enter(run)
    expect(writeCr(run, 0, PG + PE + NE)).to.deep.equal(SERVED)
    expect(registers(run).pdptes).to.deep.equal([0, 0, 0, 0])
    checkRun()
  })

  for (const [what, efer, ids] of [
    ['PAE paging', 0, ['I81']],
    ['long mode, where nothing walks from them', LME, []],
  ] as const)
    it(`are told to be wrong in ${what}`, () => {
      const { run } = pae()
      run.dispatch({ type: 'guest.wrmsr', ...guest, msr: MSR_EFER, word: efer })
      const told: string[] = []
      const monitor = new Monitor(run.current, { report: ({ id }) => told.push(id) })
      run.subscribe((recorded) => monitor.take(recorded, run.current))
      writeCr(run, 0, PG + PE + NE)
      expect(told).to.deep.equal(ids)
    })

  it('with reserved bits are an exception of the CPU', () => {
    const { run, checkRun } = pae()
    store(run, 0x1020, 3)
    expect(writeCr(run, 0, PG + PE)).to.deep.equal(REFUSED)
    expect(registers(run)).to.include({ cr0: NE })
    checkRun()
  })

  for (const k of [1, 2])
    it(`end the vCPU where its VMCS is lost by sleep ${k}`, () => {
      const { run, checkRun } = pae()
      run.dispatch({ type: 'fail.next', fn: 'vmptrld', k, errno: 'EINVAL' })
      expect(writeCr(run, 0, PG + PE + NE)).to.have.nested.property('left.errno', 'EINVAL')
      expect(run.world.vms[1]?.vcpus[0]?.life).to.equal('terminated')
      checkRun()
    })

  it('are not loaded on SVM', () => {
    const { run, checkRun } = made('rvi')
    reset(run, { cr4: PAE, cr3: 0x1000 })
    enter(run)
    store(run, 0x1000, 1)
    expect(writeCr(run, 0, PG + PE)).to.deep.equal(SERVED)
    expect(registers(run).pdptes).to.deep.equal([0, 0, 0, 0])
    checkRun()
  })
})
