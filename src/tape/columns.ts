/**
 * Columns: the numbers of one field of many events, in as few bytes as they take, read at the speed of a loop. What is
 * written depends on the numbers alone, so equal columns are equal bytes.
 *
 * A column is the length of what follows, one byte that says how, and the rest. It does not hold how many numbers there
 * are: a frame says that once for all its columns. Any doubles can be written; integers of up to 53 bits are what it is
 * made for. Each number comes back as it was, -0 and NaN too.
 */
import { ByteSink, type ByteSource } from './bytes.ts'
import { readBest, writeBest } from './columns/best.ts'
import { scratch } from './columns/scratch.ts'
import { putSeries, takeSeries } from './columns/series.ts'
import { TAG } from './columns/tags.ts'

/**
 * Appends the first `n` of `values` as one column.
 *
 * @throws RangeError when there are fewer.
 */
export function encodeColumn(sink: ByteSink, values: ArrayLike<number>, n: number): void {
  const own = copyOf(values, n, 'values')
  sink.sized(() => {
    writeBest(sink, own, n)
  })
}

/**
 * Reads one column of `n` numbers into the start of `out`. Reading into Float64Arrays only keeps the loops quick; see
 * `decodeInt32Column`.
 *
 * @throws TapeError TAPE016 when it is malformed or ends too early; what `out` holds then is undefined.
 *   RangeError when `out` is too short.
 */
export function decodeColumn(source: ByteSource, n: number, out: Float64Array): void {
  if (out.length < n) throw tooShort(n, out.length)
  within(source, () => {
    readBest(source.byte(), source, n, out)
  })
}

/** The same into 32-bit integers. @throws TapeError TAPE016 for a number that is none, too. */
export function decodeInt32Column(source: ByteSource, n: number, out: Int32Array): void {
  const whole = scratch('whole', n)
  decodeColumn(source, n, whole)
  if (out.length < n) throw tooShort(n, out.length)
  out.set(whole.subarray(0, n))
  // What does not fit comes out as another number, which is seen here and nowhere else.
  for (let i = 0; i < n; i++)
    if (out[i] !== whole[i]) throw source.malformed(`32 bits were wanted, and number ${i} of a column is ${whole[i]}`)
}

/** Passes over one column of any kind without reading it. @throws TapeError TAPE016 when it ends too early. */
export function skipColumn(source: ByteSource): void {
  source.take(source.uint())
}

/**
 * Appends a column whose reader has `predicted` already: the numbers that a rule, a register or another column makes
 * likely. Where all are as predicted it takes two bytes; a fixed distance from the prediction, four or so; and what
 * remains is told by its places. Where the prediction is of no use, this is `encodeColumn`.
 *
 * @throws RangeError when either has fewer than `n` numbers.
 */
export function encodeColumnAgainst(
  sink: ByteSink,
  values: ArrayLike<number>,
  predicted: ArrayLike<number>,
  n: number,
): void {
  const own = copyOf(values, n, 'actual')
  const guess = copyOf(predicted, n, 'predicted')
  const positions = scratch('positions', n)
  const exceptions = scratch('exceptions', n)
  let count = 0
  for (let i = 0; i < n; i++) {
    if (Object.is(own[i], guess[i])) continue
    positions[count] = i
    exceptions[count] = own[i] as number
    count += 1
  }
  if (count === 0) {
    sink.uint(1)
    sink.byte(TAG.same)
    return
  }
  candidate.clear()
  writeBest(candidate, own, n)
  let start = 0
  const consider = (write: () => void) => {
    const before = candidate.length
    write()
    // The shorter of the two stays; the earlier one if they are equal.
    if (candidate.length - before < before - start) start = before
    else candidate.drop(before)
  }
  if (count <= n / 2)
    consider(() => {
      candidate.byte(TAG.except)
      candidate.uint(count)
      putSeries(candidate, positions, count, 'positionDeltas')
      writeBest(candidate, exceptions, count)
    })
  const differences = differencesOf(own, guess, n)
  if (differences !== null)
    consider(() => {
      candidate.byte(TAG.plus)
      writeBest(candidate, differences, n)
    })
  const chosen = candidate.written().subarray(start)
  sink.uint(chosen.length)
  sink.raw(chosen)
}

/**
 * Reads what `encodeColumnAgainst` wrote. `out` may be `predicted` itself.
 *
 * @throws TapeError TAPE016 as `decodeColumn`; RangeError when `out` or `predicted` is too short.
 */
export function decodeColumnAgainst(source: ByteSource, predicted: Float64Array, n: number, out: Float64Array): void {
  if (Math.min(out.length, predicted.length) < n) throw tooShort(n, Math.min(out.length, predicted.length))
  within(source, () => {
    const tag = source.byte()
    if (tag === TAG.same) {
      if (out !== predicted) out.set(predicted.subarray(0, n))
    } else if (tag === TAG.plus) {
      const differences = scratch('differences', n)
      readBest(source.byte(), source, n, differences)
      for (let i = 0; i < n; i++) out[i] = (predicted[i] as number) + (differences[i] as number)
    } else if (tag === TAG.except) {
      const count = source.countUpTo(n, 'exceptions')
      const positions = scratch('positions', count)
      const exceptions = scratch('exceptions', count)
      takeSeries(source, count, positions)
      readBest(source.byte(), source, count, exceptions)
      if (out !== predicted) out.set(predicted.subarray(0, n))
      let before = -1
      for (let i = 0; i < count; i++) {
        const position = positions[i] as number
        if (!(position > before && position < n && Number.isInteger(position)))
          throw source.malformed(`an exception after number ${before} was wanted, and one at ${position} was found`)
        out[position] = exceptions[i] as number
        before = position
      }
    } else readBest(tag, source, n, out)
  })
}

/** Where the ways of writing one column are compared. */
const candidate = new ByteSink()

/** What to add to the prediction, or null where numbers are not integers or the sum would not be exact. */
function differencesOf(values: Float64Array, predicted: Float64Array, n: number): Float64Array | null {
  const differences = scratch('differences', n)
  for (let i = 0; i < n; i++) {
    const value = values[i] as number
    const difference = value - (predicted[i] as number)
    if (!Number.isSafeInteger(difference) || !Number.isSafeInteger(value)) return null
    if (!Object.is((predicted[i] as number) + difference, value)) return null
    differences[i] = difference
  }
  return differences
}

/** Reads a length, lets `read` see so many bytes, and holds it to reading all of them. */
function within(source: ByteSource, read: () => void): void {
  const length = source.uint()
  const { end } = source
  const stop = source.at + length
  if (stop > end) throw source.malformed(`a column of ${length} bytes was wanted, and ${end - source.at} are left`)
  source.end = stop
  try {
    read()
    if (source.at !== stop) throw source.malformed(`the column has ${stop - source.at} bytes too many`)
  } finally {
    source.end = end
  }
}

function tooShort(wanted: number, found: number): RangeError {
  return new RangeError(`${wanted} numbers were wanted, and there is room for ${found}`)
}

function copyOf(values: ArrayLike<number>, n: number, name: 'values' | 'actual' | 'predicted'): Float64Array {
  if (values.length < n) throw new RangeError(`${n} numbers were wanted, and ${values.length} were given`)
  const own = scratch(name, n)
  // Typed arrays are copied as memory, plain ones by a loop that sees one kind of array.
  if (values instanceof Float64Array) own.set(values.length === n ? values : values.subarray(0, n))
  else for (let i = 0; i < n; i++) own[i] = values[i] as number
  return own
}
