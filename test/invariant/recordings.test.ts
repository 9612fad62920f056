/**
 * Which invariants the recordings of the real kernel break. Each is a finding about the design that was recorded; the
 * table is read when it changes. `npm run snap` writes it.
 */
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { VECTORS } from '../conform/vectors.ts'
import { matchesSnapshot } from '../support/snapshot.ts'
import { runVector, watchedFor } from './vectors.ts'

/** The invariants that each recording breaks. */
function broken(design: Design): ReadonlyMap<string, string> {
  return new Map(
    VECTORS.map((vector) => {
      const watched = watchedFor(vector, design, false)
      runVector(vector, watched)
      return [vector.name, watched.ids.join(' ') || 'nothing']
    }),
  )
}

/** A paragraph for each set of invariants: first the set, then the recordings that break it. */
function tableOf(found: ReadonlyMap<string, string>, names: readonly string[]): string {
  const sets = new Map<string, string[]>()
  for (const name of names) {
    const ids = found.get(name) ?? ''
    sets.set(ids, [...(sets.get(ids) ?? []), name])
  }
  return [...sets]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([ids, all]) => `${ids}\n${all.map((name) => `  ${name}\n`).join('')}`)
    .join('\n')
}

describe('the recordings', () => {
  it('break what is known, and nothing else', function () {
    if (VECTORS.length === 0) this.skip()
    this.timeout(60_000)
    const now = broken(aobjDying)
    const then = broken(aobj)
    const names = VECTORS.map(({ name }) => name)
    matchesSnapshot('invariant/recordings-aobj-dying.txt', tableOf(now, names))
    // Of the older code, what it breaks otherwise.
    const changed = names.filter((name) => then.get(name) !== now.get(name))
    matchesSnapshot('invariant/recordings-aobj.txt', tableOf(then, changed))
  })
})
