/**
 * What every implementation of `Memory` is held to: the same calls have the same outcome and leave
 * the same answers.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { Defect } from '../../events/defect.ts'
import { dumpOf } from '../../src/model/memory/dump.ts'
import {
  LEAF_READ,
  LEAF_TRACKED,
  LEAF_WRITE,
  type Level,
  type Memory,
  type MemoryReader,
  packLeaf,
} from '../../src/model/memory.ts'

/** So few that they run out. */
export const FRAMES = 70
const PMAPS = [1, 2, 3]
const OBJECTS = [1, 2]
/** First and last entries of tables of each level, and neighbours. */
const PAGES = [0, 1, 511, 512, 513, 2 ** 18 - 1, 2 ** 18, 2 ** 27 + 5, 2 ** 31 + 9, 2 ** 36 - 1]
const INDEXES = [0, 1, 15, 16, 511, 512, 2 ** 18, 2 ** 26 - 1]

/** One call on a memory, or a few that belong together. */
export type Op = {
  readonly name: string
  /** How many versions further it is recorded; 0 joins the event before. */
  readonly after: number
  readonly run: (memory: Memory) => void
}

const pmap = fc.constantFrom(...PMAPS)
const page = fc.constantFrom(...PAGES)
const level = fc.constantFrom<Level>(1, 1, 1, 2, 3)
const frame = fc.nat(FRAMES + 1)
const object = fc.constantFrom(...OBJECTS)
const index = fc.constantFrom(...INDEXES)
const packed = fc.tuple(fc.oneof(fc.nat(2 ** 20), fc.constant(2 ** 46 - 1)), fc.nat(31)).map(([f, b]) => packLeaf(f, b))

type Call = { readonly name: string; readonly run: (memory: Memory) => void }

function call<Args extends unknown[]>(
  name: string,
  args: { [At in keyof Args]: fc.Arbitrary<Args[At]> },
  run: (memory: Memory, ...args: Args) => void,
): fc.Arbitrary<Call> {
  return fc.tuple<Args>(...args).map((given) => ({
    name: `${name}(${given.join(', ')})`,
    run: (memory) => run(memory, ...given),
  }))
}

/** Maps a page as a fault does: tables as needed, a frame for an object's page, wired and tracked. */
function fault(memory: Memory, inPmap: number, at: number, ofObject: number, atIndex: number): void {
  const missing = memory.missingTables(inPmap, at)
  const frames = memory.lowestFree(missing + 1)
  if (frames.length <= missing || !memory.hasPmap(inPmap) || memory.leafAt(inPmap, at) !== null) return
  const own = frames[missing]!
  if (memory.resident(ofObject, atIndex) >= 0) return
  memory.takeFrame(own, 'object', ofObject, atIndex)
  memory.setResident(ofObject, atIndex, own)
  for (let above = missing; above > 0; above--) {
    memory.takeFrame(frames[missing - above]!, 'table', inPmap, 0)
    memory.addTable(inPmap, at, above as Level, frames[missing - above]!)
  }
  memory.setLeaf(inPmap, at, 1, packLeaf(own, LEAF_READ + LEAF_WRITE + LEAF_TRACKED))
  memory.addPv(own, inPmap, at)
  memory.setWireCount(own, memory.wireCount(own) + 1)
}

/** Undoes a fault: unmaps, frees the page, and frees the tables that are empty then. */
function evict(memory: Memory, inPmap: number, at: number): void {
  const leaf = memory.leafAt(inPmap, at)
  if (leaf?.level !== 1) return
  memory.clearLeaf(inPmap, at, 1)
  for (const own of [1, 2, 3] as const) {
    const table = memory.tableAt(inPmap, at, own)
    if (table?.children !== 0) break
    memory.removeTable(inPmap, at, own)
    if (memory.use(table.frame) === 'table') memory.freeFrame(table.frame)
  }
  if (memory.pvList(leaf.frame).some((pv) => pv.pmap === inPmap && pv.page === at))
    memory.removePv(leaf.frame, inPmap, at)
  if (memory.use(leaf.frame) !== 'object') return
  const of = [memory.owner(leaf.frame), memory.pageIndex(leaf.frame)] as const
  if (memory.resident(...of) === leaf.frame) memory.clearResident(...of)
  memory.freeFrame(leaf.frame)
}

const calls = fc.oneof(
  { weight: 8, arbitrary: call('fault', [pmap, page, object, index], fault) },
  { weight: 3, arbitrary: call('evict', [pmap, page], evict) },
  { weight: 3, arbitrary: call('createPmap', [pmap, frame], (m, ...args) => m.createPmap(...args)) },
  { weight: 1, arbitrary: call('destroyPmap', [pmap], (m, ...args) => m.destroyPmap(...args)) },
  { weight: 4, arbitrary: call('addTable', [pmap, page, level, frame], (m, ...args) => m.addTable(...args)) },
  { weight: 2, arbitrary: call('removeTable', [pmap, page, level], (m, ...args) => m.removeTable(...args)) },
  { weight: 4, arbitrary: call('setLeaf', [pmap, page, level, packed], (m, ...args) => m.setLeaf(...args)) },
  { weight: 3, arbitrary: call('clearLeaf', [pmap, page, level], (m, ...args) => m.clearLeaf(...args)) },
  {
    weight: 3,
    arbitrary: call('takeFrame', [frame, fc.constantFrom('kernel', 'table', 'object'), object, index], (m, ...args) =>
      m.takeFrame(...args),
    ),
  },
  { weight: 3, arbitrary: call('freeFrame', [frame], (m, ...args) => m.freeFrame(...args)) },
  { weight: 2, arbitrary: call('setWireCount', [frame, fc.nat(9)], (m, ...args) => m.setWireCount(...args)) },
  {
    weight: 2,
    arbitrary: call('setQueue', [frame, fc.constantFrom('none', 'active', 'inactive')], (m, ...args) =>
      m.setQueue(...args),
    ),
  },
  { weight: 1, arbitrary: call('setBusy', [frame, fc.boolean()], (m, ...args) => m.setBusy(...args)) },
  { weight: 1, arbitrary: call('setClean', [frame, fc.boolean()], (m, ...args) => m.setClean(...args)) },
  {
    weight: 1,
    arbitrary: call('setReferenced', [frame, fc.boolean()], (m, ...args) => m.setReferenced(...args)),
  },
  {
    weight: 4,
    arbitrary: call('setValue', [frame, fc.oneof(fc.nat(3), fc.constantFrom(2 ** 46 - 1, 2 ** 46))], (m, ...args) =>
      m.setValue(...args),
    ),
  },
  { weight: 2, arbitrary: call('pageIn', [object, index], (m, ...args) => m.pageIn(...args)) },
  { weight: 3, arbitrary: call('pageOut', [object, index], (m, ...args) => m.pageOut(...args)) },
  { weight: 2, arbitrary: call('copyPage', [frame, object, index], (m, ...args) => m.copyPage(...args)) },
  // Few frames, so that lists grow long.
  { weight: 5, arbitrary: call('addPv', [fc.nat(2), pmap, page], (m, ...args) => m.addPv(...args)) },
  { weight: 4, arbitrary: call('removePv', [fc.nat(2), pmap, page], (m, ...args) => m.removePv(...args)) },
  { weight: 2, arbitrary: call('setResident', [object, index, frame], (m, ...args) => m.setResident(...args)) },
  { weight: 2, arbitrary: call('clearResident', [object, index], (m, ...args) => m.clearResident(...args)) },
  { weight: 2, arbitrary: call('setSwapped', [object, index, fc.boolean()], (m, ...args) => m.setSwapped(...args)) },
  { weight: 1, arbitrary: call('dropObject', [object], (m, ...args) => m.dropObject(...args)) },
)

/** Begins with two pmaps, so that most calls can be true. */
const PMAPS_FIRST: readonly Op[] = [1, 2].map((number) => ({
  name: `createPmap(${number}, ${number})`,
  after: 1,
  run: (memory) => memory.createPmap(number, number),
}))

/** Calls in any order, many of which cannot be true. */
export const ops: fc.Arbitrary<readonly Op[]> = fc
  .array(
    fc.tuple(calls, fc.constantFrom(0, 1, 1, 1, 2, 100)).map(([made, after]) => ({
      ...made,
      after,
      toString: () => `${made.name}+${after}`,
    })),
    { minLength: 20, maxLength: 70, size: 'max' },
  )
  .map((made) => [...PMAPS_FIRST, ...made])

/** How far through a run, from 0 to 1, evenly: doubles would crowd at the ends. */
export const share = fc.nat(1000).map((thousandths) => thousandths / 1000)

/** The defect's code, or null when the call was true. Anything else that is thrown is passed on. */
export function outcome(run: () => void): string | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof Defect) return error.code
    throw error
  }
}

/** Makes one call on a memory, as part of its version. */
export function take(memory: Memory, op: Op): string | null {
  memory.begin(memory.version + op.after)
  return outcome(() => op.run(memory))
}

/** All that a reader answers, in one comparable value. */
function answersOf(memory: MemoryReader): unknown {
  return {
    version: memory.version,
    pmaps: memory.pmaps(),
    byPmap: [...PMAPS, 99].map((number) => ({
      exists: memory.hasPmap(number),
      root: memory.rootFrame(number),
      leaves: memory.leafCount(number),
      tables: memory.tableCount(number),
      allTables: listed((visit) => memory.eachTable(number, (table) => visit(table))),
      ranges: [
        [0, 2 ** 36],
        [1, 511],
        [512, 2 ** 27],
        [2 ** 27 + 5, 1],
      ].map(([first, pages]) =>
        listed((visit) => memory.eachLeaf(number, first!, pages!, (...leaf) => void visit(leaf))),
      ),
      firstTwo: listed((visit) => memory.eachLeaf(number, 0, 2 ** 36, (...leaf) => visit(leaf) < 2)),
      byPage: [...PAGES, 77, 2 ** 36, 2 ** 40 - 1].map((at) => ({
        leaf: memory.leaf(number, at),
        leafAt: memory.leafAt(number, at),
        missing: memory.missingTables(number, at),
        tables: ([1, 2, 3] as const).map((own) => memory.tableAt(number, at, own)),
        walk: memory.walk(number, at),
      })),
    })),
    frames: Array.from({ length: FRAMES + 2 }, (_, own) => [
      memory.use(own),
      memory.owner(own),
      memory.pageIndex(own),
      memory.generation(own),
      memory.wireCount(own),
      memory.queue(own),
      memory.busy(own),
      memory.clean(own),
      memory.referenced(own),
      memory.value(own),
      memory.pvList(own),
    ]),
    eachFrame: listed((visit) => memory.eachFrame(visit)),
    values: listed((visit) => memory.eachValue((...of) => visit(of))),
    swapValues: listed((visit) => memory.eachSwapValue((...of) => visit(of))),
    free: [0, 1, 5, FRAMES, FRAMES + 1].map((count) => memory.lowestFree(count)),
    lowest: memory.lowestFreeFrame(),
    used: memory.framesUsed,
    max: memory.framesMax,
    pvs: memory.pvCount,
    objects: memory.objects(),
    byObject: [...OBJECTS, 99].map((number) => ({
      residents: memory.residentCount(number),
      swaps: memory.swapCount(number),
      each: listed((visit) => memory.eachResident(number, (...of) => visit(of))),
      eachSwapped: listed((visit) => memory.eachSwapped(number, (at) => visit(at))),
      byIndex: [...INDEXES, 3, 2 ** 26].map((at) => [
        memory.resident(number, at),
        memory.swapped(number, at),
        memory.swapValue(number, at),
      ]),
    })),
  }
}

/** Both hold the same. Quicker than asking all questions, for the many moments of a run. */
export function sameContents(actual: MemoryReader, expected: MemoryReader, where = ''): void {
  const [contents, wanted] = [textOf(actual), textOf(expected)]
  expect(contents, where).to.equal(wanted)
}

function textOf(memory: MemoryReader): string {
  const { framesMax, pmaps, frames, objects, contents } = dumpOf(memory)
  return `${framesMax}|${pmaps}|${frames}|${objects}|${contents ?? ''}`
}

/** What an iteration visits, in order; `visit` answers how many there are. */
function listed<Item>(iterate: (visit: (item: Item) => number) => void): Item[] {
  const items: Item[] = []
  iterate((item) => items.push(item))
  return items
}

/** Both answer all questions alike. */
export function sameMemory(actual: MemoryReader, expected: MemoryReader, where = ''): void {
  const [answers, wanted] = [answersOf(actual), answersOf(expected)]
  // Comparing text is much quicker; chai is asked only to say where they differ.
  if (JSON.stringify(answers) !== JSON.stringify(wanted)) expect(answers, where).to.deep.equal(wanted)
}
