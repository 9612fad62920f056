/**
 * A column in the shortest way: a series, runs of equal numbers, or codes for a few different ones.
 */
import type { ByteSink, ByteSource } from '../bytes.ts'
import { DICTIONARY_MAX, type Distinct, distinctOf } from './distinct.ts'
import { type FlatPlan, planFlat, readFlat, stepOf, traitsOf, uintBytes, writeFlat, writeSteps } from './flat.ts'
import type { Bases } from './like.ts'
import { codeBits, packedBytes, readChanges, readPacked, writeChanges, writePacked } from './packed.ts'
import { scratch } from './scratch.ts'
import { planSeries, putSeries, readSeries, type SeriesPlan, takeSeries, writeSeries } from './series.ts'
import { TAG } from './tags.ts'

/** How to write a column, with what that needs. */
type Plan =
  | { readonly how: 'flat'; readonly bytes: number; readonly flat: FlatPlan }
  | { readonly how: 'series'; readonly bytes: number; readonly series: SeriesPlan }
  | {
      readonly how: 'runs'
      readonly bytes: number
      readonly runs: Runs
      readonly series: SeriesPlan
      readonly lengths: FlatPlan
    }
  | { readonly how: 'repeats'; readonly bytes: number; readonly runs: Runs; readonly series: SeriesPlan }
  | { readonly how: 'dictionary'; readonly bytes: number; readonly distinct: Distinct }

/**
 * Writes the first `n` of `values` as the shortest column there is for them.
 *
 * @param bases columns that it may go like.
 * @returns the tag that it begins with.
 */
export function writeBest(sink: ByteSink, values: Float64Array, n: number, bases: Bases | null = null): number {
  if (n === 0) {
    // So that a column is never nothing; the number is not read.
    sink.byte(TAG.constant)
    sink.int(0)
    return TAG.constant
  }
  // Most columns are the same number, or go up by the same number: nothing else is looked for in those.
  const step = stepOf(values, n)
  if (step !== null) return writeSteps(sink, values[0] as number, step)
  const likeness = bases === null ? null : bases.find(values, n)
  if (bases !== null && likeness !== null) {
    bases.write(sink, likeness, values, n)
    return TAG.like
  }
  const start = sink.length
  writePlan(sink, planColumn(values, n), values, n)
  return sink.bytes[start] as number
}

function writePlan(sink: ByteSink, plan: Plan, values: Float64Array, n: number): void {
  switch (plan.how) {
    case 'flat':
      writeFlat(sink, plan.flat, values, n)
      return
    case 'series':
      writeSeries(sink, plan.series, values, n)
      return
    case 'runs':
      sink.byte(TAG.runs)
      sink.uint(plan.runs.count)
      writeSeries(sink, plan.series, plan.runs.values, plan.runs.count)
      writeFlat(sink, plan.lengths, plan.runs.lengths, plan.runs.count)
      return
    case 'repeats':
      sink.byte(TAG.repeats)
      sink.uint(plan.runs.count)
      writeSeries(sink, plan.series, plan.runs.values, plan.runs.count)
      writeChanges(sink, values, n)
      return
    case 'dictionary': {
      const words = Float64Array.from(plan.distinct.values)
      sink.byte(TAG.dictionary)
      sink.byte(words.length - 1)
      putSeries(sink, words, words.length, 'wordDeltas')
      writePacked(sink, plan.distinct.codes, n, codeBits(words.length))
    }
  }
}

/** Tries what can be shorter, in the order of how quickly it is read, and takes the shortest. */
function planColumn(values: Float64Array, n: number): Plan {
  const traits = traitsOf(values, n)
  const flat = planFlat(values, n, traits)
  let best: Plan = { how: 'flat', bytes: flat.bytes, flat }
  if (flat.tag !== TAG.planes && flat.tag !== TAG.varints && flat.tag !== TAG.doubles) return best
  const series = planSeries(values, n, traits, 'deltas')
  if (series.bytes < best.bytes) best = { how: 'series', bytes: series.bytes, series }
  if (traits.changes <= n / 2) best = shorter(best, planRuns(values, n))
  if (!traits.integers) return best
  // Each code has at least a bit, and the dictionary a few bytes.
  const most = best.bytes <= n / 8 + 4 ? 0 : best.bytes <= n / 2 ? 4 : best.bytes <= 1.1 * n + 16 ? 16 : DICTIONARY_MAX
  const distinct = most === 0 ? null : distinctOf(values, n, most, traits)
  if (distinct === null) return best
  const words = Float64Array.from(distinct.values)
  const wordBytes = planSeries(words, words.length, traitsOf(words, words.length), 'wordDeltas').bytes
  const bytes = 2 + wordBytes + packedBytes(n, codeBits(words.length))
  return bytes < best.bytes ? { how: 'dictionary', bytes, distinct } : best
}

function planRuns(values: Float64Array, n: number): Plan {
  const runs = runsOf(values, n)
  const series = planSeries(runs.values, runs.count, traitsOf(runs.values, runs.count), 'runDeltas')
  const lengths = planFlat(runs.lengths, runs.count, traitsOf(runs.lengths, runs.count))
  const head = 1 + uintBytes(runs.count) + series.bytes
  const byLengths: Plan = { how: 'runs', bytes: head + lengths.bytes, runs, series, lengths }
  return shorter(byLengths, { how: 'repeats', bytes: head + packedBytes(n, 1), runs, series })
}

function shorter(one: Plan, two: Plan): Plan {
  return two.bytes < one.bytes ? two : one
}

type Runs = { readonly count: number; readonly values: Float64Array; readonly lengths: Float64Array }

function runsOf(values: Float64Array, n: number): Runs {
  const runValues = scratch('runValues', n)
  const lengths = scratch('runLengths', n)
  let count = 0
  let start = 0
  for (let i = 1; i <= n; i++) {
    if (i < n && Object.is(values[i], values[start])) continue
    runValues[count] = values[start] as number
    lengths[count] = i - start
    count += 1
    start = i
  }
  return { count, values: runValues, lengths }
}

/**
 * Reads what `writeBest` wrote: `n` numbers into `out`.
 *
 * @param tag already read.
 * @throws TapeError TAPE016 when the column is malformed.
 */
export function readBest(tag: number, source: ByteSource, n: number, out: Float64Array): void {
  switch (tag) {
    case TAG.runs: {
      const count = source.countUpTo(n, 'runs')
      const values = scratch('runValues', count)
      const lengths = scratch('runLengths', count)
      takeSeries(source, count, values)
      if (count > 0) readFlat(source.byte(), source, count, lengths, 0)
      let at = 0
      for (let run = 0; run < count; run++) {
        const stop = at + (lengths[run] as number)
        if (!(stop > at && stop <= n && Number.isInteger(stop)))
          throw source.malformed(`run ${run} does not end within ${n} numbers`)
        out.fill(values[run] as number, at, stop)
        at = stop
      }
      if (at !== n) throw source.malformed(`runs of ${n} numbers were wanted, and those found have ${at}`)
      return
    }
    case TAG.repeats: {
      const count = source.countUpTo(n, 'changes')
      const fresh = scratch('runValues', count)
      takeSeries(source, count, fresh)
      readChanges(source, n, fresh, count, out, source.take(packedBytes(n, 1)))
      return
    }
    case TAG.dictionary: {
      const count = source.byte() + 1
      const words = scratch('dictionary', DICTIONARY_MAX)
      takeSeries(source, count, words)
      const bits = codeBits(count)
      // Codes without a word give NaN, which no word is.
      words.fill(Number.NaN, count, 2 ** bits)
      readPacked(source, n, bits, words, out)
      if (count < 2 ** bits)
        for (let i = 0; i < n; i++)
          if (Number.isNaN(out[i])) throw source.malformed(`number ${i} has a code without a word`)
      return
    }
    default:
      readSeries(tag, source, n, out)
  }
}
