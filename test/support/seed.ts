/**
 * Where the dice of the laws come from. A plain run is the same run each time; `npm run test:long`
 * draws a new seed and takes more runs; VMTAPE_SEED=N repeats one.
 */
import { randomInt } from 'node:crypto'

/** The seed of every plain run. Any number would do; it only must not change from day to day. */
export const FIXED_SEED = 20251

/** How many times as many runs a law takes in a long test. */
const LONG_FACTOR = 20

type Environment = Readonly<Record<string, string | undefined>>

/** True under `npm run test:long`. CI stays with the fixed seed, whatever else is set. */
export function isLong(environment: Environment = process.env): boolean {
  return environment.VMTAPE_LONG === '1' && environment.CI === undefined
}

/**
 * The seed of this run.
 *
 * @throws TypeError when VMTAPE_SEED is not a 32-bit integer, the only kind fast-check takes.
 */
export function seedOf(environment: Environment = process.env): number {
  const given = environment.VMTAPE_SEED
  if (given !== undefined) {
    const seed = Number(given)
    if (given.trim() === '' || !Number.isInteger(seed) || Math.abs(seed) >= 2 ** 31)
      throw new TypeError(`VMTAPE_SEED wants an integer of at most 31 bits, found '${given}'.`)
    return seed
  }
  return isLong(environment) ? randomInt(2 ** 31) : FIXED_SEED
}

/**
 * How many runs a law takes: `fc.assert(property, { numRuns: runs(200) })`.
 *
 * @param plain the count for a plain run. Leave `numRuns` out for fast-check's 100.
 */
export function runs(plain: number): number {
  return isLong() ? plain * LONG_FACTOR : plain
}
