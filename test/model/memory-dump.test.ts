/**
 * Dumps of memory as bytes, and what damage does to them.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { Defect } from '../../events/defect.ts'
import { ByteReader, ByteWriter } from '../../src/model/memory/bytes.ts'
import type { MemoryDump } from '../../src/model/memory/dump.ts'
import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_READ, packLeaf } from '../../src/model/memory.ts'
import { FRAMES, outcome, share } from '../laws/memory.ts'

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
