/**
 * How quickly columns are written and read, and how small they are: shapes that events have, 1,000 numbers at a time as
 * in a frame, and the faults of a guest in whole. Run it by `node --import=tsx bench/columns.ts`.
 */
import { brotliCompressSync, constants } from 'node:zlib'
import { ByteSink, ByteSource } from '../src/tape/bytes.ts'
import { decodeColumn, encodeColumn } from '../src/tape/columns.ts'

const N = 1000
const ROUNDS = 9
/** Numbers in each round; enough that a round takes some 10 ms. */
const NUMBERS_A_ROUND = 2_000_000

/** A small generator of its own, so that every run measures the same numbers. */
function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}

const roll = dice(7)
const shapes: readonly (readonly [string, (i: number) => number])[] = [
  ['constant', () => 3],
  ['stride (pages in order)', (i) => 2 ** 32 + i * 4096],
  ['two long runs', (i) => (i < 400 ? 1 : 2)],
  ['runs of 10', (i) => Math.floor(i / 10) % 7],
  ['runs of 4, wide', (i) => (Math.floor(i / 4) ** 2 * 7919) % 999983],
  ['2 words', () => roll(2) * 4096],
  ['8 words', () => roll(8) * 4096],
  ['100 words', () => roll(100) ** 3],
  ['1 byte above a base', () => 2 ** 40 + roll(256)],
  ['2 bytes above a base', () => 2 ** 40 + roll(65536)],
  ['3 bytes above a base', () => 2 ** 40 + roll(2 ** 24)],
  ['4 bytes above a base', () => 2 ** 40 + roll(2 ** 31) * 2],
  ['6 bytes above a base', () => roll(2 ** 31) * 2 ** 17],
  ['steps of 1 byte', (i) => i * 500 + roll(200)],
  ['skewed (variable length)', (i) => (i % 50 === 0 ? roll(2 ** 30) : roll(60))],
  ['fractions', () => roll(2 ** 30) / 3],
]

/** Best of some rounds, in ns for each number. */
function best(action: () => void): number {
  const times = Array.from({ length: ROUNDS + 2 }, () => {
    const start = process.hrtime.bigint()
    for (let done = 0; done < NUMBERS_A_ROUND; done += N) action()
    return Number(process.hrtime.bigint() - start) / NUMBERS_A_ROUND
  })
  // The first two are for warming up.
  return Math.min(...times.slice(2))
}

function compressed(bytes: Uint8Array): number {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }).length
}

console.log(`${N} numbers a column, best of ${ROUNDS}`)
console.log(`${'shape'.padEnd(28)}  bytes  sealed  write ns  read ns  read M/s`)
const columns = shapes.map(([name, make]) => [name, Float64Array.from({ length: N }, (_, i) => make(i))] as const)
const out = new Float64Array(N)
const sink = new ByteSink()
const measured = columns.map(([name, values]) => {
  sink.clear()
  encodeColumn(sink, values, N)
  const bytes = sink.written().slice()
  return { name, values, bytes, write: 0, read: 0 }
})
// Each shape is measured after all were run: loops that have seen one shape only would look quicker than they are.
for (let warm = 0; warm < 200; warm++)
  for (const { values, bytes } of measured) {
    sink.clear()
    encodeColumn(sink, values, N)
    decodeColumn(new ByteSource(bytes), N, out)
  }
for (const { name, values, bytes } of measured) {
  const write = best(() => {
    sink.clear()
    encodeColumn(sink, values, N)
  })
  const read = best(() => {
    decodeColumn(new ByteSource(bytes), N, out)
  })
  const cells = [String(bytes.length).padStart(5), String(compressed(bytes)).padStart(6)]
  cells.push(write.toFixed(2).padStart(8), read.toFixed(2).padStart(7), (1000 / read).toFixed(0).padStart(8))
  console.log(`${name.padEnd(28)}  ${cells.join('  ')}`)
}

/** Faults as a guest makes them: two of three at a random page, the rest in order; frames handed out in order. */
function faults(count: number): readonly (readonly [string, Float64Array])[] {
  const next = dice(11)
  const page = new Float64Array(count)
  const frame = new Float64Array(count)
  const vcpu = new Float64Array(count)
  const kind = new Float64Array(count)
  let inOrder = 0
  for (let i = 0; i < count; i++) {
    page[i] = next(3) === 0 ? inOrder++ : next(2 ** 20)
    frame[i] = 2 ** 18 + i * 2 + (next(64) === 0 ? 1 : 0)
    vcpu[i] = Math.floor(i / 37) % 4
    kind[i] = next(16) === 0 ? 1 : 0
  }
  return [
    ['page', page],
    ['frame', frame],
    ['vcpu', vcpu],
    ['kind', kind],
  ]
}

for (const count of [1000, 8000]) {
  const parts = faults(count)
  sink.clear()
  const sizes = parts.map(([name, values]) => {
    const before = sink.length
    encodeColumn(sink, values, count)
    return `${name} ${((sink.length - before) / count).toFixed(2)}`
  })
  const whole = sink.written().slice()
  const each = (bytes: number) => (bytes / count).toFixed(2)
  console.log(
    `faults, ${count} a frame: ${each(whole.length)} B an event, sealed ${each(compressed(whole))} (${sizes.join(', ')})`,
  )
}
