/**
 * The routines of the design before the patch as paths through the C.
 *
 * Source: vmm.c 1.2 (2023-05-13), vmm_machdep.c 1.34 (2024-09-03), uvm_map.c 1.250 (2019).
 */
import { createMachineOfSpace } from '../../machines/calls/create.ts'
import { nestedFaultOfSpace, teardownOfSpace } from '../../machines/calls/fragments.ts'
import { mprotecteptMachine } from '../../machines/calls/mprotectept.ts'
import { faultMachineOf, runMachineOf } from '../../machines/calls/run.ts'
import { sharememMachineOfSpace } from '../../machines/calls/sharemem.ts'
import { terminateMachineOf } from '../../machines/calls/term.ts'
import { instructionPaths } from '../support/instruction-paths.ts'
import { hasPaths, type Path } from '../support/paths.ts'
import { vmcsPaths } from './vmcs-paths.ts'

const IN = 'filtering done entering done'
const OUT = 'leaving done replying'
const FOUND = `${IN} finding done`
const GIVEN_BACK = `releasing done ${OUT}`

const GATE: readonly Path[] = [
  ['is refused by the pledge filter', 'filtering refused replying', ''],
  ['is interrupted at the gate', 'filtering done entering refused replying', ''],
]
const LOOKUP: readonly Path[] = [...GATE, ['finds no VM', `${IN} finding refused refusingLookup done ${OUT}`, '']]

/** vm_teardown() of a VM whose vmspace is gone already, and of a whole one: two entries of one range, a third of another. */
const BARE = 'tearing done freeingVcpus none removingEntry none freeingSpace done freeingVm done'
const ENTRIES =
  'removingEntry next releasingEntry done removingEntry uvm.unshared releasingEntry done ' +
  'removingEntry uvm.unshared releasingEntry done removingEntry none freeingSpace done freeingVm done'
const WHOLE = `tearing done freeingVcpus next returningTornVcpu done freeingVcpus none ${ENTRIES}`
const TOLD_ENTRIES = 'slot.uvm.unshared slot.uvm.unshared vm.free'

const BEGUN = `${IN} starting done validating done checkingCapacity done allocating done checkingMode`
const SHARED = 'choosingRange next sharingRange uvm.shared'
const BUILT = `${BEGUN} done allocatingSpace done ${SHARED} ${SHARED} choosingRange none converting done allocatingVcpu done`
const TOLD_SHARED = 'slot.uvm.shared slot.uvm.shared'

describe('vm_create() before the patch', () => {
  hasPaths(createMachineOfSpace, {
    rows: [
      ...GATE,
      [
        'answers with an id',
        `${BUILT} initialisingVcpu done registering vm.numbered ${OUT}`,
        `${TOLD_SHARED} vm.register`,
      ],
      ['cannot start virtualization', `${IN} starting refused stopping done ${OUT}`, ''],
      ['does not like the ranges', `${IN} starting done validating refused ${OUT}`, ''],
      [
        'has no room for a vCPU',
        `${IN} starting done validating done checkingCapacity refused refusingCapacity done ${OUT}`,
        '',
      ],
      ['does not know the paging of this CPU', `${BEGUN} refused ${BARE} ${OUT}`, 'vm.teardown vm.free'],
      [
        'cannot share a range, and frees the vmspace before it tears the VM down',
        `${BEGUN} done allocatingSpace done ${SHARED} choosingRange next sharingRange refused
         unwindingEntry next unwindingReference done unwindingEntry uvm.unshared unwindingReference done
         unwindingEntry none unwindingSpace done ${BARE} ${OUT}`,
        'slot.uvm.shared slot.uvm.refused slot.uvm.unshared vm.teardown vm.free',
      ],
      [
        'cannot initialise the vCPU, whose struct leaks',
        `${BUILT} initialisingVcpu refused tearing done freeingVcpus none ${ENTRIES} ${OUT}`,
        `${TOLD_SHARED} vm.teardown ${TOLD_ENTRIES}`,
      ],
      [
        'was overtaken by another one, and finds no room any more',
        `${BUILT} initialisingVcpu done registering refused ${WHOLE} ${OUT}`,
        `${TOLD_SHARED} vm.teardown vcpu.deinit ${TOLD_ENTRIES}`,
      ],
    ],
  })
})

describe('vm_terminate() before the patch', () => {
  hasPaths(terminateMachineOf(false, teardownOfSpace), {
    rows: [
      ...LOOKUP,
      [
        'tears down a whole VM',
        `${FOUND} unlinkingFound done droppingList done droppingOwn done draining done ${WHOLE} uncounting done stoppingLast done ${OUT}`,
        `vm.unlink vm.teardown vcpu.deinit ${TOLD_ENTRIES}`,
      ],
    ],
    untaken: {
      'condemning done': 'nobody is condemned',
      'condemning refused': 'nobody is condemned',
      'unlinking done': 'it unlinks what it found',
      'releasing done': 'the reference goes in refcnt_finalize()',
    },
  })
})

describe('vm_share_mem() before the patch', () => {
  hasPaths(sharememMachineOfSpace, {
    rows: [
      ...LOOKUP,
      ['answers 0 to a request that does not match', `${FOUND} comparing none ${GIVEN_BACK}`, ''],
      [
        'shares range after range',
        `${FOUND} comparing done choosingSlot next sharingSlot done choosingSlot next sharingSlot done
         choosingSlot none ${GIVEN_BACK}`,
        '',
      ],
      [
        'stops at an error, and leaves what it shared',
        `${FOUND} comparing done choosingSlot next sharingSlot done choosingSlot next sharingSlot refused ${GIVEN_BACK}`,
        '',
      ],
    ],
  })
})

const LOCKED = `${FOUND} findingVcpu done locking done`
const UNLOCKED = `unlocking done ${GIVEN_BACK}`
const EARLY: readonly Path[] = [...LOOKUP, ['finds no vCPU', `${FOUND} findingVcpu refused ${GIVEN_BACK}`, '']]

type Route = readonly [title: string, route: string]
const AGAIN = 'wiring memory.short wiringAgain memory.short wiringAgain'
const SERVED_VMX: readonly Route[] = [
  ['wires a page and loads the VMCS again', 'classifying done wiring done reloading done'],
  ['waits for memory, as often as it takes', `classifying done ${AGAIN} done reloading done`],
]
const REFUSED_VMX: readonly Route[] = [
  ['has no memory at this address', 'classifying refused'],
  ['cannot wire, and loads the VMCS again', 'classifying done wiring refused reloadingRefused done'],
  ['cannot wire after a wait', `classifying done ${AGAIN} refused reloadingRefused done`],
  ['cannot load its VMCS again', 'classifying done wiring done reloading refused'],
  ['can neither wire nor load its VMCS again', 'classifying done wiring refused reloadingRefused refused'],
]
const ASSISTED: Route = ['needs userland', 'classifying fault.assist']

describe('a nested fault before the patch, on VMX', () => {
  hasPaths(faultMachineOf(nestedFaultOfSpace), {
    rows: [
      ...EARLY,
      ...[...SERVED_VMX, ASSISTED, ...REFUSED_VMX].map(
        ([title, route]): Path => [title, `${LOCKED} ${route} ${UNLOCKED}`, ''],
      ),
    ],
  })
})

describe('a nested fault before the patch, on SVM', () => {
  const routes: readonly Route[] = [
    ['wires a page, and has no VMCS to load', 'classifying done wiring done'],
    ['waits for memory', `classifying done ${AGAIN} done`],
    ASSISTED,
    ['has no memory at this address', 'classifying refused'],
    ['cannot wire', 'classifying done wiring refused'],
    ['cannot wire after a wait', `classifying done ${AGAIN} refused`],
  ]
  hasPaths(faultMachineOf(nestedFaultOfSpace), {
    context: { handler: 'rvi' },
    rows: [...EARLY, ...routes.map(([title, route]): Path => [title, `${LOCKED} ${route} ${UNLOCKED}`, ''])],
    untaken: Object.fromEntries(
      ['reloading done', 'reloading refused', 'reloadingRefused done', 'reloadingRefused refused'].map((one) => [
        one,
        'there is no VMCS',
      ]),
    ),
  })
})

const STARTED = `${LOCKED} starting done`
const IN_GUEST = `${STARTED} copyingIn done loading done inGuest`
const STOPPED = `stopping done copyingOut done ${UNLOCKED}`
const TOLD_IN = 'vcpu.run vcpu.enter'

describe('vm_run() before the patch', () => {
  hasPaths(runMachineOf(nestedFaultOfSpace), {
    rows: [
      ...EARLY,
      ['is busy', `${LOCKED} starting refused ${UNLOCKED}`, ''],
      ['cannot copy in, and leaves the state RUNNING', `${STARTED} copyingIn refused ${UNLOCKED}`, 'vcpu.run'],
      ...vmcsPaths({
        started: STARTED,
        inGuest: IN_GUEST,
        stopped: STOPPED,
        out: UNLOCKED,
        told: TOLD_IN,
        refused: REFUSED_VMX[0]?.[1] ?? '',
      }),
      ['comes back when the guest leaves', `${IN_GUEST} guest.left ${STOPPED}`, `${TOLD_IN} vcpu.leave vcpu.stop`],
      ['comes back for a signal', `${IN_GUEST} vcpu.mustStop ${STOPPED}`, `${TOLD_IN} vcpu.leave vcpu.stop`],
      [
        'cannot copy out, and is STOPPED all the same',
        `${IN_GUEST} guest.left stopping done copyingOut refused ${UNLOCKED}`,
        `${TOLD_IN} vcpu.leave vcpu.stop`,
      ],
      ...SERVED_VMX.map(
        ([title, route]): Path => [
          `${title}, and enters again`,
          `${IN_GUEST} guest.faulted ${route} resuming done inGuest guest.left ${STOPPED}`,
          `${TOLD_IN} vcpu.fault vcpu.enter vcpu.leave vcpu.stop`,
        ],
      ),
      [
        'must stop after a fault',
        `${IN_GUEST} guest.faulted ${SERVED_VMX[0]?.[1]} resuming vcpu.mustStop ${STOPPED}`,
        `${TOLD_IN} vcpu.fault vcpu.stop`,
      ],
      [
        'comes back when a fault needs userland',
        `${IN_GUEST} guest.faulted ${ASSISTED[1]} ${STOPPED}`,
        `${TOLD_IN} vcpu.fault vcpu.stop`,
      ],
      ...REFUSED_VMX.map(
        ([title, route]): Path => [
          `${title}, and the vCPU is TERMINATED`,
          `${IN_GUEST} guest.faulted ${route} terminating done ${UNLOCKED}`,
          `${TOLD_IN} vcpu.fault vcpu.kill`,
        ],
      ),
      ...instructionPaths(`${STARTED} copyingIn done loading done`, UNLOCKED),
    ],
  })
})

const CHECKED = `${LOCKED} checking done choosingPage`

describe('vm_mprotect_ept()', () => {
  hasPaths(mprotecteptMachine, {
    rows: [
      ...EARLY,
      ['is busy, or asked for what cannot be', `${LOCKED} checking refused ${UNLOCKED}`, ''],
      ['takes rights away from what an RVI pmap has', `${LOCKED} checking none ${UNLOCKED}`, ''],
      [
        'changes what is there, brings in what is not, and tells the TLBs',
        `${CHECKED} page.present protecting done choosingPage page.absent wiring memory.short wiring done
         protecting done choosingPage none invalidating done ${UNLOCKED}`,
        '',
      ],
      ['finds no memory for a page', `${CHECKED} page.absent wiring refused ${UNLOCKED}`, ''],
    ],
  })
})
