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
import { recordedCodec } from './packing.ts'

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
  #pending: Recorded[] = []

  /** @param segmentEvents events that are packed, and with a sync policy of 'segment' made durable, at a time. */
  constructor(sink: TapeSink, segmentEvents: number = SEGMENT_EVENTS) {
    this.#sink = sink
    this.#segmentEvents = segmentEvents
  }

  /** Takes the next event; give this to a run. */
  readonly record = (recorded: Recorded): void => {
    this.#pending.push(recorded)
    if (this.#pending.length >= this.#segmentEvents) this.flush()
  }

  /** Writes what is pending as a segment. */
  flush(): void {
    const items = this.#pending
    const [first] = items
    if (first === undefined) return
    this.#pending = []
    this.#sink.appendEvents(recordedCodec.encode(items, first.seq), items.length, first.seq)
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
