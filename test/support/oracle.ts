/**
 * The oracle: the same reducers as the card words them, one immer `produce` per event over plain objects, memory
 * included. Slow and obvious; the fast drivers over versioned memory must give the same worlds.
 */
import { immerable, produce } from 'immer'
import type { Boot } from '../../events/boot.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import { PlainMemory } from '../../src/model/memory/plain.ts'
import { bootWorld, type World } from '../../src/model/world.ts'
import { moveThread } from '../../src/reduce/call.ts'
import type { WorldDraft } from '../../src/reduce/draft.ts'
import type { Driver } from '../../src/reduce/drivers.ts'
import { callerOf } from '../../src/reduce/lookup.ts'
import { reduceEvent } from '../../src/reduce/reduce.ts'

export class Oracle implements Driver {
  readonly kind = 'event'
  #world: World

  constructor(boot: Boot) {
    const memory = new PlainMemory(boot.frames)
    if (!memory[immerable]) throw new TypeError('immer would leave the memory of the oracle alone')
    this.#world = bootWorld(boot, memory)
  }

  get current(): World {
    return this.#world
  }

  snapshot(): World {
    return this.#world
  }

  apply(event: VmmEvent, seq: number, thread: ThreadId | null): void {
    this.#produce((world, memory) => {
      memory.begin(seq)
      reduceEvent(world, event, seq, callerOf(world, thread), memory)
    })
  }

  move(thread: ThreadId, place: string): void {
    this.#produce((world) => moveThread(callerOf(world, thread), place))
  }

  replay({ event, seq, thread, place }: Recorded): void {
    this.apply(event, seq, thread)
    if (place !== null && thread !== null) this.move(thread, place)
  }

  #produce(recipe: (world: WorldDraft, memory: PlainMemory) => void): void {
    this.#world = produce(this.#world, (draft) => {
      const world = draft as unknown as WorldDraft
      recipe(world, world.memory as unknown as PlainMemory)
    })
  }
}
