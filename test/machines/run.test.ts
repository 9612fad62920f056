/**
 * vm_run() and the nested fault as paths through the C, for VMX and for SVM.
 *
 * Source: vm_run() of vmm.c; vcpu_run_vmx(), vcpu_run_svm(), vmx_fault_page() and svm_fault_page() of vmm_machdep.c
 * with the patch of May 2025.
 */
import { nestedFault } from '../../machines/calls/fragments.ts'
import { faultMachineOf, runMachineOf } from '../../machines/calls/run.ts'
import { instructionPaths } from '../support/instruction-paths.ts'
import { hasPaths, type Path } from '../support/paths.ts'
import { vmcsPaths } from './vmcs-paths.ts'

const FOUND = 'filtering done entering done finding done'
const LOCKED = `${FOUND} findingVcpu done locking done`
const OUT = 'unlocking done releasing done leaving done replying'

const EARLY: readonly Path[] = [
  ['is refused by the pledge filter', 'filtering refused replying', ''],
  ['is interrupted at the gate', 'filtering done entering refused replying', ''],
  ['finds no VM', 'filtering done entering done finding refused refusingLookup done leaving done replying', ''],
  ['finds no vCPU', `${FOUND} findingVcpu refused releasing done leaving done replying`, ''],
]

const ENTERED = 'page.present enteringLeaf done'
const WIRED = 'classifying done extracting page.absent wiring done'

/** Nested faults: what each path passes between the exit and its end. */
const HANDLED_VMX: readonly (readonly [title: string, route: string])[] = [
  ['takes the page that the process has mapped', `classifying done extracting ${ENTERED}`],
  ['wires a page, loads the VMCS again and looks once more', `${WIRED} reloading done extractingAgain ${ENTERED}`],
  [
    'waits for memory, as often as it takes',
    `classifying done extracting page.absent wiring memory.short wiringAgain memory.short wiringAgain done
     reloading done extractingAgain ${ENTERED}`,
  ],
]
const HANDLED_SVM: readonly (readonly [title: string, route: string])[] = [
  ['takes the page that the process has mapped', `classifying done extracting ${ENTERED}`],
  ['wires a page, and has no VMCS to load', `${WIRED} extractingAgain ${ENTERED}`],
  [
    'waits for memory',
    `classifying done extracting page.absent wiring memory.short wiringAgain memory.short wiringAgain done
     extractingAgain ${ENTERED}`,
  ],
]
const REFUSED_SVM: readonly (readonly [title: string, route: string])[] = [
  ['has no memory at this address', 'classifying refused'],
  ['cannot wire a page', 'classifying done extracting page.absent wiring refused'],
  [
    'cannot wire a page after a wait',
    'classifying done extracting page.absent wiring memory.short wiringAgain refused',
  ],
  ['gets no memory for the tables', 'classifying done extracting page.present enteringLeaf refused'],
]
const REFUSED_VMX: readonly (readonly [title: string, route: string])[] = [
  ...REFUSED_SVM,
  ['cannot load its VMCS again', `${WIRED} reloading refused`],
  [
    'finds no page after a fault without error',
    `${WIRED} reloading done extractingAgain page.absent refusingAbsent refused`,
  ],
]
const ASSIST = ['needs userland', 'classifying fault.assist'] as const

const faultPaths = (routes: readonly (readonly [string, string])[]): readonly Path[] =>
  routes.map(([title, route]) => [title, `${LOCKED} ${route} ${OUT}`, ''])

describe('a nested fault on VMX', () => {
  hasPaths(faultMachineOf(nestedFault), { rows: [...EARLY, ...faultPaths([...HANDLED_VMX, ASSIST, ...REFUSED_VMX])] })
})

describe('a nested fault on SVM', () => {
  hasPaths(faultMachineOf(nestedFault), {
    context: { handler: 'rvi' },
    rows: [
      ...EARLY,
      ...faultPaths([
        ...HANDLED_SVM,
        ASSIST,
        ...REFUSED_SVM,
        ['finds no page after a fault without error', `${WIRED} extractingAgain page.absent refusingAbsent refused`],
      ]),
    ],
    untaken: { 'reloading done': 'there is no VMCS', 'reloading refused': 'there is no VMCS' },
  })
})

const STARTED = `${LOCKED} starting done`
const IN_GUEST = `${STARTED} copyingIn done loading done inGuest`
const STOPPED = `stopping done copyingOut done ${OUT}`
const TOLD_IN = 'vcpu.run vcpu.enter'
const STRETCHES = {
  started: STARTED,
  inGuest: IN_GUEST,
  stopped: STOPPED,
  out: OUT,
  told: TOLD_IN,
  refused: REFUSED_VMX[0]?.[1] ?? '',
}

describe('vm_run()', () => {
  hasPaths(runMachineOf(nestedFault), {
    rows: [
      ...EARLY,
      ['is busy', `${LOCKED} starting refused ${OUT}`, ''],
      ['cannot copy in, and leaves the state RUNNING', `${STARTED} copyingIn refused ${OUT}`, 'vcpu.run'],
      ...vmcsPaths(STRETCHES),
      ['comes back when the guest leaves', `${IN_GUEST} guest.left ${STOPPED}`, `${TOLD_IN} vcpu.leave vcpu.stop`],
      ['comes back for a signal', `${IN_GUEST} vcpu.mustStop ${STOPPED}`, `${TOLD_IN} vcpu.leave vcpu.stop`],
      [
        'cannot copy out, and is STOPPED all the same',
        `${IN_GUEST} guest.left stopping done copyingOut refused ${OUT}`,
        `${TOLD_IN} vcpu.leave vcpu.stop`,
      ],
      ...HANDLED_VMX.map(
        ([title, route]): Path => [
          `${title}, and enters again`,
          `${IN_GUEST} guest.faulted ${route} resuming done inGuest guest.left ${STOPPED}`,
          `${TOLD_IN} vcpu.fault vcpu.enter vcpu.leave vcpu.stop`,
        ],
      ),
      [
        'must stop after a fault',
        `${IN_GUEST} guest.faulted ${HANDLED_VMX[0]?.[1]} resuming vcpu.mustStop ${STOPPED}`,
        `${TOLD_IN} vcpu.fault vcpu.stop`,
      ],
      [
        'comes back when a fault needs userland',
        `${IN_GUEST} guest.faulted ${ASSIST[1]} ${STOPPED}`,
        `${TOLD_IN} vcpu.fault vcpu.stop`,
      ],
      ...REFUSED_VMX.map(
        ([title, route]): Path => [
          `${title}, and the vCPU is TERMINATED`,
          `${IN_GUEST} guest.faulted ${route} terminating done ${OUT}`,
          `${TOLD_IN} vcpu.fault vcpu.kill`,
        ],
      ),
      ...instructionPaths(`${STARTED} copyingIn done loading done`, OUT),
    ],
  })
})
