/**
 * Both memories: the one that keeps its versions is held to the plain one, call by call and moment
 * by moment.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { isDraftable, produce } from 'immer'
import { PlainMemory } from '../../src/model/memory/plain.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_READ, leafFrame, type Memory, packLeaf } from '../../src/model/memory.ts'
import { FRAMES, type Op, ops, outcome, sameContents, sameMemory, share, take } from '../laws/memory.ts'
import { runs } from '../support/seed.ts'

/** Makes the calls on both, and keeps each value that the plain one had. */
function both(made: readonly Op[], versioned = new VersionedMemory(FRAMES), plain = new PlainMemory(FRAMES)) {
  const moments = new Map<number, PlainMemory>([[plain.version, plain]])
  let latest = plain
  for (const op of made) {
    let expected: string | null = null
    latest = produce(latest, (draft) => {
      expected = take(draft, op)
    })
    expect(take(versioned, op), op.name).to.equal(expected)
    moments.set(latest.version, latest)
  }
  /** The plain value of any version, those that wrote nothing included. */
  const at = (version: number): PlainMemory => {
    const last = Math.max(...[...moments.keys()].filter((own) => own <= version))
    return produce(moments.get(last)!, (draft) => {
      draft.version = version
    })
  }
  return { versioned, plain: latest, moments, at }
}

/** Calls, and how far back to go as a share of them. */
const history = fc.record({ made: ops, more: ops, share })
const versionAt = (memory: Memory, share: number): number => Math.floor(memory.version * share)

describe('versioned memory', () => {
  it('answers as the plain one does, defects included', () => {
    fc.assert(
      fc.property(ops, (made) => {
        const { versioned, plain } = both(made)
        sameMemory(versioned, plain)
        expect(versioned.dump()).to.deep.equal(plain.dump())
      }),
    )
  })

  it('answers for every past version as the plain one did then', () => {
    fc.assert(
      fc.property(ops, (made) => {
        const { versioned, moments, at } = both(made)
        const times = new Set([...moments.keys()].flatMap((version) => [version, version - 1]))
        times.delete(-1)
        for (const version of times) sameMemory(versioned.at(version), at(version), `version ${version}`)
      }),
      { numRuns: runs(8) },
    )
  })

  it('goes on after a truncation as if the rest had never been', () => {
    fc.assert(
      fc.property(history, ({ made, more, share }) => {
        const { versioned, plain, at } = both(made)
        const version = versionAt(versioned, share)
        // Asking about the past makes histories of counters, which then have to be cut too.
        sameMemory(versioned.at(plain.version), plain)
        versioned.truncate(version)
        sameMemory(versioned, at(version))
        const again = both(more, versioned, at(version))
        sameMemory(again.versioned, again.plain)
        for (const [own, plain] of again.moments) sameContents(versioned.at(own), plain, `version ${own}`)
      }),
      { numRuns: runs(30) },
    )
  })

  it('forks into memories that do not know of each other', () => {
    fc.assert(
      fc.property(history, ({ made, more, share }) => {
        const { versioned, plain, at } = both(made)
        const version = versionAt(versioned, share)
        const fork = versioned.fork(version)
        sameMemory(fork, at(version))
        const grown = both(more, fork, at(version))
        sameMemory(grown.versioned, grown.plain)
        sameMemory(versioned, plain)
        const digest = fork.digest()
        both(more, versioned, plain)
        expect(fork.digest()).to.equal(digest)
      }),
      { numRuns: runs(30) },
    )
  })

  it('comes back whole from a dump', () => {
    fc.assert(
      fc.property(history, ({ made, more, share }) => {
        const { versioned, at } = both(made)
        const version = versionAt(versioned, share)
        const dump = versioned.dump(version)
        const loaded = VersionedMemory.load(dump, version)
        sameMemory(loaded, at(version))
        sameMemory(PlainMemory.load(dump, version), at(version))
        expect(loaded.dump()).to.deep.equal(dump)
        expect(loaded.digest()).to.equal(versioned.digest(version))
        const grown = both(more, loaded, at(version))
        sameMemory(grown.versioned, grown.plain)
      }),
      { numRuns: runs(30) },
    )
  })

  it('has one digest for each contents', () => {
    fc.assert(
      fc.property(ops, (made) => {
        const { versioned, moments } = both(made)
        const seen = new Map<string, number>()
        for (const version of moments.keys()) {
          const { framesMax, pmaps, frames, objects } = versioned.dump(version)
          seen.set([framesMax, pmaps, frames, objects].join('|'), versioned.digest(version))
        }
        expect(new Set(seen.values()).size).to.equal(seen.size)
      }),
      { numRuns: runs(30) },
    )
  })

  it('keeps what follows when it drops its early history', () => {
    fc.assert(
      fc.property(history, ({ made, more, share }) => {
        const { versioned, plain, at } = both(made)
        const version = versionAt(versioned, share)
        const before = versioned.at(version)
        sameMemory(versioned.at(plain.version), plain)
        versioned.dropHistoryBefore(version)
        sameMemory(before, at(version))
        for (let own = version; own <= versioned.version; own += 1 + Math.floor(own / 9))
          sameContents(versioned.at(own), at(own), `version ${own}`)
        if (version > 0) expect(outcome(() => versioned.at(version - 1))).to.equal('MEM020')
        const grown = both(more, versioned, plain)
        sameMemory(grown.versioned, grown.plain)
        versioned.truncate(plain.version)
        sameMemory(versioned, plain)
      }),
      { numRuns: runs(30) },
    )
  })

  it('shows a past moment unmoved by what the same event still writes', () => {
    const memory = new VersionedMemory(8)
    memory.begin(1)
    memory.takeFrame(0, 'kernel', 0, 0)
    const view = memory.at(1)
    memory.setWireCount(0, 3)
    memory.takeFrame(1, 'kernel', 0, 0)
    expect([view.wireCount(0), view.use(1), view.framesUsed]).to.deep.equal([0, 'free', 1])
    expect([memory.wireCount(0), memory.use(1), memory.framesUsed]).to.deep.equal([3, 'kernel', 2])
  })

  it('keeps views of what is left when it is truncated, and no others', () => {
    const memory = new VersionedMemory(8)
    for (let version = 1; version <= 5; version++) {
      memory.begin(version)
      memory.takeFrame(version, 'kernel', 0, 0)
    }
    const [early, late] = [memory.at(2), memory.at(4)]
    memory.truncate(3)
    memory.begin(4)
    memory.takeFrame(7, 'kernel', 0, 0)
    expect(early.framesUsed).to.equal(2)
    expect(outcome(() => late.framesUsed)).to.equal('MEM021')
    expect(memory.at(4).use(7)).to.equal('kernel')
  })

  it('finds any version of a page that is written time and again', () => {
    const memory = new VersionedMemory(8)
    const writes = 70_000
    memory.createPmap(1, 0)
    for (const level of [3, 2, 1] as const) memory.addTable(1, 5, level, 1)
    for (let version = 1; version <= writes; version++) {
      memory.begin(version)
      memory.setLeaf(1, 5, 1, packLeaf(version, LEAF_READ))
      memory.setLeaf(1, 6 + (version % 3), 1, packLeaf(version, 0))
    }
    const frameAt = (version: number): number => leafFrame(memory.at(version).leaf(1, 5))
    for (let version = 1; version <= writes; version += 611) expect(frameAt(version)).to.equal(version)
    for (let version = 1; version < 40; version++) expect(frameAt(version)).to.equal(version)
    memory.dropHistoryBefore(30_000)
    for (let version = 30_000; version <= writes; version += 611) expect(frameAt(version)).to.equal(version)
    memory.truncate(50_000)
    expect(leafFrame(memory.leaf(1, 5))).to.equal(50_000)
    expect(frameAt(40_000)).to.equal(40_000)
    for (let version = 50_001; version <= 60_000; version++) {
      memory.begin(version)
      if (version % 7 === 0) memory.setLeaf(1, 5, 1, packLeaf(version, LEAF_READ))
    }
    for (let version = 50_050; version <= 60_000; version += 61)
      expect(frameAt(version)).to.equal(version - (version % 7))
  })

  it('takes the room of what was truncated again', () => {
    const memory = new VersionedMemory(5000)
    const run = (): number => {
      for (let frame = 0; frame < 5000; frame++) {
        memory.begin(frame + 1)
        memory.takeFrame(frame, 'object', 1, frame)
        memory.setResident(1, frame, frame)
      }
      const { historyBytes } = memory
      memory.truncate(0)
      return historyBytes
    }
    const first = run()
    for (let again = 0; again < 5; again++) expect(run()).to.equal(first)
  })

  it('is left alone by immer, while the plain one is drafted', () => {
    const world = { memory: new VersionedMemory(4), other: 1 }
    const next = produce(world, (draft) => {
      draft.memory.takeFrame(0, 'kernel', 0, 0)
      draft.other = 2
    })
    expect(next.memory).to.equal(world.memory)
    expect(next.memory.use(0)).to.equal('kernel')
    expect(Object.isFrozen(next.memory)).to.equal(false)
    expect(isDraftable(new PlainMemory(4))).to.equal(true)
  })
})
