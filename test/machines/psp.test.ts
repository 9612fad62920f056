/**
 * The ioctls of the PSP's driver, as paths through the C.
 *
 * Source: psp.c 1.20 (2025-08-14).
 */
import {
  encryptStateMachine,
  guestShutdownMachine,
  launchUpdateMachine,
  pspCommandMachine,
} from '../../machines/calls/psp.ts'
import { hasPaths, type Path } from '../support/paths.ts'

const IN = 'filtering done locking done'
const OUT = 'unlocking done replying'
const FILTERED: Path = ['is refused before the driver is called', 'filtering refused replying', '']

describe('a request that is one command of the PSP', () => {
  hasPaths(pspCommandMachine('psp_activate', 'psp_activate(): ACTIVATE'), {
    rows: [
      FILTERED,
      ['is carried out', `${IN} commanding psp.executed ${OUT}`, 'psp.measure'],
      ['is carried out without a change to a guest', `${IN} commanding done ${OUT}`, ''],
      ['is refused by the PSP', `${IN} commanding refused ${OUT}`, ''],
    ],
  })
})

describe('psp_launch_update_data()', () => {
  const WIRED = `${IN} checking done wiring done wiringPage`
  const UNWIRED = `unwiring done ${OUT}`
  hasPaths(launchUpdateMachine, {
    rows: [
      FILTERED,
      ['does not like where the range ends', `${IN} checking refused ${OUT}`, ''],
      ['unwires also what could not be wired', `${IN} checking done wiring refused ${UNWIRED}`, ''],
      [
        'wires all, encrypts page by page, unwires all',
        `${WIRED} next wiringPage memory.short wiringPage next wiringPage none encryptingPage psp.executed encryptingPage psp.executed encryptingPage none ${UNWIRED}`,
        'psp.measure psp.measure',
      ],
      ['undoes the wiring of a range in part', `${WIRED} next wiringPage refused undoing done ${UNWIRED}`, ''],
      ['unwires after a page that was refused', `${WIRED} none encryptingPage refused ${UNWIRED}`, ''],
    ],
  })
})

describe('psp_encrypt_state()', () => {
  hasPaths(encryptStateMachine, {
    rows: [
      FILTERED,
      ['encrypts what it found', `${IN} findingVmsa done encryptingState psp.executed ${OUT}`, 'psp.measure'],
      ['finds no encrypted vCPU', `${IN} findingVmsa refused ${OUT}`, ''],
      ['is refused by the PSP', `${IN} findingVmsa done encryptingState refused ${OUT}`, ''],
    ],
  })
})

describe('psp_guest_shutdown()', () => {
  const OFF = `${IN} deactivating psp.executed flushing`
  hasPaths(guestShutdownMachine, {
    rows: [
      FILTERED,
      [
        'deactivates, flushes, decommissions',
        `${OFF} done decommissioning psp.executed ${OUT}`,
        'psp.measure psp.measure',
      ],
      [
        'takes a guest that was not active',
        `${IN} deactivating done flushing done decommissioning psp.executed ${OUT}`,
        'psp.measure',
      ],
      ['stops where it cannot deactivate', `${IN} deactivating refused ${OUT}`, ''],
      ['stops where it cannot flush', `${OFF} refused ${OUT}`, 'psp.measure'],
      ['stops where it cannot decommission', `${OFF} done decommissioning refused ${OUT}`, 'psp.measure'],
    ],
  })
})
