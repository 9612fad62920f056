/**
 * Both memories: the one that keeps its versions is held to the plain one, call by call and moment
 * by moment.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { isDraftable, produce } from 'immer'
import { Defect } from '../../events/defect.ts'
import { ByteReader, ByteWriter } from '../../src/model/memory/bytes.ts'
import { digestOf, dumpOf, type MemoryDump } from '../../src/model/memory/dump.ts'
import { PlainMemory } from '../../src/model/memory/plain.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_READ, type Level, leafFrame, type Memory, packLeaf } from '../../src/model/memory.ts'
import { FRAMES, type Op, ops, outcome, sameContents, sameMemory, take } from '../laws/memory.ts'
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

/** From 0 to 1, evenly; doubles would crowd at the ends. */
const share = fc.nat(1000).map((thousandths) => thousandths / 1000)
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
        const { versioned, at } = both(made)
        const version = versionAt(versioned, share)
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

describe('a damaged dump', () => {
  const dumped = (): MemoryDump => {
    const memory = new VersionedMemory(FRAMES)
    memory.createPmap(1, 0)
    for (const level of [3, 2, 1] as const) memory.addTable(1, 700, level, level)
    memory.setLeaf(1, 700, 1, packLeaf(9, LEAF_READ))
    memory.takeFrame(9, 'object', 1, 3)
    memory.addPv(9, 1, 700)
    memory.setResident(1, 3, 9)
    memory.setSwapped(1, 4, true)
    return memory.dump()
  }

  it('is a defect wherever its bytes are cut or changed, and never anything worse', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('pmaps', 'frames', 'objects'),
        share,
        fc.nat(255),
        fc.boolean(),
        (part, where, byte, isCut) => {
          const dump = dumped()
          const at = Math.floor((dump[part].length - 1) * where)
          const bytes = isCut ? dump[part].slice(0, at) : dump[part].with(at, byte)
          outcome(() => VersionedMemory.load({ ...dump, [part]: bytes }, 1))
        },
      ),
    )
  })
  it('names the part and the place', () => {
    const dump = dumped()
    const cut = { ...dump, frames: dump.frames.slice(0, 3) }
    expect(() => VersionedMemory.load(cut, 1)).to.throw(Defect, /byte 3 of its frames/)
    expect(outcome(() => VersionedMemory.load(cut, 1))).to.equal('MEM022')
  })
})

describe('whole numbers as bytes', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.maxSafeNat()),
        fc.array(fc.integer({ min: -(2 ** 47), max: 2 ** 47 })),
        (plain, signed) => {
          const out = new ByteWriter()
          for (const value of plain) out.number(value)
          for (const value of signed) out.signed(value)
          const bytes = new ByteReader(out.done(), 'test')
          expect(plain.map(() => bytes.number())).to.deep.equal(plain)
          expect(signed.map(() => bytes.signed())).to.deep.equal(signed)
          expect(bytes.isAtEnd).to.equal(true)
        },
      ),
    )
  })
})

/** Memories with frame 0 in use, pmap 1 with tables down to page 0, and a leaf there. */
const memories: readonly [string, () => Memory][] = [
  ['versioned memory', () => new VersionedMemory(8)],
  ['plain memory', () => new PlainMemory(8)],
]

for (const [name, make] of memories)
  describe(name, () => {
    const set = (): Memory => {
      const memory = make()
      memory.begin(7)
      memory.takeFrame(0, 'table', 1, 0)
      memory.createPmap(1, 0)
      for (const level of [3, 2, 1] as const) memory.addTable(1, 0, level, 4 - level)
      memory.setLeaf(1, 0, 1, packLeaf(5, LEAF_READ))
      memory.addTable(1, 2 ** 18, 2, 6)
      memory.setLeaf(1, 2 ** 18, 2, packLeaf(512, LEAF_READ))
      memory.addPv(5, 1, 0)
      memory.setResident(1, 4, 5)
      return memory
    }
    const wrong: readonly [string, string, (memory: Memory) => void][] = [
      ['MEM001', 'a leaf in a pmap that never was', (m) => m.setLeaf(2, 0, 1, 0)],
      ['MEM001', 'a pmap destroyed that never was', (m) => m.destroyPmap(2)],
      ['MEM002', 'a pmap created twice', (m) => m.createPmap(1, 0)],
      ['MEM003', 'a table added twice', (m) => m.addTable(1, 0, 1, 4)],
      ['MEM003', 'a large leaf over a table', (m) => m.setLeaf(1, 0, 2, 0)],
      ['MEM004', 'a table without its parent', (m) => m.addTable(1, 2 ** 27, 2, 4)],
      ['MEM004', 'a leaf without its table', (m) => m.setLeaf(1, 512, 1, 0)],
      ['MEM004', 'a table removed that is not there', (m) => m.removeTable(1, 512, 1)],
      ['MEM005', 'a table under a large leaf', (m) => m.addTable(1, 2 ** 18, 1, 4)],
      ['MEM006', 'a table removed with its leaves', (m) => m.removeTable(1, 0, 1)],
      ['MEM006', 'a table removed with its tables', (m) => m.removeTable(1, 0, 3)],
      ['MEM007', 'an absent leaf cleared', (m) => m.clearLeaf(1, 1, 1)],
      ['MEM007', 'a leaf cleared at another level', (m) => m.clearLeaf(1, 0, 2)],
      ['MEM008', 'a page beyond four levels', (m) => m.setLeaf(1, 2 ** 36, 1, 0)],
      ['MEM008', 'half a page', (m) => m.setLeaf(1, 0.5, 1, 0)],
      ['MEM009', 'a frame that the host does not have', (m) => m.takeFrame(8, 'kernel', 0, 0)],
      ['MEM009', 'a frame below 0', (m) => m.setBusy(-1, true)],
      ['MEM009', 'a table in no frame', (m) => m.addTable(1, 512, 1, -1)],
      ['MEM009', 'a page resident in no frame', (m) => m.setResident(1, 5, -1)],
      ['MEM010', 'a used frame taken', (m) => m.takeFrame(0, 'kernel', 0, 0)],
      ['MEM011', 'a free frame freed', (m) => m.freeFrame(1)],
      ['MEM012', 'a negative wire count', (m) => m.setWireCount(0, -1)],
      ['MEM013', 'a pv entry added twice', (m) => m.addPv(5, 1, 0)],
      ['MEM014', 'a pv entry removed that is not there', (m) => m.removePv(5, 1, 1)],
      ['MEM015', 'a page made resident twice', (m) => m.setResident(1, 4, 6)],
      ['MEM016', 'a page that is not resident taken away', (m) => m.clearResident(1, 5)],
      ['MEM017', 'a page index beyond 2^26', (m) => m.setResident(1, 2 ** 26, 5)],
      ['MEM017', 'object 0', (m) => m.setSwapped(0, 1, false)],
      ['MEM018', 'pmap 0', (m) => m.createPmap(0, 0)],
      ['MEM018', 'a pv entry of pmap 0', (m) => m.addPv(5, 0, 0)],
      ['MEM019', 'an event before the last', (m) => m.begin(6)],
      ['MEM023', 'a leaf that is no packed leaf', (m) => m.setLeaf(1, 0, 1, 2 ** 51)],
      [
        'MEM024',
        'a host without frames',
        () => (make() instanceof PlainMemory ? new PlainMemory(0) : new VersionedMemory(0)),
      ],
    ]
    for (const [code, what, run] of wrong)
      it(`refuses ${what}: ${code}`, () => {
        const memory = set()
        const before = digestOf(dumpOf(memory))
        expect(outcome(() => run(memory))).to.equal(code)
        expect(digestOf(dumpOf(memory))).to.equal(before)
      })
    it('says at which event a call could not be true', () => {
      try {
        set().freeFrame(3)
        expect.fail('no defect')
      } catch (error) {
        expect(error).to.be.instanceOf(Defect)
        expect((error as Defect).seq).to.equal(7)
      }
    })
  })

describe('a page table', () => {
  /** Distinct pages near each other and far apart, with another order of them. */
  const shuffled = fc
    .uniqueArray(
      fc.oneof(
        fc.nat(2000),
        fc.nat(2 ** 20),
        fc.maxSafeNat().map((value) => value % 2 ** 36),
      ),
      { minLength: 1, maxLength: 60 },
    )
    .chain((pages) => fc.tuple(fc.constant(pages), fc.shuffledSubarray(pages, { minLength: pages.length })))

  function enter(memory: Memory, page: number, packed: number): void {
    for (let level = memory.missingTables(1, page); level > 0; level--) memory.addTable(1, page, level as Level, 1)
    memory.setLeaf(1, page, 1, packed)
  }

  function remove(memory: Memory, page: number): void {
    memory.clearLeaf(1, page, 1)
    for (const level of [1, 2, 3] as const) {
      if (memory.tableAt(1, page, level)?.children !== 0) return
      memory.removeTable(1, page, level)
    }
  }

  it('is empty once every page is removed, in any order', () => {
    fc.assert(
      fc.property(shuffled, ([pages, order]) => {
        const memory = new VersionedMemory(8)
        memory.createPmap(1, 0)
        const empty = memory.dump()
        for (const page of pages) enter(memory, page, packLeaf(page % 99, LEAF_READ))
        for (const page of order) remove(memory, page)
        expect(memory.dump()).to.deep.equal(empty)
        expect(memory.tableCount(1)).to.equal(0)
      }),
    )
  })

  it('maps as a flat map does', () => {
    fc.assert(
      fc.property(shuffled, fc.nat(2 ** 20), fc.nat(2 ** 20), ([pages, order], first, count) => {
        const memory = new VersionedMemory(8)
        memory.createPmap(1, 0)
        const flat = new Map<number, number>()
        pages.forEach((page, at) => {
          memory.begin(at + 1)
          enter(memory, page, packLeaf(at, at % 32))
          flat.set(page, packLeaf(at, at % 32))
        })
        const full = memory.version
        for (const page of order.slice(0, order.length / 2)) remove(memory, page)
        const rest = new Map(flat)
        for (const page of order.slice(0, order.length / 2)) rest.delete(page)
        const leaves = (reader: Pick<Memory, 'eachLeaf'>, from: number, pagesMax: number): [number, number][] => {
          const found: [number, number][] = []
          reader.eachLeaf(1, from, pagesMax, (page, packed) => void found.push([page, packed]))
          return found
        }
        const ascending = (map: Map<number, number>): [number, number][] => [...map].sort(([a], [b]) => a - b)
        expect(leaves(memory, 0, 2 ** 36)).to.deep.equal(ascending(rest))
        expect(leaves(memory, first, count)).to.deep.equal(
          ascending(rest).filter(([page]) => page >= first && page < first + count),
        )
        expect(memory.leafCount(1)).to.equal(rest.size)
        for (const page of pages) expect(memory.leaf(1, page)).to.equal(rest.get(page) ?? -1)
        memory.begin(full + 1)
        memory.destroyPmap(1)
        expect(leaves(memory.at(full - 1), 0, 2 ** 36)).to.deep.equal(
          ascending(flat).filter(([, p]) => leafFrame(p) < full - 1),
        )
      }),
    )
  })
})
