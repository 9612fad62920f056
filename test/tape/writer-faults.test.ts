/**
 * A writer whose file system fails: at every call, with every kind of failure, and with a disk that is full at every
 * size. What was acknowledged stays, and what is on the tape is whole.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { TapeError } from '../../src/tape/error.ts'
import { readTape, type SyncPolicy, TapeWriter } from '../../src/tape/file.ts'
import { type Fault, MemoryFiles } from './memory-files.ts'
import { partsOf } from './parts.ts'
import { append, codeOf, contentOf, header, inDirectory, type Part, payloadOf, plain, someParts } from './tapes.ts'

const path = 'a.tape'

type Outcome = {
  /** How many of the parts went in; -1 when the tape could not even be started. */
  readonly parts: number
  readonly acknowledged: number
  readonly error: unknown
}

/** Writes `parts` until something fails. */
function write(files: MemoryFiles, parts: readonly Part[], sync: SyncPolicy): Outcome {
  let writer: TapeWriter
  try {
    writer = TapeWriter.create(path, header, { sync, fileSystem: files })
  } catch (error) {
    return { parts: -1, acknowledged: -1, error }
  }
  let done = 0
  try {
    for (const part of parts) {
      append(writer, [part])
      done += 1
    }
    writer.close()
    return { parts: done, acknowledged: writer.acknowledged, error: null }
  } catch (error) {
    const { acknowledged } = writer
    try {
      writer.close()
    } catch {
      // The first error is the one that is judged.
    }
    return { parts: done, acknowledged, error }
  }
}

function whole(parts: readonly Part[], sync: SyncPolicy): MemoryFiles {
  const files = new MemoryFiles()
  expect(write(files, parts, sync).error).to.equal(null)
  return files
}

describe('a writer on a failing disk', () => {
  const policies: readonly SyncPolicy[] = ['never', 'segment', 4]
  const faults: readonly Fault[] = [
    { errno: 'ENOSPC' },
    { errno: 'EIO' },
    { errno: 'ENOSPC', after: 5 },
    { errno: 'EIO', after: 60 },
    { short: 0 },
  ]

  for (const sync of policies)
    for (const fault of faults)
      it(`keeps what it had at every call that does ${JSON.stringify(fault)}, with sync ${sync}`, () => {
        const ideal = whole(someParts, sync)
        const wanted = contentOf(readTape(path, { fileSystem: ideal }))
        let failed = 0
        for (const call of ideal.calls.keys()) {
          const files = new MemoryFiles()
          files.fault = (at) => (at === call ? fault : null)
          const { parts, acknowledged, error } = write(files, someParts, sync)
          // What comes after is for looking at what is left.
          files.fault = () => null
          const where = `call ${call}, ${ideal.calls[call]}`
          expect(files.openFiles, where).to.equal(0)
          if (error === null) {
            expect(contentOf(readTape(path, { fileSystem: files })), where).to.deep.equal(wanted)
            continue
          }
          failed += 1
          expect(error, where).to.be.instanceOf(TapeError)
          expect((error as TapeError).message, where).to.match(/^a\.tape: .*\(TAPE00[89]\)\.$/)
          if (parts < 0) {
            expect(files.files.has(path), where).to.equal(false)
            continue
          }
          const reader = readTape(path, { fileSystem: files })
          expect(reader.damage, where).to.equal(null)
          const found = contentOf(reader)
          expect(found, where).to.deep.equal(wanted.slice(0, found.length))
          expect(found.length, where).to.be.at.least(parts)
          expect(reader.report.accepted.lastSeq ?? -1, where).to.be.at.least(acknowledged)
        }
        expect(failed).to.be.greaterThan(2)
      })

  it('names the byte, the reason and the last event that is safe', () => {
    const files = new MemoryFiles()
    const writer = TapeWriter.create(path, header, { sync: 8, fileSystem: files })
    append(writer, [{ events: 5 }, { events: 5 }, { events: 5 }])
    const { bytes } = writer
    files.capacity = bytes + 20
    let error: unknown
    try {
      append(writer, [{ events: 3 }])
    } catch (cause) {
      error = cause
    }
    expect(error).to.include({ code: 'TAPE008', path, offset: bytes, acknowledged: 10 })
    expect(String(error)).to.equal(
      `UserError: a.tape: writing 64 bytes at byte ${bytes} failed: ENOSPC: made to fail; the tape ends before this frame, with event 15, and events up to 10 are on the disk (TAPE008).`,
    )
    files.capacity = Number.POSITIVE_INFINITY
    writer.close()
    expect(readTape(path, { fileSystem: files }).report.accepted.lastSeq).to.equal(15)
  })

  it('goes on once there is room again, as if nothing had been', () => {
    const ideal = whole(someParts, 'segment')
    const files = new MemoryFiles()
    const writer = TapeWriter.create(path, header, { fileSystem: files })
    for (const part of someParts) {
      files.capacity = writer.bytes + 30
      expect(codeOf(() => append(writer, [part]))).to.equal('TAPE008')
      files.capacity = Number.POSITIVE_INFINITY
      append(writer, [part])
    }
    writer.close()
    expect(files.files.get(path)?.bytes).to.deep.equal(ideal.files.get(path)?.bytes)
  })

  it('writes the same tape in pieces of any size, and through signals', () => {
    const ideal = whole(someParts, 'segment').files.get(path)?.bytes
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (sizes) => {
        const files = new MemoryFiles()
        let writes = 0
        let signals = 0
        files.fault = (_, name) => {
          if (name !== 'write') return null
          writes += 1
          const short = sizes[writes % sizes.length] ?? 1
          if (short > 0) return { short }
          // A signal may come often, but not for ever.
          signals += 1
          return signals % 3 === 0 ? null : { errno: 'EINTR' }
        }
        expect(write(files, someParts, 'segment').error).to.equal(null)
        expect(files.files.get(path)?.bytes).to.deep.equal(ideal)
      }),
    )
  })

  it('leaves a torn tail that is told of when even cutting it off fails, and gives up', () => {
    const files = new MemoryFiles()
    const writer = TapeWriter.create(path, header, { fileSystem: files })
    append(writer, [{ events: 5 }])
    const { bytes } = writer
    files.fault = (_, name) =>
      name === 'write' ? { errno: 'EIO', after: 40 } : name === 'truncate' ? { errno: 'EIO' } : null
    expect(codeOf(() => append(writer, [{ events: 5 }]))).to.equal('TAPE008')
    files.fault = () => null
    expect(codeOf(() => append(writer, [{ events: 5 }]))).to.equal('TAPE010')
    expect(codeOf(() => writer.sync())).to.equal('TAPE010')
    writer.close()
    expect(writer.acknowledged).to.equal(5)
    const { report } = readTape(path, { fileSystem: files })
    expect(report.tornTail).to.deep.equal({ offset: bytes, bytes: 40 })
    expect(report.accepted.lastSeq).to.equal(5)
  })

  it('never waits for the disk again once that failed: the pages may be gone', () => {
    const files = new MemoryFiles()
    const writer = TapeWriter.create(path, header, { fileSystem: files })
    append(writer, [{ events: 5 }])
    files.fault = (_, name) => (name === 'sync' ? { errno: 'EIO' } : null)
    expect(codeOf(() => append(writer, [{ events: 5 }]))).to.equal('TAPE009')
    files.fault = () => null
    expect(codeOf(() => writer.sync())).to.equal('TAPE010')
    expect(writer.acknowledged).to.equal(5)
    const syncs = files.calls.filter((name) => name === 'sync').length
    writer.close()
    expect(files.calls.filter((name) => name === 'sync').length).to.equal(syncs)
  })

  it('acknowledges the events even if there is no room for the index', () => {
    const files = new MemoryFiles()
    const writer = TapeWriter.create(path, header, { sync: 100, fileSystem: files })
    append(writer, [{ events: 5 }])
    files.capacity = writer.bytes + 8
    expect(codeOf(() => writer.close())).to.equal('TAPE008')
    expect(writer.acknowledged).to.equal(5)
    expect(files.openFiles).to.equal(0)
    const { report } = readTape(path, { fileSystem: files })
    expect(report).to.deep.include({ closed: false, tornTail: null, corrupted: null })
  })

  it('holds exactly the frames that fit, on a disk of every size', () => {
    const ideal = whole(someParts, 'never').files.get(path)?.bytes ?? new Uint8Array(0)
    const wanted = contentOf(readTape(ideal))
    // Where each frame but the header ends; the index is the last one.
    const ends = [...readTape(ideal).frames()].slice(1).map(({ offset }) => offset)
    ends.push(readTape(ideal.slice(0, -8)).report.accepted.bytes)
    for (let capacity = 0; capacity < ideal.length; capacity++) {
      const files = new MemoryFiles()
      files.capacity = capacity
      const { error, parts } = write(files, someParts, 'never')
      expect(error, `${capacity}`).to.have.property('code', 'TAPE008')
      if (parts < 0) {
        expect(files.files.size).to.equal(0)
        continue
      }
      const reader = readTape(path, { fileSystem: files })
      expect(reader.damage).to.equal(null)
      const fit = ends.filter((end) => end <= capacity).length
      expect(parts, `${capacity}`).to.equal(fit)
      expect(contentOf(reader)).to.deep.equal(wanted.slice(0, fit))
    }
  })
})

describe('a tape after a power cut', () => {
  it('has every acknowledged event, and tells of the rest', () => {
    let torn = 0
    let lost = 0
    const law = fc.property(
      partsOf,
      fc.oneof(fc.constantFrom('segment' as const, 'never' as const), fc.integer({ min: 1, max: 60 })),
      fc.nat(),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
      (parts, sync, stop, survives) => {
        const ideal = whole(parts, sync)
        const wanted = contentOf(readTape(path, { fileSystem: ideal }))
        // The power goes at one of the calls: every call from there on fails.
        const last = stop % (ideal.calls.length + 1)
        const files = new MemoryFiles()
        files.fault = (call) => (call >= last ? { errno: 'EIO', after: 3000 } : null)
        const { acknowledged } = write(files, parts, sync)
        const image = files.afterPowerCut(
          path,
          (operation, sector) => survives[(operation * 7 + sector) % survives.length] ?? false,
        )
        if (image === null) {
          expect(acknowledged).to.equal(-1)
          return
        }
        const reader = readTape(image)
        const { accepted, tornTail, corrupted, bytes } = reader.report
        const found = [...reader.frames()].map(plain)
        expect(found).to.deep.equal(wanted.slice(0, found.length))
        expect(accepted.lastSeq ?? -1).to.be.at.least(acknowledged)
        if (accepted.bytes < bytes) {
          const damage = tornTail ?? corrupted
          expect(damage).to.include({ offset: accepted.bytes, bytes: bytes - accepted.bytes })
          torn += 1
        } else expect(reader.damage).to.equal(null)
        if (found.length < wanted.length) lost += 1
      },
    )
    fc.assert(law, { numRuns: 600 })
    // Otherwise the disk of this test loses nothing, and the law says little.
    expect(torn).to.be.greaterThan(20)
    expect(lost).to.be.greaterThan(100)
  })
})

describe('a full disk of a real file system', () => {
  const at = inDirectory()

  it('leaves a whole tape, with every acknowledged event', function () {
    mkdirSync(at('small'))
    try {
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at('small')], { stdio: 'ignore' })
    } catch {
      // Mounting is for the superuser; the simulated disks above say the same.
      this.skip()
    }
    try {
      const full = `${at('small')}/a.tape`
      const writer = TapeWriter.create(full, header)
      let error: unknown = null
      let appended = 0
      while (error === null && appended < 1000)
        try {
          writer.appendEvents(payloadOf(1000, appended * 1000 + 1), 1000, appended * 1000 + 1)
          appended += 1
        } catch (cause) {
          error = cause
        }
      expect(error).to.include({ code: 'TAPE008', acknowledged: appended * 1000 })
      expect(String(error)).to.contain('ENOSPC')
      writer.abandon()
      const reader = readTape(full)
      expect(reader.damage).to.equal(null)
      expect(reader.report.accepted).to.include({ segments: appended, lastSeq: appended * 1000 })
      expect(appended).to.be.greaterThan(40)
    } finally {
      execFileSync('/bin/umount', [at('small')])
    }
  })
})
