/**
 * What is behind guest pages, in designs that keep it in different places.
 */
import { expect } from 'chai'
import type { Design } from '../../src/design/design.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { createRun } from '../../src/engine/run.ts'
import { backingOf, holdingsOf, nestedEntryAt } from '../../src/model/backing.ts'
import type { Vm } from '../../src/model/world.ts'

const PAGE = 4096
const PID = 100

/** A VM of two pages, a hole, and a page; its memory is mapped beforehand in one piece of which the first page is left. */
function vmOf(design: Design): Vm {
  const run = createRun({ design })
  run.dispatch({ type: 'host.spawn', pid: PID, pledge: [] })
  if (design.memoryFrom === 'creator')
    run.dispatch({ type: 'host.mmap', pid: PID, va: 0x200000, size: 8 * PAGE, shared: true, conceal: true })
  const ranges = [
    { gpa: 0, size: 2 * PAGE, memtype: 0, va: 0x201000 },
    { gpa: 4 * PAGE, size: PAGE, memtype: 0, va: 0x204000 },
  ]
  run.dispatch({ type: 'ioc.create', pid: PID, ranges, ncpus: 1, name: 'vm' })
  return run.world.vms[1] as Vm
}

describe('the memory behind a guest page', () => {
  for (const design of DESIGNS)
    it(`is found where design ${design.name} keeps it`, () => {
      const vm = vmOf(design)
      const before = design.memoryFrom === 'creator'
      expect([0, 1, 2, 4, 5].map((page) => backingOf(vm, page))).to.deep.equal(
        before
          ? [{ object: 1, index: 1 }, { object: 1, index: 2 }, null, { object: 1, index: 4 }, null]
          : [{ object: 1, index: 0 }, { object: 1, index: 1 }, null, { object: 2, index: 0 }, null],
      )
      expect(holdingsOf(vm)).to.deep.equal([
        { object: 1, first: 0, offset: before ? 1 : 0, pages: 2 },
        { object: before ? 1 : 2, first: 4, offset: before ? 4 : 0, pages: 1 },
      ])
      expect(nestedEntryAt(vm, PAGE + 1)?.start).to.equal(before ? 0 : undefined)
    })

  for (const design of DESIGNS)
    it(`is what design ${design.name} says for each page that it holds`, () => {
      const vm = vmOf(design)
      for (const { object, first, offset, pages } of holdingsOf(vm))
        for (let i = 0; i < pages; i += 1) expect(backingOf(vm, first + i)).to.deep.equal({ object, index: offset + i })
    })

  it('is nothing for MMIO with the patch, and is there without it', () => {
    for (const design of DESIGNS) {
      const run = createRun({ design })
      run.dispatch({ type: 'host.spawn', pid: PID, pledge: [] })
      run.dispatch({ type: 'host.mmap', pid: PID, va: 0x200000, size: 2 * PAGE })
      const ranges = [
        { gpa: 0, size: PAGE, memtype: 0, va: 0x200000 },
        { gpa: PAGE, size: PAGE, memtype: 2, va: 0x201000 },
      ]
      run.dispatch({ type: 'ioc.create', pid: PID, ranges, ncpus: 1, name: 'vm' })
      const found = backingOf(run.world.vms[1] as Vm, 1)
      expect(found, design.name).to.deep.equal(design.memoryFrom === 'creator' ? { object: 1, index: 1 } : null)
    }
  })
})
