/**
 * Writing a tape and reading it back, in all the ways that there are for each.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { TapeError } from '../../src/tape/error.ts'
import { nodeFileSystem } from '../../src/tape/file/system.ts'
import { readTape, TapeWriter } from '../../src/tape/file.ts'
import { partsOf } from './parts.ts'
import { append, codeOf, contentOf, header, inDirectory, type Part, payloadOf, writeTape } from './tapes.ts'

/** What reading should give, computed from the parts alone. */
function wanted(parts: readonly Part[]): object[] {
  let last = 0
  return parts.map((part) => {
    if ('note' in part) return { note: part.note, seq: last }
    if ('snapshot' in part) return { snapshot: last, payload: Array.from(payloadOf(part.snapshot, last)) }
    last += part.events
    const firstSeq = last - part.events + 1
    return { events: part.events, firstSeq, payload: Array.from(payloadOf(part.events, firstSeq)) }
  })
}

describe('a tape', () => {
  const at = inDirectory()

  it('gives back what was appended, in every way of reading it', () => {
    let run = 0
    fc.assert(
      fc.property(partsOf, fc.boolean(), fc.boolean(), (parts, seal, closes) => {
        const path = at(`${run++}.tape`)
        const writer = TapeWriter.create(path, header, { sync: 'never', seal })
        append(writer, parts)
        if (closes) writer.close()
        else writer.abandon()
        for (const options of [
          {},
          { wholeBytesMax: 0 },
          { verify: 'lazy' as const },
          { verify: 'lazy' as const, wholeBytesMax: 0 },
        ]) {
          const reader = readTape(path, options)
          expect(contentOf(reader)).to.deep.equal(wanted(parts))
          expect(reader.header).to.deep.equal({ formatVersion: 1, ...header })
          expect(reader.damage).to.equal(null)
          const { closed, verified, accepted } = reader.report
          expect(closed).to.equal(closes)
          expect(verified).to.equal(options.verify !== 'lazy' ? 'all' : closes ? 'index' : 'heads')
          expect(accepted.events).to.equal(parts.reduce((sum, part) => sum + ('events' in part ? part.events : 0), 0))
          reader.close()
        }
        const bytes = readFileSync(path)
        expect(contentOf(readTape(bytes))).to.deep.equal(wanted(parts))
        expect(bytes.length % 8).to.equal(0)
      }),
    )
  })

  it('is the same bytes however often it is written', () => {
    writeTape(at('one'))
    writeTape(at('two'))
    expect(readFileSync(at('one')).equals(readFileSync(at('two')))).to.equal(true)
    expect(readTape(at('one')).chain).to.deep.equal(readTape(at('two')).chain)
  })

  it('has zeros after a payload, whatever was written before', () => {
    const writer = TapeWriter.create(at('tape'), header, { sync: 'never' })
    writer.appendEvents(new Uint8Array(64).fill(255), 1, 1)
    const { bytes } = writer
    writer.appendEvents(Uint8Array.of(255), 1, 2)
    writer.abandon()
    expect([...readFileSync(at('tape')).subarray(bytes + 56)]).to.deep.equal([255, 0, 0, 0, 0, 0, 0, 0])
  })

  it('is looked at again when a frame is read: the file may have changed since it was opened', () => {
    writeTape(at('tape'))
    const bytes = readFileSync(at('tape'))
    const reader = readTape(bytes)
    const { offset } = reader.segmentFor(1) ?? { offset: 0 }
    bytes[offset + 56] = 99
    expect(codeOf(() => reader.segmentFor(1))).to.equal('TAPE011')
    expect(reader.segmentFor(4)?.count).to.equal(1)
  })

  it('finds the segment of every event and the snapshot before every moment', () => {
    fc.assert(
      fc.property(partsOf, (parts) => {
        writeTape(at('tape'), parts, { overwrite: true })
        const reader = readTape(at('tape'))
        const frames = [...reader.frames()]
        const last = reader.report.accepted.lastSeq ?? 0
        for (let seq = 0; seq <= last + 1; seq++) {
          const segment = frames.find(
            (frame) => frame.kind === 'events' && frame.firstSeq <= seq && seq < frame.firstSeq + frame.count,
          )
          expect(reader.segmentFor(seq)).to.deep.equal(segment ?? null)
          // Snapshots are appended in order of seq here; of several of one moment the last one counts.
          const snapshot = frames.findLast((frame) => frame.kind === 'snapshot' && frame.seq <= seq)
          expect(reader.snapshotBefore(seq)).to.deep.equal(snapshot ?? null)
        }
        expect([...reader.segments()].map(({ firstSeq }) => firstSeq)).to.deep.equal(
          frames.flatMap((frame) => (frame.kind === 'events' ? [frame.firstSeq] : [])),
        )
        expect([...reader.notes()]).to.deep.equal(frames.filter(({ kind }) => kind === 'note'))
      }),
    )
  })

  it('finds a snapshot of an earlier moment that was appended later', () => {
    const writer = TapeWriter.create(at('tape'), header, { sync: 'never' })
    append(writer, [{ events: 10 }, { snapshot: 1 }])
    writer.appendSnapshot(4, payloadOf(2, 4))
    writer.appendSnapshot(4, payloadOf(3, 4))
    writer.appendSnapshot(7, payloadOf(4, 7))
    writer.close()
    const reader = readTape(at('tape'))
    const found = [3, 4, 6, 7, 9, 10, 11].map((seq) => reader.snapshotBefore(seq)?.payload.length ?? 0)
    expect(found).to.deep.equal([0, 3, 3, 4, 4, 1, 1])
  })

  it('spends less than 100 bytes on a segment of 1,000 events', () => {
    const writer = TapeWriter.create(at('tape'), header, { sync: 'never' })
    const before = writer.bytes
    writer.appendEvents(new Uint8Array(9001), 1000, 1)
    expect(writer.bytes - before - 9001).to.be.lessThan(100)
    writer.abandon()
  })

  it('hands out payloads that start on 8-byte boundaries, for columns of doubles', () => {
    writeTape(at('tape'))
    for (const reader of [readTape(at('tape')), readTape(at('tape'), { wholeBytesMax: 0 })])
      for (const frame of reader.frames()) if (frame.kind === 'events') expect(frame.payload.byteOffset % 8).to.equal(0)
  })

  it('can start as a fork: with a snapshot, after which the events go on', () => {
    const writer = TapeWriter.create(at('tape'), header, { sync: 'never' })
    writer.appendSnapshot(500, payloadOf(4, 1))
    expect(codeOf(() => writer.appendEvents(payloadOf(1, 1), 1, 1))).to.equal('TAPE014')
    writer.appendEvents(payloadOf(2, 501), 2, 501)
    writer.close()
    const reader = readTape(at('tape'), { verify: 'lazy' })
    expect(reader.report.accepted).to.include({ events: 2, firstSeq: 501, lastSeq: 502 })
    expect(reader.snapshotBefore(501)?.seq).to.equal(500)
    expect(reader.snapshotBefore(499)).to.equal(null)
  })
})

describe('a tape on a path that has none', () => {
  const at = inDirectory()

  it('names a directory', () => {
    mkdirSync(at('directory'))
    expect(codeOf(() => readTape(at('directory')))).to.equal('TAPE004')
    expect(codeOf(() => TapeWriter.create(at('directory'), header, { overwrite: true }))).to.equal('TAPE004')
    expect(codeOf(() => TapeWriter.resume(at('directory')))).to.equal('TAPE004')
  })

  it('names what is missing, and a device', () => {
    expect(() => readTape(at('none'))).to.throw(TapeError, 'there is no such file (TAPE005)')
    expect(() => readTape('/dev/null')).to.throw(TapeError, 'this is a device')
    expect(codeOf(() => TapeWriter.create(at('none/tape'), header))).to.equal('TAPE008')
  })

  it('names a file that may not be read', () => {
    writeTape(at('tape'))
    const fileSystem = {
      ...nodeFileSystem,
      open: () => {
        throw Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' })
      },
    }
    expect(() => readTape(at('tape'), { fileSystem })).to.throw(TapeError, 'this user may not read it (TAPE005)')
  })
})
