/**
 * Calls that cannot be true: both memories refuse each with its code, and are as they were before.
 */
import { expect } from 'chai'
import { Defect } from '../../events/defect.ts'
import { digestOf, dumpOf } from '../../src/model/memory/dump.ts'
import { PlainMemory } from '../../src/model/memory/plain.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_READ, type Memory, packLeaf } from '../../src/model/memory.ts'
import { outcome } from '../laws/memory.ts'

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
