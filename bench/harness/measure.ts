/**
 * What one process measures: figures by name, and the two clocks that they come from.
 */
import { performance } from 'node:perf_hooks'

/** Figures of one run of a kernel, by name; the name says the unit where it is not nanoseconds. */
export type Measure = { readonly [name: string]: number }

/** What a kernel is asked for: a stream of faults, a file, how much of it. */
export type Ask = {
  readonly stream?: string
  readonly mode?: 'ept' | 'rvi'
  readonly faults?: number
  readonly tape?: string
  readonly warm?: string
}

export type Kernel = (ask: Ask) => Measure

/** Time of one stretch of work, for each of its operations, in nanoseconds. */
export type Time = { readonly cpu: number; readonly user: number; readonly wall: number }

/**
 * CPU time of the whole process, its helper threads included, so that the collector counts; and the time on the wall,
 * for what waits for a disk.
 */
export function timed(count: number, work: () => void): Time {
  const before = process.cpuUsage()
  const start = performance.now()
  work()
  const wall = ((performance.now() - start) * 1e6) / count
  const { user, system } = process.cpuUsage(before)
  return { cpu: ((user + system) * 1000) / count, user: (user * 1000) / count, wall }
}

/** Memory of the process that is resident, in bytes, after what nobody holds was given back. */
export function residentBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc
  collect?.()
  collect?.()
  return process.memoryUsage().rss
}

/** @throws TypeError where a kernel did not do what it was timed for. */
export function expectEqual(found: number | string, wanted: number | string, what: string): void {
  if (found !== wanted) throw new TypeError(`${what}: ${wanted} was wanted, and ${found} was found`)
}
