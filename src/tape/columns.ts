/**
 * Columns: the numbers of one field of many events, in as few bytes as they take, read at the speed of a loop. What is
 * written depends on the numbers alone, so equal columns are equal bytes.
 *
 * A column is the length of what follows, one byte that says how, and the rest. It does not hold how many numbers there
 * are: a frame says that once for all its columns. Any doubles can be written; integers of up to 53 bits are what it is
 * made for. Each number comes back as it was, -0 and NaN too.
 */
import type { ByteSink, ByteSource } from './bytes.ts'
import { readBest, writeBest } from './columns/best.ts'
import type { Bases } from './columns/like.ts'
import { scratch } from './columns/scratch.ts'
import { TAG } from './columns/tags.ts'

/**
 * Appends the first `n` of `values` as one column.
 *
 * @throws RangeError when there are fewer.
 */
export function encodeColumn(sink: ByteSink, values: ArrayLike<number>, n: number): void {
  const own = doublesOf(values, n)
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

/**
 * Appends a column to a payload of which `bases` knows the columns so far: one that goes like one of those takes a few
 * bytes. `values` must stay as they are until `bases` is cleared.
 */
export function encodeColumnAmong(sink: ByteSink, values: Float64Array, n: number, bases: Bases): void {
  if (values.length < n) throw new RangeError(`${n} numbers were wanted, and ${values.length} were given`)
  sink.sized(() => {
    const tag = writeBest(sink, values, n, bases)
    bases.keep(tag, values, n)
  })
}

/** Reads what `encodeColumnAmong` wrote; `out` must stay as it is until `bases` is cleared. Throws as `decodeColumn`. */
export function decodeColumnAmong(source: ByteSource, n: number, out: Float64Array, bases: Bases): void {
  if (out.length < n) throw tooShort(n, out.length)
  within(source, () => {
    const tag = source.byte()
    if (tag === TAG.like) bases.read(source, n, out)
    else readBest(tag, source, n, out)
    bases.keep(tag, out, n)
  })
}

/** `decodeColumn` into 32-bit integers. @throws TapeError TAPE016 for a number that is none, too. */
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

/** The numbers in the one kind of array that the loops see, so that they stay quick. */
function doublesOf(values: ArrayLike<number>, n: number): Float64Array {
  if (values.length < n) throw new RangeError(`${n} numbers were wanted, and ${values.length} were given`)
  if (values instanceof Float64Array) return values
  const own = scratch('values', n)
  for (let i = 0; i < n; i++) own[i] = values[i] as number
  return own
}
