/**
 * What the parts of a retelling share: the list that events are told to, the numbers of what is
 * made, and which frames are in use.
 */
import type { Frame } from '../../../events/address.ts'
import { type Boot, DEFAULT_BOOT } from '../../../events/boot.ts'
import type { VmmEvent } from '../../../events/event.ts'
import type { ObjectRef, PmapRef } from '../../../events/ids.ts'

/**
 * The host that the imported run is booted on: as many frames as memory can number, since a trace
 * names frames before it is known how many there are.
 */
/** What a tape names as its design where no design of ours made it, but a host that was traced. */
export const TRACED = 'kvm'

export const IMPORT_BOOT: Boot = { ...DEFAULT_BOOT, mode: 'rvi', frames: 2 ** 30 }

/** The events of one fact, and the books that are kept across all. */
export class Telling {
  #events: VmmEvent[] = []
  #pmaps = 0
  #objects = 0
  /** Frames of tables and roots. */
  readonly #taken = new Set<number>()
  #spare = IMPORT_BOOT.frames - 1

  tell(event: VmmEvent): void {
    this.#events.push(Object.freeze(event))
  }

  /** What was told since it was asked last. */
  told(): readonly VmmEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  nextPmap(): PmapRef {
    this.#pmaps += 1
    return this.#pmaps as PmapRef
  }

  nextObject(): ObjectRef {
    this.#objects += 1
    return this.#objects as ObjectRef
  }

  /** The frame itself, or a spare one where the trace does not name it or it is a table already. */
  takeFrame(frame: number | null): Frame {
    const usable = frame !== null && frame < this.#spare && !this.#taken.has(frame)
    const taken = usable ? frame : this.#spareFrame()
    this.#taken.add(taken)
    return taken as Frame
  }

  freeFrame(frame: Frame): void {
    this.#taken.delete(frame)
  }

  #spareFrame(): number {
    while (this.#taken.has(this.#spare)) this.#spare -= 1
    const frame = this.#spare
    this.#spare -= 1
    return frame
  }
}
