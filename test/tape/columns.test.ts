/**
 * Columns: every number comes back, and takes few bytes.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { ByteSink, ByteSource } from '../../src/tape/bytes.ts'
import { Bases } from '../../src/tape/columns/like.ts'
import { TAG } from '../../src/tape/columns/tags.ts'
import {
  decodeColumn,
  decodeColumnAmong,
  decodeInt32Column,
  encodeColumn,
  encodeColumnAmong,
  skipColumn,
} from '../../src/tape/columns.ts'
import { runs } from '../support/seed.ts'
import { column, decoded, encoded, expectSame, integer, SAFE } from './numbers.ts'
import { codeOf } from './tapes.ts'

function tagOf(values: ArrayLike<number>): number {
  const source = new ByteSource(encoded(values))
  source.uint()
  return source.byte()
}

describe('a column', () => {
  it('gives back its numbers', () => {
    fc.assert(
      fc.property(column, (values) => {
        const bytes = encoded(values)
        expectSame(decoded(bytes, values.length), values)
        // Whatever the numbers come in, they are the same bytes.
        expect(encoded(Float64Array.from(values))).to.deep.equal(bytes)
        expect(bytes.length).to.be.at.most(8 * values.length + 1 + 4 + 8)
      }),
      { numRuns: runs(600) },
    )
  })

  const extremes: readonly [string, readonly number[], keyof typeof TAG][] = [
    ['nothing', [], 'constant'],
    ['one number', [7], 'constant'],
    ['the largest number', [SAFE], 'constant'],
    ['the least number', [-SAFE, -SAFE], 'constant'],
    ['a fraction', [0.5, 0.5], 'constantDouble'],
    ['NaN alone', [Number.NaN, Number.NaN], 'constantDouble'],
    ['-0 alone', [-0, -0], 'constantDouble'],
    ['both zeros', [0, -0], 'doubles'],
    ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 'doubles'],
    ['both ends', [-SAFE, SAFE], 'doubles'],
    ['pages in order', Array.from({ length: 1000 }, (_, i) => 0x100000 + i * 4096), 'stride'],
    ['pages in reverse', Array.from({ length: 1000 }, (_, i) => SAFE - i * 4096), 'stride'],
    ['squares', Array.from({ length: 1000 }, (_, i) => i * i), 'deltas'],
    ['bytes in disorder', Array.from({ length: 1000 }, (_, i) => (i * 167) % 256), 'planes'],
    [
      'wide numbers in disorder',
      Array.from({ length: 1000 }, (_, i) => (i * 7919 * 2 ** 33) % (2 ** 53 - 111)),
      'planes',
    ],
    [
      'mostly small numbers',
      Array.from({ length: 1000 }, (_, i) => (i % 100 === 0 ? 2 ** 40 + i * i * i : (i * i * 31) % 61)),
      'varints',
    ],
    ['two words', Array.from({ length: 1000 }, (_, i) => ((i * i + i * 7) % 11 < 5 ? 2 ** 44 : -3)), 'dictionary'],
    ['long runs', Array.from({ length: 1000 }, (_, i) => (Math.floor(i / 90) ** 3 * 7919) % 1000), 'runs'],
    [
      'short runs',
      Array.from({ length: 1000 }, (_, i) => (Math.floor((i + (i % 3)) / 6) ** 2 * 7919) % 999983),
      'repeats',
    ],
  ]
  for (const [what, values, tag] of extremes)
    it(`of ${what} is written by ${tag}`, () => {
      expect(tagOf(values)).to.equal(TAG[tag])
      expectSame(decoded(encoded(values), values.length), values)
    })

  it('of two to 256 words has codes of as many bits as it takes', () => {
    for (const [words, bits] of [
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 4],
      [16, 4],
      [17, 8],
      [256, 8],
    ] as const) {
      const values = Array.from({ length: 4001 }, (_, i) => ((((i * i) % 7919) * (i % 13)) % words) * 2 ** 37)
      expect(new Set(values).size, `${words}`).to.equal(words)
      const bytes = encoded(values)
      expect(tagOf(values), `${words}`).to.equal(TAG.dictionary)
      expect(bytes.length).to.be.within((4001 * bits) / 8, (4001 * bits) / 8 + 20 + 3 * words)
      expectSame(decoded(bytes, 4001), values)
    }
  })

  it('takes little where there is little to say', () => {
    const n = 1000
    const bytesOf = (make: (i: number) => number) => encoded(Array.from({ length: n }, (_, i) => make(i))).length
    expect(
      bytesOf(() => 2 ** 40),
      'a constant',
    ).to.be.at.most(9)
    expect(
      bytesOf((i) => 2 ** 40 + i * 4096),
      'a stride',
    ).to.be.at.most(12)
    expect(
      bytesOf((i) => (i < 500 ? 3 : 4)),
      'two runs',
    ).to.be.at.most(12)
    expect(
      bytesOf((i) => (i * 7919) % 251),
      'bytes',
    ).to.be.at.most(n + 6)
    expect(
      bytesOf((i) => 2 ** 40 + ((i * 7919 * 131) % 2 ** 23)),
      'three bytes above a base',
    ).to.be.at.most(3 * n + 16)
    expect(
      bytesOf((i) => (i * i * 7919) % 3),
      'three words',
    ).to.be.at.most(n / 4 + 8)
  })

  it('can be passed over, and follows another one', () => {
    fc.assert(
      fc.property(fc.array(column, { maxLength: 5 }), (columns) => {
        const sink = new ByteSink(1)
        for (const values of columns) encodeColumn(sink, values, values.length)
        const skipping = new ByteSource(sink.written())
        for (const _ of columns) skipColumn(skipping)
        expect(skipping.at).to.equal(sink.length)
        const reading = new ByteSource(sink.written())
        for (const values of columns) {
          const out = new Float64Array(values.length)
          decodeColumn(reading, values.length, out)
          expectSame(out, values)
        }
      }),
    )
  })

  it('is of the first numbers of a longer array, and leaves the rest of what it is read into alone', () => {
    const sink = new ByteSink()
    encodeColumn(sink, Float64Array.of(1, 2, 9, 4, 5), 3)
    const out = new Float64Array(5).fill(7)
    decodeColumn(new ByteSource(sink.written()), 3, out)
    expect([...out]).to.deep.equal([1, 2, 9, 7, 7])
  })

  it('needs enough numbers, and enough room', () => {
    expect(() => encodeColumn(new ByteSink(), [1, 2], 3)).to.throw(RangeError)
    expect(() => decodeColumn(new ByteSource(encoded([1, 2])), 2, new Float64Array(1))).to.throw(RangeError)
    expect(() => decodeInt32Column(new ByteSource(encoded([1, 2])), 2, new Int32Array(1))).to.throw(RangeError)
    expect(() => encodeColumnAmong(new ByteSink(), Float64Array.of(1), 2, new Bases())).to.throw(RangeError)
    expect(() => decodeColumnAmong(new ByteSource(encoded([1, 2])), 2, new Float64Array(1), new Bases())).to.throw(
      RangeError,
    )
  })

  it('is read into 32-bit integers, and refused where it does not fit', () => {
    fc.assert(
      fc.property(column, (values) => {
        const out = new Int32Array(values.length)
        const read = () => decodeInt32Column(new ByteSource(encoded(values)), values.length, out)
        const fits = values.every(
          (value) => value === Math.trunc(value) && Math.abs(value) <= 2 ** 31 && value < 2 ** 31,
        )
        if (fits) {
          read()
          expectSame(
            out,
            values.map((value) => value + 0),
          )
        } else expect(codeOf(read)).to.equal('TAPE016')
      }),
    )
  })
})

describe('a column among others of its payload', () => {
  /** All of them as one payload. */
  function payloadOf(columns: readonly (readonly number[])[]): Uint8Array {
    const sink = new ByteSink(1)
    const bases = new Bases()
    for (const values of columns) encodeColumnAmong(sink, Float64Array.from(values), values.length, bases)
    return sink.written().slice()
  }

  function expectBack(columns: readonly (readonly number[])[]): void {
    const source = new ByteSource(payloadOf(columns))
    const bases = new Bases()
    for (const values of columns) {
      const out = new Float64Array(values.length)
      decodeColumnAmong(source, values.length, out, bases)
      expectSame(out, values)
    }
    expect(source.at).to.equal(source.end)
  }

  /** A column, and others that are it, moved by a constant and up to one number apart. */
  const alike = fc
    .tuple(
      column,
      fc.array(fc.tuple(integer, fc.integer({ min: -2, max: 2 }), fc.boolean()), { maxLength: 6 }),
      integer,
    )
    .map(([first, others, stray]) => [
      first,
      ...others.map(([distance, shift, isSpoilt]) => {
        const moved = first.map((value) => value + distance)
        const apart = shift < 0 ? [...Array<number>(-shift).fill(stray), ...moved] : moved.slice(shift)
        return isSpoilt ? apart.map((value, i) => (i === 5 ? stray : value)) : apart
      }),
    ])

  it('gives back its numbers, whatever it goes like', () => {
    fc.assert(fc.property(alike, expectBack), { numRuns: runs(600) })
    fc.assert(fc.property(fc.array(column, { maxLength: 6 }), expectBack), { numRuns: runs(200) })
  })

  it('takes a few bytes where it goes like an earlier one', () => {
    const gpa = Array.from({ length: 1000 }, (_, i) => ((i * i * 7919) % 65536) * 4096)
    const alone = payloadOf([gpa]).length
    const more = (values: readonly number[]) => payloadOf([gpa, values]).length - alone
    expect(more(gpa)).to.equal(5)
    expect(more(gpa.map((value) => value + 0x7f00_0000_0000))).to.be.at.most(12)
    expect(more(gpa.slice(1))).to.equal(5)
    expect(more([77, ...gpa])).to.be.at.most(7)
    expect(more([...gpa.slice(1), 77])).to.be.at.most(7)
    expect(more(gpa.map((value, i) => (i === 500 ? 1 : value)))).to.be.greaterThan(1000)
  })

  it('does not go like one whose zeros have another sign, or that has fractions', () => {
    const numbers = Array.from({ length: 20 }, (_, i) => (i * 7919) % 31)
    expectBack([numbers, numbers.map((value) => (value === 0 ? -0 : value))])
    expectBack([numbers.map((value) => value + 0.5), numbers.map((value) => value + 0.5)])
    expectBack([numbers, numbers.map((value) => value + 0.5)])
    expectBack([numbers.map((value) => value + SAFE - 40), numbers.map((value) => value - SAFE)])
  })
})

describe('numbers of variable length', () => {
  it('come back, and take as many bytes as their digits', () => {
    fc.assert(
      fc.property(fc.array(integer), (values) => {
        const sink = new ByteSink(1)
        for (const value of values) {
          sink.int(value)
          sink.uint(Math.abs(value))
          sink.double(value / 3)
        }
        const source = new ByteSource(sink.written())
        for (const value of values) {
          expect(source.int()).to.equal(value)
          expect(source.uint()).to.equal(Math.abs(value))
          expect(source.double()).to.equal(value / 3)
        }
        expect(source.at).to.equal(sink.length)
      }),
    )
  })

  it('are refused beyond 53 bits', () => {
    const seven = [255, 255, 255, 255, 255, 255, 255]
    for (const bytes of [
      [...seven, 255],
      [...seven, 127],
      [...seven, 32],
    ])
      expect(codeOf(() => new ByteSource(Uint8Array.from(bytes)).uint())).to.equal('TAPE016')
    expect(new ByteSource(Uint8Array.from([...seven, 15])).uint()).to.equal(SAFE)
    for (const last of [127, 16])
      expect(codeOf(() => new ByteSource(Uint8Array.from([...seven, 255, last])).int())).to.equal('TAPE016')
  })
})
