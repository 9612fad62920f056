/** Holds a monitor to a look at the whole world. */
import { expect } from 'chai'
import type { Recorded } from '../../events/event.ts'
import { type Counterexample, counterexamples, isAtRest, type Monitor } from '../../src/invariant/index.ts'
import { endsStep } from '../../src/invariant/invariant.ts'
import type { World } from '../../src/model/world.ts'

type Named = Pick<Counterexample, 'claim' | 'a' | 'b'>

const nameOf = ({ claim, a, b }: Named): string => `${claim.id} ${claim.name} ${a}:${b}`

/** Whether the world after an event lies between two steps, so that it can be judged. */
export function isJudged({ place, event, thread }: Recorded, world: World): boolean {
  return (place !== null || endsStep(event, thread)) && world.panic === null
}

/** What stands with the monitor is what a look at the whole world finds; claims at rest are compared at rest. */
export function expectSameAsWhole(monitor: Monitor, world: World): void {
  const atRest = isAtRest(world)
  const found = [...counterexamples(world, 'always'), ...(atRest ? counterexamples(world, 'quiescent') : [])]
  const standing = monitor.standing.filter(({ claim }) => claim.when === 'always' || atRest)
  expect(standing.map(nameOf).sort(), `after event ${world.seq}`).to.deep.equal(found.map(nameOf).sort())
}
