/**
 * Page tables against a flat map of pages.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_READ, type Level, leafFrame, type Memory, packLeaf } from '../../src/model/memory.ts'

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
