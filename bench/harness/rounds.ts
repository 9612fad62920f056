/**
 * Runs variants side by side: each round of each in a process of its own, in turn, so that a drift of the machine hits
 * all alike; and takes the median of what the rounds say.
 */
import { spawnSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import type { Ask, Measure } from './measure.ts'

/** What is measured: a kernel of the child process, or a command line. */
export type Variant = {
  readonly name: string
  readonly run: { readonly kernel: string; readonly ask: Ask } | { readonly argv: readonly string[] }
  /** Fewer rounds than the others get, for what takes long and says little new. */
  readonly roundsMax?: number
}

/** Medians of the rounds of each variant, by its name and that of the figure. */
export type Results = ReadonlyMap<string, Measure>

export type Progress = (round: number, variant: string) => void

/** How a process says what it used; loaded before anything else by those that are no kernels. */
const USAGE = `process.on('exit', () => require('node:fs').writeSync(2, 'usage' + JSON.stringify(process.cpuUsage())))`

export class Rounds {
  readonly #child: string
  readonly #usage: string

  /** @param child the bundled kernels. @param usage where a script may be written. */
  constructor(child: string, usage: string, write: (path: string, text: string) => void) {
    this.#child = child
    this.#usage = usage
    write(usage, USAGE)
  }

  run(variants: readonly Variant[], rounds: number, progress: Progress): Results {
    const measures = new Map<string, Measure[]>()
    for (let round = 1; round <= rounds; round++) {
      for (const variant of variants) {
        if (round > (variant.roundsMax ?? rounds)) continue
        progress(round, variant.name)
        const before = measures.get(variant.name) ?? []
        measures.set(variant.name, [...before, this.#once(variant)])
      }
    }
    return new Map([...measures].map(([name, each]) => [name, medians(each)]))
  }

  #once({ name, run }: Variant): Measure {
    const isKernel = 'kernel' in run
    const argv = isKernel
      ? ['--expose-gc', '--max-old-space-size=8000', this.#child, run.kernel, JSON.stringify(run.ask)]
      : [`--require=${this.#usage}`, ...run.argv]
    const start = performance.now()
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      // xstate and immer are quicker so, and the peer is to have that.
      env: { ...process.env, NODE_ENV: 'production' },
    })
    const wall = (performance.now() - start) * 1e6
    if (status !== 0) throw new Error(`${name} failed: ${stderr.trim().split('\n').slice(-5).join(' | ')}`)
    if (isKernel) return JSON.parse(stdout) as Measure
    const { user, system } = JSON.parse(stderr.slice(stderr.lastIndexOf('usage') + 5)) as NodeJS.CpuUsage
    return { cpu: (user + system) * 1000, user: user * 1000, wall }
  }
}

function medians(measures: readonly Measure[]): Measure {
  const [first = {}] = measures
  return Object.fromEntries(
    Object.keys(first).map((key) => [key, median(measures.map((each) => each[key] ?? Number.NaN))]),
  )
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (high + (sorted[middle - 1] ?? Number.NaN)) / 2 : high
}
