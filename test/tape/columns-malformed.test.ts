/**
 * Columns that no encoder made: refused by their code, or read as some numbers; never beyond their end, never for ever.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { ByteSink, ByteSource } from '../../src/tape/bytes.ts'
import { Bases } from '../../src/tape/columns/like.ts'
import { TAG } from '../../src/tape/columns/tags.ts'
import { decodeColumn, decodeColumnAmong } from '../../src/tape/columns.ts'
import { TapeError } from '../../src/tape/error.ts'
import { runs } from '../support/seed.ts'
import { column, encoded, expectSame, SAFE } from './numbers.ts'

/** A tag, and integers after it. */
function put(sink: ByteSink, tag: number, ...values: readonly number[]): void {
  sink.byte(tag)
  for (const value of values) sink.int(value)
}

describe('a malformed column', () => {
  /** Reading must end in the numbers or in TAPE016; whichever it is, nothing beyond the column may be looked at. */
  function read(bytes: Uint8Array, n: number): 'read' | 'refused' {
    // What lies after the column differs between two readings: if that shows, the reader has looked there.
    const results = [0x00, 0xff].map((filler) => {
      const around = new Uint8Array(bytes.length + 64).fill(filler)
      around.set(bytes)
      const source = new ByteSource(around.subarray(0, bytes.length))
      const out = new Float64Array(n + 8).fill(0.25)
      try {
        decodeColumn(source, n, out)
      } catch (cause) {
        expect(cause).to.be.instanceOf(TapeError)
        expect(cause).to.have.property('code', 'TAPE016')
        return null
      }
      expect(source.at).to.be.at.most(bytes.length)
      expectSame(out.subarray(n), new Float64Array(8).fill(0.25))
      return out.slice(0, n)
    })
    const [one = null, two = null] = results
    if (one === null || two === null) {
      expect(one).to.equal(two)
      return 'refused'
    }
    expectSame(one, two)
    return 'read'
  }

  it('is refused when it ends early, at any byte', () => {
    fc.assert(
      fc.property(column, (values) => {
        const bytes = encoded(values)
        for (let length = 0; length < bytes.length; length++)
          expect(read(bytes.slice(0, length), values.length)).to.equal('refused')
      }),
    )
  })

  it('is refused when its length is right and its content is short or long', () => {
    fc.assert(
      fc.property(column, (values) => {
        const source = new ByteSource(encoded(values))
        const body = source.bytes.subarray(source.uint() === 0 ? 0 : source.at)
        for (const changed of [body.slice(0, -1), Uint8Array.from([...body, 0])]) {
          const sink = new ByteSink()
          sink.uint(changed.length)
          sink.raw(changed)
          expect(read(sink.written().slice(), values.length)).to.equal('refused')
        }
      }),
    )
  })

  it('never hangs, reads too far or throws anything else, whatever byte is changed', () => {
    let refused = 0
    fc.assert(
      fc.property(
        column,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (values, changes) => {
          const bytes = encoded(values)
          for (const [at, value] of changes) bytes[at % bytes.length] = value
          if (read(bytes, values.length) === 'refused') refused += 1
        },
      ),
      { numRuns: runs(2000) },
    )
    expect(refused).to.be.greaterThan(100)
  })

  it('is not to be had from random bytes without an end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(13), fc.nat(100), (body, tag, n) => {
        const sink = new ByteSink()
        sink.uint(body.length + 1)
        sink.byte(tag)
        sink.raw(body)
        read(sink.written().slice(), n)
      }),
      { numRuns: runs(3000) },
    )
  })

  const wrong: readonly [string, number, (sink: ByteSink) => void][] = [
    [
      'differences that leave the integers',
      3,
      (sink) => {
        put(sink, TAG.deltas, SAFE)
        put(sink, TAG.constant, 1)
      },
    ],
    [
      'differences that are fractions',
      2,
      (sink) => {
        put(sink, TAG.deltas, 1)
        sink.byte(TAG.constantDouble)
        sink.double(0.5)
      },
    ],
    ['a stride that leaves the integers', 3, (sink) => put(sink, TAG.stride, SAFE - 1, 1)],
    [
      'a base and a byte that leave the integers',
      1,
      (sink) => {
        sink.byte(TAG.planes)
        sink.byte(1)
        sink.int(SAFE)
        sink.byte(255)
      },
    ],
    [
      'fewer changes than there should be',
      3,
      (sink) => {
        sink.byte(TAG.repeats)
        sink.uint(2)
        put(sink, TAG.stride, 5, 6)
        sink.byte(1)
      },
    ],
    [
      'more changes than there should be',
      3,
      (sink) => {
        sink.byte(TAG.repeats)
        sink.uint(1)
        put(sink, TAG.constant, 5)
        sink.byte(5)
      },
    ],
    [
      'no first number',
      3,
      (sink) => {
        sink.byte(TAG.repeats)
        sink.uint(1)
        put(sink, TAG.constant, 5)
        sink.byte(2)
      },
    ],
    [
      'runs that are too long',
      3,
      (sink) => {
        sink.byte(TAG.runs)
        sink.uint(2)
        put(sink, TAG.constant, 5)
        put(sink, TAG.constant, 2)
      },
    ],
    [
      'runs of nothing',
      2,
      (sink) => {
        sink.byte(TAG.runs)
        sink.uint(2)
        put(sink, TAG.constant, 5)
        put(sink, TAG.stride, 0, 2)
      },
    ],
    [
      'a code without a word',
      3,
      (sink) => {
        sink.byte(TAG.dictionary)
        sink.byte(2)
        put(sink, TAG.stride, 5, 6)
        // Three words take codes of two bits; the last code is 3.
        sink.byte(0b110100)
      },
    ],
    [
      'bits after the last code',
      3,
      (sink) => {
        sink.byte(TAG.dictionary)
        sink.byte(1)
        put(sink, TAG.stride, 5, 6)
        sink.byte(0b1101)
      },
    ],
  ]
  for (const [what, n, write] of wrong)
    it(`is refused: ${what}`, () => {
      const sink = new ByteSink()
      sink.sized(() => write(sink))
      expect(read(sink.written().slice(), n)).to.equal('refused')
    })

  it('among others of its payload is held to the same', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.nat(1000), { maxLength: 50 }), (body, earlier) => {
        const bases = new Bases()
        bases.keep(TAG.planes, Float64Array.from(earlier), earlier.length)
        const sink = new ByteSink()
        sink.uint(body.length + 1)
        sink.byte(TAG.like)
        sink.raw(body)
        const source = new ByteSource(sink.written().slice())
        const n = earlier.length
        const out = new Float64Array(n + 4).fill(0.25)
        try {
          decodeColumnAmong(source, n, out, bases)
        } catch (cause) {
          expect(cause).to.have.property('code', 'TAPE016')
          refused += 1
        }
        expectSame(out.subarray(n), [0.25, 0.25, 0.25, 0.25])
      }),
      { numRuns: runs(2000) },
    )
    expect(refused).to.be.greaterThan(100)
  })

  const base = Float64Array.from({ length: 20 }, (_, i) => (i * 7919) % 31)
  const unlike: readonly [string, readonly number[]][] = [
    ['a base that is not there', [1, 0, 0]],
    ['a base two records away', [0, 2, 0]],
    ['numbers that leave the integers', [0, 0, SAFE]],
    ['more of its own than there are', [0, 0, 0, 5]],
  ]
  for (const [what, [number = 0, ...rest]] of unlike)
    it(`is refused where it goes like another one by ${what}`, () => {
      const bases = new Bases()
      bases.keep(TAG.planes, base, base.length)
      const sink = new ByteSink()
      sink.sized(() => {
        sink.byte(TAG.like)
        sink.uint(number)
        for (const value of rest) sink.int(value)
      })
      const read = () => decodeColumnAmong(new ByteSource(sink.written().slice()), 20, new Float64Array(20), bases)
      expect(read).to.throw(TapeError).with.property('code', 'TAPE016')
    })
})
