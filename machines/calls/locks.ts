/**
 * Which locks each kernel function takes, in which order and mode, which of them it gives back, and where it may sleep.
 * A step calls one kernel function, so that this is what a step does to locks; a step that does something else says so in
 * its own `meta.locks`.
 *
 * Within a step nobody else runs, so that most of this is never seen. It is judged at rest: the order of all steps of a
 * design must be acyclic, and nothing may sleep under a mutex. What outlives a step is an event.
 *
 * Source: vmm.c and vmm_machdep.c; uvm_map.c, uvm_fault.c, uvm_aobj.c, uvm_pdaemon.c; pmap.c; kern_rwlock.c. Medium:
 * which of the system calls of the environment run under the kernel lock, which changes from release to release, and
 * that the map of a design before the patch is locked while it is torn down.
 */
import type { LockMode, LockName } from '../../events/lock.ts'

/** One thing that a kernel function does to locks, or one place at which it may sleep. */
export type LockAct =
  /** `tries`: without sleeping; where the lock is taken already, the function goes on without it. */
  | { readonly act: 'take'; readonly lock: LockName; readonly mode: LockMode; readonly tries?: true }
  | { readonly act: 'give'; readonly lock: LockName }
  | { readonly act: 'sleep'; readonly why: string }

/** What a kernel function does to locks, in order. */
export type LockProgram = readonly LockAct[]

/** Spinning locks: who holds one must not sleep. */
export const MUTEXES: ReadonlySet<LockName> = new Set(['page queues', 'pm_mtx', 'nested pm_mtx', 'free pages'])

export const take = (lock: LockName, mode: LockMode = 'W'): LockAct => ({ act: 'take', lock, mode })
export const give = (lock: LockName): LockAct => ({ act: 'give', lock })
export const sleep = (why: string): LockAct => ({ act: 'sleep', why })

/** The lock around what is done under it. */
export function under(lock: LockName, mode: LockMode, ...inner: LockProgram): LockProgram {
  return [take(lock, mode), ...inner, give(lock)]
}

const NO_LOCKS: LockProgram = []
const POOL = [sleep('pool_get(PR_WAITOK)')]
const FREED_PAGE = under('page queues', 'W', ...under('free pages', 'W'))
const PMAP = under('pm_mtx', 'W', ...under('free pages', 'W'))
const NESTED_PMAP = under('nested pm_mtx', 'W', ...under('free pages', 'W'))
const MEMORY = [sleep('uvm_wait(), a busy page or swap, with all locks given back')]

/** A fault in a map: the map, the object or amap, then a page and its mapping. */
const faultIn = (map: LockName, pmap: LockProgram): LockProgram => [
  ...under(map, 'R', ...under('object', 'W', ...under('free pages', 'W'), ...pmap, ...under('page queues', 'W'))),
  ...MEMORY,
]
const FAULT = faultIn('map', PMAP)
const NESTED_FAULT = faultIn('nested map', NESTED_PMAP)

/** uao_detach() of the last reference: mappings that the pv lists know go, then pages. The lock is given back to wait. */
const DETACH = [
  ...under('object', 'W', ...PMAP, ...NESTED_PMAP, ...FREED_PAGE),
  sleep('uvm_pagewait() of a busy page, with the object unlocked'),
]

const MAP_ENTRY = [sleep('uvm_mapent_alloc()'), ...under('map', 'W')]
const UNMAP = under('map', 'W', ...PMAP)
const CCP = [sleep('ccp_docmd(): the answer of the PSP')]
const FLUSH = under('object', 'W', ...under('page queues', 'W', ...PMAP, ...under('free pages', 'W')))

/** By the name under which steps call the function. */
export const LOCKS: Readonly<Record<string, LockProgram>> = {
  nothing: NO_LOCKS,
  // The ioctl layer: the kernel lock is held up to the driver and again after it.
  pledge_ioctl_vmm: under('kernel lock', 'W'),
  vmmioctl_enter: [
    ...under('sc_slock', 'R'),
    sleep('rwsleep() for ACTIVE, with the lock given back'),
    ...under('sc_slock', 'R'),
  ],
  vmmioctl_leave: under('kernel lock', 'W'),
  vmm_start: under('sc_slock', 'W'),
  vmm_stop: under('sc_slock', 'W'),
  refuse_unknown: NO_LOCKS,
  device_suspend: under('sc_slock', 'W'),
  device_drain: [sleep('refcnt_finalize()')],
  activate_quiesce: [
    { ...take('vm_lock'), tries: true } as LockAct,
    { ...take('vc_lock'), tries: true } as LockAct,
    give('vc_lock'),
    give('vm_lock'),
    ...under('sc_slock', 'W'),
  ],
  activate_wakeup: under('sc_slock', 'W'),
  device_resume: under('sc_slock', 'W'),
  arm_failpoint: NO_LOCKS,
  vm_find: under('vm_lock', 'R'),
  refcnt_rele_wake: NO_LOCKS,
  vm_find_vcpu: NO_LOCKS,
  vcpu_lock: [take('vc_lock')],
  vcpu_unlock: [give('vc_lock')],
  ask_must_stop: under('vm_lock', 'R'),
  hold_vm: under('vm_lock', 'R'),
  release_hold: NO_LOCKS,
  vcpu_poke: NO_LOCKS,
  vm_condemn: NO_LOCKS,
  vm_unlink: under('vm_lock', 'W'),
  refcnt_rele_list: NO_LOCKS,
  refcnt_rele_own: NO_LOCKS,
  refcnt_finalize: [sleep('refcnt_finalize()')],
  vm_create_check_mem_ranges: NO_LOCKS,
  check_capacity: under('vm_lock', 'R'),
  vm_get: POOL,
  pmap_create_nested: POOL,
  next_backed_slot: NO_LOCKS,
  uao_create: POOL,
  uvm_map_slot: MAP_ENTRY,
  uao_detach_carried: DETACH,
  uvm_map_immutable_slot: MAP_ENTRY,
  uvm_unmap_slot: UNMAP,
  uvm_unmap_detach: DETACH,
  uao_reference_slot: NO_LOCKS,
  vm_impl_init: under('nested pm_mtx', 'W'),
  vcpu_get: POOL,
  vcpu_init: [sleep('km_alloc() of what the CPU wants')],
  vcpu_put: NO_LOCKS,
  vm_register: under('vm_lock', 'W'),
  vm_teardown: NO_LOCKS,
  next_vcpu: NO_LOCKS,
  pmap_remove_range: NESTED_PMAP,
  next_held_slot: NO_LOCKS,
  uao_detach_slot: DETACH,
  pmap_destroy: under('free pages', 'W'),
  vm_put: NO_LOCKS,
  // vm_lock stays taken over vmm_stop().
  vm_uncount: [take('vm_lock')],
  vmm_stop_last: [...under('sc_slock', 'W'), give('vm_lock')],
  compare_ranges: NO_LOCKS,
  next_shared_slot: NO_LOCKS,
  uvm_map_shared: MAP_ENTRY,
  uao_reference_shared: NO_LOCKS,
  uvm_map_immutable_shared: MAP_ENTRY,
  uvm_unmap_shared: UNMAP,
  info_count: under('vm_lock', 'R'),
  info_malloc: NO_LOCKS,
  info_walk: under('vm_lock', 'R'),
  info_copyout: FAULT,
  np_fault_classify: NO_LOCKS,
  pmap_extract_curproc: under('pm_mtx', 'W'),
  pmap_extract_first: under('pm_mtx', 'W'),
  uvm_fault_wire_curproc: FAULT,
  uvm_fault_wire_again: FAULT,
  vcpu_reload_vmcs_vmx: NO_LOCKS,
  refuse_absent: NO_LOCKS,
  pmap_enter_nested: NESTED_PMAP,
  vcpu_reset_regs: NO_LOCKS,
  vcpu_start: NO_LOCKS,
  run_copyin: FAULT,
  vcpu_load: NO_LOCKS,
  guest: [sleep('preempted, with nothing held but vc_lock')],
  vcpu_must_stop: NO_LOCKS,
  vcpu_leave: NO_LOCKS,
  run_copyout: FAULT,
  // The guest's state: under vc_lock, which the step before took, or under nothing at all.
  rwregs_mode: NO_LOCKS,
  vcpu_readregs: NO_LOCKS,
  vcpu_writeregs: NO_LOCKS,
  vm_readvmparams: NO_LOCKS,
  vm_writevmparams: NO_LOCKS,
  vmm_init_pvclock: NO_LOCKS,
  vm_intr_pending: NO_LOCKS,
  handle_instruction: NO_LOCKS,
  // pmap_extract() takes the mutex for its walk; what follows goes through the direct map.
  pvclock_extract: under('nested pm_mtx', 'W'),
  pvclock_open: NO_LOCKS,
  pvclock_fill: NO_LOCKS,
  pvclock_close: NO_LOCKS,
  wallclock_extract: under('nested pm_mtx', 'W'),
  wallclock_open: NO_LOCKS,
  wallclock_fill: NO_LOCKS,
  wallclock_close: NO_LOCKS,
  pdptes_extract: under('nested pm_mtx', 'W'),
  ghcb_extract: under('nested pm_mtx', 'W'),
  ghcb_read: NO_LOCKS,
  ghcb_write: NO_LOCKS,
  pdptes_map: [sleep('km_alloc()')],
  pdptes_read: NO_LOCKS,
  pdptes_unmap: [sleep('km_free()')],
  walk_begin: NO_LOCKS,
  walk_extract: under('nested pm_mtx', 'W'),
  walk_read: NO_LOCKS,
  walk_mark: NO_LOCKS,
  // What processes do.
  spawn: [...under('kernel lock', 'W'), ...POOL],
  signal: under('kernel lock', 'W'),
  sys_pledge: NO_LOCKS,
  migrate: NO_LOCKS,
  access: NO_LOCKS,
  access_contents: NO_LOCKS,
  uvm_fault: FAULT,
  exit_collect_threads: [...under('kernel lock', 'W'), sleep('single_thread_wait()')],
  exit_next_entry: UNMAP,
  exit_pmap_destroy: under('free pages', 'W'),
  pageout_choose: under('page queues', 'W', { ...take('object'), tries: true } as LockAct, give('object')),
  pageout_protect: under('object', 'W', ...under('page queues', 'W', ...PMAP, ...NESTED_PMAP)),
  pageout_write: [sleep('the write to swap')],
  pageout_free: under(
    'object',
    'W',
    ...under('page queues', 'W', ...PMAP, ...NESTED_PMAP, ...under('free pages', 'W')),
  ),
  reclaim_choose: under('page queues', 'W', { ...take('object'), tries: true } as LockAct, give('object')),
  uvm_pagedeactivate: under('page queues', 'W'),
  sys_mmap: [sleep('uvm_mapent_alloc()'), ...UNMAP],
  sys_munmap: UNMAP,
  sys_mprotect: UNMAP,
  sys_minherit: under('map', 'W'),
  sys_madvise: [...under('map', 'W'), ...under('map', 'R', ...FLUSH)],
  sys_msync: under('map', 'R', ...FLUSH),
  uvm_map_pageable_wire: under('map', 'W'),
  uvm_fault_wire_next: FAULT,
  uvm_map_pageable_undo: under('map', 'W', ...under('object', 'W', ...PMAP, ...under('page queues', 'W'))),
  uvm_map_pageable_pgon: under('map', 'W', ...under('object', 'W', ...PMAP, ...under('page queues', 'W'))),
  uvmspace_fork: [...POOL, ...under('kernel lock', 'W', ...under('map', 'W', ...under('new map', 'W'), ...PMAP))],
  exec_await_siblings: [...under('kernel lock', 'W'), sleep('single_thread_wait()')],
  uvmspace_exec: under('kernel lock', 'W', ...UNMAP),
  uvm_coredump_walkmap: under('map', 'R'),
  // The PSP's driver: one request at a time, also while its caller sleeps for the answer.
  pledge_ioctl_psp: under('kernel lock', 'W'),
  psp_lock: [take('psp sc_lock')],
  psp_unlock: [give('psp sc_lock')],
  psp_reinit: CCP,
  psp_shutdown: CCP,
  psp_get_pstatus: CCP,
  psp_get_gstatus: CCP,
  psp_df_flush: CCP,
  psp_decommission: CCP,
  psp_activate: CCP,
  psp_deactivate: CCP,
  psp_launch_start: CCP,
  psp_launch_measure: CCP,
  psp_launch_finish: CCP,
  psp_launch_update_vmsa: CCP,
  psp_check_alignment: NO_LOCKS,
  psp_pageable_wire: under('map', 'W'),
  psp_fault_wire_next: FAULT,
  psp_update_page: [...under('pm_mtx', 'W'), ...CCP],
  psp_pageable_pgon: under('map', 'W', ...under('object', 'W', ...PMAP, ...under('page queues', 'W'))),
  svm_get_vmsa_pa: under('vm_lock', 'R'),
  // The design before the patch. Its vmspace goes under the kernel lock, which sleeping gives back and waking takes again.
  vm_impl_mode: NO_LOCKS,
  uvmspace_alloc: POOL,
  next_range: NO_LOCKS,
  // The map of a VM that nobody else knows yet is the destination here, and the source of SHAREMEM later.
  uvm_share_nested: under('new map', 'W', ...under('map', 'R', ...under('object', 'W'))),
  uvm_share_process: under('map', 'W', ...under('nested map', 'R', ...under('object', 'W'))),
  uvm_map_teardown_next: [take('kernel lock'), ...under('nested map', 'W', ...NESTED_PMAP)],
  uvmspace_free: [take('kernel lock'), ...under('free pages', 'W'), give('kernel lock')],
  uvm_fault_wire_nested: NESTED_FAULT,
  uvm_fault_wire_nested_again: NESTED_FAULT,
  mprotect_check: NESTED_PMAP,
  mprotect_next_page: under('nested pm_mtx', 'W'),
  uvm_fault_wire_protected: NESTED_FAULT,
  mprotect_leaf: under('nested pm_mtx', 'W'),
  invept: NO_LOCKS,
}

/** uvm_unmap_detach() within the teardown of a vmspace. */
export const DETACH_UNDER_KERNEL_LOCK: LockProgram = [take('kernel lock'), ...DETACH]
