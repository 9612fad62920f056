/**
 * Words in memory: bytes by their place against an array of bytes, and words that travel with the page that holds them.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Outcome } from '../../events/reply.ts'
import {
  bitsOf,
  bytesOf,
  hasBit,
  type WordTable,
  withBit,
  withBytes,
  withoutBit,
  withoutBits,
} from '../../events/word.ts'
import type { Run } from '../../src/engine/run.ts'
import { type FlatFinding, FlatMemory } from '../../src/invariant/flat.ts'
import { plainOf, WORDS_FIRST } from '../../src/model/words.ts'
import { type Replayable, replayable } from '../support/replayed.ts'

const PAGE = 4096
const pid = 100
const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

describe('bits of a word', () => {
  it('are those that shifts and masks would give', () => {
    fc.assert(
      fc.property(word, fc.nat(63), fc.nat(64), (value, low, count) => {
        const text = value.toString(2).padStart(64, '0')
        const piece = text.slice(Math.max(0, 64 - low - count), 64 - low)
        expect(bitsOf(value, low, count)).to.equal(piece === '' ? 0n : BigInt(`0b${piece}`))
        expect(hasBit(value, low)).to.equal(text[63 - low] === '1')
        expect(withBit(value, low).toString(2).padStart(64, '0')).to.equal(
          `${text.slice(0, 63 - low)}1${text.slice(64 - low)}`,
        )
        expect(withoutBit(withBit(value, low), low)).to.equal(withoutBit(value, low))
        expect(hasBit(withoutBit(value, low), low)).to.equal(false)
        expect(bitsOf(withoutBits(value, low, count), low, count)).to.equal(0n)
      }),
    )
  })
})

describe('bytes of a page', () => {
  const store = fc.record({ offset: fc.nat(PAGE - 1), size: fc.constantFrom(1, 2, 4, 8), value: word })

  it('are those of an array of bytes, wherever they begin', () => {
    fc.assert(
      fc.property(fc.array(store), fc.array(store), (stores, reads) => {
        const bytes = new Uint8Array(PAGE + 8)
        let table: WordTable = {}
        for (const { offset, size, value } of stores) {
          table = withBytes(table, offset, size, value)
          for (let i = 0; i < size && offset + i < PAGE; i += 1)
            bytes[offset + i] = Number((value / 256n ** BigInt(i)) % 256n)
        }
        for (const { offset, size } of [...stores, ...reads]) {
          const wanted = [...bytes.slice(offset, offset + size)].reduceRight(
            (sum, byte) => sum * 256n + BigInt(byte),
            0n,
          )
          expect(bytesOf(table, offset, size)).to.equal(wanted)
        }
        // A word of zeros is not kept, so that equal pages are equal tables.
        expect(Object.values(table)).to.not.include(0)
      }),
    )
  })

  it('leave the table that they were written to as it was', () => {
    const table = Object.freeze({ 1: 7 })
    expect(withBytes(table, 8, 8, 9)).to.deep.equal({ 1: 9 })
    expect(withBytes(table, 8, 8, 0)).to.deep.equal({})
    expect(table).to.deep.equal({ 1: 7 })
  })

  it('need no table where they are one small number', () => {
    expect(plainOf({})).to.equal(0)
    expect(plainOf({ 0: 7 })).to.equal(7)
    expect(plainOf({ 0: WORDS_FIRST })).to.equal(null)
    expect(plainOf({ 0: 2n ** 63n })).to.equal(null)
    expect(plainOf({ 1: 7 })).to.equal(null)
    expect(plainOf({ 0: 7, 1: 7 })).to.equal(null)
  })
})

/** A run beside a flat memory that judges every read. */
function judged(boot = {}): Replayable & { readonly findings: FlatFinding[] } {
  const made = replayable({ frames: 64, ...boot })
  const flat = new FlatMemory()
  const findings: FlatFinding[] = []
  made.run.subscribe(({ event, thread }) => {
    const finding = flat.judge(event, made.run.current, thread)
    if (finding !== null) findings.push(finding)
  })
  made.run.dispatch({ type: 'host.spawn', pid, pledge: [] })
  made.run.dispatch({ type: 'host.mmap', pid, va: 0x200000, size: 2 * PAGE })
  return { ...made, findings }
}

const writeWord = (run: Run, va: number, value: number | bigint): Outcome =>
  run.dispatch({ type: 'host.write', pid, va, word: value })
const readWord = (run: Run, va: number, of = pid): unknown => {
  const found = run.dispatch({ type: 'host.read', pid: of, va, word: true })
  return 'word' in found ? found.word : found
}
const readPage = (run: Run, va: number): unknown => {
  const found = run.dispatch({ type: 'host.read', pid, va })
  return 'value' in found ? found.value : found
}

describe('a word', () => {
  it('leaves the rest of its page as it is', () => {
    const { run, findings, checkRun } = judged()
    expect(writeWord(run, 0x200008, 0x8000000000000067n)).to.deep.equal({ ok: true, faulted: true })
    expect(writeWord(run, 0x200ff8, 2)).to.deep.equal({ ok: true, faulted: false })
    // Any byte of the word names it.
    expect([0x200000, 0x200008, 0x20000f, 0x200ff8].map((va) => readWord(run, va))).to.deep.equal([
      0,
      0x8000000000000067n,
      0x8000000000000067n,
      2,
    ])
    expect(readWord(run, 0x201000)).to.equal(0)
    expect(findings).to.deep.equal([])
    checkRun()
  })

  it('is the number of a page whose other words are 0', () => {
    const { run, findings, checkRun } = judged()
    writeWord(run, 0x200000, 7)
    expect(readPage(run, 0x200000)).to.equal(7)
    run.dispatch({ type: 'host.write', pid, va: 0x201000, value: 8 })
    expect(readWord(run, 0x201000)).to.equal(8)
    expect(run.world.words).to.equal(undefined)
    writeWord(run, 0x200010, 9)
    expect(readPage(run, 0x200000)).to.be.at.least(WORDS_FIRST)
    // The last of the other words goes, and with it the need of a table.
    writeWord(run, 0x200010, 0)
    expect(readPage(run, 0x200000)).to.equal(7)
    expect(findings).to.deep.equal([])
    checkRun()
  })

  it('is gone when the whole page is written', () => {
    const { run, findings, checkRun } = judged()
    writeWord(run, 0x200010, 9)
    run.dispatch({ type: 'host.write', pid, va: 0x200000, value: 1 })
    expect([readWord(run, 0x200000), readWord(run, 0x200010)]).to.deep.equal([1, 0])
    expect(findings).to.deep.equal([])
    checkRun()
  })

  it('goes to swap and comes back, and a child has its own copy', () => {
    const { run, findings, checkRun } = judged()
    writeWord(run, 0x200010, 9)
    writeWord(run, 0x200018, 2n ** 63n)
    const object = Object.values(run.world.objects)[0]?.name ?? ''
    expect(run.dispatch({ type: 'host.pageout', object, page: 0 })).to.deep.equal({ ok: true })
    expect(readWord(run, 0x200018)).to.equal(2n ** 63n)
    run.dispatch({ type: 'host.fork', pid, child: 200 })
    writeWord(run, 0x200010, 10)
    expect([readWord(run, 0x200010), readWord(run, 0x200010, 200)]).to.deep.equal([10, 9])
    expect(findings).to.deep.equal([])
    checkRun()
  })

  it('is refused where a whole page would be', () => {
    const { run, checkRun } = judged()
    expect(writeWord(run, 0x400000, 1)).to.deep.equal({ ok: false, errno: 'EFAULT', at: 'uvm_fault', faulted: true })
    expect(readWord(run, 0x400000)).to.deep.equal({ ok: false, errno: 'EFAULT', at: 'uvm_fault', faulted: true })
    checkRun()
  })

  it('leaves no table behind that nobody names', () => {
    const { run, findings } = judged()
    for (let i = 1; i <= 1000; i += 1) writeWord(run, 0x200008 + 8 * (i % 100), i)
    const { made, tables } = run.world.words ?? { made: 0, tables: {} }
    expect(made).to.equal(1000)
    expect(Object.keys(tables).length).to.be.at.most(128)
    expect(readWord(run, 0x200008 + 8 * 99)).to.equal(999)
    expect(findings).to.deep.equal([])
  })
})

describe('a guest and its process', () => {
  for (const mode of ['ept', 'rvi'] as const)
    it(`see each other's words on ${mode}`, () => {
      const { run, findings, checkRun } = judged({ mode })
      run.dispatch({
        type: 'ioc.create',
        pid,
        ranges: [{ gpa: 0, size: 2 * PAGE, memtype: 0, va: 0 }],
        ncpus: 1,
        name: 'vm',
      })
      run.dispatch({ type: 'ioc.run', pid, vm: 1, vcpu: 0 })
      const slot = run.world.vms[1]?.slots[0]?.hva ?? 0
      const touch = { type: 'guest.touch', vm: 1, vcpu: 0 } as const
      expect(run.dispatch({ ...touch, gpa: 0x1010, access: 'w', word: 2n ** 63n })).to.deep.equal({
        ok: true,
        faulted: true,
        left: null,
        word: 2n ** 63n,
      })
      expect(readWord(run, slot + 0x1010)).to.equal(2n ** 63n)
      writeWord(run, slot + 0x1018, 5)
      expect(run.dispatch({ ...touch, gpa: 0x101f, access: 'r', word: null })).to.include({ faulted: false, word: 5 })
      expect(findings).to.deep.equal([])
      checkRun()
    })
})
