/**
 * Decodes an event line's payload, by the event's name.
 *
 * An event that no decoder knows is answered with null, and counted by its name by whoever asks; an
 * event that is known but reads differently is `undecoded`, with what was found.
 */
import type { Decode } from './decoder.ts'
import type { TraceEvent } from './event.ts'
import type { TraceRecord } from './line.ts'
import { decodeCall, PROBES } from './probes.ts'
import { TRACEPOINTS } from './tracepoints.ts'

/** A known event in a spelling that is not known, or cut short. */
export type Undecoded = { readonly event: 'undecoded'; readonly name: string; readonly reason: string }

const DECODERS: ReadonlyMap<string, Decode> = new Map([...PROBES, ...TRACEPOINTS])

/**
 * The event of a line.
 *
 * @returns null when no decoder exists for an event of this name.
 */
export function decodeEvent(record: TraceRecord): TraceEvent | Undecoded | null {
  const { event: name, payload } = record
  const decode = DECODERS.get(name)
  if (decode !== undefined) return decode(payload) ?? undecoded(name, payload)
  if (name.startsWith('sys_')) return decodeCall(name.slice(4), payload) ?? undecoded(name, payload)
  return null
}

function undecoded(name: string, payload: string): Undecoded {
  return { event: 'undecoded', name, reason: `the fields of ${name}, found ${payload.slice(0, 80)}` }
}
