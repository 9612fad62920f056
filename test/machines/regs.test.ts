/**
 * The ioctls about the guest's state that is kept for a vCPU, as paths through the C.
 *
 * Source: vm_rwregs(), vm_rwvmparams(), vm_intr_pending() of vmm_machdep.c.
 */
import { intrMachine, readvmparamsMachine, rwregsMachineOf, writevmparamsMachine } from '../../machines/calls/regs.ts'
import { walkMachine } from '../../machines/calls/walk.ts'
import { hasPaths, type Path } from '../support/paths.ts'

const FOUND = 'filtering done entering done finding done'
const OUT = 'releasing done leaving done replying'

const EARLY: readonly Path[] = [
  ['is refused by the pledge filter', 'filtering refused replying', ''],
  ['is interrupted at the gate', 'filtering done entering refused replying', ''],
  ['finds no VM', 'filtering done entering done finding refused refusingLookup done leaving done replying', ''],
  ['finds no vCPU', `${FOUND} findingVcpu refused ${OUT}`, ''],
]
const LOCKED = `${FOUND} findingVcpu done locking done choosingMode`

for (const access of ['vcpu_readregs', 'vcpu_writeregs'] as const)
  describe(`vm_rwregs() with ${access}`, () => {
    hasPaths(rwregsMachineOf(access), {
      rows: [
        ...EARLY,
        ['works on the VMCB', `${LOCKED} done accessing done unlocking done ${OUT}`, ''],
        ['loads the VMCS first', `${LOCKED} next reloading done accessing done unlocking done ${OUT}`, ''],
        ['cannot load the VMCS', `${LOCKED} next reloading refused unlocking done ${OUT}`, ''],
        ['cannot read the VMCS', `${LOCKED} next reloading done accessing refused unlocking done ${OUT}`, ''],
        ['does not know the mode', `${LOCKED} refused unlocking done ${OUT}`, ''],
      ],
    })
  })

describe('vm_rwvmparams() for reading', () => {
  hasPaths(readvmparamsMachine, { rows: [...EARLY, ['tells', `${FOUND} findingVcpu done reading done ${OUT}`, '']] })
})

describe('vm_rwvmparams() for writing', () => {
  const placing = `${FOUND} findingVcpu done writingVersion next placingClock`
  hasPaths(writevmparamsMachine, {
    rows: [
      ...EARLY,
      ['writes a version', `${FOUND} findingVcpu done writingVersion done ${OUT}`, ''],
      ['places a clock that nobody wants, or in a wrong place', `${placing} done ${OUT}`, ''],
      ['places a clock on a page that is not there', `${placing} clock.due extractingClock page.absent ${OUT}`, ''],
      [
        'places a clock and updates it',
        `${placing} clock.due extractingClock page.present openingClock done fillingClock done closingClock done ${OUT}`,
        '',
      ],
    ],
  })
})

describe('vm_intr_pending()', () => {
  hasPaths(intrMachine, { rows: [...EARLY, ['flags', `${FOUND} findingVcpu done flagging done ${OUT}`, '']] })
})

describe('vmm_translate_gva()', () => {
  const begun = `${LOCKED} done choosingPaging`
  const out = `unlocking done ${OUT}`
  const level = 'extractingEntry page.present readingEntry done markingEntry'
  hasPaths(walkMachine, {
    rows: [
      ...EARLY,
      ['finds no paging', `${begun} none ${out}`, ''],
      ['finds paging without protection', `${begun} refused ${out}`, ''],
      ['walks', `${begun} done ${level} next ${level} none ${out}`, ''],
      ['loads the VMCS first', `${LOCKED} next reloading done choosingPaging none ${out}`, ''],
      ['cannot load the VMCS', `${LOCKED} next reloading refused ${out}`, ''],
      ['does not know the mode', `${LOCKED} refused ${out}`, ''],
      ['finds no leaf for a table', `${begun} done extractingEntry refused ${out}`, ''],
      [
        'finds an entry that does not let it on',
        `${begun} done extractingEntry page.present readingEntry refused ${out}`,
        '',
      ],
    ],
  })
})
