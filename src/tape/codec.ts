/**
 * Between the container and what it holds: the tape knows payloads, and a codec knows what is in them.
 */
import type { EventsFrame, TapeReader } from './reader.ts'

/** Makes payloads of frames of events, and events of payloads. */
export type EventsCodec<Item> = {
  /** All of `items`, of which the first has seq `firstSeq`. Equal items give equal bytes. */
  encode(items: readonly Item[], firstSeq: number): Uint8Array
  /** @throws TapeError TAPE016 when the payload is none that `encode` makes. */
  decode(payload: Uint8Array, count: number, firstSeq: number): Iterable<Item>
}

/** The items from seq `from` on, up to and with `last`. */
export function* itemsOf<Item>(
  tape: Pick<TapeReader, 'segments'>,
  codec: EventsCodec<Item>,
  from = 0,
  last = Number.MAX_SAFE_INTEGER,
): IterableIterator<Item> {
  for (const { payload, count, firstSeq } of tape.segments(from)) {
    if (firstSeq > last) return
    let seq = firstSeq
    for (const item of codec.decode(payload, count, firstSeq)) {
      if (seq > last) return
      if (seq >= from) yield item
      seq += 1
    }
  }
}

/** One payload for several frames of events that follow each other, as when a tape is sealed. */
export function mergedBy<Item>(codec: EventsCodec<Item>): (segments: readonly EventsFrame[]) => Uint8Array {
  return (segments) => {
    const items: Item[] = []
    for (const { payload, count, firstSeq } of segments)
      for (const item of codec.decode(payload, count, firstSeq)) items.push(item)
    return codec.encode(items, segments[0]?.firstSeq ?? 0)
  }
}
