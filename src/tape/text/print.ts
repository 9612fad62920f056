/**
 * A tape as text: JSON lines that a person reads, a program edits, and that pack back to the same bytes. The first line
 * is the header, the last one says how the tape ends; between them stands what is on the tape, in its order. How events
 * lie in segments and what is sealed is told as well, since it is part of the bytes.
 */
import type { Recorded } from '../../../events/event.ts'
import { encodeHeader, type TapeHeader } from '../header.ts'
import { recordedCodec } from '../packing.ts'
import type { EventsFrame, TapeReader } from '../reader.ts'
import { toText } from '../text.ts'
import { base64 } from './base64.ts'

/** Version of this text; lines of another one are refused. */
export const TEXT_VERSION = 1

/** Which events to print, by their seq; both are included. */
export type Span = { readonly from: number; readonly to: number }

/** The lines of the tape, or of the part of it that lies in `span`, with the snapshots and notes of moments in it. */
export function* tapeLines(reader: TapeReader, span: Span): Generator<string> {
  yield headerLine(reader)
  const { from, to } = span
  const { indexes, report } = reader
  const inner = report.closed ? indexes.slice(0, -1) : [...indexes]
  for (const frame of reader.frames()) {
    for (let next = inner[0]; next !== undefined && next < frame.offset; next = inner[0]) {
      inner.shift()
      yield JSON.stringify({ index: {} })
    }
    if (frame.kind === 'events') yield* segmentLines(frame, span)
    // A snapshot of the moment before the first event is where a part of a tape can start from.
    else if (frame.seq < from - 1 || frame.seq > to) continue
    else if (frame.kind === 'note') yield JSON.stringify({ note: { seq: frame.seq, text: frame.text } })
    else yield JSON.stringify({ snapshot: { seq: frame.seq, sealed: frame.sealed, payload: base64(frame.payload) } })
  }
  for (const _ of inner) yield JSON.stringify({ index: {} })
  yield JSON.stringify({ end: { closed: report.closed } })
}

/** The header's own values may hold what looks like an address, so they are printed as they are. */
function headerLine({ header, headerPayload }: TapeReader): string {
  const { formatVersion: _, ...given } = header
  const same = equal(encodeHeader(given), headerPayload)
  return JSON.stringify({
    tape: { text: TEXT_VERSION, header: given, ...(same ? {} : { bytes: base64(headerPayload) }) },
  })
}

/** Gives what a tape's header is made of. */
export type HeaderValues = Omit<TapeHeader, 'formatVersion'>

function* segmentLines(frame: EventsFrame, { from, to }: Span): Generator<string> {
  const { payload, count, firstSeq, sealed } = frame
  const first = Math.max(firstSeq, from)
  const last = Math.min(firstSeq + count - 1, to)
  if (first > last) return
  const items: Recorded[] = []
  for (const recorded of recordedCodec.decode(payload, count, firstSeq)) {
    if (recorded.seq >= first && recorded.seq <= last) items.push(recorded)
  }
  // Bytes that these events would not make again, those of another version, are carried along.
  const whole = items.length === count && equal(recordedCodec.encode(items, firstSeq), payload)
  const bytes = whole || items.length < count ? {} : { bytes: base64(payload) }
  yield JSON.stringify({ segment: { seq: first, count: items.length, sealed, ...bytes } })
  for (const recorded of items) yield toText(recorded)
}

function equal(one: Uint8Array, two: Uint8Array): boolean {
  return one.length === two.length && one.every((byte, index) => byte === two[index])
}
