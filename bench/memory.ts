/**
 * What a page fault costs when every version stays readable: `node --import=tsx bench/memory.ts [faults]`.
 *
 * A fault is the slow path of a nested fault: a frame becomes a page of an object, the process maps
 * it with a pv entry, it is wired, and the nested pmap maps it; tables that are missing are made of
 * frames first. Each step is an event with a version of its own. The plain loop beside it does the
 * two table inserts alone, into typed arrays reserved in advance that keep only the latest state.
 *
 * Every round of every variant is a process of its own, in turn, so that neither compiled code nor
 * garbage of one helps or hurts another. Medians of CPU time over the rounds are printed.
 */
import { execFileSync } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { faultInto, HOST_FRAMES, newWorld } from './memory/fault.ts'
import { dice, distinctPages } from './memory/pages.ts'
import { PlainTables } from './memory/plain-tables.ts'

/** What one process measured. Times are in nanoseconds of CPU for each operation. */
type Measure = { readonly [name: string]: number }

const STREAMS = { 'seq/4G': [20, false], 'rand/4G': [20, true], 'rand/64G': [24, true] } as const
type Stream = keyof typeof STREAMS
const ROUNDS = 5
const READS = 500_000

/** CPU nanoseconds of `work` for each of `count` operations. */
function cpu(count: number, work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / count
}

function plain(pages: Uint32Array): Measure {
  const spare = new PlainTables(20_000)
  for (let fault = 0; fault < 20_000; fault++) spare.insert(pages[fault % pages.length]!, fault + 1)
  const process_ = new PlainTables(2 ** 24 + 2 ** 18)
  const nested = new PlainTables(2 ** 24 + 2 ** 18)
  const rss = process.memoryUsage().rss
  const fault = cpu(pages.length, () => {
    for (let at = 0; at < pages.length; at++) {
      process_.insert(pages[at]!, at + 1)
      nested.insert(pages[at]!, at + 1)
    }
  })
  return { fault, megabytes: (process.memoryUsage().rss - rss) / 2 ** 20 }
}

function versioned(pages: Uint32Array): Measure {
  const warm = newWorld()
  for (const page of pages.subarray(0, 20_000)) faultInto(warm, page)
  warm.memory.truncate(0)
  const rss = process.memoryUsage().rss
  const world = newWorld()
  const started = performance.now()
  const fault = cpu(pages.length, () => {
    for (let at = 0; at < pages.length; at++) faultInto(world, pages[at]!)
  })
  const wall = ((performance.now() - started) * 1e6) / pages.length
  const megabytes = (process.memoryUsage().rss - rss) / 2 ** 20
  const { memory } = world
  const last = memory.version

  let sum = 0
  const roll = dice()
  const readNow = cpu(READS, () => {
    for (let read = 0; read < READS; read++) sum += memory.leaf(2, pages[roll(pages.length)]!)
  })
  const readAt = cpu(READS, () => {
    for (let read = 0; read < READS; read++) sum += memory.at(roll(last)).leaf(2, pages[roll(pages.length)]!)
  })
  const countAt = cpu(READS, () => {
    for (let read = 0; read < READS; read++) sum += memory.at(roll(last)).leafCount(2)
  })
  let dumped = 0
  const dump = cpu(pages.length, () => {
    const { pmaps, frames, objects } = memory.dump()
    dumped = pmaps.length + frames.length + objects.length
  })
  const digest = cpu(pages.length, () => {
    sum += memory.digest()
  })
  const half = Math.floor(last / 2)
  const fork = cpu(pages.length, () => {
    sum += memory.fork().version
  })
  const undo = cpu(last - half, () => memory.truncate(half))
  if (Number.isNaN(sum) || memory.framesMax !== HOST_FRAMES) throw new TypeError('nothing was read')
  return {
    fault,
    wall,
    megabytes,
    kept: memory.historyBytes / 2 ** 20,
    events: last / pages.length,
    readNow,
    readAt,
    countAt,
    dump,
    'dump B': dumped / pages.length,
    digest,
    fork,
    'undo/event': undo,
  }
}

function measure(variant: string, stream: Stream, faults: number): Measure {
  const [bits, isRandom] = STREAMS[stream]
  const pages = distinctPages(faults, bits, isRandom)
  return variant === 'plain' ? plain(pages) : versioned(pages)
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function inProcess(variant: string, stream: string, faults: number): Measure {
  const self = fileURLToPath(import.meta.url)
  const output = execFileSync(process.execPath, ['--import=tsx', self, variant, stream, String(faults)])
  return JSON.parse(output.toString()) as Measure
}

function main(faults: number): void {
  for (const stream of Object.keys(STREAMS) as Stream[]) {
    const rounds = Array.from({ length: ROUNDS }, () => ({
      plain: inProcess('plain', stream, faults),
      versioned: inProcess('versioned', stream, faults),
    }))
    const mid = (variant: 'plain' | 'versioned', name: string): number =>
      median(rounds.map((round) => round[variant][name] ?? Number.NaN))
    const base = mid('plain', 'fault')
    console.log(`${stream}: ${faults} faults`)
    console.log(`  plain loop ${base.toFixed(0)} ns, ${mid('plain', 'megabytes').toFixed(0)} MB`)
    console.log(
      `  versioned  ${mid('versioned', 'fault').toFixed(0)} ns, ${(mid('versioned', 'fault') / base).toFixed(2)} x`,
    )
    const names = Object.keys(rounds[0]?.versioned ?? {}).filter((name) => name !== 'fault')
    console.log(`  ${names.map((name) => `${name} ${mid('versioned', name).toFixed(1)}`).join(', ')}`)
  }
}

const [variant, stream, faults] = process.argv.slice(2)
if (variant !== undefined && stream !== undefined && stream in STREAMS)
  console.log(JSON.stringify(measure(variant, stream as Stream, Number(faults))))
else main(Number(variant ?? 1_000_000))
