/**
 * Columns of numbers as events have them, at random, and what every test of columns does with them.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { ByteSink, ByteSource } from '../../src/tape/bytes.ts'
import { decodeColumn, encodeColumn } from '../../src/tape/columns.ts'

export const SAFE = Number.MAX_SAFE_INTEGER

/** Integers, among them those where a byte more is needed. */
export const integer = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, SAFE, -SAFE, SAFE - 1, 1 - SAFE, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 52, -(2 ** 52)),
  ...[6, 8, 13, 16, 20, 24, 27, 32, 34, 40, 41, 48].map((bits) =>
    fc.constantFrom(2 ** bits - 1, 2 ** bits, -(2 ** bits)),
  ),
)

/** Shapes that events have: constants, runs, few different values, steps, noise above a base. */
export const column = fc.oneof(
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

/** One column as bytes. */
export function encoded(values: ArrayLike<number>): Uint8Array {
  const sink = new ByteSink(16)
  encodeColumn(sink, values, values.length)
  return sink.written().slice()
}

/** The numbers of a column that is all of `bytes`. */
export function decoded(bytes: Uint8Array, n: number): Float64Array {
  const out = new Float64Array(n).fill(12345.5)
  const source = new ByteSource(bytes)
  decodeColumn(source, n, out)
  expect(source.at).to.equal(bytes.length)
  return out
}

/** Compares by Object.is, so that -0 and NaN count, and quicker than a deep comparison. */
export function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).to.equal(wanted.length)
  for (let i = 0; i < wanted.length; i++)
    if (!Object.is(found[i], wanted[i])) expect.fail(`number ${i}: wanted ${wanted[i]}, found ${found[i]}`)
}
