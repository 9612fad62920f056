/**
 * Runs a whole file of vectors through designs, and sums up by category where they agree.
 */
import type { Design } from '../design/design.ts'
import { UserError } from '../errors.ts'
import { check, type Disagreement } from './conform.ts'
import { readVector, type Vector } from './vector.ts'

/** A vector and the line of the file that holds it, from 1. */
export type PlacedVector = { readonly vector: Vector; readonly place: string }

/** What became of one vector: for each design by name, null where all of it agrees. */
export type VectorResult = {
  readonly name: string
  readonly category: string
  readonly agrees: boolean
  readonly designs: Readonly<Record<string, Disagreement | null>>
}

/** One line of the sum: a vector counts in `agree` when every design does. */
export type CategorySum = {
  readonly category: string
  readonly vectors: number
  readonly agree: number
  readonly designs: Readonly<Record<string, number>>
}

/** @param file for messages. @throws UserError naming the line that holds no vector. */
export function readVectors(text: string, file: string): PlacedVector[] {
  const vectors = text.split('\n').flatMap((line, index) => {
    const place = `${file}:${index + 1}`
    return line.trim() === '' ? [] : [{ vector: readVector(line, place), place }]
  })
  if (vectors.length === 0) throw new UserError(`${file}: wanted vectors, one JSON object a line, and found no line.`)
  return vectors
}

/** The vectors that `pattern` names: a whole name, or one with `*` for any text. */
export function selectVectors(vectors: readonly PlacedVector[], pattern: string): PlacedVector[] {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`)
  return vectors.filter(({ vector }) => expression.test(vector.name))
}

/** Runs one vector. @throws UserError with its place, when it holds what no vector does. */
export function checkVector({ vector, place }: PlacedVector, designs: readonly Design[]): VectorResult {
  const entries = designs.map((design) => [design.name, checkAt(vector, design, place)] as const)
  return {
    name: vector.name,
    category: vector.cat,
    agrees: entries.every(([, disagreement]) => disagreement === null),
    designs: Object.fromEntries(entries),
  }
}

function checkAt(vector: Vector, design: Design, place: string): Disagreement | null {
  try {
    return check(vector, design)
  } catch (cause) {
    if (cause instanceof UserError) throw new UserError(`${place}: ${vector.name}: ${cause.message}`)
    throw cause
  }
}

/** Sums by category, in alphabetical order. */
export function sumUp(results: readonly VectorResult[], designs: readonly Design[]): CategorySum[] {
  const categories = [...new Set(results.map((result) => result.category))].sort()
  return categories.map((category) => {
    const own = results.filter((result) => result.category === category)
    const agreeing = designs.map(({ name }) => [name, own.filter((one) => one.designs[name] === null).length] as const)
    return {
      category,
      vectors: own.length,
      agree: own.filter((one) => one.agrees).length,
      designs: Object.fromEntries(agreeing),
    }
  })
}
