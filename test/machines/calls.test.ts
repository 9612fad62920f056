/**
 * The routines of vmm(4) as paths through the C.
 *
 * Source: vmm.c with the patch of May 2025 (v7) and of December 2025.
 */
import { createMachineOf } from '../../machines/calls/create.ts'
import { teardown } from '../../machines/calls/fragments.ts'
import { infoMachine } from '../../machines/calls/info.ts'
import { resetcpuMachine } from '../../machines/calls/resetcpu.ts'
import { sharememMachine } from '../../machines/calls/sharemem.ts'
import { terminateMachineOf } from '../../machines/calls/term.ts'
import { unknownMachine } from '../../machines/calls/unknown.ts'
import { hasPaths, type Path } from '../support/paths.ts'

const IN = 'filtering done entering done'
const OUT = 'leaving done replying'
const FOUND = `${IN} finding done`
const GIVEN_BACK = `releasing done ${OUT}`

/** The ways not to get in, which all requests share. */
const GATE: readonly Path[] = [
  ['is refused by the pledge filter', 'filtering refused replying', ''],
  ['is interrupted at the gate', 'filtering done entering refused replying', ''],
]
/** And those of a request that names a VM. */
const LOOKUP: readonly Path[] = [...GATE, ['finds no VM', `${IN} finding refused refusingLookup done ${OUT}`, '']]

const SLOT = {
  created: 'choosingSlot next creatingObject uao.created',
  mapped: 'mappingSlot uvm.mapped',
  sealed: 'sealingSlot uvm.sealed',
  held: 'referencingObject uao.referenced',
}
const ONE_SLOT = `${SLOT.created} ${SLOT.mapped} ${SLOT.sealed} ${SLOT.held}`
const TOLD_SLOT = 'slot.uao.created slot.uvm.mapped slot.uvm.sealed slot.uao.referenced'
const BEGUN = `${IN} starting done validating done checkingCapacity done allocating done creatingPmap done`
const BUILT = `${BEGUN} ${ONE_SLOT} choosingSlot none converting done allocatingVcpu done`
/** vm_teardown() of a VM without vCPU, range or slot. */
const TEARDOWN =
  'tearing done freeingVcpus none removingRanges none releasingSlots none destroyingPmap done freeingVm done'
const TOLD_TEARDOWN = 'vm.teardown vm.free'
const UNDONE = `${TEARDOWN} ${OUT}`
/** vm_teardown() of one with two ranges, of which one is backed, and a vCPU. */
const FULL_TEARDOWN =
  'tearing done freeingVcpus next returningTornVcpu done freeingVcpus none removingRanges next removingRanges next ' +
  'removingRanges none releasingSlots next detachingSlot done releasingSlots none destroyingPmap done freeingVm done'
const TOLD_FULL_TEARDOWN = 'vm.teardown vcpu.deinit slot.uao.detached vm.free'

/** The paths of vm_create() that both codes have. `failed` is where a vcpu_init() that fails leads. */
const createPaths = (failed: string): readonly Path[] => [
  ...GATE,
  ['answers with an id', `${BUILT} initialisingVcpu done registering vm.numbered ${OUT}`, `${TOLD_SLOT} vm.register`],
  ['cannot start virtualization', `${IN} starting refused stopping done ${OUT}`, ''],
  ['does not like the ranges', `${IN} starting done validating refused ${OUT}`, ''],
  [
    'has no room for a vCPU',
    `${IN} starting done validating done checkingCapacity refused refusingCapacity done ${OUT}`,
    '',
  ],
  ['gets no object', `${BEGUN} choosingSlot next creatingObject refused ${UNDONE}`, TOLD_TEARDOWN],
  [
    'cannot map a slot, and drops its only reference',
    `${BEGUN} ${SLOT.created} mappingSlot refused detachingObject done ${UNDONE}`,
    `slot.uao.created slot.uvm.refused ${TOLD_TEARDOWN}`,
  ],
  [
    'cannot seal a slot, and unmaps it',
    `${BEGUN} ${SLOT.created} ${SLOT.mapped} sealingSlot refused unmappingSlot done detachingEntries done ${UNDONE}`,
    `slot.uao.created slot.uvm.mapped slot.uvm.refused ${TOLD_TEARDOWN}`,
  ],
  [
    'cannot map a second slot, and gives the first one back',
    `${BEGUN} ${ONE_SLOT} ${SLOT.created} mappingSlot refused detachingObject done tearing done freeingVcpus none
     removingRanges next removingRanges next removingRanges none releasingSlots next detachingSlot done
     releasingSlots none destroyingPmap done freeingVm done ${OUT}`,
    `${TOLD_SLOT} slot.uao.created slot.uvm.refused vm.teardown slot.uao.detached vm.free`,
  ],
  [
    'does not know the paging of this CPU',
    `${BEGUN} ${ONE_SLOT} choosingSlot none converting refused ${UNDONE}`,
    `${TOLD_SLOT} ${TOLD_TEARDOWN}`,
  ],
  [
    'cannot initialise the vCPU',
    `${BUILT} initialisingVcpu refused ${failed} ${UNDONE}`,
    `${TOLD_SLOT} ${TOLD_TEARDOWN}`,
  ],
  [
    'was overtaken by another one, and finds no room any more',
    `${BUILT} initialisingVcpu done registering refused ${FULL_TEARDOWN} ${OUT}`,
    `${TOLD_SLOT} ${TOLD_FULL_TEARDOWN}`,
  ],
]

describe('vm_create() of May 2025', () => {
  hasPaths(createMachineOf(false), {
    rows: createPaths(''),
    untaken: { 'returningVcpu done': 'the struct of the vCPU leaks' },
  })
})

describe('vm_create() of December 2025', () => {
  hasPaths(createMachineOf(true), { rows: createPaths('returningVcpu done') })
})

const UNLISTED = 'droppingList done droppingOwn done draining done'
const COUNTED = `uncounting done stoppingLast done ${OUT}`

describe('vm_terminate() of May 2025', () => {
  hasPaths(terminateMachineOf(false, teardown), {
    rows: [
      ...LOOKUP,
      [
        'tears down an empty VM',
        `${FOUND} unlinkingFound done ${UNLISTED} ${TEARDOWN} ${COUNTED}`,
        'vm.unlink vm.teardown vm.free',
      ],
      [
        'tears down a whole VM',
        `${FOUND} unlinkingFound done ${UNLISTED} ${FULL_TEARDOWN} ${COUNTED}`,
        `vm.unlink ${TOLD_FULL_TEARDOWN}`,
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

describe('vm_terminate() of December 2025', () => {
  hasPaths(terminateMachineOf(true, teardown), {
    rows: [
      ...LOOKUP,
      ['is not the first', `${FOUND} condemning refused ${GIVEN_BACK}`, ''],
      [
        'tears down a whole VM',
        `${FOUND} condemning done unlinking done ${UNLISTED} ${FULL_TEARDOWN} ${COUNTED}`,
        `vm.condemn vm.unlink ${TOLD_FULL_TEARDOWN}`,
      ],
    ],
    untaken: { 'unlinkingFound done': 'it condemns first' },
  })
})

const SHARED = 'choosingSlot next mappingSlot uvm.mapped referencingObject uao.referenced sealingSlot'

describe('vm_share_mem()', () => {
  hasPaths(sharememMachine, {
    rows: [
      ...LOOKUP,
      ['answers 0 to a request that does not match', `${FOUND} comparing none ${GIVEN_BACK}`, ''],
      [
        'maps before it takes a reference, and seals last',
        `${FOUND} comparing done ${SHARED} uvm.sealed ${SHARED} uvm.sealed choosingSlot none ${GIVEN_BACK}`,
        '',
      ],
      [
        'unmaps what it mapped when a later slot cannot be mapped',
        `${FOUND} comparing done ${SHARED} uvm.sealed choosingSlot next mappingSlot refused unwinding next
         detachingEntries done unwinding none ${GIVEN_BACK}`,
        '',
      ],
      [
        'unmaps the slot that it cannot seal as well',
        `${FOUND} comparing done ${SHARED} refused unwinding next detachingEntries done unwinding none ${GIVEN_BACK}`,
        '',
      ],
    ],
  })
})

describe('vm_get_info()', () => {
  hasPaths(infoMachine, {
    rows: [
      ...GATE,
      ['says how large the buffer must be', `${IN} counting none answeringSize done ${OUT}`, ''],
      ['gets no memory', `${IN} counting done allocating refused ${OUT}`, ''],
      ['cannot copy out', `${IN} counting done allocating done walking done copyingOut refused ${OUT}`, ''],
      ['fills the buffer', `${IN} counting done allocating done walking done copyingOut done ${OUT}`, ''],
    ],
    untaken: {},
  })
})

describe('vm_resetcpu()', () => {
  hasPaths(resetcpuMachine, {
    rows: [
      ...LOOKUP,
      ['finds no vCPU', `${FOUND} findingVcpu refused ${GIVEN_BACK}`, ''],
      ['resets', `${FOUND} findingVcpu done locking done resetting done unlocking done ${GIVEN_BACK}`, ''],
      ['is busy or fails', `${FOUND} findingVcpu done locking done resetting refused unlocking done ${GIVEN_BACK}`, ''],
    ],
  })
})

describe('an unknown request', () => {
  hasPaths(unknownMachine, { rows: [...GATE, ['is refused past the gate', `${IN} refusing refused ${OUT}`, '']] })
})
