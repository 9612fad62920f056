/**
 * Events of a tape by a codec: from any seq on, and the same after small frames were joined.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { type EventsCodec, itemsOf, mergedBy } from '../../src/tape/codec.ts'
import { readTape, sealTape, TapeWriter } from '../../src/tape/file.ts'
import { header, inDirectory } from './tapes.ts'

/** A plain codec: what counts is when it is asked for what. */
const words: EventsCodec<string> = {
  encode: (items, firstSeq) => new TextEncoder().encode(JSON.stringify({ firstSeq, items })),
  decode(payload, count, firstSeq) {
    const read = JSON.parse(new TextDecoder().decode(payload))
    expect(read.firstSeq).to.equal(firstSeq)
    expect(read.items).to.have.length(count)
    return read.items
  },
}

describe('the events of a tape', () => {
  const at = inDirectory()

  it('are had from any seq to any other, and are the same once joined', () => {
    const frames = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 9 }), { maxLength: 12 })
    let run = 0
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 40 }), fc.nat(40), fc.nat(40), (parts, start, from, last) => {
        const path = at(`${run++}`)
        const writer = TapeWriter.create(path, header, { sync: 'never' })
        let seq = start
        for (const items of parts) {
          writer.appendEvents(words.encode(items, seq), items.length, seq)
          seq += items.length
        }
        writer.close()
        sealTape(path, `${path}.sealed`, { merge: mergedBy(words), mergedEvents: 7 })
        const all = parts.flat()
        for (const reader of [readTape(path), readTape(`${path}.sealed`)]) {
          expect([...itemsOf(reader, words)]).to.deep.equal(all)
          const wanted = all.slice(Math.max(0, from - start), Math.max(0, last + 1 - start))
          expect([...itemsOf(reader, words, from, last)]).to.deep.equal(wanted)
        }
        const counts = [...readTape(`${path}.sealed`).segments()].map(({ count }) => count)
        expect(counts.slice(0, -1).every((count) => count >= 7)).to.equal(true)
      }),
    )
  })
})
