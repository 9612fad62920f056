/**
 * Tapes of every version of the format that was ever released: they open, say what they said, and are the run that they
 * were. A tape in snapshots/tapes is never rewritten; a change of the format adds one, and an upcaster for the old.
 */
import { expect } from 'chai'
import { tallyOf } from '../../src/compare/tally.ts'
import { restoreRun } from '../../src/engine/run.ts'
import { decodeSnapshot, Timeline } from '../../src/replay/timeline.ts'
import { readTape } from '../../src/tape/file.ts'
import { tapeLines } from '../../src/tape/text/print.ts'
import { toText } from '../../src/tape/text.ts'
import { matchesSnapshot } from '../support/snapshot.ts'

/** Versions of the vocabulary; the tape of each ends in the middle of a vm_create() that makes VM 2. */
const STORED = [1, 2]

for (const version of STORED) {
  const name = `tapes/v${version}`
  const path = `snapshots/${name}.tape`
  describe(`the stored tape of version ${version}`, () => {
    it('is undamaged and says what it said', () => {
      const reader = readTape(path)
      expect(reader.header.modelVersion).to.equal(version)
      expect(reader.damage).to.equal(null)
      const lines = [...tapeLines(reader, { from: 0, to: Number.MAX_SAFE_INTEGER })].filter(
        (line) => !line.startsWith('{"snapshot"'),
      )
      matchesSnapshot(`${name}.jsonl`, `${lines.join('\n')}\n`)
    })

    it('comes to the same world at every moment', () => {
      const timeline = Timeline.load(readTape(path))
      const moments: string[] = []
      for (let seq = timeline.start; seq <= timeline.lastSeq; seq += 20) {
        const { held: _held, shared: _shared, ...tally } = tallyOf(timeline.at(seq))
        moments.push(toText({ seq, ...tally, inFlight: Object.keys(timeline.at(seq).threads) }))
      }
      matchesSnapshot(`${name}-moments.jsonl`, `${moments.join('\n')}\n`)
    })

    it('goes on from its last snapshot, in the middle of a vm_create()', () => {
      const reader = readTape(path)
      const frame = reader.snapshotBefore(Number.MAX_SAFE_INTEGER)
      const run = restoreRun(decodeSnapshot(frame?.payload ?? new Uint8Array()))
      expect(run.current.threads.C?.place).to.equal('sealingSlot')
      expect(run.finish('C')).to.deep.include({ ok: true, id: 2 })
    })
  })
}
