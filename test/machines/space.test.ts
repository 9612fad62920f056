/**
 * What processes ask of their address spaces, as paths through the C.
 *
 * Source: uvm_mmap.c, uvm_map.c and kern_exec.c.
 */
import { accessMachine } from '../../machines/calls/host.ts'
import { execMachine, mlockMachine, mmapMachine } from '../../machines/calls/space.ts'
import { hasPaths } from '../support/paths.ts'

describe('sys_mmap()', () => {
  hasPaths(mmapMachine, {
    rows: [
      ['takes a free place', 'mapping done replying', ''],
      ['gives back what it replaced', 'mapping next detaching done replying', ''],
      ['is refused', 'mapping refused replying', ''],
    ],
  })
})

describe('sys_mlock()', () => {
  hasPaths(mlockMachine, {
    rows: [
      ['wires page by page', 'locking done wiringPage next wiringPage next wiringPage none replying', ''],
      ['waits for memory', 'locking done wiringPage memory.short wiringPage none replying', ''],
      ['undoes what it wired', 'locking done wiringPage next wiringPage refused unwiring done replying', ''],
      ['is refused', 'locking refused replying', ''],
    ],
  })
})

describe('sys_execve()', () => {
  hasPaths(execMachine, {
    rows: [
      ['drops the whole map, then its references', 'awaitingSiblings done unmapping done detaching done replying', ''],
      ['is refused where there is no process', 'awaitingSiblings refused replying', ''],
      ['is refused where the process is gone by then', 'awaitingSiblings done unmapping refused replying', ''],
    ],
  })
})

describe('an access whose contents matter', () => {
  hasPaths(accessMachine, {
    rows: [
      ['is served by page tables', 'accessing done replying', ''],
      ['is tried again after its fault', 'accessing page.absent faulting done accessing done replying', ''],
      ['waits for memory', 'accessing page.absent faulting memory.short faulting done accessing done replying', ''],
      ['is refused its page', 'accessing page.absent faulting refused replying', ''],
      ['is refused where there is no process', 'accessing refused replying', ''],
    ],
  })
})
