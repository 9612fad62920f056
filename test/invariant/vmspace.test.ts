/**
 * The design before the patch under the invariants: what it keeps that the patch gave up, and what was wrong then, too.
 * Each state between two steps is judged by the monitor and from scratch.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { aobj } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { vmspace } from '../../src/design/vmspace.ts'
import { allocateGuestMemory, remapGuestMemory } from '../../src/vmd/guest-memory.ts'
import { runs } from '../support/seed.ts'
import { PAGE, ram, Watched } from './watched.ts'

const MODES = ['ept', 'rvi'] as const
const VMD = 100
const DEVICE = 200

/** A VM of two slots of two pages, with its creator; and where the creator has page 0. */
function booted(mode: 'ept' | 'rvi', design: Design = vmspace): { watched: Watched; start: number } {
  const watched = new Watched({ design, boot: { mode } }).process(VMD)
  const placed = design.memoryFrom === 'vmm' ? null : allocateGuestMemory(watched.run, VMD, ram(2, 2))
  const ranges = placed?.ok === true ? placed.ranges : ram(2, 2)
  const reply = watched.dispatch({ type: 'ioc.create', pid: VMD, ranges, ncpus: 1, name: 'vm' })
  if (!('va' in reply) || !Array.isArray(reply.va)) throw new Error(JSON.stringify(reply))
  return { watched, start: Number(reply.va[0]) }
}

/** vmd has a page before the guest wants it; then memory is short. */
function press({ watched, start }: ReturnType<typeof booted>, object: string): Watched {
  watched.touch(VMD, start)
  watched.fault(VMD, 0)
  watched.dispatch({ type: 'host.pageout', object, page: 0 })
  watched.touch(VMD, start)
  return watched
}

describe('the design before the patch', () => {
  for (const mode of MODES) {
    it(`keeps what the fault path of the patch gives up (${mode})`, () => {
      const lost = press(booted(mode, aobj), 'a1').ids
      expect(lost).to.include.members(mode === 'ept' ? ['I01', 'I02', 'I06'] : ['I02', 'I06'])
      const kept = press(booted(mode), 'm1')
      expect(kept.ids).to.deep.equal([])
      expect(kept.judged).to.be.above(20)
    })

    it(`gives the same page whoever runs the vCPU (${mode})`, () => {
      const { watched, start } = booted(mode)
      watched.process(DEVICE)
      watched.dispatch({ type: 'host.mmap', pid: DEVICE, va: start, size: 2 * PAGE })
      watched.touch(DEVICE, start)
      watched.fault(DEVICE, 0)
      expect(watched.ids).to.deep.equal([])
    })

    it(`leaves pages wired where a process outlives the VM, and takes a page too many on EPT (${mode})`, () => {
      const { watched } = booted(mode)
      watched.fault(VMD, 0)
      watched.fault(VMD, 2 * PAGE)
      watched.dispatch({ type: 'ioc.term', pid: VMD, vm: 1 })
      expect(watched.ids).to.deep.equal(mode === 'ept' ? ['I09', 'I12', 'I71'] : ['I09', 'I71'])
    })

    it(`says 0 of a place that is taken (${mode})`, () => {
      const { watched } = booted(mode)
      watched.process(DEVICE)
      const ranges = ram(2, 2).map((range, i) => ({ ...range, va: 0x40000000 + i * 0x100000 }))
      watched.dispatch({ type: 'host.mmap', pid: DEVICE, va: 0x40101000, size: PAGE })
      watched.dispatch({ type: 'ioc.sharemem', pid: DEVICE, vm: 1, ranges, va: [] })
      expect(watched.ids).to.include('I50')
    })

    it(`is sound in the life that vmd gives it (${mode})`, () => {
      const { watched, start } = booted(mode)
      watched.process(DEVICE)
      expect(remapGuestMemory(watched.run, DEVICE, 1, ram(2, 2))).to.include({ ok: true })
      watched.touch(VMD, start + PAGE)
      for (const gpa of [0, PAGE, 2 * PAGE, 3 * PAGE]) watched.fault(VMD, gpa)
      for (const { start: va } of watched.run.world.processes[DEVICE]?.entries ?? []) watched.touch(DEVICE, va)
      expect(watched.ids).to.deep.equal([])
      watched.dispatch({ type: 'host.exit', pid: DEVICE })
      watched.dispatch({ type: 'host.exit', pid: VMD })
      watched.process(300)
      watched.dispatch({ type: 'ioc.term', pid: 300, vm: 1 })
      expect(Object.keys(watched.run.world.objects)).to.deep.equal([])
      expect(watched.ids.filter((id) => id !== 'I12' && id !== 'I70')).to.deep.equal([])
    })
  }

  it('is judged by the monitor as it is from scratch', () => {
    const acts = fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { minLength: 4, maxLength: 40 })
    fc.assert(
      fc.property(fc.constantFrom(...MODES), acts, (mode, chosen) => {
        const { watched, start } = booted(mode)
        watched.process(DEVICE)
        for (const [what, page] of chosen) {
          const va = start + page * PAGE
          const pid = page < 2 ? VMD : DEVICE
          const commands = [
            () => watched.fault(pid, page * PAGE),
            () => watched.touch(pid, va),
            () => watched.dispatch({ type: 'host.pageout', object: 'm1', page: page % 2 }),
            () => watched.dispatch({ type: 'host.munmap', pid, va, size: PAGE }),
            () => watched.dispatch({ type: 'host.mmap', pid, va, size: PAGE }),
            () => remapGuestMemory(watched.run, DEVICE, 1, ram(2, 2)),
            () =>
              watched.dispatch({ type: 'ioc.mprotectept', pid, vm: 1, vcpu: 0, gpa: page * PAGE, size: PAGE, prot: 1 }),
            () => watched.dispatch({ type: 'host.fork', pid, child: 300 }),
            () => watched.dispatch({ type: 'host.exit', pid: 300 }),
            () => watched.dispatch({ type: 'ioc.term', pid, vm: 1 }),
          ]
          commands[what]?.()
        }
        expect(watched.judged).to.be.above(0)
      }),
      { numRuns: runs(40) },
    )
  })
})
