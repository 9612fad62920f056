/**
 * A run being recorded: its events go to a tape in segments, its snapshots and notes where they belong.
 */
import { encode } from '@msgpack/msgpack'
import type { Boot } from '../../events/boot.ts'
import type { Recorded } from '../../events/event.ts'
import { EVENT_VERSION } from '../../events/event.ts'
import type { Design } from '../design/design.ts'
import type { RunSnapshot } from '../engine/run.ts'
import { VERSION } from '../version.ts'
import type { TapeHeaderInput } from './header.ts'
import { Packer } from './packer.ts'

/** Events in a segment, unless told: columns of a few hundred numbers pack well, and a seek decodes one segment. */
const SEGMENT_EVENTS = 4000

/** What a recording needs of a tape's writer. */
export interface TapeSink {
  appendEvents(payload: Uint8Array, count: number, firstSeq: number): void
  appendSnapshot(seq: number, payload: Uint8Array): void
  appendNote(seq: number, text: string): void
  sync(): void
  close(): void
}

/** The header of a run's tape. */
export function headerOf(design: Pick<Design, 'name'> & { readonly digest: string }, boot: Boot): TapeHeaderInput {
  return {
    design: { name: design.name, digest: design.digest },
    modelVersion: EVENT_VERSION,
    boot: { ...boot },
    createdBy: VERSION,
  }
}

/** Packs the events of one run and hands them on in segments. */
export class Recording {
  readonly #sink: TapeSink
  readonly #segmentEvents: number
  readonly #packer = new Packer()
  #firstSeq = 0

  /** @param segmentEvents events that are packed, and with a sync policy of 'segment' made durable, at a time. */
  constructor(sink: TapeSink, segmentEvents: number = SEGMENT_EVENTS) {
    this.#sink = sink
    this.#segmentEvents = segmentEvents
  }

  /** Takes the next event; give this to a run. */
  readonly record = (recorded: Recorded): void => {
    const packer = this.#packer
    if (packer.count === 0) this.#firstSeq = recorded.seq
    packer.add(recorded)
    if (packer.count >= this.#segmentEvents) this.flush()
  }

  /** Writes what is pending as a segment. Where writing fails it stays pending, and may be tried again. */
  flush(): void {
    const packer = this.#packer
    if (packer.count === 0) return
    this.#sink.appendEvents(packer.write(), packer.count, this.#firstSeq)
    packer.clear()
  }

  /** Stores the whole run as it is now; `run` must be the one whose events are recorded. */
  snapshot(run: { readonly snapshot: () => RunSnapshot }): void {
    this.flush()
    const snapshot = run.snapshot()
    this.#sink.appendSnapshot(snapshot.records.seq, encodeSnapshot(snapshot))
  }

  note(seq: number, text: string): void {
    this.flush()
    this.#sink.appendNote(seq, text)
  }

  /** Writes what is pending and waits for the disk. */
  sync(): void {
    this.flush()
    this.#sink.sync()
  }

  close(): void {
    this.flush()
    this.#sink.close()
  }
}

/** A snapshot as the payload of its frame. */
export function encodeSnapshot(snapshot: RunSnapshot): Uint8Array {
  return encode(snapshot, { useBigInt64: true, sortKeys: true, ignoreUndefined: true })
}
