/** Where vmd believes guest memory to lie: right within a range, and wrong where an access begins before the range found. */
import { expect } from 'chai'
import { findGpaRange, hostPointer } from '../../src/vmd/host-pointer.ts'
import { createMemoryMap } from '../../src/vmd/memory-map.ts'

/** vmd's layout of 64 MiB, each range somewhere else in the process; MMIO lies nowhere. */
const RANGES = createMemoryMap(64 * 2 ** 20).map((range, i) => ({
  ...range,
  va: range.memtype === 2 ? 0 : (i + 1) * 2 ** 40,
}))
const [LOW, , HIGH] = RANGES.map(({ va }) => Number(va))
const MIB = 2 ** 20

describe('a host pointer of vmd', () => {
  it('lies where the range does, for an access within one range', () => {
    expect(hostPointer(RANGES, 0x1000, 16)).to.deep.equal({ ok: true, hva: Number(LOW) + 0x1000, wrong: false })
    expect(hostPointer(RANGES, MIB, 4096)).to.deep.equal({ ok: true, hva: HIGH, wrong: false })
  })

  it('lies before the second range for an access that crosses into it, where anything may be mapped', () => {
    const boundary = 636 * 1024
    const found = hostPointer(RANGES, boundary - 8, 16)
    expect(found).to.deep.equal({ ok: true, hva: 2 * 2 ** 40 - 8, wrong: true })
    expect(findGpaRange(RANGES, boundary - 8, 16)?.gpa).to.equal(boundary)
  })

  it('lies before the range above for an access in a hole', () => {
    const hole = 65 * MIB
    expect(findGpaRange(RANGES, hole, 4)?.gpa).to.equal(0xf0000000)
    expect(hostPointer(RANGES, hole, 4)).to.deep.equal({ ok: true, hva: hole - 0xf0000000, wrong: true })
  })

  it('is refused above all ranges, and across a hole', () => {
    expect(hostPointer(RANGES, 2 ** 32, 1)).to.deep.equal({ ok: false, errno: 'EFAULT' })
    expect(hostPointer(RANGES, 64 * MIB - 8, 16)).to.deep.equal({ ok: false, errno: 'EFAULT' })
  })
})
