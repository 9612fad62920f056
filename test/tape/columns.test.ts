/**
 * Columns: every number comes back, in few bytes, and nothing malformed gets through or takes for ever.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { ByteSink, ByteSource } from '../../src/tape/bytes.ts'
import { TAG } from '../../src/tape/columns/tags.ts'
import {
  decodeColumn,
  decodeColumnAgainst,
  decodeInt32Column,
  encodeColumn,
  encodeColumnAgainst,
  skipColumn,
} from '../../src/tape/columns.ts'
import { TapeError } from '../../src/tape/error.ts'
import { runs } from '../support/seed.ts'
import { codeOf } from './tapes.ts'

const SAFE = Number.MAX_SAFE_INTEGER

function encoded(values: ArrayLike<number>): Uint8Array {
  const sink = new ByteSink(16)
  encodeColumn(sink, values, values.length)
  return sink.written().slice()
}

function decoded(bytes: Uint8Array, n: number): Float64Array {
  const out = new Float64Array(n).fill(12345.5)
  const source = new ByteSource(bytes)
  decodeColumn(source, n, out)
  expect(source.at).to.equal(bytes.length)
  return out
}

/** By Object.is, so that -0 and NaN count, and quicker than a deep comparison. */
function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).to.equal(wanted.length)
  for (let i = 0; i < wanted.length; i++)
    if (!Object.is(found[i], wanted[i])) expect.fail(`number ${i}: wanted ${wanted[i]}, found ${found[i]}`)
}

function tagOf(values: ArrayLike<number>): number {
  const source = new ByteSource(encoded(values))
  source.uint()
  return source.byte()
}

const integer = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, SAFE, -SAFE, SAFE - 1, 1 - SAFE, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 52, -(2 ** 52)),
  ...[6, 8, 13, 16, 20, 24, 27, 32, 34, 40, 41, 48].map((bits) =>
    fc.constantFrom(2 ** bits - 1, 2 ** bits, -(2 ** bits)),
  ),
)

/** Shapes that events have: constants, runs, few different values, steps, noise above a base. */
const column = fc.oneof(
  fc.array(integer, { maxLength: 60 }),
  fc.tuple(integer, fc.nat(300)).map(([value, n]) => Array<number>(n).fill(value)),
  fc
    .array(fc.tuple(integer, fc.integer({ min: 1, max: 40 })), { maxLength: 30 })
    .map((pairs) => pairs.flatMap(([value, n]) => Array<number>(n).fill(value))),
  fc
    .tuple(fc.array(integer, { minLength: 1, maxLength: 300 }), fc.array(fc.nat(), { maxLength: 700 }))
    .map(([words, codes]) => codes.map((code) => words[code % words.length] ?? 0)),
  fc
    .tuple(
      fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      fc.integer({ min: -9000, max: 9000 }),
      fc.array(fc.nat(3), { maxLength: 300 }),
    )
    .map(([base, step, noise]) => noise.map((extra, i) => base + i * step + extra)),
  fc
    .tuple(
      fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
      fc.constantFrom(1, 255, 256, 65535, 2 ** 24, 2 ** 32, 2 ** 40, 2 ** 48),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 300 }),
    )
    .map(([base, span, noise]) => noise.map((part) => base + Math.floor(part * span))),
  fc.array(fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, 5)), { maxLength: 60 }),
)

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
    expect(() => encodeColumnAgainst(new ByteSink(), [1, 2], [1], 2)).to.throw(RangeError)
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

describe('a column next to a prediction', () => {
  const pair = fc.oneof(
    fc
      .tuple(column, fc.nat(20), integer)
      .map(([predicted, every, other]) => [
        predicted,
        predicted.map((value, i) => ((i + 1) % (every + 1) === 0 ? other : value)),
      ]),
    fc.tuple(column, integer).map(([predicted, distance]) => [predicted, predicted.map((value) => value + distance)]),
    fc.tuple(column, column).map(([one, two]) => {
      const n = Math.min(one.length, two.length)
      return [one.slice(0, n), two.slice(0, n)]
    }),
  )

  it('gives back its numbers, also in place of the prediction', () => {
    fc.assert(
      fc.property(pair, ([predicted = [], values = []]) => {
        const sink = new ByteSink()
        const n = values.length
        encodeColumnAgainst(sink, values, predicted, n)
        const bytes = sink.written()
        expect(bytes.length).to.be.at.most(encoded(values).length)
        const apart = new Float64Array(n)
        decodeColumnAgainst(new ByteSource(bytes), Float64Array.from(predicted), n, apart)
        expectSame(apart, values)
        const inPlace = Float64Array.from(predicted)
        decodeColumnAgainst(new ByteSource(bytes), inPlace, n, inPlace)
        expectSame(inPlace, values)
      }),
      { numRuns: runs(400) },
    )
  })

  it('takes a few bytes where the prediction is good', () => {
    const gpa = Array.from({ length: 1000 }, (_, i) => ((i * i * 7919) % 65536) * 4096)
    const bytesOf = (values: readonly number[]) => {
      const sink = new ByteSink()
      encodeColumnAgainst(sink, values, gpa, gpa.length)
      return sink.length
    }
    expect(bytesOf(gpa)).to.equal(2)
    expect(bytesOf(gpa.map((value) => value + 0x7f00_0000_0000))).to.be.at.most(11)
    expect(bytesOf(gpa.map((value, i) => (i === 500 ? 1 : value)))).to.be.at.most(10)
  })
})

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

  it('next to a prediction is held to the same', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(TAG.same, TAG.except, TAG.plus),
        fc.nat(50),
        (body, tag, n) => {
          const sink = new ByteSink()
          sink.uint(body.length + 1)
          sink.byte(tag)
          sink.raw(body)
          const source = new ByteSource(sink.written().slice())
          const out = new Float64Array(n + 4).fill(0.25)
          try {
            decodeColumnAgainst(source, new Float64Array(n), n, out)
          } catch (cause) {
            expect(cause).to.have.property('code', 'TAPE016')
          }
          expectSame(out.subarray(n), [0.25, 0.25, 0.25, 0.25])
        },
      ),
      { numRuns: runs(2000) },
    )
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
