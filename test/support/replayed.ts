/**
 * A run whose end is looked at in every way that must come to the same: replayed by each driver, and decided again.
 */
import { expect } from 'chai'
import { type Boot, DEFAULT_BOOT } from '../../events/boot.ts'
import type { Recorded } from '../../events/event.ts'
import { DEFAULT_DESIGN, designNamed } from '../../src/design/designs.ts'
import { createRun, type Run } from '../../src/engine/run.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { bootWorld } from '../../src/model/world.ts'
import { type DriverKind, driverOf } from '../../src/reduce/drivers.ts'
import { verify } from '../../src/replay/verify.ts'

export type Replayable = { readonly run: Run; readonly events: readonly Recorded[]; readonly checkRun: () => void }

const DRIVERS: readonly DriverKind[] = ['event', 'batch', 'inPlace']

/** Boots a host that remembers its events. `checkRun` replays them. */
export function replayable(boot: Partial<Boot> = {}, design: string = DEFAULT_DESIGN.name): Replayable {
  const events: Recorded[] = []
  const whole = { ...DEFAULT_BOOT, ...boot }
  const run = createRun({ boot: whole, design, record: (recorded) => events.push(recorded) })
  const checkRun = (): void => {
    const { memory, records } = run.snapshot()
    for (const kind of DRIVERS) {
      const fresh = new VersionedMemory(whole.frames)
      const driver = driverOf(kind, bootWorld(whole, fresh), fresh)
      for (const recorded of events) driver.replay(recorded)
      const { memory: _, ...replayed } = driver.snapshot()
      expect(replayed, kind).to.deep.equal(records)
      expect(fresh.dump(), kind).to.deep.equal(memory)
    }
    expect(verify(events, designNamed(design), whole)).to.equal(null)
  }
  return { run, events, checkRun }
}
