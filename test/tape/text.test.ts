/**
 * Tapes as text and back: every event, every tape, however it was written.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { DEFAULT_BOOT } from '../../events/boot.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import { digestOfDesign } from '../../src/design/digest.ts'
import { UserError } from '../../src/errors.ts'
import { Packer } from '../../src/tape/file/pack.ts'
import { nodeFileSystem, type TapeFileSystem } from '../../src/tape/file/system.ts'
import { readTape, sealTape, TapeWriter } from '../../src/tape/file.ts'
import { recordedCodec } from '../../src/tape/packing.ts'
import { headerOf, Recording } from '../../src/tape/recording.ts'
import { base64, fromBase64 } from '../../src/tape/text/base64.ts'
import { parseTextLine } from '../../src/tape/text/parse.ts'
import { tapeLines } from '../../src/tape/text/print.ts'
import { fromPlain, toText } from '../../src/tape/text.ts'
import { type Played, plays } from '../support/runs.ts'
import { MemoryFiles } from './memory-files.ts'
import { inDirectory } from './tapes.ts'

const ALL = { from: 0, to: Number.MAX_SAFE_INTEGER }

function linesAt(path: string): string[] {
  const reader = readTape(path)
  try {
    return [...tapeLines(reader, ALL)]
  } finally {
    reader.close()
  }
}

/** Packs lines as a tape at `path`. */
function pack(lines: readonly string[], path: string, fileSystem: TapeFileSystem = nodeFileSystem): void {
  const packer = new Packer(path, fileSystem)
  try {
    for (const [index, line] of lines.entries()) packer.take(line, `text:${index + 1}`)
    packer.finish(`text:${lines.length + 1}`)
  } catch (cause) {
    packer.abandon()
    throw cause
  }
}

/** Writes a run on a tape, in segments of `segmentEvents`. */
function record({ boot, design, events }: Played, path: string, segmentEvents: number, options = {}): void {
  const header = headerOf({ name: design.name, digest: digestOfDesign(design) }, boot)
  const recording = new Recording(TapeWriter.create(path, header, { sync: 'never', ...options }), segmentEvents)
  for (const recorded of events) recording.record(recorded)
  recording.close()
}

describe('the text of an event', () => {
  it('gives the event back, whatever ran', () => {
    fc.assert(
      fc.property(plays(), ({ events }) => {
        for (const recorded of events) {
          const line = toText(recorded)
          const { event, ...rest } = JSON.parse(line)
          expect({ ...rest, event: fromPlain(event) }).to.deep.equal(recorded)
        }
      }),
      { numRuns: 10 },
    )
  })

  it('keeps 64-bit values, and names that look like addresses', () => {
    const events = [
      { type: 'call.learnt', thread: 't1', locals: { va: [0, 0xffff800000000000n], gpa: 2 ** 53 - 1, at: 'uvm_map' } },
      { type: 'vm.allocated', vm: 1, pid: 1, name: '0x10', ranges: [], memorySize: 4096 },
      { type: 'space.split', pid: 1, at: 0x1000 },
    ] as unknown as VmmEvent[]
    for (const event of events) expect(fromPlain(JSON.parse(toText(event)))).to.deep.equal(event)
    expect(toText(events[0])).to.include('"va":["0x0","0xffff800000000000"]')
    expect(toText(events[1])).to.include('"name":"0x10"')
  })

  it('is the same for equal events, whatever the order of their fields', () => {
    expect(toText({ b: 1, a: { d: 2, c: undefined }, seq: 3 })).to.equal(toText({ seq: 3, a: { d: 2 }, b: 1 }))
  })

  it('refuses a 64-bit value where it would not come back', () => {
    expect(() => toText({ pages: 2n ** 60n })).to.throw(TypeError, "'pages'")
  })
})

describe('bytes as base64', () => {
  it('come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), (bytes) => {
        expect(fromBase64(base64(bytes))).to.deep.equal(bytes)
      }),
      { numRuns: 20 },
    )
    expect(fromBase64('no base64!')).to.equal(undefined)
  })
})

describe('a tape that was printed and packed', () => {
  const path = inDirectory()

  function expectSame(from: string): void {
    const lines = linesAt(from)
    pack(lines, path('again.tape'))
    expect(readFileSync(path('again.tape')).equals(readFileSync(from)), 'the same bytes').to.equal(true)
    expect(linesAt(path('again.tape'))).to.deep.equal(lines)
  }

  it('has the same bytes, whatever ran', () => {
    fc.assert(
      fc.property(plays(), fc.integer({ min: 1, max: 50 }), fc.boolean(), (played, segmentEvents, seal) => {
        const name = path('run.tape')
        record(played, name, segmentEvents, { overwrite: true, seal })
        pack(linesAt(name), path('again.tape'))
        expect(readFileSync(path('again.tape')).equals(readFileSync(name))).to.equal(true)
        nodeFileSystem.remove(path('again.tape'))
      }),
      { numRuns: 8 },
    )
  })

  /** Events that compress well. */
  const events = (from: number, count: number): Recorded[] =>
    Array.from({ length: count }, (_, index) => ({
      seq: from + index,
      thread: 't1',
      place: null,
      event: { type: 'process.spawned', pid: 100 + index, pledge: [], pmap: 1 } as unknown as VmmEvent,
    }))
  const header = headerOf({ name: 'aobj', digest: '0' }, { ...DEFAULT_BOOT, vcpuMax: 1, frames: 8 })

  function append(writer: TapeWriter, from: number, count: number): void {
    writer.appendEvents(recordedCodec.encode(events(from, count), from), count, from)
  }

  it('has the same bytes when it was closed and gone on with, sealed from there', () => {
    const writer = TapeWriter.create(path('a.tape'), header, { sync: 'never' })
    append(writer, 1, 30)
    writer.appendSnapshot(30, new Uint8Array(500).fill(7))
    writer.close()
    const more = TapeWriter.resume(path('a.tape'), { sync: 'never', seal: true })
    append(more, 31, 40)
    more.appendNote(70, 'half of it is sealed')
    more.appendSnapshot(70, new Uint8Array(500).fill(7))
    more.close()
    const last = TapeWriter.resume(path('a.tape'), { sync: 'never' })
    append(last, 71, 30)
    last.close()
    const lines = linesAt(path('a.tape'))
    expect(lines.filter((line) => line === '{"index":{}}')).to.have.length(2)
    expect(lines.filter((line) => line.includes('"sealed":true'))).to.have.length(2)
    expectSame(path('a.tape'))
  })

  it('has the same bytes when its writer never closed it', () => {
    const writer = TapeWriter.create(path('a.tape'), header, { sync: 'never' })
    append(writer, 1, 3)
    writer.abandon()
    expect(linesAt(path('a.tape')).at(-1)).to.equal('{"end":{"closed":false}}')
    expectSame(path('a.tape'))
  })

  it('has the same bytes when it is gone on with after its writer never closed it', () => {
    const writer = TapeWriter.create(path('a.tape'), header, { sync: 'never', seal: true })
    append(writer, 1, 30)
    writer.abandon()
    const more = TapeWriter.resume(path('a.tape'), { sync: 'never' })
    append(more, 31, 30)
    more.close()
    expectSame(path('a.tape'))
  })

  it('has the same bytes where they are not those that its events would make today', () => {
    const payload = recordedCodec.encode(events(1, 2), 1)
    // The same events with the fields of the first in another order, as another version may have written them.
    const other = reordered(payload)
    const writer = TapeWriter.create(path('a.tape'), header, { sync: 'never' })
    writer.appendEvents(other, 2, 1)
    writer.close()
    expect(linesAt(path('a.tape'))[1]).to.include('"bytes":')
    expectSame(path('a.tape'))
  })

  it('has the same bytes when it is empty', () => {
    TapeWriter.create(path('a.tape'), header, { sync: 'never' }).close()
    expectSame(path('a.tape'))
  })

  it('has the same bytes once sealed', () => {
    const writer = TapeWriter.create(path('a.tape'), header, { sync: 'never' })
    for (let from = 1; from < 500; from += 5) append(writer, from, 5)
    writer.close()
    sealTape(path('a.tape'), path('b.tape'))
    expectSame(path('b.tape'))
  })

  it('leaves nothing behind when the disk is full', () => {
    const writer = TapeWriter.create(path('a.tape'), header, { sync: 'never' })
    append(writer, 1, 100)
    writer.close()
    const lines = linesAt(path('a.tape'))
    const files = new MemoryFiles()
    files.capacity = 300
    expect(() => pack(lines, 'b.tape', files)).to.throw(
      /^b\.tape\.part: writing \d+ bytes at byte \d+ failed: .*TAPE008/,
    )
    expect([...files.files.keys()]).to.deep.equal([])
    expect(files.openFiles).to.equal(0)
  })

  it('is not begun when there is a file already', () => {
    TapeWriter.create(path('a.tape'), header, { sync: 'never' }).close()
    expect(() => new Packer(path('a.tape'))).to.throw('TAPE007')
  })
})

/** The payload with the first two fields of the first record's object exchanged: as long, and the same events. */
function reordered(payload: Uint8Array): Uint8Array {
  const bytes = payload.slice()
  const text = String.fromCharCode(...bytes)
  // `pid` and its value before `pledge` and its empty list, as msgpack has them.
  const from = '\xa3pid\x64\xa6pledge\x90'
  const at = text.indexOf(from)
  const to = '\xa6pledge\x90\xa3pid\x64'
  for (let i = 0; i < to.length; i++) bytes[at + i] = to.charCodeAt(i)
  return bytes
}

describe('a line of the text', () => {
  const wrong: readonly (readonly [line: string, sentence: string])[] = [
    ['[]', 'p: wanted a line with one of tape, segment, snapshot, note, index, end, event, found []'],
    ['{"segment":{"seq":1,"count":0,"sealed":false}}', 'p: segment.count: wanted a number of events from 1, found 0'],
    ['{"segment":{"count":1,"sealed":false}}', 'p: segment.seq: wanted a seq (a whole number), found nothing'],
    ['{"segment":7}', 'p: segment: wanted an object, found 7'],
    ['{"snapshot":{"seq":1,"sealed":false,"payload":"?"}}', 'p: snapshot.payload: wanted bytes in base64, found "?"'],
    ['{"note":{"seq":1,"text":1}}', 'p: note.text: wanted a text, found 1'],
    ['{"note":{"seq":1,"text":"a","by":"b"}}', "p: wanted no field 'note.by'."],
    [
      '{"note":{"seq":1,"text":"a"},"end":{"closed":true}}',
      'p: wanted a line with one of tape, segment, snapshot, note, index, end, event, found {"note":{"seq":1,"text":"a"},"end":{"closed":true}}',
    ],
    [
      '{"seq":1,"thread":null,"place":null,"event":{"type":"x"}}',
      'p: event.type: wanted the type of an event, found "x"',
    ],
    ['{"seq":1,"thread":null,"event":{"type":"a.b"}}', 'p: place: wanted a text, found nothing'],
    [
      '{"seq":0,"thread":null,"place":null,"event":{"type":"a.b"}}',
      'p: seq: wanted a seq (a whole number from 1), found 0',
    ],
    [
      '{"tape":{"text":1,"header":{"design":{"name":"a"},"modelVersion":1,"boot":null,"createdBy":"b"}}}',
      'p: tape.header.design.digest: wanted a text, found nothing',
    ],
    ['{"end":{}}', 'p: end.closed: wanted true or false, found nothing'],
    ['{"end":', "p: wanted a line of a tape's text as one line of JSON, found a line that ends too early, at column 7"],
  ]
  for (const [line, sentence] of wrong)
    it(`is refused: ${line}`, () => {
      try {
        parseTextLine(line, 'p')
      } catch (error) {
        expect(error).to.be.instanceOf(UserError)
        expect((error as Error).message).to.equal(sentence)
        return
      }
      expect.fail('nothing was thrown')
    })
})
