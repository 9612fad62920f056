/**
 * All that can be asked of a memory about what it holds, and about what lies beside: two memories that answer alike
 * cannot be told apart.
 */
import type { Level, MemoryReader } from '../../src/model/memory.ts'

const LEVELS: readonly Level[] = [1, 2, 3]
const PAGES = 2 ** 36

function listed<Item>(iterate: (visit: (item: Item) => void) => void): Item[] {
  const items: Item[] = []
  iterate((item) => {
    items.push(item)
  })
  return items
}

/** Pages that are mapped, and their neighbours on both sides and in the next table of each level. */
function pagesOf(memory: MemoryReader, pmap: number): readonly number[] {
  const leaves = listed<number>((visit) => memory.eachLeaf(pmap, 0, PAGES, (page) => visit(page)))
  const beside = leaves.flatMap((page) => [page - 1, page, page + 1, page + 2 ** 9, page + 2 ** 18, page + 2 ** 27])
  return [...new Set([0, ...beside])].filter((page) => page >= 0 && page < PAGES)
}

function ofPmap(memory: MemoryReader, pmap: number): unknown {
  const pages = pagesOf(memory, pmap)
  const [first = 0] = pages
  return {
    exists: memory.hasPmap(pmap),
    root: memory.rootFrame(pmap),
    counts: [memory.leafCount(pmap), memory.tableCount(pmap)],
    tables: listed((visit) => memory.eachTable(pmap, visit)),
    leaves: listed((visit) => memory.eachLeaf(pmap, 0, PAGES, (...leaf) => visit(leaf))),
    firstLeaf: listed((visit) =>
      memory.eachLeaf(pmap, 0, PAGES, (...leaf) => {
        visit(leaf)
        return false
      }),
    ),
    few: listed((visit) => memory.eachLeaf(pmap, first, 2, (...leaf) => visit(leaf))),
    pages: pages.map((page) => [
      memory.leaf(pmap, page),
      memory.leafAt(pmap, page),
      memory.missingTables(pmap, page),
      LEVELS.map((level) => memory.tableAt(pmap, page, level)),
      memory.walk(pmap, page),
    ]),
  }
}

function ofFrame(memory: MemoryReader, frame: number): unknown {
  return [
    frame,
    memory.use(frame),
    memory.owner(frame),
    memory.pageIndex(frame),
    memory.generation(frame),
    memory.wireCount(frame),
    memory.queue(frame),
    memory.busy(frame),
    memory.clean(frame),
    memory.pvList(frame),
  ]
}

function ofObject(memory: MemoryReader, object: number): unknown {
  const indexes = [0, 1, 2, 15, 16, 69, 70]
  return {
    counts: [memory.residentCount(object), memory.swapCount(object)],
    resident: listed((visit) => memory.eachResident(object, (...page) => visit(page))),
    swapped: listed((visit) => memory.eachSwapped(object, (index) => visit(index))),
    each: indexes.map((index) => [memory.resident(object, index), memory.swapped(object, index)]),
  }
}

/** The answers to all questions as one comparable value. */
export function answersOf(memory: MemoryReader): unknown {
  const frames = listed<number>((visit) => memory.eachFrame(visit))
  const asked = [...new Set([0, ...frames.flatMap((frame) => [frame, frame + 1])])]
  const pmaps = memory.pmaps()
  const objects = memory.objects()
  return {
    version: memory.version,
    pmaps: [...pmaps, (pmaps.at(-1) ?? 0) + 1].map((pmap) => [pmap, ofPmap(memory, pmap)]),
    frames: [frames, asked.filter((frame) => frame < memory.framesMax).map((frame) => ofFrame(memory, frame))],
    free: [memory.lowestFreeFrame(), memory.lowestFree(0), memory.lowestFree(5)],
    counts: [memory.framesUsed, memory.framesMax, memory.pvCount],
    objects: [...objects, (objects.at(-1) ?? 0) + 1].map((object) => [object, ofObject(memory, object)]),
  }
}
