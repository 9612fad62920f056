// biome-ignore-all lint/suspicious/noBitwiseOperators: codes of one to four bits are packed words.
/**
 * Small codes packed into bytes: eight of one bit, four of two, two of four, or one of eight; the first code is in the
 * lowest bits. What is left over of the last byte is zero. Bit operators are used on single bytes only.
 */
import type { ByteSink, ByteSource } from '../bytes.ts'

/** Bits that each of `count` different codes needs, of the four sizes that there are. */
export function codeBits(count: number): 1 | 2 | 4 | 8 {
  return count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8
}

/** Bytes of `n` codes. */
export function packedBytes(n: number, bits: number): number {
  return Math.ceil((n * bits) / 8)
}

/** Writes `n` codes below 2^`bits`. */
export function writePacked(sink: ByteSink, codes: Uint8Array, n: number, bits: number): void {
  const count = packedBytes(n, bits)
  const start = sink.claim(count)
  const { bytes } = sink
  let i = 0
  for (let at = start; at < start + count; at++) {
    let byte = 0
    for (let shift = 0; shift < 8 && i < n; shift += bits) {
      byte |= (codes[i] as number) << shift
      i += 1
    }
    bytes[at] = byte
  }
}

/**
 * Reads `n` codes and puts `words[code]` into `out`.
 *
 * @param words 2^bits of them are looked at, of which the caller has seen to the unused ones.
 */
export function readPacked(source: ByteSource, n: number, bits: number, words: Float64Array, out: Float64Array): void {
  const { bytes } = source
  const start = source.take(packedBytes(n, bits))
  if (bits === 8) {
    for (let i = 0; i < n; i++) out[i] = words[bytes[start + i] as number] as number
    return
  }
  const each = 8 / bits
  const mask = 2 ** bits - 1
  const whole = Math.floor(n / each)
  if (bits === 4) {
    // The usual size: calls have about ten steps. Two codes at once take half the time of one after the other.
    for (let at = 0, i = 0; at < whole; at++, i += 2) {
      const byte = bytes[start + at] as number
      out[i] = words[byte & 15] as number
      out[i + 1] = words[byte >>> 4] as number
    }
  } else readEach(bytes, start, whole, bits, words, out)
  let byte = whole * each < n ? (bytes[start + whole] as number) : 0
  for (let i = whole * each; i < n; i++) {
    out[i] = words[byte & mask] as number
    byte >>>= bits
  }
  if (byte !== 0) throw source.malformed('bits after the last code')
}

/** The codes of whole bytes. */
function readEach(
  bytes: Uint8Array,
  start: number,
  whole: number,
  bits: number,
  words: Float64Array,
  out: Float64Array,
): void {
  const each = 8 / bits
  const mask = 2 ** bits - 1
  for (let at = 0, i = 0; at < whole; at++) {
    let byte = bytes[start + at] as number
    for (const stop = i + each; i < stop; i++) {
      out[i] = words[byte & mask] as number
      byte >>>= bits
    }
  }
}

/** Writes one bit for each of `n` numbers: whether it is another one than the number before. The first one is. */
export function writeChanges(sink: ByteSink, values: Float64Array, n: number): void {
  const count = packedBytes(n, 1)
  const start = sink.claim(count)
  const { bytes } = sink
  let i = 0
  for (let at = start; at < start + count; at++) {
    let byte = 0
    for (let shift = 0; shift < 8 && i < n; shift++) {
      if (i === 0 || !Object.is(values[i], values[i - 1])) byte |= 1 << shift
      i += 1
    }
    bytes[at] = byte
  }
}

/** Reads what `writeChanges` wrote: `fresh` holds the numbers that differ, `count` of them, in order. */
export function readChanges(
  source: ByteSource,
  n: number,
  fresh: Float64Array,
  count: number,
  out: Float64Array,
  start: number,
): void {
  const { bytes } = source
  let next = 0
  let value = 0
  let i = 0
  for (let at = start; i < n; at++) {
    let byte = bytes[at] as number
    const stop = Math.min(n, i + 8)
    if (byte === 0 && i > 0) {
      // The usual case where numbers stay: eight at once.
      out.fill(value, i, stop)
      i = stop
      continue
    }
    for (; i < stop; i++) {
      if ((byte & 1) === 1) {
        if (next === count) throw source.malformed(`more than ${count} changes`)
        value = fresh[next] as number
        next += 1
      } else if (i === 0) throw source.malformed('a column without a first number')
      out[i] = value
      byte >>>= 1
    }
    if (byte !== 0) throw source.malformed('bits after the last number')
  }
  if (next !== count) throw source.malformed(`${count} changes were wanted, and ${next} were found`)
}
