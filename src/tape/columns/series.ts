/**
 * A series: a flat column, or the first number and a flat column of the differences between neighbours.
 */
import type { ByteSink, ByteSource } from '../bytes.ts'
import { type FlatPlan, intBytes, planFlat, readFlat, SAMPLE_STEP, type Traits, traitsOf, writeFlat } from './flat.ts'
import { type ScratchName, scratch } from './scratch.ts'
import { TAG } from './tags.ts'

/** How to write a series; `deltas` holds the differences if it is to be written by those. */
export type SeriesPlan = { readonly bytes: number; readonly flat: FlatPlan; readonly deltas: Float64Array | null }

/**
 * The shorter of the two. `values` has at least one number.
 *
 * @param own scratch for the differences; they must stay as they are until the series is written.
 */
export function planSeries(values: Float64Array, n: number, traits: Traits, own: ScratchName): SeriesPlan {
  const flat = planFlat(values, n, traits)
  const { integers, min, max } = traits
  if (n < 3 || flat.bytes <= 4 || !integers || max - min > Number.MAX_SAFE_INTEGER)
    return { bytes: flat.bytes, flat, deltas: null }
  // Differences that are all the same make a stride; others take a byte each, too.
  if (flat.tag === TAG.planes && flat.width === 1) return { bytes: flat.bytes, flat, deltas: null }
  if (!deltasPromise(values, n, flat)) return { bytes: flat.bytes, flat, deltas: null }
  const deltas = scratch(own, n)
  let before = values[0] as number
  for (let i = 1; i < n; i++) {
    const value = values[i] as number
    deltas[i - 1] = value - before
    before = value
  }
  const inner = planFlat(deltas, n - 1, traitsOf(deltas, n - 1))
  const bytes = 1 + intBytes(values[0] as number) + inner.bytes
  // Differences as doubles are never worth it, and a reader refuses them: their sums need not be exact.
  const worth = bytes < flat.bytes && inner.tag !== TAG.doubles
  return worth ? { bytes, flat: inner, deltas } : { bytes: flat.bytes, flat, deltas: null }
}

/** Whether some of the differences, one in eight, are so much shorter than the numbers that all are worth a look. */
function deltasPromise(values: Float64Array, n: number, flat: FlatPlan): boolean {
  if (n < 64) return true
  let min = 0
  let max = 0
  let bytes = 0
  let count = 0
  for (let i = SAMPLE_STEP; i < n; i += SAMPLE_STEP) {
    const delta = (values[i] as number) - (values[i - 1] as number)
    if (delta < min) min = delta
    else if (delta > max) max = delta
    bytes += intBytes(delta)
    count += 1
  }
  const each = flat.bytes / n
  return Math.min(Math.log2(max - min + 1) / 8, bytes / count) < each
}

/** Writes what `planSeries` planned. */
export function writeSeries(sink: ByteSink, plan: SeriesPlan, values: Float64Array, n: number): void {
  if (plan.deltas === null) {
    writeFlat(sink, plan.flat, values, n)
    return
  }
  sink.byte(TAG.deltas)
  sink.int(values[0] as number)
  writeFlat(sink, plan.flat, plan.deltas, n - 1)
}

/** Plans and writes at once; `own` as in `planSeries`. */
export function putSeries(sink: ByteSink, values: Float64Array, n: number, own: ScratchName): void {
  if (n > 0) writeSeries(sink, planSeries(values, n, traitsOf(values, n), own), values, n)
}

/** Reads what `putSeries` wrote: `n` numbers into `out` from index 0 on. */
export function takeSeries(source: ByteSource, n: number, out: Float64Array): void {
  if (n > 0) readSeries(source.byte(), source, n, out)
}

/** @param tag already read. @throws TapeError TAPE016 when it is no series, or is malformed. */
export function readSeries(tag: number, source: ByteSource, n: number, out: Float64Array): void {
  if (tag !== TAG.deltas) {
    readFlat(tag, source, n, out, 0)
    return
  }
  if (n === 0) throw source.malformed('differences between no numbers')
  let value = source.int()
  out[0] = value
  const inner = source.byte()
  if (inner === TAG.doubles || inner === TAG.constantDouble)
    throw source.malformed('differences between integers were wanted, and fractions were found')
  readFlat(inner, source, n - 1, out, 1)
  let farthest = 0
  for (let i = 1; i < n; i++) {
    value += out[i] as number
    out[i] = value
    const distance = Math.abs(value)
    if (distance > farthest) farthest = distance
  }
  if (farthest > Number.MAX_SAFE_INTEGER) throw source.malformed('the sum of differences leaves the integers')
}
