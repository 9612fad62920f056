/**
 * What processes ask of their address spaces.
 *
 * Source: uvm_mmap.c, uvm_map.c, kern_fork.c and kern_exec.c.
 */
import { callSetup, NO_CALL } from './setup.ts'

const replying = { type: 'final', meta: { calls: null, source: 'the answer' } } as const
const detaching = {
  meta: { calls: 'uvm_unmap_detach', source: 'uvm_unmap_detach(): references go after the map is unlocked' },
  on: { done: { target: 'replying' } },
} as const

export const mmapMachine = callSetup.createMachine({
  id: 'mmap',
  context: NO_CALL,
  initial: 'mapping',
  states: {
    mapping: {
      meta: { calls: 'sys_mmap', source: 'sys_mmap(), uvm_mapanon(): with MAP_FIXED what is there goes first' },
      on: { done: { target: 'replying' }, next: { target: 'detaching' }, refused: { target: 'replying' } },
    },
    detaching,
    replying,
  },
})

export const mlockMachine = callSetup.createMachine({
  id: 'mlock',
  context: NO_CALL,
  initial: 'locking',
  states: {
    locking: {
      meta: { calls: 'uvm_map_pageable_wire', source: 'uvm_map_pageable_wire(): entries cut and counted, map lock W' },
      on: { done: { target: 'wiringPage' }, refused: { target: 'replying' } },
    },
    wiringPage: {
      meta: { calls: 'uvm_fault_wire_next', source: 'uvm_map_pageable_wire(): uvm_fault_wire(), map lock R' },
      on: {
        next: { target: 'wiringPage', reenter: true },
        'memory.short': { target: 'wiringPage', reenter: true },
        none: { target: 'replying' },
        refused: { target: 'unwiring' },
      },
    },
    unwiring: {
      meta: { calls: 'uvm_map_pageable_undo', source: 'uvm_map_pageable_wire(): "undo our work"' },
      on: { done: { target: 'replying' } },
    },
    replying,
  },
})

export const execMachine = callSetup.createMachine({
  id: 'exec',
  context: NO_CALL,
  initial: 'awaitingSiblings',
  states: {
    awaitingSiblings: {
      meta: { calls: 'exec_await_siblings', source: 'sys_execve(): single_thread_set()' },
      on: { done: { target: 'unmapping' }, refused: { target: 'replying' } },
    },
    unmapping: {
      meta: { calls: 'uvmspace_exec', source: 'uvmspace_exec(): uvm_unmap_remove() of the whole map' },
      on: { done: { target: 'detaching' }, refused: { target: 'replying' } },
    },
    detaching,
    replying,
  },
})
