/**
 * What must be reachable is reached: each sighting by the scenario that has its name, and by none that is about nothing of
 * the kind.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createRun } from '../../src/engine/run.ts'
import { endsStep } from '../../src/invariant/invariant.ts'
import { SIGHTINGS, type Sighting } from '../../src/invariant/sightings.ts'
import { play } from '../../src/scenario/play.ts'
import { readScenario } from '../../src/scenario/read.ts'

const FOLDER = 'examples/sightings'

/** The names of what is seen in some state between two steps of a scenario. */
function seenIn(path: string): ReadonlySet<string> {
  const { boot, entries, design } = readScenario(readFileSync(path, 'utf8'), path)
  const seen = new Set<string>()
  const look = ({ name, seen: isSeen }: Sighting): void => {
    if (isSeen(run.current)) seen.add(name)
  }
  const run = createRun({ boot, ...(design === null ? {} : { design }) })
  run.subscribe(({ place, event, thread }) => {
    if (place !== null || endsStep(event, thread)) for (const sighting of SIGHTINGS) look(sighting)
  })
  const answers = [...play(run, entries)]
  if (answers.length < entries.length) expect(run.current.panic, path).not.to.equal(null)
  return seen
}

describe('what must be reachable', () => {
  for (const { name } of SIGHTINGS)
    it(`is reached: ${name}`, () => {
      expect([...seenIn(join(FOLDER, `${name}.jsonl`))]).to.include(name)
    })

  it('has a scenario each, and no scenario is about nothing', () => {
    expect(readdirSync(FOLDER).sort()).to.deep.equal(SIGHTINGS.map(({ name }) => `${name}.jsonl`).sort())
  })

  it('is not seen everywhere', () => {
    expect([...seenIn('examples/scenarios/d08.jsonl')]).to.deep.equal([])
    for (const { name, source } of SIGHTINGS) {
      expect(source, name).to.match(/\w+\(\)/)
      const others = SIGHTINGS.filter(
        (other) => other.name !== name && !seenIn(join(FOLDER, `${other.name}.jsonl`)).has(name),
      )
      expect(others.length, name).to.be.greaterThan(6)
    }
  })
})
