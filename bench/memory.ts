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
import { fileURLToPath } from 'node:url'
import { VersionedMemory } from '../src/model/memory/versioned.ts'
import { type Faults, faultsOf, HOST_FRAMES, NESTED, replay } from './memory/fault.ts'
import { dice, distinctPages } from './memory/pages.ts'
import { PlainTables } from './memory/plain-tables.ts'

/** What one process measured. Times are in nanoseconds of CPU for each operation. */
type Measure = { readonly [name: string]: number }

const STREAMS = { 'seq/4G': [20, false], 'rand/4G': [20, true], 'rand/64G': [24, true] } as const
type Stream = keyof typeof STREAMS
const ROUNDS = 5
const READS = 500_000
/** Compiling is over before the clock starts. */
const WARM_ROUNDS = 5
const WARM_FAULTS = 60_000
/** Pages that the plain tables are reserved for. */
const SPAN = 2 ** 24

/** CPU nanoseconds of `work` for each of `count` operations. */
function cpu(count: number, work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / count
}

function insertAll(pages: Uint32Array, own: PlainTables, nested: PlainTables): void {
  for (let at = 0; at < pages.length; at++) {
    own.fault(pages[at]!, (at + 1) * 4096 + 7, at % 4)
    nested.fault(pages[at]!, (at + 1) * 4096 + 7, at % 4)
  }
}

function plain({ pages }: Faults): Measure {
  for (let round = 0; round < WARM_ROUNDS; round++)
    insertAll(pages.subarray(0, WARM_FAULTS), new PlainTables(SPAN), new PlainTables(SPAN))
  const [own, nested] = [new PlainTables(SPAN), new PlainTables(SPAN)]
  const rss = process.memoryUsage().rss
  const fault = cpu(pages.length, () => insertAll(pages, own, nested))
  if (own.mapped !== pages.length) throw new TypeError('a page was not mapped')
  return { fault, megabytes: (process.memoryUsage().rss - rss) / 2 ** 20 }
}

function versioned(faults: Faults): Measure {
  const { pages } = faults
  const few = { pages: pages.subarray(0, WARM_FAULTS), tables: faults.tables }
  for (let round = 0; round < WARM_ROUNDS; round++) replay(new VersionedMemory(HOST_FRAMES), few)
  const rss = process.memoryUsage().rss
  const memory = new VersionedMemory(HOST_FRAMES)
  const fault = cpu(pages.length, () => replay(memory, faults))
  const megabytes = (process.memoryUsage().rss - rss) / 2 ** 20
  if (memory.leafCount(NESTED) !== pages.length) throw new TypeError('a page was not mapped')
  const last = memory.version

  let sum = 0
  const roll = dice()
  const readNow = cpu(READS, () => {
    for (let read = 0; read < READS; read++) sum += memory.leaf(NESTED, pages[roll(pages.length)]!)
  })
  const readAt = cpu(READS, () => {
    for (let read = 0; read < READS; read++) sum += memory.at(roll(last)).leaf(NESTED, pages[roll(pages.length)]!)
  })
  const countAt = cpu(READS, () => {
    for (let read = 0; read < READS; read++) sum += memory.at(roll(last)).leafCount(NESTED)
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
  if (Number.isNaN(sum)) throw new TypeError('nothing was read')
  return {
    fault,
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
  const run = faultsOf(distinctPages(faults, bits, isRandom))
  return variant === 'plain' ? plain(run) : versioned(run)
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
