/**
 * The event that led to a moment.
 */
import type { Recorded, VmmEvent } from '../../../events/event.ts'
import { eventText } from '../names.ts'
import { clip } from '../table.ts'
import type { Part } from './part.ts'

/** @param recorded null for the moment before any event. */
export function eventPart(recorded: Recorded | null): Part {
  return {
    name: 'event',
    data: recorded,
    lines: () => (recorded === null ? ['no event yet'] : [clip(eventLine(recorded))]),
  }
}

/** `event 12, t2: slot.mapped hva 0x1000 …, then sealingSlot`. */
export function eventLine({ seq, thread, place, event }: Recorded): string {
  // Many events name the thread that made them; once is enough.
  const { thread: own, ...rest } = event as VmmEvent & { readonly thread?: string }
  const text = eventText(own === thread ? (rest as VmmEvent) : event)
  return `event ${seq}${thread === null ? '' : `, ${thread}`}: ${text}${place === null ? '' : `, then ${place}`}`
}
