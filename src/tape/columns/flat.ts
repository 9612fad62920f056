// biome-ignore-all lint/suspicious/noBitwiseOperators: variable-length numbers are packed words.
/**
 * The flat encodings of a column: those that hold its numbers themselves. Bit operators are used on the bytes of
 * variable-length numbers, and only below 2^31.
 */
import type { ByteSink, ByteSource } from '../bytes.ts'
import { TAG } from './tags.ts'

/** What one pass over the numbers finds out. */
export type Traits = {
  /** Whether all are integers from -2^53 + 1 to 2^53 - 1, and none is -0. */
  readonly integers: boolean
  readonly min: number
  readonly max: number
  /** How often a number is not the one before; the first one counts. */
  readonly changes: number
  /** Whether all differences between neighbours are the same. */
  readonly strided: boolean
}

/** How to write a flat column, and how many bytes that takes. */
export type FlatPlan = { readonly tag: number; readonly bytes: number; readonly base: number; readonly width: number }

/** A look at each eighth number tells whether a look at all of them can be worth while. */
export const SAMPLE_STEP = 8
const SAFE = Number.MAX_SAFE_INTEGER
/** Bytes that `ByteSink.int` takes for `value`. */
export function intBytes(value: number): number {
  const size = value < 0 ? -1 - value : value
  // Sign aside: 6 bits in the first byte and 7 in each other.
  if (size < 2 ** 20) return size < 2 ** 6 ? 1 : size < 2 ** 13 ? 2 : 3
  if (size < 2 ** 34) return size < 2 ** 27 ? 4 : 5
  return size < 2 ** 41 ? 6 : size < 2 ** 48 ? 7 : 8
}

/** Bytes of every `step`th number as a number of variable length. */
function varintBytes(values: Float64Array, n: number, step: number): number {
  let bytes = 0
  for (let i = 0; i < n; i += step) {
    bytes += intBytes(values[i] as number)
  }
  return bytes
}

/** Bytes that `ByteSink.uint` takes for `value`. */
export function uintBytes(value: number): number {
  return value < 128 ? 1 : value < 16384 ? 2 : Math.ceil(Math.log2(value + 1) / 7)
}

/** Looks at `n` numbers, of which there is at least one. */
export function traitsOf(values: Float64Array, n: number): Traits {
  const first = values[0] as number
  const step = n > 1 ? (values[1] as number) - first : 0
  let min = first
  let max = first
  let before = first
  let changes = 1
  let integers = true
  let strided = true
  for (let i = 0; i < n; i++) {
    const value = values[i] as number
    // NaN is not equal to its floor either; -0 is told by its reciprocal alone.
    if (value !== Math.floor(value) || (value === 0 && 1 / value < 0)) integers = false
    if (value < min) min = value
    else if (value > max) max = value
    if (value !== before) changes += 1
    if (i > 0 && value - before !== step) strided = false
    before = value
  }
  if (min < -SAFE || max > SAFE) integers = false
  return { integers, min, max, changes, strided }
}

/** By how much each number of a column of integers is above the one before, 0 for one number; null where it differs. */
export function stepOf(values: Float64Array, n: number): number | null {
  const first = values[0] as number
  const step = n > 1 ? (values[1] as number) - first : 0
  const last = first + step * (n - 1)
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(step) || !Number.isSafeInteger(last)) return null
  if (Math.abs(last - first) > SAFE) return null
  // Compared with what a reader will make of it.
  if (step === 0) {
    for (let i = 0; i < n; i++) if (values[i] !== first) return null
  } else for (let i = 0; i < n; i++) if (values[i] !== first + i * step) return null
  return hasLostSign(values, n, first, step) ? null : step
}

/** Whether a zero among steps is -0, which equals it and is another number. */
function hasLostSign(values: Float64Array, n: number, first: number, step: number): boolean {
  if (step === 0) {
    if (first === 0) for (let i = 0; i < n; i++) if (1 / (values[i] as number) < 0) return true
    return false
  }
  return first % step === 0 && Object.is(values[-first / step], -0)
}

/** Writes a column that `stepOf` found the step of. @returns its tag. */
export function writeSteps(sink: ByteSink, first: number, step: number): number {
  const tag = step === 0 ? TAG.constant : TAG.stride
  sink.byte(tag)
  sink.int(first)
  if (step !== 0) sink.int(step)
  return tag
}

/** The shortest flat encoding; of two equally short ones the quicker one to read. */
export function planFlat(values: Float64Array, n: number, traits: Traits): FlatPlan {
  const { integers, min, max, strided } = traits
  if (!integers) {
    const [first] = values
    for (let i = 0; i < n; i++)
      if (!Object.is(values[i], first)) return { tag: TAG.doubles, bytes: 1 + 8 * n, base: 0, width: 8 }
    return { tag: TAG.constantDouble, bytes: 9, base: first as number, width: 0 }
  }
  const base = values[0] as number
  if (min === max) return { tag: TAG.constant, bytes: 1 + intBytes(base), base, width: 0 }
  if (strided && max - min <= SAFE)
    return { tag: TAG.stride, bytes: 1 + intBytes(base) + intBytes((values[1] as number) - base), base, width: 0 }
  let best: FlatPlan = { tag: TAG.doubles, bytes: 1 + 8 * n, base: 0, width: 8 }
  if (max - min <= SAFE) {
    const width = Math.ceil(Math.log2(max - min + 1) / 8)
    const bytes = 2 + intBytes(min) + width * n
    if (bytes < best.bytes) best = { tag: TAG.planes, bytes, base: min, width }
  }
  // Numbers of variable length are read one after the other, several times slower: they must be worth it.
  const worthBytes = 0.9 * best.bytes
  if (n >= worthBytes || varintBytes(values, n, SAMPLE_STEP) * SAMPLE_STEP > 1.2 * worthBytes) return best
  const bytes = 1 + varintBytes(values, n, 1)
  return bytes < worthBytes ? { tag: TAG.varints, bytes, base: 0, width: 0 } : best
}

/** Writes what `planFlat` planned. */
export function writeFlat(sink: ByteSink, plan: FlatPlan, values: Float64Array, n: number): void {
  const { tag, base, width } = plan
  sink.byte(tag)
  switch (tag) {
    case TAG.constant:
      sink.int(base)
      return
    case TAG.constantDouble:
      sink.double(base)
      return
    case TAG.stride:
      sink.int(base)
      sink.int((values[1] as number) - base)
      return
    case TAG.planes:
      sink.byte(width)
      sink.int(base)
      writePlanes(sink, values, n, base, width)
      return
    case TAG.varints:
      for (let i = 0; i < n; i++) sink.int(values[i] as number)
      return
    default:
      for (let i = 0; i < n; i++) sink.double(values[i] as number)
  }
}

/** All lowest bytes, then all second ones, and so on: compressors like that, and no alignment is needed. */
function writePlanes(sink: ByteSink, values: Float64Array, n: number, base: number, width: number): void {
  const start = sink.claim(width * n)
  const { bytes } = sink
  for (let i = 0; i < n; i++) {
    const rest = (values[i] as number) - base
    const high = width > 4 ? Math.floor(rest / 4294967296) : 0
    const low = rest - high * 4294967296
    let at = start + i
    // A byte array takes the lowest bits of what it is given.
    bytes[at] = low
    for (let plane = 1; plane < width; plane++) {
      at += n
      bytes[at] = plane < 4 ? low >>> (8 * plane) : high >>> (8 * plane - 32)
    }
  }
}

/**
 * Reads `n` numbers into `out` from index `from` on.
 *
 * @param tag already read.
 * @throws TapeError TAPE016 when the encoding is not flat, or is malformed.
 */
export function readFlat(tag: number, source: ByteSource, n: number, out: Float64Array, from: number): void {
  switch (tag) {
    case TAG.constant:
      out.fill(source.int(), from, from + n)
      return
    case TAG.constantDouble:
      out.fill(source.double(), from, from + n)
      return
    case TAG.stride: {
      const first = source.int()
      const step = source.int()
      if (!Number.isSafeInteger(first + step * Math.max(0, n - 1)))
        throw source.malformed(`${n} steps of ${step} from ${first} on leave the integers`)
      for (let i = 0; i < n; i++) out[from + i] = first + i * step
      return
    }
    case TAG.planes:
      readPlanes(source, n, out, from)
      return
    case TAG.varints:
      readVarints(source, n, out, from)
      return
    case TAG.doubles: {
      source.take(8 * n)
      source.at -= 8 * n
      for (let i = 0; i < n; i++) out[from + i] = source.double()
      return
    }
    default:
      throw source.malformed(`a flat column was wanted, and one with number ${tag} was found`)
  }
}

function readPlanes(source: ByteSource, n: number, out: Float64Array, from: number): void {
  const width = source.byte()
  if (width < 1 || width > 7)
    throw source.malformed(`from 1 to 7 bytes for each number were wanted, and ${width} found`)
  const base = source.int()
  const { bytes } = source
  const p0 = source.take(width * n)
  const p1 = p0 + n
  const p2 = p1 + n
  const p3 = p2 + n
  // One loop for each usual width: a loop over the width inside would cost three times as much.
  if (width === 1) for (let i = 0; i < n; i++) out[from + i] = base + (bytes[p0 + i] as number)
  else if (width === 2)
    for (let i = 0; i < n; i++) out[from + i] = base + ((bytes[p0 + i] as number) | ((bytes[p1 + i] as number) << 8))
  else if (width === 3)
    for (let i = 0; i < n; i++)
      out[from + i] =
        base + ((bytes[p0 + i] as number) | ((bytes[p1 + i] as number) << 8) | ((bytes[p2 + i] as number) << 16))
  else {
    for (let i = 0; i < n; i++) {
      const low = (bytes[p0 + i] as number) | ((bytes[p1 + i] as number) << 8) | ((bytes[p2 + i] as number) << 16)
      out[from + i] = base + low + (bytes[p3 + i] as number) * 16777216
    }
    let factor = 2 ** 32
    for (let plane = 4; plane < width; plane++) {
      const start = p0 + plane * n
      for (let i = 0; i < n; i++) out[from + i] = (out[from + i] as number) + (bytes[start + i] as number) * factor
      factor *= 256
    }
  }
  if (base + 256 ** width > SAFE) refuseUnsafe(source, out, from, n)
}

function readVarints(source: ByteSource, n: number, out: Float64Array, from: number): void {
  const { bytes, end } = source
  let { at } = source
  let i = 0
  // Up to four bytes without asking for the end each time; the rest, and the last few, the careful way.
  for (; i < n && end - at >= 4; i++) {
    let word = bytes[at] as number
    if (word < 128) at += 1
    else {
      word = (word & 127) | ((bytes[at + 1] as number) << 7)
      if (word < 16384) at += 2
      else {
        word = (word & 16383) | ((bytes[at + 2] as number) << 14)
        if (word < 2097152) at += 3
        else {
          word = (word & 2097151) | ((bytes[at + 3] as number) << 21)
          if (word < 268435456) at += 4
          else {
            source.at = at
            out[from + i] = source.int()
            at = source.at
            continue
          }
        }
      }
    }
    out[from + i] = (word >>> 1) ^ -(word & 1)
  }
  source.at = at
  for (; i < n; i++) out[from + i] = source.int()
}

/** For what only a malformed column can hold: numbers that doubles hold no longer exactly. */
function refuseUnsafe(source: ByteSource, out: Float64Array, from: number, n: number): void {
  for (let i = from; i < from + n; i++)
    if (!Number.isSafeInteger(out[i])) throw source.malformed(`number ${i - from} of a column leaves the integers`)
}
