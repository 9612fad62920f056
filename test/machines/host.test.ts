/**
 * What processes, the page daemon and the device do by themselves, as paths through the C.
 *
 * Source: uvm_mmap.c, uvm_fault.c, kern_exit.c, uvm_pdaemon.c, and vmm_activate() of vmm.c.
 */
import {
  exitMachine,
  munmapMachine,
  pageoutMachine,
  pokeMachine,
  reclaimMachine,
  singleStep,
  suspendMachine,
  touchMachine,
  wakeupMachine,
} from '../../machines/calls/host.ts'
import { hasPaths } from '../support/paths.ts'

describe('a routine of one step', () => {
  hasPaths(singleStep('spawn', 'spawn', 'fork(2)'), {
    rows: [
      ['succeeds', 'acting done replying', ''],
      ['is refused', 'acting refused replying', ''],
    ],
  })
})

describe('a debugger', () => {
  hasPaths(pokeMachine, {
    rows: [
      ['writes a state word', 'acting poked replying', 'vcpu.poke'],
      ['finds no vCPU', 'acting refused replying', ''],
    ],
  })
})

describe('an access by a process', () => {
  hasPaths(touchMachine, {
    rows: [
      ['is served by its page tables', 'accessing done replying', ''],
      ['faults the page in', 'accessing page.absent faulting done replying', ''],
      [
        'waits for memory',
        'accessing page.absent faulting memory.short faulting memory.short faulting done replying',
        '',
      ],
      ['is refused', 'accessing page.absent faulting refused replying', ''],
    ],
  })
})

describe('sys_munmap()', () => {
  hasPaths(munmapMachine, {
    rows: [
      ['gives references back once the map is unlocked', 'unmapping done detaching done replying', ''],
      ['is refused', 'unmapping refused replying', ''],
    ],
  })
})

describe('the end of a process', () => {
  hasPaths(exitMachine, {
    rows: [
      [
        'takes its entries down one by one',
        `collectingThreads done removingEntry next detachingEntry done removingEntry next detachingEntry done
         removingEntry none destroyingPmap done replying`,
        'process.exit',
      ],
      [
        'has nothing to take down',
        'collectingThreads done removingEntry none destroyingPmap done replying',
        'process.exit',
      ],
      ['is refused where there is no process', 'collectingThreads refused replying', ''],
    ],
  })
})

describe('uvmpd_scan_inactive()', () => {
  const chosen = 'choosing page.chosen protecting done writing'
  hasPaths(pageoutMachine, {
    rows: [
      ['evicts a page', `${chosen} done freeing page.freed replying`, 'pagedaemon.busy pagedaemon.evicted'],
      [
        'leaves a page for which there is no swap',
        `${chosen} page.chosen replying`,
        'pagedaemon.busy pagedaemon.spare',
      ],
      ['refuses a page that is wired', 'choosing refused replying', ''],
    ],
  })
})

describe('uvmpd_scan_inactive() of a page of the queue', () => {
  const chosen = 'choosing page.chosen protecting done writing'
  hasPaths(reclaimMachine, {
    rows: [
      ['frees the page', `${chosen} done freeing page.freed replying`, 'pagedaemon.busy pagedaemon.evicted'],
      [
        'leaves a page for which there is no swap',
        `${chosen} page.chosen replying`,
        'pagedaemon.busy pagedaemon.spare',
      ],
      ['activates a page that was referenced', 'choosing done replying', ''],
      ['refuses a page that is not inactive', 'choosing refused replying', ''],
    ],
  })
})

describe('vmm_activate()', () => {
  describe('on suspend', () => {
    hasPaths(suspendMachine, {
      rows: [['shuts the gate before it drains', 'shutting done draining done quiescing done replying', '']],
    })
  })
  describe('on resume', () => {
    hasPaths(wakeupMachine, { rows: [['opens the gate last', 'waking done opening done replying', '']] })
  })
})
