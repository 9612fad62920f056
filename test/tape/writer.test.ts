/**
 * What a writer promises, and what it refuses; and going on with a tape.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { readTape, TapeWriter } from '../../src/tape/file.ts'
import { partsOf } from './parts.ts'
import { append, codeOf, contentAt, contentOf, header, inDirectory, payloadOf, someParts, writeTape } from './tapes.ts'

describe('a writer', () => {
  const at = inDirectory()

  it('acknowledges events by its policy', () => {
    const acknowledged = (sync: 'never' | 'segment' | number) => {
      const writer = TapeWriter.create(at(`${sync}`), header, { sync })
      const seen = [4, 4, 4, 4].map((count) => {
        append(writer, [{ events: count }])
        return writer.acknowledged
      })
      writer.close()
      return [...seen, writer.acknowledged]
    }
    expect(acknowledged('never')).to.deep.equal([-1, -1, -1, -1, -1])
    expect(acknowledged('segment')).to.deep.equal([4, 8, 12, 16, 16])
    expect(acknowledged(8)).to.deep.equal([-1, 8, 8, 16, 16])
    expect(acknowledged(7)).to.deep.equal([-1, 8, 8, 16, 16])
    expect(acknowledged(100)).to.deep.equal([-1, -1, -1, -1, 16])
  })

  it('refuses an existing file unless told, and leaves it alone', () => {
    writeFileSync(at('tape'), 'mine')
    expect(codeOf(() => TapeWriter.create(at('tape'), header))).to.equal('TAPE007')
    expect(readFileSync(at('tape'), 'utf8')).to.equal('mine')
    writeTape(at('tape'), someParts, { overwrite: true })
    expect(readTape(at('tape')).damage).to.equal(null)
  })

  const unfit: readonly [string, (writer: TapeWriter) => void][] = [
    ['events that leave a gap', (writer) => writer.appendEvents(payloadOf(1, 1), 1, 5)],
    ['events that come again', (writer) => writer.appendEvents(payloadOf(1, 1), 1, 3)],
    ['a frame without events', (writer) => writer.appendEvents(payloadOf(1, 1), 0, 4)],
    ['half an event', (writer) => writer.appendEvents(payloadOf(1, 1), 0.5, 4)],
    ['a snapshot of a moment to come', (writer) => writer.appendSnapshot(4, payloadOf(1, 1))],
    ['a note on a moment to come', (writer) => writer.appendNote(4, 'later')],
    ['a snapshot of no moment', (writer) => writer.appendSnapshot(-1, payloadOf(1, 1))],
    ['a snapshot between two moments', (writer) => writer.appendSnapshot(1.5, payloadOf(1, 1))],
    ['half a surrogate pair in a note', (writer) => writer.appendNote(1, '\ud800')],
  ]
  for (const [what, action] of unfit)
    it(`refuses ${what}, and goes on`, () => {
      const writer = TapeWriter.create(at('tape'), header, { sync: 'never' })
      append(writer, [{ events: 3 }])
      expect(codeOf(() => action(writer))).to.equal('TAPE014')
      append(writer, [{ events: 2 }])
      writer.close()
      expect(readTape(at('tape')).report.accepted).to.include({ events: 5, frames: 4 })
    })

  for (const [what, boot] of [
    ['NaN', Number.NaN],
    ['-0', -0],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a function', () => 1],
    ['a key named __proto__', JSON.parse('{"__proto__": 1}')],
  ] as const)
    it(`refuses ${what} in a header, and makes no file`, () => {
      expect(codeOf(() => TapeWriter.create(at('tape'), { ...header, boot: [{ boot }] as never }))).to.equal('TAPE014')
      expect(() => statSync(at('tape'))).to.throw('ENOENT')
    })

  it('keeps any JSON value in a header', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const boot = JSON.parse(JSON.stringify(value))
        fc.pre(!JSON.stringify(boot).includes('__proto__'))
        TapeWriter.create(at('tape'), { ...header, boot }, { sync: 'never', overwrite: true }).close()
        expect(readTape(at('tape')).header.boot).to.deep.equal(boot)
      }),
    )
  })

  it('refuses to write once it is closed, and closes twice without a word', () => {
    const writer = TapeWriter.create(at('tape'), header, { sync: 'never' })
    writer.close()
    writer.close()
    expect(codeOf(() => writer.appendNote(0, 'late'))).to.equal('TAPE010')
    expect(codeOf(() => writer.sync())).to.equal('TAPE010')
  })

  it('refuses a policy that is none', () => {
    for (const sync of [0, -1, 1.5, Number.NaN])
      expect(codeOf(() => TapeWriter.create(at('tape'), header, { sync }))).to.equal('TAPE014')
  })

  it('notices that somebody else writes to the tape', () => {
    const one = TapeWriter.create(at('tape'), header)
    append(one, [{ events: 3 }])
    const two = TapeWriter.resume(at('tape'))
    append(two, [{ events: 2 }])
    expect(codeOf(() => append(one, [{ events: 2 }]))).to.equal('TAPE015')
    expect(codeOf(() => append(one, [{ events: 2 }]))).to.equal('TAPE010')
    one.close()
    two.close()
    expect(readTape(at('tape')).report).to.deep.include({ closed: true, corrupted: null, tornTail: null })
  })
})

describe('going on with a tape', () => {
  const at = inDirectory()

  it('gives the frames of one that was never closed', () => {
    fc.assert(
      fc.property(partsOf, partsOf, fc.boolean(), (first, second, closes) => {
        writeTape(at('whole'), [...first, ...second], { overwrite: true })
        const writer = TapeWriter.create(at('halves'), header, { sync: 'never', overwrite: true })
        append(writer, first)
        if (closes) writer.close()
        else writer.abandon()
        const again = TapeWriter.resume(at('halves'))
        expect(again.acknowledged).to.equal(again.lastSeq)
        expect(again.header).to.deep.equal({ formatVersion: 1, ...header })
        append(again, second)
        again.close()
        expect(contentAt(at('halves'))).to.deep.equal(contentAt(at('whole')))
        const lazy = readTape(at('halves'), { verify: 'lazy' })
        expect(lazy.report.verified).to.equal('index')
        expect(contentOf(lazy)).to.deep.equal(contentAt(at('whole')))
      }),
      { numRuns: 30 },
    )
  })

  it('refuses a torn tail, tells of it, and cuts it only when allowed', () => {
    writeTape(at('tape'))
    const whole = readFileSync(at('tape'))
    const end = whole.length - 20
    writeFileSync(at('tape'), whole.subarray(0, end))
    expect(codeOf(() => TapeWriter.resume(at('tape')))).to.equal('TAPE012')
    expect(codeOf(() => TapeWriter.resume(at('tape'), { cut: () => false }))).to.equal('TAPE012')
    expect(statSync(at('tape')).size).to.equal(end)
    const told: unknown[] = []
    const writer = TapeWriter.resume(at('tape'), {
      cut: ({ tornTail }) => {
        told.push(tornTail)
        expect(statSync(at('tape')).size).to.equal(end)
        return true
      },
    })
    expect(told).to.deep.equal([{ offset: writer.bytes, bytes: end - writer.bytes }])
    append(writer, [{ events: 1 }])
    writer.close()
    const reader = readTape(at('tape'))
    expect(reader.damage).to.equal(null)
    expect(reader.report.accepted.lastSeq).to.equal(20)
  })

  it('refuses a tape with intact frames after the damage, whatever is allowed', () => {
    writeTape(at('tape'))
    const bytes = readFileSync(at('tape'))
    const second = [...readTape(bytes).frames()][1]?.offset ?? 0
    bytes[second + 60] = 0xff
    writeFileSync(at('tape'), bytes)
    expect(codeOf(() => TapeWriter.resume(at('tape'), { cut: () => true }))).to.equal('TAPE013')
    expect(readFileSync(at('tape')).equals(bytes)).to.equal(true)
  })
})
