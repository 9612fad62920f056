/**
 * What is known to be wrong with the designs, each in the smallest run that shows it.
 */
import { expect } from 'chai'
import { aobj, aobjDying } from '../../src/design/aobj.ts'
import type { Design } from '../../src/design/design.ts'
import { vmspace } from '../../src/design/vmspace.ts'
import { PAGE, ram, Watched, type WatchedOptions } from './watched.ts'

export const ALL: readonly Design[] = [vmspace, aobj, aobjDying]
/** With one object per slot. */
const PATCHED: readonly Design[] = [aobj, aobjDying]

const TWO = 2 * PAGE
const LAYERED = [
  { gpa: 0, size: PAGE, memtype: 0, va: 0 },
  { gpa: PAGE, size: PAGE, memtype: 2, va: 0 },
  { gpa: TWO, size: PAGE, memtype: 0, va: 0 },
]

/** One thing that is wrong. */
type Known = {
  readonly id: string
  readonly what: string
  /** The designs that have it. */
  readonly designs: readonly Design[]
  readonly boot?: WatchedOptions['boot']
  readonly run: (watched: Watched) => void
  /** Each invariant that it breaks first, the step to blame, and about what. */
  readonly breaks: readonly (readonly [id: string, call: string, place: string, subject: string])[]
  /** What else it breaks. */
  readonly also?: readonly string[]
}

/** The process touches its page, then the guest does, then memory gets short, then the process looks again. */
function touchFirst(watched: Watched): void {
  watched.process(100).create(100)
  watched.touch(100, watched.start)
  watched.fault(100, 0)
  watched.evict(0)
  watched.touch(100, watched.start)
}

export const KNOWN: readonly Known[] = [
  {
    id: 'D01',
    what: "SHAREMEM answers 0 to ranges that are not the VM's",
    designs: ALL,
    run: (watched) => {
      watched.process(100).process(200).create(100, LAYERED)
      watched.dispatch(watched.share(200, [...LAYERED.slice(0, 2), { gpa: TWO, size: TWO, memtype: 0, va: 0 }]))
    },
    breaks: [
      ['I50', 'ioc.sharemem', 'replying', 'process 200'],
      ['I51', 'ioc.sharemem', 'replying', 'process 200'],
    ],
  },
  {
    id: 'D02',
    what: 'SHAREMEM unwinds over the MMIO range, whose address is 0',
    designs: PATCHED,
    run: (watched) => {
      watched
        .process(100)
        .process(200)
        .create(100, [
          { ...LAYERED[0]!, size: PAGE },
          { ...LAYERED[1]!, size: TWO },
          { ...LAYERED[2]!, gpa: 3 * PAGE },
        ])
      watched.dispatch({ type: 'host.mmap', pid: 200, va: 0x1000, size: PAGE })
      watched.fail('uvm_map', 2)
      watched.fail('uvm_share', 2)
      const ranges =
        watched.run.current.vms[1]?.slots.map(({ gpa, size, memtype }) => ({ gpa, size, memtype, va: 0 })) ?? []
      watched.dispatch(watched.share(200, ranges))
    },
    breaks: [
      ['I53', 'ioc.sharemem', 'unwinding', 'process 200'],
      ['I52', 'ioc.sharemem', 'replying', 'process 200'],
    ],
  },
  {
    id: 'D03 on EPT',
    what: 'a page that the process touched first is mapped into the guest unwired, and stays there when it goes',
    designs: PATCHED,
    run: touchFirst,
    breaks: [
      ['I06', 'guest.fault', 'enteringLeaf', 'vm 1 gpa 0x0'],
      ['I02', 'guest.fault', 'enteringLeaf', 'vm 1 gpa 0x0'],
      ['I07', 'host.pageout', 'protecting', 'vm 1 gpa 0x0'],
      ['I01', 'host.pageout', 'freeing', 'vm 1 gpa 0x0'],
    ],
  },
  {
    id: 'D03 on RVI',
    what: 'a page that the process touched first is mapped into the guest unwired',
    designs: PATCHED,
    boot: { mode: 'rvi' },
    run: touchFirst,
    breaks: [
      ['I06', 'guest.fault', 'enteringLeaf', 'vm 1 gpa 0x0'],
      ['I02', 'guest.fault', 'enteringLeaf', 'vm 1 gpa 0x0'],
    ],
  },
  {
    id: 'D03, the other end',
    what: 'the process gets the page back in another frame than the guest has',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100).process(200)
      touchFirst(watched)
      watched.evict(0)
      // Somebody else gets the frame that the guest still has.
      watched.dispatch({ type: 'host.mmap', pid: 200, va: 0x200000, size: PAGE })
      watched.touch(200, 0x200000)
      watched.touch(100, watched.start)
    },
    breaks: [
      ['I04', 'host.touch', 'faulting', 'vm 1 gpa 0x0'],
      ['I03', 'host.touch', 'faulting', `process 100 va 0x${(0x1000000000).toString(16)}`],
    ],
    also: ['I01', 'I02', 'I06', 'I07'],
  },
  {
    id: 'D04',
    what: 'the memory of whoever runs the vCPU is given to the guest',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100).process(200).create(100)
      watched.dispatch({ type: 'host.mmap', pid: 200, va: watched.start, size: PAGE })
      watched.touch(200, watched.start)
      watched.fault(200, 0)
    },
    breaks: [
      ['I04', 'guest.fault', 'enteringLeaf', 'vm 1 gpa 0x0'],
      ['I01', 'guest.fault', 'enteringLeaf', 'vm 1 gpa 0x0'],
    ],
    also: ['I02', 'I06', 'I60'],
  },
  {
    id: 'D04 without memory there',
    what: 'a vCPU is dead because a process without that memory ran it',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100).process(200).create(100)
      watched.dispatch({ type: 'ioc.run', pid: 200, vm: 1, vcpu: 0 })
      watched.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
    },
    breaks: [
      ['I34', 'ioc.run', 'terminating', 'vm 1 vcpu 0'],
      ['I60', 'ioc.run', 'terminating', 'vm 1 vcpu 0'],
    ],
  },
  {
    id: 'D05',
    what: 'INFO counts a VM that is off the list',
    designs: ALL,
    run: (watched) => {
      watched.process(100).process(200).create(100)
      watched.until({ type: 'ioc.term', pid: 100, vm: 1 }, 'T', 'uncounting')
      watched.dispatch({ type: 'ioc.info', pid: 200, size: 1600 })
    },
    breaks: [['I41', 'ioc.info', 'replying', 'process 200']],
  },
  {
    id: 'D06',
    what: 'CREATE that fails at its second slot leaves the first one mapped',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100).fail('uao_create', 2)
      watched.create(100, ram(1, 1))
    },
    breaks: [['I52', 'ioc.create', 'mappingSlot', 'process 100']],
    also: ['I40b'],
  },
  {
    id: 'D07',
    what: 'pmap_remove() of an EPT range takes the first page of the next one',
    designs: ALL,
    run: (watched) => {
      watched.process(100).create(100, ram(2, 2))
      for (const page of [0, 1, 2, 3]) watched.fault(100, page * PAGE)
      watched.term(100)
    },
    breaks: [['I12', 'ioc.term', '', 'vm 1 gpa 0x2000']],
    also: ['I09', 'I71'],
  },
  {
    id: 'D08',
    what: 'a VM outlives its creator and everybody who could end it',
    designs: ALL,
    run: (watched) => {
      watched.process(100).create(100)
      watched.exit(100)
    },
    breaks: [['I70', 'host.exit', 'destroyingPmap', 'vm 1']],
  },
  {
    id: 'D09a in CREATE',
    what: 'a sibling unmaps the slot before vmm has a reference of its own',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100)
      watched.until(watched.request(100), 'C', 'sealingSlot')
      watched.dispatch({ type: 'host.munmap', pid: 100, va: watched.start, size: PAGE })
      watched.finish('C')
    },
    breaks: [['I21', 'host.munmap', 'detaching', 'vm 1']],
  },
  {
    id: 'D09a in SHAREMEM',
    what: 'a sibling unmaps the slot on a reference that its entry never had',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100).process(200).create(100)
      watched.until(watched.share(200), 'S', 'referencingObject')
      watched.exit(100)
      watched.dispatch({ type: 'host.munmap', pid: 200, va: watched.start, size: PAGE })
      watched.finish('S')
    },
    breaks: [
      ['I20', 'host.munmap', 'detaching', 'object 1'],
      ['I23', 'host.munmap', 'detaching', 'vm 1'],
      ['I21', 'ioc.sharemem', 'referencingObject', 'object 1'],
    ],
  },
  {
    id: 'D09a, in part',
    what: 'a sibling unmaps a page of a slot before it is sealed',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100)
      watched.until(watched.request(100, ram(2)), 'C', 'sealingSlot')
      watched.dispatch({ type: 'host.munmap', pid: 100, va: watched.start + PAGE, size: PAGE })
      watched.finish('C')
    },
    breaks: [['I56', 'ioc.create', 'registering', 'vm 1']],
  },
  {
    id: 'D10',
    what: 'two callers of TERM unlink one VM',
    designs: [vmspace, aobj],
    run: (watched) => {
      watched.process(100).create(100)
      for (const name of ['A', 'B']) {
        watched.run.start({ type: 'ioc.term', pid: 100, vm: 1 }, name)
        // The filter, the gate and vm_find().
        for (let steps = 0; steps < 3; steps += 1) watched.run.step(name)
      }
      watched.run.finish('B')
      watched.run.finish('A')
      if (watched.run.current.panic === null) watched.run.finish('B')
    },
    breaks: [['I31', 'ioc.term', 'unlinkingFound', 'vm 1']],
  },
  {
    id: 'D14 on RVI',
    what: 'the host panics when a guest access finds no page-table page',
    designs: PATCHED,
    boot: { mode: 'rvi' },
    run: shortOfTables,
    breaks: [['I62', 'ioc.run', 'enteringLeaf', 'vm 1']],
  },
  {
    id: 'D14 on EPT',
    what: 'a vCPU is dead because there was no page-table page for a moment',
    designs: PATCHED,
    run: shortOfTables,
    breaks: [['I34', 'ioc.run', 'terminating', 'vm 1 vcpu 0']],
  },
  {
    id: 'D19',
    what: 'pages wired for a guest stay wired after it',
    designs: ALL,
    run: (watched) => {
      watched.process(100).create(100)
      watched.fault(100, 0)
      watched.term(100)
    },
    breaks: [
      ['I09', 'ioc.term', 'freeingVm', 'object 1'],
      ['I71', 'ioc.term', 'freeingVm', 'object 1'],
    ],
  },
  {
    id: 'D24',
    what: 'the vCPU whose init failed is not given back',
    designs: [vmspace, aobj],
    run: (watched) => {
      watched.process(100).fail('vcpu_init')
      watched.create(100)
    },
    breaks: [['I71', 'ioc.create', '', 'device']],
    also: ['I40b', 'I52'],
  },
  {
    id: 'D25',
    what: 'the second root that pmap_convert() gives back stays counted',
    designs: ALL,
    boot: { meltdown: true },
    run: (watched) => {
      watched.process(100).create(100)
    },
    breaks: [['I13', 'ioc.create', 'converting', 'pmap 2']],
  },
  {
    id: 'D40',
    what: 'CREATE says EFAULT, and the VM exists',
    designs: ALL,
    run: (watched) => {
      watched.process(100).fail('ioctl_copyout', 1, 'EFAULT')
      watched.create(100)
    },
    breaks: [['I51', 'ioc.create', 'replying', 'vm 1']],
    also: ['I52'],
  },
  {
    id: 'the last TERM beside a CREATE',
    what: 'virtualization is switched off under a VM that is being made, and stays off',
    designs: ALL,
    run: (watched) => {
      watched.process(100).process(200).create(100)
      watched.run.start(watched.request(200), 'C')
      while (watched.run.current.vms[2] === undefined) watched.run.step('C')
      watched.term(100)
      watched.finish('C')
      expect(watched.run.current.softc).to.include({ on: false, vmCt: 1 })
    },
    breaks: [['I40', 'ioc.term', 'stoppingLast', 'device']],
  },
  {
    id: 'F60',
    what: 'a RUN whose exit structure cannot be read leaves the vCPU RUNNING for good',
    designs: ALL,
    run: (watched) => {
      watched.process(100).create(100)
      watched.fail('copyin', 1, 'EFAULT')
      watched.dispatch({ type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 })
    },
    breaks: [
      ['I33', 'ioc.run', 'unlocking', 'vm 1'],
      ['I51', 'ioc.run', 'replying', 'vm 1 vcpu 0'],
    ],
  },
  {
    id: 'D03 by way of mlock(2)',
    what: 'a guest page is wired only as long as the process locks it',
    designs: PATCHED,
    run: (watched) => {
      watched.process(100).create(100)
      const page = { pid: 100, va: watched.start, size: PAGE }
      watched.dispatch({ type: 'host.mlock', ...page })
      watched.fault(100, 0)
      expect(watched.violations).to.deep.equal([])
      watched.dispatch({ type: 'host.munlock', ...page })
    },
    breaks: [['I02', 'host.munlock', 'acting', 'vm 1 gpa 0x0']],
  },
]

/** The process has the page, so that a guest access needs page-table pages of the guest only; there are none. */
function shortOfTables(watched: Watched): void {
  watched.process(100).create(100)
  watched.touch(100, watched.start)
  watched.dispatch({ type: 'ioc.run', pid: 100, vm: 1, vcpu: 0 })
  watched.fail('ptp_alloc')
  watched.dispatch({ type: 'guest.touch', vm: 1, vcpu: 0, gpa: 0, access: 'rw' })
}

/** A run of this design that shows it, or does not. */
export function runOf({ run, boot }: Known, design: Design): Watched {
  const watched = new Watched({ design, boot: { mode: 'ept', ...boot } })
  run(watched)
  return watched
}
