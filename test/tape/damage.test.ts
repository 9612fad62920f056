/**
 * Damaged tapes: every byte changed, every length cut, frames exchanged and left out. Whatever is wrong is told of with
 * its place, everything before it opens, and nothing wrong is taken for right.
 */
import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { Contents } from '../../src/tape/contents.ts'
import { TapeError } from '../../src/tape/error.ts'
import { nodeMeans, readTape, TapeWriter } from '../../src/tape/file.ts'
import { encodeFrame, encodePrologue } from '../../src/tape/frame.ts'
import { HEAD_BYTES, PROLOGUE_BYTES } from '../../src/tape/layout.ts'
import { TapeReader } from '../../src/tape/reader.ts'
import { sourceOf } from '../../src/tape/source.ts'
import { MemoryFiles } from './memory-files.ts'
import { append, codeOf, contentOf, header, inDirectory, type Part, payloadOf, someParts } from './tapes.ts'

function tapeOf(parts: readonly Part[] = someParts, options: { seal?: boolean; closes?: boolean } = {}): Uint8Array {
  const files = new MemoryFiles()
  const writer = TapeWriter.create('a', header, { sync: 'never', seal: options.seal ?? false, fileSystem: files })
  append(writer, parts)
  if (options.closes ?? true) writer.close()
  return files.files.get('a')?.bytes ?? new Uint8Array(0)
}

/** Where the frames of an undamaged tape start, the header first and the index last; and where it ends. */
function framesOf(tape: Uint8Array): readonly number[] {
  const reader = readTape(tape)
  const offsets = [PROLOGUE_BYTES, ...[...reader.frames()].map(({ offset }) => offset)]
  // The index is what a tape without its last byte does not accept.
  if (reader.report.closed) offsets.push(readTape(tape.slice(0, -8)).report.accepted.bytes)
  return [...offsets, tape.length]
}

/**
 * Holds the reading of a tape that is damaged somewhere in the frame that starts at `start` to what was promised.
 *
 * @returns what was said of it.
 */
function expectTold(damaged: Uint8Array, original: readonly object[], frames: readonly number[], at: number): string {
  const frame = frames.findLastIndex((offset) => offset <= at)
  const start = frames[frame] ?? 0
  if (start <= PROLOGUE_BYTES) {
    const code = codeOf(() => readTape(damaged))
    expect(code).to.be.oneOf(at < 8 ? ['TAPE001'] : ['TAPE006'])
    return code
  }
  const reader = readTape(damaged)
  const { accepted, tornTail, corrupted, closed } = reader.report
  expect(contentOf(reader), `byte ${at}`).to.deep.equal(original.slice(0, frame - 1))
  expect(accepted.bytes, `byte ${at}`).to.equal(start)
  expect(closed).to.equal(false)
  expect(tornTail).to.equal(null)
  expect(corrupted).to.include({ offset: start, bytes: damaged.length - start, frame })
  // All that is behind is intact, and is said to be.
  const behind = frames.length - 2 - frame
  expect(corrupted?.intactAfter, `byte ${at}`).to.equal(behind)
  expect(corrupted?.nextIntact).to.equal(behind === 0 ? null : frames[frame + 1])
  expect(reader.damage).to.match(/^frame \d+ at byte \d+ is damaged \(\w+\): wanted .*, found .*; /)
  return corrupted?.what ?? 'nothing'
}

describe('a tape with one changed byte', () => {
  for (const seal of [false, true])
    it(`is told from the right one, whichever byte it is (${seal ? 'sealed' : 'open'})`, () => {
      const tape = tapeOf([...someParts, { snapshot: 900 }, { events: 400 }], { seal })
      const original = contentOf(readTape(tape))
      const frames = framesOf(tape)
      const said = new Set<string>()
      for (const at of tape.keys()) {
        const damaged = tape.slice()
        damaged[at] = 255 - (damaged[at] ?? 0)
        said.add(expectTold(damaged, original, frames, at))
      }
      expect([...said].sort()).to.deep.equal(['TAPE001', 'TAPE006', 'chain', 'crc', 'kind'])
    })

  it('is told from the right one for each bit of a head, a payload and the zeros after it', () => {
    const tape = tapeOf()
    const original = contentOf(readTape(tape))
    const frames = framesOf(tape)
    const second = frames[1] ?? 0
    const third = frames[2] ?? 0
    for (let at = second; at < third; at++)
      for (let bit = 0; bit < 8; bit++) {
        const damaged = tape.slice()
        const byte = damaged[at] ?? 0
        damaged[at] = Math.floor(byte / 2 ** bit) % 2 === 1 ? byte - 2 ** bit : byte + 2 ** bit
        expectTold(damaged, original, frames, at)
      }
    expect(third - second).to.equal(HEAD_BYTES + 8)
  })

  it('is told from the right one for any change of any bytes', () => {
    const tape = tapeOf()
    const original = contentOf(readTape(tape))
    const change = fc.tuple(fc.nat(tape.length - 1), fc.uint8Array({ minLength: 1, maxLength: 30 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = tape.slice()
        for (const [at, bytes] of changes) damaged.set(bytes.subarray(0, tape.length - at), at)
        const first = damaged.findIndex((byte, at) => byte !== tape[at])
        let reader: TapeReader
        try {
          reader = readTape(damaged)
        } catch (cause) {
          expect(cause).to.be.instanceOf(TapeError)
          expect(first).to.be.lessThan(framesOf(tape)[1] ?? 0)
          return
        }
        const { accepted } = reader.report
        if (first === -1) expect(reader.damage).to.equal(null)
        else {
          expect(reader.damage).to.be.a('string')
          expect(accepted.bytes).to.be.at.most(first)
        }
        const found = contentOf(reader)
        expect(found).to.deep.equal(original.slice(0, found.length))
      }),
      { numRuns: 500 },
    )
  })

  it('never hands out a damaged frame, even opened by its index', () => {
    const tape = tapeOf()
    const original = contentOf(readTape(tape))
    for (const wholeBytesMax of [0, 2 ** 20])
      for (const at of tape.keys()) {
        const damaged = tape.slice()
        damaged[at] = ((damaged[at] ?? 0) + 1) % 256
        const files = new MemoryFiles()
        files.files.set('a', { bytes: damaged, durable: damaged, named: true, pending: [] })
        const found: object[] = []
        try {
          const reader = readTape('a', { verify: 'lazy', fileSystem: files, wholeBytesMax })
          for (const frame of reader.frames()) found.push(frame)
          // Only an index that is damaged itself may stay unseen by one who reads all the frames; it is not used then.
          expect(reader.report.verified, `byte ${at}`).to.equal('heads')
          expect(reader.damage, `byte ${at}`).to.be.a('string')
        } catch (cause) {
          expect(cause, `byte ${at}`).to.be.instanceOf(TapeError)
          expect((cause as TapeError).code).to.be.oneOf(['TAPE001', 'TAPE006', 'TAPE011'])
        }
        expect(found.length).to.be.at.most(original.length)
        const wanted = [...readTape(tape).frames()].slice(0, found.length)
        expect(found, `byte ${at}`).to.deep.equal(wanted)
      }
  })
})

describe('a tape that was cut', () => {
  for (const closes of [true, false])
    it(`opens up to the last whole frame, at every length (${closes ? 'closed' : 'never closed'})`, () => {
      const tape = tapeOf(someParts, { closes })
      const original = contentOf(readTape(tape))
      const frames = framesOf(tape)
      for (let length = 0; length < tape.length; length++) {
        const cut = tape.slice(0, length)
        if (length < (frames[1] ?? 0)) {
          expect(
            codeOf(() => readTape(cut)),
            `${length}`,
          ).to.equal(length === 0 ? 'TAPE002' : 'TAPE006')
          continue
        }
        for (const verify of ['all', 'lazy'] as const) {
          const reader = readTape(cut, { verify })
          const end = frames.findLast((offset) => offset <= length) ?? 0
          const { tornTail, corrupted, closed, accepted } = reader.report
          expect(accepted.bytes).to.equal(end)
          expect(tornTail, `${length}`).to.deep.equal(end === length ? null : { offset: end, bytes: length - end })
          expect(corrupted).to.equal(null)
          expect(closed).to.equal(false)
          expect(contentOf(reader)).to.deep.equal(original.slice(0, frames.indexOf(end) - 1))
        }
      }
    })

  it('and filled with zeros is torn where the zeros begin to matter', () => {
    const tape = tapeOf()
    const frames = framesOf(tape)
    for (const start of frames.slice(1, -1)) {
      const zeroed = tape.slice()
      zeroed.fill(0, start)
      expect(readTape(zeroed).report.tornTail).to.deep.equal({ offset: start, bytes: tape.length - start })
    }
    const longer = new Uint8Array(tape.length + 4096)
    longer.set(tape)
    const { report } = readTape(longer)
    expect(report.tornTail).to.deep.equal({ offset: tape.length, bytes: 4096 })
    expect(report.closed).to.equal(false)
    expect(contentOf(readTape(longer, { verify: 'lazy' }))).to.deep.equal(contentOf(readTape(tape)))
  })

  it('or has something after its end, is told of', () => {
    const tape = tapeOf()
    for (const extra of [1, 8, 55, 56, 100]) {
      const longer = new Uint8Array(tape.length + extra).fill(0x41)
      longer.set(tape)
      const { tornTail, corrupted } = readTape(longer).report
      expect(tornTail ?? corrupted).to.include({ offset: tape.length, bytes: extra })
    }
  })
})

describe('a tape whose frames were moved', () => {
  const tape = tapeOf([{ events: 2 }, { events: 2 }, { note: 'a' }, { note: 'b' }], { closes: false })
  const frames = framesOf(tape)
  const part = (index: number) => tape.slice(frames[index], frames[index + 1])
  const joined = (...indices: number[]) =>
    Uint8Array.from([...tape.slice(0, PROLOGUE_BYTES), ...indices.flatMap((index) => [...part(index)])])

  it('is as it was when put together as it was', () => {
    expect(joined(0, 1, 2, 3, 4)).to.deep.equal(tape)
  })
  for (const [what, indices, at] of [
    ['exchanged', [0, 1, 2, 4, 3], 3],
    ['left out', [0, 1, 2, 4], 3],
    ['repeated', [0, 1, 2, 2, 3], 3],
    ['without a header in front', [0, 2, 1, 3, 4], 1],
  ] as const)
    it(`is told of by its chain: ${what}`, () => {
      const { corrupted } = readTape(joined(...indices)).report
      expect(corrupted).to.include({ what: 'chain', frame: at, intactAfter: indices.length - at - 1 })
    })

  it('is told of when a frame comes from another run', () => {
    const other = tapeOf([{ events: 2 }, { note: 'x' }], { closes: false })
    const mixed = Uint8Array.from([...joined(0, 1, 2), ...other.slice(framesOf(other)[2])])
    expect(readTape(mixed).report.corrupted).to.include({ what: 'chain', frame: 3 })
  })

  it('has only one header, and no frame of a kind that there is not', () => {
    expect(readTape(joined(0, 0)).report.corrupted).to.include({ what: 'chain', frame: 1 })
    const { checksums } = nodeMeans
    const forged = (change: (frame: Uint8Array) => void) => {
      const payload = payloadOf(3, 1)
      const bytes = new Uint8Array(HEAD_BYTES + 8)
      const head = {
        kind: 'events',
        codec: 'plain',
        storedBytes: 3,
        expandedBytes: 3,
        seq: 1,
        count: 3,
        ordinal: 1,
      } as const
      encodeFrame(bytes, 0, head, payload, readTape(joined(0)).chain, checksums)
      change(bytes)
      const view = new DataView(bytes.buffer)
      view.setUint32(32, checksums.crc32(bytes.subarray(0, 32)), true)
      view.setUint32(36, checksums.crc32(bytes.subarray(56), checksums.crc32(bytes.subarray(0, 36))), true)
      return readTape(Uint8Array.from([...joined(0), ...bytes])).report.corrupted?.what ?? null
    }
    expect(forged(() => undefined)).to.equal(null)
    expect(forged((frame) => frame.set([9], 4))).to.equal('kind')
    expect(forged((frame) => frame.set([0], 4))).to.equal('kind')
    expect(forged((frame) => frame.set([7], 5))).to.equal('kind')
    expect(forged((frame) => frame.set([1], 6))).to.equal('kind')
    expect(forged((frame) => frame.set([4], 12))).to.equal('length')
    expect(forged((frame) => frame.set([255, 255, 255, 255], 8))).to.equal('length')
    expect(forged((frame) => frame.set([255, 255, 255, 255, 255, 255, 255, 255], 16))).to.equal('order')
    expect(forged((frame) => frame.set([0, 0, 0, 0], 24))).to.equal('order')
    expect(forged((frame) => frame.set([2], 24))).to.equal('chain')
  })
})

describe('an index of another tape', () => {
  it('is told of, and leads nobody astray', () => {
    const { checksums } = nodeMeans
    const tape = tapeOf([{ events: 2 }, { events: 2 }], { closes: false })
    const { chain } = readTape(tape)
    const withIndex = (contents: Contents) => {
      const payload = contents.encode(tape.length)
      const storedBytes = payload.length
      const bytes = new Uint8Array(tape.length + HEAD_BYTES + storedBytes)
      bytes.set(tape)
      const head = { kind: 'index', codec: 'plain', storedBytes, expandedBytes: storedBytes, seq: 4, count: 0 } as const
      encodeFrame(bytes, tape.length, { ...head, ordinal: 3 }, payload, chain, checksums)
      return bytes
    }
    const [first = 0, second = 0, third = 0] = framesOf(tape)
    const contents = (...counts: number[]) => {
      const table = new Contents()
      table.add({ kind: 'header', offset: first, seq: 0, count: 0 })
      table.add({ kind: 'events', offset: second, seq: 1, count: counts[0] ?? 0 })
      table.add({ kind: 'events', offset: third, seq: 1 + (counts[0] ?? 0), count: counts[1] ?? 0 })
      return table
    }
    expect(readTape(withIndex(contents(2, 2))).report).to.deep.include({ closed: true, corrupted: null })
    const wrong = withIndex(contents(3, 1))
    expect(readTape(wrong).report.corrupted).to.include({ what: 'index', offset: tape.length })
    const lazy = readTape(wrong, { verify: 'lazy' })
    expect(codeOf(() => lazy.segmentFor(3))).to.equal('TAPE011')
  })
})

describe('what is no tape', () => {
  const at = inDirectory()
  const cases: readonly [string, readonly number[] | string, string][] = [
    ['a PNG picture', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], 'a PNG picture'],
    ['gzip', [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3], 'gzip-compressed data'],
    ['an ELF program', [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 'an ELF program or core dump'],
    ['JSON', '\n{"type": "pmap.entered"}\n', 'JSON'],
    ['text', 'qemu-system-x86-1 [000] 12.5: kvm_exit: reason EPT_VIOLATION — …', 'text'],
    ['coloured text', '\u001b[1mtext\u001b[0m', 'text'],
    ['half a character of text', [...new TextEncoder().encode('déjà')].slice(0, 5), 'text'],
    ['zeros', new Array(600).fill(0), 'zeros'],
    ['something else', [0xff, 0, 1, 2, 3], 'some other binary file'],
    [
      'a tape copied in text mode',
      [0x89, 0x56, 0x54, 0x41, 0x50, 0x45, 0x0a, 1, 0, 0, 0],
      'a tape whose first bytes were damaged, as by a copy in text mode',
    ],
    ['one byte', [7], 'some other binary file'],
  ]
  for (const [what, bytes, seems] of cases)
    it(`is named for what it seems to be: ${what}`, () => {
      writeFileSync(at('file'), typeof bytes === 'string' ? bytes : Uint8Array.from(bytes))
      expect(() => readTape(at('file'))).to.throw(
        TapeError,
        `${at('file')}: a tape was wanted, and this looks like ${seems} (TAPE001).`,
      )
    })

  it('is not a tape of a newer version, which names both', () => {
    const tape = tapeOf()
    tape.set(encodePrologue(nodeMeans.checksums, 7))
    expect(() => readTape(tape)).to.throw(TapeError, 'format version 7, and this program reads up to version 1')
    expect(codeOf(() => readTape(tape))).to.equal('TAPE003')
    tape.set(encodePrologue(nodeMeans.checksums, 0))
    expect(codeOf(() => readTape(tape))).to.equal('TAPE006')
  })

  it('is not a tape with a header that says nothing', () => {
    const { checksums } = nodeMeans
    for (const payload of [[0x80], [0xc0], [0xc1], [0x90], [0x81, 0xa1, 0x61]]) {
      const bytes = new Uint8Array(PROLOGUE_BYTES + HEAD_BYTES + 8)
      const prologue = encodePrologue(checksums)
      bytes.set(prologue)
      const storedBytes = payload.length
      const head = {
        kind: 'header',
        codec: 'plain',
        storedBytes,
        expandedBytes: storedBytes,
        seq: 0,
        count: 0,
        ordinal: 0,
      } as const
      encodeFrame(bytes, PROLOGUE_BYTES, head, Uint8Array.from(payload), prologue, checksums)
      expect(codeOf(() => readTape(bytes))).to.equal('TAPE006')
    }
  })
})

describe('a sealed frame', () => {
  const tape = tapeOf([{ events: 5000 }], { seal: true })

  it('says so where there is no brotli, while the rest is to be had', () => {
    const reader = new TapeReader(sourceOf(tape), { checksums: nodeMeans.checksums })
    expect(reader.report.accepted.events).to.equal(5000)
    expect(codeOf(() => reader.segmentFor(1))).to.equal('TAPE017')
  })

  it('is refused when it expands to something else than it says', () => {
    const { checksums } = nodeMeans
    for (const expand of [
      () => new Uint8Array(4999),
      () => {
        throw new Error('broken')
      },
    ]) {
      const reader = new TapeReader(sourceOf(tape), { checksums, expand })
      expect(codeOf(() => reader.segmentFor(1))).to.equal('TAPE017')
    }
  })
})
