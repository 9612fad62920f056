/**
 * A tape that was replayed once and can be looked at at any moment. Memory keeps every version, so its past is a number;
 * the records of the world are kept as checkpoints, and run forward from the nearest one.
 */
import { decode } from '@msgpack/msgpack'
import type { Boot } from '../../events/boot.ts'
import { DEFAULT_BOOT } from '../../events/boot.ts'
import { Defect } from '../../events/defect.ts'
import type { Recorded } from '../../events/event.ts'
import type { RunSnapshot } from '../engine/run.ts'
import { UserError } from '../errors.ts'
import { VersionedMemory } from '../model/memory/versioned.ts'
import type { MemoryReader } from '../model/memory.ts'
import { upcast } from '../model/upcast.ts'
import { bootWorld, type World } from '../model/world.ts'
import { cloneWorld } from '../reduce/clone.ts'
import type { WorldDraft } from '../reduce/draft.ts'
import { decodeSegment, newSegment, recordsOf, type Segment } from '../tape/packing.ts'
import type { EventsFrame, TapeReader } from '../tape/reader.ts'
import { replaySegment } from './bulk.ts'
import { VOID_MEMORY } from './void-memory.ts'

/** Events between two checkpoints, at least; they lie where segments begin. */
const CHECKPOINT_EVENTS = 1000

type Checkpoint = { readonly seq: number; readonly world: World }

/** Says how far loading has come, in events. */
export type Progress = (done: number) => void

export class Timeline {
  readonly header: TapeReader['header']
  readonly boot: Boot
  /** The first moment: before any event of the tape. */
  readonly start: number
  /** The last moment: after all of them. */
  readonly lastSeq: number
  readonly #memory: VersionedMemory
  readonly #frames: readonly EventsFrame[]
  readonly #checkpoints: readonly Checkpoint[]
  readonly #segment: Segment = newSegment()
  #decoded: EventsFrame | null = null

  private constructor(
    header: TapeReader['header'],
    boot: Boot,
    memory: VersionedMemory,
    frames: readonly EventsFrame[],
    checkpoints: readonly Checkpoint[],
    lastSeq: number,
  ) {
    this.header = header
    this.boot = boot
    this.#memory = memory
    this.#frames = frames
    this.#checkpoints = checkpoints
    this.start = checkpoints[0]?.seq ?? 0
    this.lastSeq = lastSeq
  }

  /**
   * Replays all that `reader` accepts.
   *
   * @throws Defect where an event cannot be true in the world before it. TapeError where a payload is none of ours.
   */
  static load(reader: TapeReader, progress?: Progress): Timeline {
    const boot = { ...DEFAULT_BOOT, ...(reader.header.boot as Partial<Boot>) }
    const frames = [...reader.segments()]
    const { world, memory } = beginning(reader, boot, frames[0]?.firstSeq ?? 1)
    const live: WorldDraft = cloneWorld(world, memory)
    const checkpoints: Checkpoint[] = [{ seq: world.seq, world }]
    const segment = newSegment()
    let kept = world.seq
    for (const { payload, count, firstSeq } of frames) {
      if (firstSeq !== live.seq + 1) {
        throw new Defect('RPL001', `the tape goes on with event ${firstSeq} after event ${live.seq}`, live.seq)
      }
      if (live.seq - kept >= CHECKPOINT_EVENTS) {
        checkpoints.push({ seq: live.seq, world: cloneWorld(live as unknown as World, memory) as unknown as World })
        kept = live.seq
      }
      decodeSegment(payload, count, firstSeq, segment)
      replaySegment(live, segment, memory)
      progress?.(live.seq)
    }
    return new Timeline(reader.header, boot, memory, frames, checkpoints, live.seq)
  }

  /** Memory as of the moment after event `seq`. */
  memoryAt(seq: number): MemoryReader {
    this.#mustHave(seq)
    return this.#memory.at(seq)
  }

  /** The world after event `seq`, as a value of its own. */
  at(seq: number): World {
    this.#mustHave(seq)
    const { world } = this.#checkpointBefore(seq)
    const records = cloneWorld(world, this.#memory.at(seq))
    for (
      let frame = this.#frameOf(world.seq + 1);
      frame !== null && records.seq < seq;
      frame = this.#frameOf(records.seq + 1)
    ) {
      replaySegment(records, this.#decode(frame), VOID_MEMORY, Math.min(frame.count, seq - frame.firstSeq + 1))
    }
    return records as unknown as World
  }

  /** One event with its place. */
  recorded(seq: number): Recorded {
    for (const recorded of this.between(seq, seq)) return recorded
    throw new UserError(`the tape has events ${this.start + 1} to ${this.lastSeq}, and none with number ${seq}`)
  }

  /** The events from `from` to `to`, both included. */
  *between(from: number = this.start + 1, to: number = this.lastSeq): Generator<Recorded> {
    for (const frame of this.#frames) {
      if (frame.firstSeq + frame.count <= from) continue
      if (frame.firstSeq > to) return
      // A segment of its own: others may ask for something else meanwhile.
      const segment = newSegment()
      decodeSegment(frame.payload, frame.count, frame.firstSeq, segment)
      for (const recorded of recordsOf(segment)) {
        if (recorded.seq > to) return
        if (recorded.seq >= from) yield recorded
      }
    }
  }

  #mustHave(seq: number): void {
    if (Number.isInteger(seq) && seq >= this.start && seq <= this.lastSeq) return
    throw new UserError(`the tape has moments ${this.start} to ${this.lastSeq}, and none after event ${seq}`)
  }

  #checkpointBefore(seq: number): Checkpoint {
    let low = 0
    let high = this.#checkpoints.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#checkpoints[middle] as Checkpoint).seq <= seq) low = middle
      else high = middle - 1
    }
    return this.#checkpoints[low] as Checkpoint
  }

  #frameOf(seq: number): EventsFrame | null {
    let low = 0
    let high = this.#frames.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#frames[middle] as EventsFrame).firstSeq <= seq) low = middle
      else high = middle - 1
    }
    const frame = this.#frames[low]
    return frame !== undefined && frame.firstSeq <= seq && seq < frame.firstSeq + frame.count ? frame : null
  }

  #decode(frame: EventsFrame): Segment {
    if (this.#decoded !== frame) {
      decodeSegment(frame.payload, frame.count, frame.firstSeq, this.#segment)
      this.#decoded = frame
    }
    return this.#segment
  }
}

/** Where a tape starts: a freshly booted host, or the snapshot of the run that it goes on with. The memory is the caller's. */
export function beginning(reader: TapeReader, boot: Boot, firstSeq: number): { world: World; memory: VersionedMemory } {
  if (firstSeq <= 1) {
    const memory = new VersionedMemory(boot.frames)
    return { world: bootWorld(boot, memory), memory }
  }
  const frame = reader.snapshotBefore(firstSeq - 1)
  if (frame === null || frame.seq !== firstSeq - 1) {
    throw new Defect(
      'RPL002',
      `the tape begins with event ${firstSeq} and has no snapshot of the moment before`,
      firstSeq,
    )
  }
  const { records, memory: dump } = decodeSnapshot(frame.payload)
  const memory = VersionedMemory.load(dump, records.seq)
  return { world: { ...records, memory }, memory }
}

/** The snapshot in a frame, of whatever version. */
export function decodeSnapshot(payload: Uint8Array): RunSnapshot {
  const snapshot = decode(payload, { useBigInt64: true }) as RunSnapshot
  return { ...snapshot, records: upcast(snapshot.records) }
}
