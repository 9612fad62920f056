/**
 * A writer that is killed: at each point of what it does, and at points that nobody chose. Every event that it had
 * acknowledged is on the tape, the tail is told of, and the tape can be gone on with.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readTape, TapeWriter } from '../../src/tape/file.ts'
import { isLong } from '../support/seed.ts'
import { append, codeOf, contentAt, contentOf, crashParts, inDirectory, payloadOf, writeTape } from './tapes.ts'

const WRITER = fileURLToPath(new URL('./crash-writer.ts', import.meta.url))

type Ending = { readonly signal: string | null; readonly code: number | null; readonly acknowledged: number }

/**
 * Runs the writer until it ends.
 *
 * @param enough when given, the writer is killed from outside once it has acknowledged so many events, a little later.
 */
function crash(path: string, point: string, enough = Number.POSITIVE_INFINITY): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import=tsx', WRITER, path, point], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = ''
    const acknowledged = () => Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1) || -1)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text
      if (acknowledged() >= enough) child.kill('SIGKILL')
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ signal, code, acknowledged: acknowledged() }))
  })
}

/** Frames in the order in which they are written: the prologue is the first write, the header the second. */
const WRITES = 2 + crashParts.length + 1
const points = Array.from({ length: WRITES }, (_, index) => index + 1).flatMap((write) => {
  const moments = isLong() || write === 3 || write === 5 ? ['before', 'half', 'after'] : ['half']
  return moments.map((moment) => `write:${write}:${moment}`)
})
// The first wait is for the header, and each frame has its own.
for (const sync of isLong() ? Array.from({ length: WRITES - 1 }, (_, index) => index + 1) : [2, 4])
  points.push(`sync:${sync}:before`, `sync:${sync}:after`)

describe('a tape whose writer was killed', function () {
  this.timeout(120_000)
  const at = inDirectory()

  it('has every acknowledged event, tells of its tail and can be gone on with, whatever the writer was doing', async () => {
    writeTape(at('whole'), crashParts)
    const whole = readFileSync(at('whole'))
    const wanted = contentAt(at('whole'))
    const seen = { torn: 0, headless: 0, clean: 0 }
    const check = async (point: string) => {
      const path = at(point)
      const { signal, acknowledged } = await crash(path, point)
      expect(signal, point).to.equal('SIGKILL')
      const bytes = readFileSync(path)
      // What is there is what would have been there anyway, as far as it goes.
      expect(whole.subarray(0, bytes.length).equals(bytes), point).to.equal(true)
      const [operation, place, moment] = point.split(':')
      if (operation === 'write' && Number(place) <= 2 && (moment !== 'after' || place === '1')) {
        expect(
          codeOf(() => readTape(path)),
          point,
        ).to.be.oneOf(['TAPE002', 'TAPE006'])
        expect(acknowledged).to.equal(-1)
        seen.headless += 1
        return
      }
      const reader = readTape(path)
      const { tornTail, corrupted, accepted } = reader.report
      const found = contentOf(reader)
      expect(found, point).to.deep.equal(wanted.slice(0, found.length))
      expect(accepted.lastSeq ?? -1, point).to.be.at.least(acknowledged)
      expect(corrupted, point).to.equal(null)
      if (moment === 'half') {
        expect(tornTail, point).to.deep.equal({ offset: accepted.bytes, bytes: bytes.length - accepted.bytes })
        expect(
          codeOf(() => TapeWriter.resume(path)),
          point,
        ).to.equal('TAPE012')
        seen.torn += 1
      } else {
        expect(tornTail, point).to.equal(null)
        seen.clean += 1
      }
      // Going on from there makes the tape that would have been made, unless it was closed already.
      const writer = TapeWriter.resume(path, { cut: () => true })
      append(writer, crashParts.slice(found.length))
      if (!reader.report.closed) {
        writer.close()
        expect(readFileSync(path).equals(whole), point).to.equal(true)
      } else writer.abandon()
    }
    // Two at a time: starting a process is most of the time.
    const left = [...points]
    const worker = async () => {
      for (let point = left.shift(); point !== undefined; point = left.shift()) await check(point)
    }
    await Promise.all([worker(), worker()])
    expect(seen.torn).to.be.at.least(crashParts.length)
    expect(seen.headless).to.be.at.least(2)
    expect(seen.clean).to.be.at.least(6)
  })

  it('has every acknowledged event when it was killed at any time', async () => {
    for (let round = 0; round < (isLong() ? 25 : 3); round++) {
      const path = at(`random-${round}`)
      const { signal, acknowledged } = await crash(path, 'never', 150 + round * 350)
      expect(signal).to.equal('SIGKILL')
      expect(existsSync(path)).to.equal(true)
      const reader = readTape(path)
      const last = reader.report.accepted.lastSeq ?? -1
      expect(last).to.be.at.least(acknowledged)
      expect(acknowledged).to.be.at.least(150)
      expect(reader.report.corrupted).to.equal(null)
      const bytes = [...reader.segments()].flatMap(({ payload }) => [...payload])
      expect(bytes).to.deep.equal(Array.from(payloadOf(last, 1)))
    }
  })
})
