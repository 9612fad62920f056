/**
 * The parts that decoders are made of. Patterns are anchored, and of digits and fixed words only, so
 * that no text can make them try twice.
 */
import type { TraceEvent } from './event.ts'

/** Reads one event's payload; null when it reads differently. */
export type Decode = (payload: string) => TraceEvent | null

/** Makes a decoder of a pattern and of what to build from its captures. */
export function pattern(wanted: RegExp, build: (captures: readonly string[]) => TraceEvent | null): Decode {
  return (payload) => {
    const found = wanted.exec(payload)
    return found === null ? null : build(found)
  }
}

/** A capture that the pattern cannot leave out. */
export const at = (captures: readonly string[], index: number): string => captures[index] ?? ''
/** The same, where the pattern may leave it out. */
export const maybe = (captures: readonly (string | undefined)[], index: number): string | null =>
  captures[index] ?? null

/** A 64-bit value in hex, with or without 0x. */
export const H = '(?:0x)?([0-9a-f]{1,16})'
/** A decimal number. */
export const D = '(\\d{1,10})'
/** A pattern of the whole payload. */
export const re = (source: string): RegExp => new RegExp(`^${source}$`)
