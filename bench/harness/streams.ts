/**
 * The workload: faults of a guest on a million different pages, in order or at random, and the run that they fault in.
 */

import type { Bytes, Gpa } from '../../events/address.ts'
import { PAGE_SIZE } from '../../events/address.ts'
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { Recorder } from '../../src/engine/engine.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { distinctPages } from '../memory/pages.ts'
import { expectEqual } from './measure.ts'

/** How the pages of a stream lie: 2^bits of them, in order or at random. */
const STREAMS = {
  'seq/4G': { bits: 20, isRandom: false },
  'rand/4G': { bits: 20, isRandom: true },
  'rand/64G': { bits: 24, isRandom: true },
} as const

export type StreamName = keyof typeof STREAMS
export const STREAM_NAMES = Object.keys(STREAMS) as readonly StreamName[]

const PID = 100
/** Where vmd maps the guest's memory; below it are code and stack. */
const HINT = 0x10000000000

export function pagesOfStream(name: StreamName, count: number): Uint32Array {
  const { bits, isRandom } = STREAMS[name]
  return distinctPages(count, bits, isRandom)
}

export function bootOf(mode: 'ept' | 'rvi'): Boot {
  return { ...DEFAULT_BOOT, mode }
}

/** A VM of one vCPU, which is in its guest. */
export function runOf(name: StreamName, mode: 'ept' | 'rvi', record: Recorder): Run {
  const run = createRun({ boot: bootOf(mode), record })
  const size = (2 ** STREAMS[name].bits * PAGE_SIZE) as Bytes
  run.dispatch({ type: 'host.spawn', pid: PID, pledge: [] })
  const range = { gpa: 0 as Gpa, size, memtype: 0, va: HINT }
  const made = run.dispatch({ type: 'ioc.create', pid: PID, ranges: [range], ncpus: 1, name: 'guest' })
  expectEqual(String('ok' in made && made.ok), 'true', 'the VM is made')
  run.dispatch({ type: 'ioc.run', pid: PID, vm: 1, vcpu: 0 })
  return run
}

/** One access of the guest to a page that it did not touch before. */
export function touch(run: Run, page: number): void {
  run.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: page * PAGE_SIZE, access: 'w' })
}
