/**
 * Columns that go like an earlier one of their payload. What the steps of a fault record is mostly the same few
 * numbers again: the page that the guest touched, the frame that it got. Such a column is the earlier one moved by a
 * constant; where a payload begins or ends within a fault, the two are one record apart.
 */
import type { ByteSink, ByteSource } from '../bytes.ts'
import { TAG } from './tags.ts'

/** A column that others may go like: one that takes a few bytes anyhow is none. */
type Base = { readonly values: Float64Array; readonly n: number }

/** Where a column goes like: number `i` is number `i + shift` of the base and `difference`. */
type Likeness = { readonly base: number; readonly shift: number; readonly difference: number }

/** Columns shorter than this are written by themselves. */
const LENGTH_MIN = 8
/** So many of a payload's columns are kept to be gone like; each new one is compared with all of them. */
const BASES_MAX = 16
const SAFE = Number.MAX_SAFE_INTEGER
const SHIFTS = [0, -1, 1] as const

/** The bases of one payload, in the order in which writer and reader meet them. */
export class Bases {
  readonly #bases: Base[] = []

  /** For the next payload. */
  clear(): void {
    this.#bases.length = 0
  }

  /** Keeps a column that was written, or read, by itself. It must stay as it is until `clear`. */
  keep(tag: number, values: Float64Array, n: number): void {
    if (n < LENGTH_MIN || this.#bases.length === BASES_MAX || !isBase(tag)) return
    this.#bases.push({ values, n })
  }

  /** The first base that the column goes like, or null. */
  find(values: Float64Array, n: number): Likeness | null {
    if (n < LENGTH_MIN) return null
    for (let base = 0; base < this.#bases.length; base++) {
      for (const shift of SHIFTS) {
        const difference = differenceTo(this.#bases[base] as Base, shift, values, n)
        if (difference !== null) return { base, shift, difference }
      }
    }
    return null
  }

  /** Writes a column that `find` found a base for. */
  write(sink: ByteSink, { base, shift, difference }: Likeness, values: Float64Array, n: number): void {
    sink.byte(TAG.like)
    sink.uint(base)
    sink.int(shift)
    sink.int(difference)
    const { from, to } = covered((this.#bases[base] as Base).n, n, shift)
    for (let i = 0; i < from; i++) sink.int(values[i] as number)
    for (let i = to; i < n; i++) sink.int(values[i] as number)
  }

  /** Reads what `write` wrote, after its tag. @throws TapeError TAPE016 when it is malformed. */
  read(source: ByteSource, n: number, out: Float64Array): void {
    const number = source.uint()
    const base = this.#bases[number]
    if (base === undefined) throw source.malformed(`column ${number} of ${this.#bases.length} is gone like`)
    const shift = source.int()
    if (Math.abs(shift) > 1) throw source.malformed(`a column is ${shift} records away from the one it goes like`)
    const difference = source.int()
    const { from, to } = covered(base.n, n, shift)
    if (to - from < n - 1) throw source.malformed(`${n} numbers go like ${base.n}`)
    const { values } = base
    for (let i = 0; i < from; i++) out[i] = source.int()
    let farthest = 0
    for (let i = from; i < to; i++) {
      const value = (values[i + shift] as number) + difference
      out[i] = value
      const distance = Math.abs(value)
      if (distance > farthest) farthest = distance
    }
    if (farthest > SAFE) throw source.malformed('a column leaves the integers')
    for (let i = to; i < n; i++) out[i] = source.int()
  }
}

/** Columns in the shortest forms are not worth going like; what has fractions cannot be. */
function isBase(tag: number): boolean {
  return (
    tag !== TAG.constant && tag !== TAG.constantDouble && tag !== TAG.stride && tag !== TAG.doubles && tag !== TAG.like
  )
}

/** Which of `n` numbers lie on one of the base's. */
function covered(baseLength: number, n: number, shift: number): { readonly from: number; readonly to: number } {
  return { from: Math.max(0, -shift), to: Math.min(n, baseLength - shift) }
}

/** How far all numbers but one are from those of the base, or null where that is not one distance. */
function differenceTo(base: Base, shift: number, values: Float64Array, n: number): number | null {
  const { from, to } = covered(base.n, n, shift)
  if (to - from < n - 1) return null
  const other = base.values
  const difference = (values[from] as number) - (other[from + shift] as number)
  if (!Number.isSafeInteger(difference)) return null
  for (let i = from; i < to; i++) {
    const value = values[i] as number
    // The sum is what the reader makes.
    if (value !== (other[i + shift] as number) + difference || value > SAFE || value < -SAFE) return null
    // A zero must not have lost its sign.
    if (value === 0 && 1 / value < 0) return null
  }
  for (let i = 0; i < from; i++) if (!isPlain(values[i] as number)) return null
  for (let i = to; i < n; i++) if (!isPlain(values[i] as number)) return null
  return difference
}

function isPlain(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}
