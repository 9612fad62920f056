/**
 * How quickly tapes are written and read: a million events of four bytes each in frames of 1,000, as the columns of
 * faults take. Run it by `node --import=tsx bench/tape.ts [DIRECTORY]`; the directory names the disk.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTape, type SyncPolicy, sealTape, TapeWriter } from '../src/tape/file.ts'

const EVENTS = 1_000_000
const ROUNDS = 5
const header = { design: { name: 'none', digest: '' }, modelVersion: 1, boot: null, createdBy: '0' }

/** Numbers that compress as those of faults do, about by a quarter. */
function payloadOf(count: number, seq: number): Uint8Array {
  let state = (seq % 2147483646) + 1
  return Uint8Array.from({ length: count * 4 }, (_, index) => {
    state = (state * 48271) % 2147483647
    return index % 4 === 3 ? 1 : state % 256
  })
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'vmtape-bench-'))
const path = join(directory, 'a.tape')

function write(eventsPerFrame: number, events: number, sync: SyncPolicy, seal: boolean): number {
  const payloads = Array.from({ length: 16 }, (_, index) => payloadOf(eventsPerFrame, index))
  const start = process.hrtime.bigint()
  const writer = TapeWriter.create(path, header, { sync, seal, overwrite: true })
  for (let seq = 1; seq <= events; seq += eventsPerFrame)
    writer.appendEvents(payloads[seq % 16] as Uint8Array, eventsPerFrame, seq)
  writer.close()
  return Number(process.hrtime.bigint() - start)
}

function read(verify: 'all' | 'lazy'): number {
  const start = process.hrtime.bigint()
  const reader = readTape(path, { verify })
  let bytes = 0
  for (const { payload } of reader.segments()) bytes += payload.length
  reader.close()
  if (bytes !== EVENTS * 4) throw new Error(`${bytes} bytes came back`)
  return Number(process.hrtime.bigint() - start)
}

/** Reads the frame of an event somewhere, of a tape that is opened by its index. */
function seek(times: number): number {
  const reader = readTape(path, { verify: 'lazy' })
  const start = process.hrtime.bigint()
  for (let time = 0; time < times; time++)
    if (reader.segmentFor(1 + ((time * 7919 * 131) % EVENTS)) === null) throw new Error('an event is missing')
  return Number(process.hrtime.bigint() - start) / times
}

function best(action: () => number): number {
  return Math.min(...Array.from({ length: ROUNDS }, action))
}

function say(what: string, nanoseconds: number, events: number): void {
  const each = nanoseconds / events
  console.log(
    `${what.padEnd(44)} ${each.toFixed(1).padStart(10)} ns an event  ${(1000 / each).toFixed(2).padStart(8)} M/s`,
  )
}

try {
  say(
    'append, a wait for the disk each event',
    best(() => write(1, 1000, 'segment', false)),
    1000,
  )
  say(
    'append frames of 1,000, a wait each',
    best(() => write(1000, EVENTS, 'segment', false)),
    EVENTS,
  )
  say(
    'append frames of 1,000, a wait each 10,000',
    best(() => write(1000, EVENTS, 10_000, false)),
    EVENTS,
  )
  say(
    'append frames of 1,000 sealed, no wait',
    best(() => write(1000, EVENTS, 'never', true)),
    EVENTS,
  )
  say(
    'append frames of 1,000, no wait',
    best(() => write(1000, EVENTS, 'never', false)),
    EVENTS,
  )
  const { size } = statSync(path)
  console.log(
    `${((size - EVENTS * 4) / (EVENTS / 1000)).toFixed(0)} bytes around each frame of 1,000 events, index included`,
  )
  say(
    'read all payloads, every byte looked at first',
    best(() => read('all')),
    EVENTS,
  )
  say(
    'read all payloads, opened by the index',
    best(() => read('lazy')),
    EVENTS,
  )
  console.log(`find the frame of an event: ${(best(() => seek(10_000)) / 1000).toFixed(1)} µs`)
  const sealed = join(directory, 'b.tape')
  const start = process.hrtime.bigint()
  sealTape(path, sealed)
  say('seal', Number(process.hrtime.bigint() - start), EVENTS)
  say(
    'read all payloads of the sealed tape',
    best(() => {
      const began = process.hrtime.bigint()
      for (const { payload } of readTape(sealed).segments()) if (payload.length === 0) throw new Error('nothing')
      return Number(process.hrtime.bigint() - began)
    }),
    EVENTS,
  )
} finally {
  rmSync(directory, { recursive: true })
}
