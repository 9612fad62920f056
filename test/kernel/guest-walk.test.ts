/**
 * vmm_translate_gva() beside a CPU: where both walk alike, and one by one where the kernel does not.
 *
 * Source: vmm_translate_gva() of vmm_machdep.c 1.64 (2025-09-14); Intel SDM vol. 3A, "Paging".
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { type Word64, word64 } from '../../events/address.ts'
import type { Registers } from '../../events/guest.ts'
import type { Run } from '../../src/engine/run.ts'
import { Monitor, type Violation } from '../../src/invariant/index.ts'
import { tableOf } from '../../src/model/words.ts'
import { replayable } from '../support/replayed.ts'
import { type Mode, referenceWalk } from './reference-walk.ts'

const PAGE = 4096
const PAGES = 16
const at = { pid: 100, vm: 1, vcpu: 0 } as const
const REGISTERS: Readonly<Record<Mode, Partial<Registers>>> = {
  long: { cr0: 0x80010001, cr4: 0x20, efer: 0x500 },
  pae: { cr0: 0x80010001, cr4: 0x20 },
  legacy: { cr0: 0x80010001, cr4: 0x10 },
}

/** A VM of sixteen pages that the guest has touched, and what a monitor says of the run from then on. */
function made(mode: 'ept' | 'rvi' = 'ept', untouched: readonly number[] = []) {
  const host = replayable({ mode, frames: 64 })
  const { run } = host
  run.dispatch({ type: 'host.spawn', pid: 100, pledge: [] })
  const ranges = [{ gpa: 0, size: PAGES * PAGE, memtype: 0, va: 0 }]
  run.dispatch({ type: 'ioc.create', pid: 100, ranges, ncpus: 1, name: 'vm' })
  run.dispatch({ type: 'ioc.run', ...at })
  for (let page = 0; page < PAGES; page += 1)
    if (!untouched.includes(page)) run.dispatch({ type: 'guest.touch', ...at, gpa: page * PAGE, access: 'w', value: 0 })
  run.dispatch({ type: 'guest.leave', vm: 1, vcpu: 0 })
  const violations: Violation[] = []
  const monitor = new Monitor(run.current, { report: (violation) => violations.push(violation) })
  run.subscribe((recorded) => monitor.take(recorded, run.current))
  return { ...host, violations, ids: () => [...new Set(violations.map(({ id }) => id))] }
}

const slotOf = (run: Run): number => run.world.vms[1]?.slots[0]?.hva ?? 0
const put = (run: Run, gpa: number, word: Word64): void => {
  expect(run.dispatch({ type: 'host.write', pid: 100, va: slotOf(run) + gpa, word })).to.include({ ok: true })
}
const get = (run: Run, gpa: number): Word64 => {
  const found = run.dispatch({ type: 'host.read', pid: 100, va: slotOf(run) + gpa, word: true })
  return 'word' in found && found.word !== undefined ? found.word : 0
}
const setRegisters = (run: Run, registers: Partial<Registers>): void => {
  run.dispatch({ type: 'ioc.writeregs', ...at, mask: 12, registers })
}
const translate = (run: Run, gva: Word64, access: 'r' | 'w' | 'x' = 'r', cpl = 0) =>
  run.dispatch({ type: 'guest.translate', ...at, gva, access, cpl })
const found = (gpa: Word64) => ({ ok: true, gpa })
const fails = (errno: string, routine = 'vmm_translate_gva') => ({ ok: false, errno, at: routine })

/** The words of guest memory that are not 0, by their address. */
function words({ world }: Run): ReadonlyMap<number, bigint> {
  const out = new Map<number, bigint>()
  const object = world.vms[1]?.slots[0]?.object ?? 0
  for (let page = 0; page < PAGES; page += 1) {
    const table = tableOf(world, world.memory.value(world.memory.resident(object, page)))
    for (const [index, word] of Object.entries(table)) out.set(page * PAGE + Number(index) * 8, BigInt(word))
  }
  return out
}

/** Entries of a table: few, so that walks meet them, with the bits that both walkers look at. */
const flags = fc.record({ p: fc.nat(5), rw: fc.nat(4), us: fc.nat(4), ps: fc.nat(5), page: fc.nat(PAGES - 1) })
const bit = (draw: number, value: number): number => (draw > 0 ? value : 0)
const INDEXES = [0, 1, 511]
const entries = fc.array(fc.record({ page: fc.nat(7), index: fc.constantFrom(...INDEXES), flags }), {
  minLength: 12,
  maxLength: 40,
})

describe('a walk of the kernel', () => {
  for (const [mode, level, accesses] of [
    ['long', 4, ['r', 'w']],
    // What is left out is told below: it goes wrong.
    ['pae', 3, ['r']],
    ['legacy', 2, ['r']],
  ] as const)
    it(`finds what a CPU finds, and changes accessed and dirty bits alone: ${mode}`, () => {
      fc.assert(
        fc.property(
          entries,
          fc.array(fc.constantFrom(...INDEXES), { minLength: 4, maxLength: 4 }),
          fc.nat(PAGE - 1),
          fc.constantFrom<'r' | 'w'>(...accesses),
          fc.constantFrom(...(mode === 'pae' ? [0] : [0, 3])),
          (drawn, indexes, within, access, cpl) => {
            const { run, violations } = made()
            const size = mode === 'legacy' ? 4 : 8
            for (const { page, index, flags: f } of drawn) {
              const isRoot = mode === 'long' && page === 0
              // Bits of the address of a large page must be 0; a root has no large entries.
              const large = !isRoot && !(mode === 'pae' && page === 0) && f.ps === 0
              const frame = large ? 0 : f.page * PAGE
              const rights = bit(f.rw, 2) + bit(f.us, 4)
              const entry = frame + bit(f.p, 1) + (mode === 'pae' && page === 0 ? 0 : rights) + (large ? 0x80 : 0)
              // Two entries of 4 bytes lie in a word; the second is left empty.
              put(run, page * PAGE + (index % (PAGE / size)) * size, entry)
            }
            setRegisters(run, { ...REGISTERS[mode], cr3: 0, pdptes: INDEXES.map((_, i) => get(run, 8 * i)).concat(0) })
            const before = words(run)
            const high = level === 3 ? (indexes[0] ?? 0) % 2 : (indexes[0] ?? 0)
            const bits = mode === 'legacy' ? 10n : 9n
            let gva = BigInt(high)
            for (const index of indexes.slice(1, level)) gva = gva * 2n ** bits + BigInt(index)
            gva = gva * BigInt(PAGE) + BigInt(within)
            // The upper half of a 48-bit address is the upper half of 64 bits.
            if (mode === 'long' && gva >= 2n ** 47n) gva += 2n ** 64n - 2n ** 48n
            const wanted = referenceWalk(
              mode,
              0n,
              gva,
              access === 'w',
              cpl === 3,
              (gpa) => before.get(Number(gpa)) ?? 0n,
            )
            const outside = wanted.used.some((gpa) => gpa >= BigInt(PAGES * PAGE))
            const answer = translate(run, word64(gva), access, cpl)
            if (outside) return
            if (wanted.gpa !== null) expect(answer).to.deep.equal(found(word64(wanted.gpa)))
            else expect(answer).to.have.property('errno').that.is.oneOf(['EFAULT', 'EPERM'])
            const after = words(run)
            for (const gpa of new Set([...before.keys(), ...after.keys()])) {
              const [was, is] = [before.get(gpa) ?? 0n, after.get(gpa) ?? 0n]
              if (was === is) continue
              expect(wanted.used, `word ${gpa}`).to.include(BigInt(gpa))
              const marks = is - was
              expect([0x20n, 0x40n, 0x60n], `word ${gpa}`).to.include(marks)
              if (access === 'r') expect(marks).to.equal(0x20n)
            }
            const missing =
              wanted.gpa === null && (answer as { errno?: string }).errno !== (wanted.absent ? 'EFAULT' : 'EPERM')
            // In PAE paging the accessed bit is set in a PDPTE, which has none.
            const expected = mode === 'pae' ? ['I82'] : missing ? ['I82'] : []
            expect(violations.map(({ id }) => id).filter((id) => !expected.includes(id))).to.deep.equal([])
            if (missing) expect(violations.length).to.be.greaterThan(0)
          },
        ),
        { numRuns: 60 },
      )
    })

  it('is refused with EINVAL where a table was never touched by the guest', () => {
    const { run, ids, checkRun } = made('ept', [1])
    put(run, 0, 0x1000 + 7)
    setRegisters(run, REGISTERS.legacy)
    expect(translate(run, 0)).to.deep.equal(fails('EINVAL', 'pmap_extract'))
    expect(ids()).to.deep.equal([])
    checkRun()
  })

  it('is the address itself without paging, and EINVAL with paging and no protection', () => {
    const { run, ids, checkRun } = made()
    expect(translate(run, 0x12345)).to.deep.equal(found(0x12345))
    setRegisters(run, { cr0: 0x80000000 })
    expect(translate(run, 0x12345)).to.deep.equal(fails('EINVAL'))
    expect(ids()).to.deep.equal([])
    checkRun()
  })

  it('waits for a vCPU that runs, and fails without its VMCS', () => {
    const { run, checkRun } = made()
    run.dispatch({ type: 'fail.next', fn: 'vmptrld', k: 1, errno: 'EINVAL' })
    expect(translate(run, 0)).to.deep.equal(fails('EINVAL', 'vcpu_reload_vmcs_vmx'))
    run.dispatch({ type: 'ioc.run', ...at })
    expect(translate(run, 0)).to.include({ blocked: 'vcpu' })
    checkRun()
  })
})

/** Maps page 5 at gva 0 by four levels in pages 0 to 3, with these flags in the entries from the root down. */
function mapped(run: Run, ...flagsDown: readonly (number | bigint)[]): void {
  for (const [i, more] of flagsDown.entries()) {
    const next = i === 3 ? 5 : i + 1
    put(run, i * PAGE, word64(BigInt(next * PAGE) + BigInt(more)))
  }
  setRegisters(run, REGISTERS.long)
}
const ALL = 7

describe('a walk of the kernel is not that of a CPU:', () => {
  it('the low bits of CR3 move the first table', () => {
    const { run, ids, checkRun } = made()
    mapped(run, ALL, ALL, ALL, ALL)
    // A PCID of 8, or PWT and PCD: a CPU takes bits 51 to 12 alone.
    setRegisters(run, { ...REGISTERS.long, cr3: 8 })
    expect(translate(run, 0)).to.deep.equal(fails('EFAULT'))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
  })

  it('bits 52 to 62 of the last entry are part of the address', () => {
    const { run, ids, checkRun } = made()
    mapped(run, ALL, ALL, ALL, 2n ** 59n + BigInt(ALL))
    expect(translate(run, 0x123)).to.deep.equal(found(2n ** 59n + 0x5123n))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
  })

  it('NX and reserved bits do not matter', () => {
    const { run, ids, checkRun } = made()
    mapped(run, ALL, ALL, ALL, 2n ** 63n + BigInt(ALL))
    setRegisters(run, { ...REGISTERS.long, efer: 0xd00 })
    expect(translate(run, 0x123, 'x')).to.deep.equal(found(0x5123))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
  })

  it('an entry of the root can be a page of 512 GiB', () => {
    const { run, ids, checkRun } = made()
    mapped(run, ALL + 0x80)
    expect(translate(run, 0x7654321)).to.deep.equal(found(0x7654321))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
  })

  it('a supervisor may not write where CR0.WP lets it', () => {
    const { run, ids, checkRun } = made()
    mapped(run, ALL, ALL, ALL, 5)
    setRegisters(run, { ...REGISTERS.long, cr0: 0x80000001 })
    expect(translate(run, 0, 'w')).to.deep.equal(fails('EPERM'))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
  })

  it('a right that is missing hides an entry that is not there', () => {
    const { run, ids, checkRun } = made()
    mapped(run, 5, 0)
    expect(translate(run, 0, 'w')).to.deep.equal(fails('EPERM'))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
  })

  it('PAE paging can not be written through, and its PDPTEs are changed', () => {
    const { run, ids, checkRun } = made()
    put(run, 0, 0x1001)
    put(run, PAGE, 0x2007)
    put(run, 2 * PAGE, 0x5007)
    setRegisters(run, { ...REGISTERS.pae, pdptes: [0x1001, 0, 0, 0] })
    expect(translate(run, 0x123, 'w')).to.deep.equal(fails('EPERM'))
    expect(ids()).to.deep.equal(['I82'])
    expect(translate(run, 0x123, 'r')).to.deep.equal(found(0x5123))
    // Bit 5 of a PDPTE is reserved: the guest's next load of it is an exception.
    expect(get(run, 0)).to.equal(0x1021)
    run.dispatch({ type: 'ioc.run', ...at })
    expect(run.dispatch({ type: 'guest.writecr', vm: 1, vcpu: 0, cr: 3, word: 0 })).to.include({ refused: 13 })
    checkRun()
  })

  it('the entry behind one of four bytes is wiped', () => {
    const { run, violations, checkRun } = made()
    put(run, 0, 0x1007)
    put(run, PAGE, 0x500700005007n)
    put(run, PAGE, 0x6007n * 2n ** 32n + 0x5007n)
    setRegisters(run, REGISTERS.legacy)
    expect(translate(run, 0x123)).to.deep.equal(found(0x5123))
    expect(get(run, PAGE)).to.equal(0x5027)
    expect(violations.map(({ id, name }) => `${id} ${name}`)).to.deep.equal(['I82 guest-walk-marks-entries-alone'])
    expect(translate(run, 0x1123)).to.deep.equal(fails('EFAULT'))
    checkRun()
  })

  it('behind the last entry of a page lies the page of somebody else', () => {
    const { run, ids, checkRun } = made()
    const table = 8
    put(run, 0, table * PAGE + ALL)
    put(run, table * PAGE + 0xff8, 0x5007n * 2n ** 32n)
    // The first word of the frame behind the table's.
    const { memory, vms } = run.world
    const behind = memory.resident(vms[1]?.slots[0]?.object ?? 0, table) + 1
    expect(memory.use(behind)).to.equal('object')
    const victim = memory.pageIndex(behind)
    put(run, victim * PAGE, 2n ** 40n + 0x1234n)
    setRegisters(run, REGISTERS.legacy)
    expect(translate(run, 0x3ff123)).to.deep.equal(found(0x5123))
    expect(get(run, victim * PAGE)).to.equal(2 ** 40)
    expect(ids()).to.include.members(['I14', 'I82'])
    checkRun()
  })

  it('addresses of 2 GiB and above are cut off in 32-bit paging, and large pages need no CR4.PSE', () => {
    const { run, ids, checkRun } = made()
    put(run, 0, 0x80000087)
    setRegisters(run, REGISTERS.legacy)
    expect(translate(run, 0x1234)).to.deep.equal(found(0x1234))
    expect(ids()).to.deep.equal(['I82'])
    checkRun()
    const other = made()
    put(other.run, 0, 0x1087)
    put(other.run, PAGE, 0x5007)
    setRegisters(other.run, { ...REGISTERS.legacy, cr4: 0 })
    expect(translate(other.run, 0x123)).to.deep.equal(found(0x123))
    expect(other.ids()).to.deep.equal(['I82'])
    other.checkRun()
  })
})

describe('a walk beside others', () => {
  it('puts back what somebody else has changed meanwhile', () => {
    const { run, checkRun } = made()
    mapped(run, ALL, ALL, ALL, ALL)
    run.start({ type: 'guest.translate', ...at, gva: 0, access: 'r', cpl: 0 }, 'W')
    while (run.next('W').name !== 'markingEntry') run.step('W')
    put(run, 0, 0)
    expect(run.finish('W')).to.deep.equal(found(0x5000))
    expect(get(run, 0)).to.equal(0x1027)
    checkRun()
  })
})
