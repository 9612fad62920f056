/** What processes do around the VMs: the same in every design. */
import { accessMachine, reclaimMachine, singleStep } from '../../machines/calls/host.ts'
import { execMachine, mlockMachine, mmapMachine } from '../../machines/calls/space.ts'
import * as host from '../kernel/host.ts'
import * as fork from '../kernel/kern_fork.ts'
import type { Primitive } from '../kernel/kernel.ts'
import { narrowPledge } from '../kernel/pledge.ts'
import * as space from '../kernel/uvm_mmap.ts'
import * as pdaemon from '../kernel/uvm_pdaemon.ts'
import * as wire from '../kernel/uvm_wire.ts'

/** Routines of a process's calls on its own address space. */
export const environmentRoutines = {
  'host.pledge': singleStep('pledge', 'sys_pledge', 'sys_pledge(): promises can only become fewer'),
  'host.read': accessMachine,
  'host.write': accessMachine,
  'host.deactivate': singleStep('deactivate', 'uvm_pagedeactivate', 'uvmpd_scan_active(): uvm_pagedeactivate()'),
  'host.reclaim': reclaimMachine,
  'host.mmap': mmapMachine,
  'host.mprotect': singleStep('mprotect', 'sys_mprotect', 'sys_mprotect(): uvm_map_protect() under the map lock'),
  'host.minherit': singleStep('minherit', 'sys_minherit', 'sys_minherit(): uvm_map_inherit() under the map lock'),
  'host.madvise': singleStep('madvise', 'sys_madvise', 'sys_madvise(): uvm_map_advice(), uvm_map_clean()'),
  'host.msync': singleStep('msync', 'sys_msync', 'sys_msync(): uvm_map_clean()'),
  'host.mlock': mlockMachine,
  'host.munlock': singleStep('munlock', 'uvm_map_pageable_pgon', 'sys_munlock(): uvm_map_pageable_pgon()'),
  'host.migrate': singleStep('migrate', 'migrate', 'sched_choosecpu(): a thread that slept or was preempted'),
  'host.fork': singleStep('fork', 'uvmspace_fork', 'sys_fork(): uvmspace_fork() under the map lock of the parent'),
  'host.exec': execMachine,
  'host.coredump': singleStep('coredump', 'uvm_coredump_walkmap', 'coredump(): uvm_coredump_walkmap()'),
} as const

export const environmentPrimitives: Readonly<Record<string, Primitive>> = {
  sys_pledge: narrowPledge,
  access_contents: host.accessContents,
  uvm_pagedeactivate: pdaemon.deactivateAsked,
  reclaim_choose: pdaemon.chooseInactive,
  sys_mmap: space.mapAnonymous,
  sys_munmap: space.unmapByProcess,
  sys_mprotect: space.protectByProcess,
  sys_minherit: space.inheritByProcess,
  sys_madvise: space.adviseByProcess,
  sys_msync: space.syncByProcess,
  uvm_map_pageable_wire: wire.lockRange,
  uvm_fault_wire_next: wire.lockNextPage,
  uvm_map_pageable_undo: wire.unlockFailed,
  uvm_map_pageable_pgon: wire.unlockRange,
  migrate: host.migrateThread,
  uvmspace_fork: fork.forkProcess,
  exec_await_siblings: fork.awaitSiblings,
  uvmspace_exec: fork.overlayProcess,
  uvm_coredump_walkmap: fork.dumpCore,
}
