/**
 * The part of the library that needs Node: tapes as files. `import { openTape, recordTape } from 'vmtape/node'`.
 */

import { DEFAULT_BOOT } from '../events/boot.ts'
import type { Recorded } from '../events/event.ts'
import { designNamed } from './design/designs.ts'
import { digestOfDesign } from './design/digest.ts'
import { createRun, type Run, type RunOptions } from './engine/run.ts'
import type { World } from './model/world.ts'
import { Timeline } from './replay/timeline.ts'
import { type CreateOptions, type ReadOptions, readTape, TapeWriter } from './tape/file.ts'
import type { TapeReader } from './tape/reader.ts'
import { headerOf, Recording } from './tape/recording.ts'

/** A tape that is open: what the file holds, and the run at any moment. */
export type OpenTape = {
  readonly reader: TapeReader
  readonly timeline: Timeline
  /** The world after event `seq`. */
  readonly at: (seq: number) => World
  readonly recorded: (seq: number) => Recorded
  readonly close: () => void
}

/**
 * Opens a tape and replays it.
 *
 * @throws TapeError when there is no tape to read; what is damaged is in `reader.report`, and all before it opens.
 */
export function openTape(path: string, options: ReadOptions = {}): OpenTape {
  const reader = readTape(path, options)
  const timeline = Timeline.load(reader)
  return {
    reader,
    timeline,
    at: (seq) => timeline.at(seq),
    recorded: (seq) => timeline.recorded(seq),
    close: () => reader.close(),
  }
}

/** Boots a host whose run is recorded at `path`. Close the recording when the run is over. */
export function recordTape(
  path: string,
  options: Omit<RunOptions, 'record'> & CreateOptions = {},
): { readonly run: Run; readonly recording: Recording } {
  const design = typeof options.design === 'object' ? options.design : designNamed(options.design ?? 'aobj-dying')
  const boot = { ...DEFAULT_BOOT, ...options.boot }
  const header = headerOf({ name: design.name, digest: digestOfDesign(design) }, boot)
  const recording = new Recording(TapeWriter.create(path, header, options))
  return { run: createRun({ ...options, design, boot, record: recording.record }), recording }
}

export { sealTape } from './tape/file.ts'
export { Recording, readTape, TapeWriter }
