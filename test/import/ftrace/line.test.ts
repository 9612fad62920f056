/**
 * One line of ftrace text: all spellings of its head, and whatever else may stand in a file.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { parseLine, splitLines } from '../../../src/import/ftrace/line.ts'
import { runs } from '../../support/seed.ts'
import { traceLines } from '../kvm/reference.ts'

describe('a line of ftrace text', () => {
  const plain = '         memplay-133     (    133) [000] d..1.    12.089796: kvm_entry: vcpu 0, rip 0x8000'

  it('is taken apart into task, process, CPU, flags, time, event and payload', () => {
    expect(parseLine(7, plain)).to.deep.equal({
      kind: 'record',
      line: 7,
      task: 'memplay',
      pid: 133,
      tgid: 133,
      cpu: 0,
      flags: 'd..1.',
      time: 12_089_796,
      event: 'kvm_entry',
      payload: 'vcpu 0, rip 0x8000',
    })
  })

  const heads: readonly [string, string, Record<string, unknown>][] = [
    [
      'a task with a space and a slash',
      '       CPU 0/KVM-145     (    135) [000] d..1.    57.557530: kvm_entry: vcpu 0',
      { task: 'CPU 0/KVM', pid: 145, tgid: 135 },
    ],
    [
      'a task with dashes',
      ' kvm-nx-lpage-re-245     (    245) [001] .....    63.960772: kvm_entry: vcpu 0',
      { task: 'kvm-nx-lpage-re', pid: 245 },
    ],
    [
      'a task that imitates a head',
      ' a-1 [000] 2.0: b-245     (    245) [001] .....    63.960772: kvm_entry: vcpu 0',
      { task: 'a-1 [000] 2.0: b', pid: 245, cpu: 1 },
    ],
    [
      'a forgotten task',
      '           <...>-77      (-------) [003] dNh2.     1.000001: kvm_entry: vcpu 0',
      { task: '<...>', pid: 77, tgid: null, flags: 'dNh2.' },
    ],
    [
      'no process column',
      '         memplay-127     [000] .....     9.139939: kvm_entry: vcpu 0',
      { tgid: null, time: 9_139_939 },
    ],
    ['no flags', '         memplay-127     [000]     9.139939: kvm_entry: vcpu 0', { flags: null, time: 9_139_939 }],
    ['four flags', '         memplay-127     [000] d..1     9.139939: kvm_entry: vcpu 0', { flags: 'd..1' }],
    [
      'a cycle counter',
      '         memplay-387     [000] ...1. 367210918689: kvm_entry: vcpu 0',
      { time: 367210918689n },
    ],
    [
      'a cycle counter and no flags',
      '         memplay-387     [000] 367210918689: kvm_entry: vcpu 0',
      { time: 367210918689n, flags: null },
    ],
    [
      'columns that were not kept',
      'qemu-system-x86-128 (128) [001] ...1. 50.378941: kvm_entry: vcpu 0',
      { task: 'qemu-system-x86', pid: 128, tgid: 128 },
    ],
    [
      'a CPU of four digits',
      '         memplay-133     (    133) [1023] d..1.    12.089796: kvm_entry: vcpu 0',
      { cpu: 1023 },
    ],
  ]
  for (const [what, text, expected] of heads)
    it(`is read with ${what}`, () => {
      const { kind, event, payload, ...rest } = parseLine(1, text) as unknown as Record<string, unknown>
      expect({ kind, event, payload }).to.deep.equal({ kind: 'record', event: 'kvm_entry', payload: 'vcpu 0' })
      expect(rest).to.deep.include(expected)
    })

  it('keeps a system call with its arguments or its result as payload', () => {
    const head = '         memplay-133     (    133) [000] ...1.    12.066051: '
    expect(parseLine(1, `${head}sys_close(fd: 7)`)).to.include({ event: 'sys_close', payload: '(fd: 7)' })
    expect(parseLine(1, `${head}sys_close -> 0x0`)).to.include({ event: 'sys_close', payload: '-> 0x0' })
  })

  it('gives the text of a mark to the mark, whatever it imitates', () => {
    const mark = `         memplay-133     (    133) [001] .....    11.617033: tracing_mark_write: ${plain}`
    expect(parseLine(1, mark)).to.include({ event: 'tracing_mark_write', payload: plain })
  })

  const others: readonly [string, string, Record<string, unknown>][] = [
    ['a loss', 'CPU:1 [LOST 5897 EVENTS]', { kind: 'loss', cpu: 1, count: 5897 }],
    ['a loss that nobody counted', 'CPU:0 [LOST EVENTS]', { kind: 'loss', cpu: 0, count: null }],
    ['the loss of trace-cmd', 'CPU:2 [17 EVENTS DROPPED]', { kind: 'loss', cpu: 2, count: 17 }],
    ['the header', '# tracer: nop', { kind: 'header', entries: null, started: null }],
    ['the start of a CPU', '##### CPU 1 buffer started ####', { kind: 'header', started: 1 }],
    ['nothing', '', { kind: 'unparsable' }],
    ['the second line of a mark', 'and more of it', { kind: 'unparsable' }],
    ['a head without an event', '         memplay-133     (    133) [000] d..1.    12.089796:', { kind: 'unparsable' }],
    [
      'an event without a colon',
      '         memplay-133     (    133) [000] d..1.    12.089796: kvm_entry vcpu',
      { kind: 'unparsable' },
    ],
  ]
  for (const [what, text, expected] of others)
    it(`is ${String(expected.kind)} for ${what}`, () => {
      expect(parseLine(1, text)).to.deep.include(expected)
    })

  it('tells from the header how much of the recording is left', () => {
    const text = '# entries-in-buffer/entries-written: 23589/36714   #P:2'
    expect(parseLine(3, text)).to.deep.include({ entries: { kept: 23589, written: 36714 }, cpus: 2 })
  })

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(parseLine(1, text).kind).to.be.oneOf(['record', 'loss', 'header', 'unparsable'])
      }),
      { numRuns: runs(300) },
    )
  })

  it('never throws on a line of a real trace with a part cut out', () => {
    const lines = traceLines('kvm-tdp/close').filter((line) => typeof line === 'string')
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.nat(250), fc.nat(250), (index, from, length) => {
        const text = lines[index] ?? ''
        const torn = text.slice(0, from) + text.slice(from + length)
        expect(parseLine(1, torn).kind).to.be.oneOf(['record', 'header', 'unparsable'])
      }),
      { numRuns: runs(500) },
    )
  })

  it('takes time in proportion to its length, on text made to be tried often', () => {
    // A pattern that backtracks would need minutes for this; the runner's limit is the judge.
    for (const hard of [`${'-1 '.repeat(20_000)}`, `${' '.repeat(60_000)}-1`, `a-1 [${'0'.repeat(60_000)}`])
      expect(parseLine(1, hard).kind).to.equal('unparsable')
  })
})

describe('splitting text into lines', () => {
  it('gives the same lines wherever the text was cut into pieces', () => {
    const texts = fc.array(fc.stringMatching(/^[a-z ]{0,8}$/), { maxLength: 8 })
    fc.assert(
      fc.property(texts, fc.array(fc.nat(80), { maxLength: 6 }), (lines, cuts) => {
        const text = lines.map((line) => `${line}\n`).join('')
        const places = [...new Set([0, ...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort(
          (a, b) => a - b,
        )
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
        expect([...splitLines(pieces)]).to.deep.equal(lines)
      }),
      { numRuns: runs(200) },
    )
  })

  it('marks a last line without a line end as cut, so that it is not believed', () => {
    const [whole, torn] = [...splitLines(['one\r\ntw', 'o'])]
    expect(whole).to.equal('one')
    expect(torn).to.deep.equal({ cut: 'two' })
    expect(parseLine(2, torn ?? '')).to.include({ kind: 'unparsable', text: 'two' })
  })
})
