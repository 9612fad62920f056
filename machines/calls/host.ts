/**
 * What the processes around do, and the device's own calls.
 *
 * Source: uvm_mmap.c, uvm_fault.c, kern_exit.c, uvm_pdaemon.c, and vmm_activate() of vmm.c.
 */
import { callSetup, NO_CALL } from './setup.ts'

const replying = { type: 'final', meta: { calls: null, source: 'the answer' } } as const

/** A routine that no other thread can see the middle of. */
export function singleStep(id: string, calls: string, source: string) {
  return callSetup.createMachine({
    id,
    context: NO_CALL,
    initial: 'acting',
    states: {
      acting: { meta: { calls, source }, on: { done: { target: 'replying' }, refused: { target: 'replying' } } },
      replying,
    },
  })
}

export const pokeMachine = callSetup.createMachine({
  id: 'poke',
  context: NO_CALL,
  initial: 'acting',
  states: {
    acting: {
      meta: { calls: 'vcpu_poke', source: 'a debugger: vc_state is written from outside' },
      on: { poked: { target: 'replying', actions: 'vcpuPoke' }, refused: { target: 'replying' } },
    },
    replying,
  },
})

export const touchMachine = callSetup.createMachine({
  id: 'touch',
  context: NO_CALL,
  initial: 'accessing',
  states: {
    accessing: {
      meta: { calls: 'access', source: 'the MMU: the process pmap, else uvm_fault()' },
      on: { done: { target: 'replying' }, 'page.absent': { target: 'faulting' } },
    },
    faulting: {
      meta: { calls: 'uvm_fault', source: 'uvm_fault(): an ordinary fault, not wired' },
      on: {
        done: { target: 'replying' },
        'memory.short': { target: 'faulting', reenter: true },
        refused: { target: 'replying' },
      },
    },
    replying,
  },
})

/** An access whose contents matter: it is tried again once the page is there. */
export const accessMachine = callSetup.createMachine({
  id: 'access',
  context: NO_CALL,
  initial: 'accessing',
  states: {
    accessing: {
      meta: { calls: 'access_contents', source: 'the MMU: the process pmap, else uvm_fault()' },
      on: { done: { target: 'replying' }, 'page.absent': { target: 'faulting' }, refused: { target: 'replying' } },
    },
    faulting: {
      meta: { calls: 'uvm_fault', source: 'uvm_fault(): an ordinary fault, not wired' },
      on: {
        done: { target: 'accessing' },
        'memory.short': { target: 'faulting', reenter: true },
        refused: { target: 'replying' },
      },
    },
    replying,
  },
})

export const munmapMachine = callSetup.createMachine({
  id: 'munmap',
  context: NO_CALL,
  initial: 'unmapping',
  states: {
    unmapping: {
      meta: { calls: 'sys_munmap', source: 'sys_munmap(): checks and uvm_unmap_remove() under the map lock' },
      on: { done: { target: 'detaching' }, refused: { target: 'replying' } },
    },
    detaching: {
      meta: { calls: 'uvm_unmap_detach', source: 'uvm_unmap_detach(): references go after the map is unlocked' },
      on: { done: { target: 'replying' } },
    },
    replying,
  },
})

export const exitMachine = callSetup.createMachine({
  id: 'exit',
  context: NO_CALL,
  initial: 'collectingThreads',
  states: {
    collectingThreads: {
      meta: {
        calls: 'exit_collect_threads',
        source: 'exit1(): single_thread_set(); the other threads leave the kernel',
      },
      on: { done: { target: 'removingEntry' }, refused: { target: 'replying' } },
    },
    removingEntry: {
      meta: { calls: 'exit_next_entry', source: 'uvm_map_teardown(): pmap_remove() of an entry' },
      on: { next: { target: 'detachingEntry' }, none: { target: 'destroyingPmap' } },
    },
    detachingEntry: {
      meta: { calls: 'uvm_unmap_detach', source: 'uvm_map_teardown(): uao_detach() of the entry' },
      on: { done: { target: 'removingEntry' } },
    },
    destroyingPmap: {
      meta: { calls: 'exit_pmap_destroy', source: 'uvmspace_free(): pmap_destroy(); the zombie is seen after' },
      on: { done: { target: 'replying', actions: 'processExit' } },
    },
    replying,
  },
})

const protecting = {
  meta: { calls: 'pageout_protect', source: 'pmap_page_protect(): the mappings that the pv list knows' },
  on: { done: { target: 'writing' } },
} as const
const writing = {
  meta: { calls: 'pageout_write', source: 'uvm_swap_alloc(), uao_set_swslot(), the write' },
  on: { done: { target: 'freeing' }, 'page.chosen': { target: 'replying', actions: 'pageSpare' } },
} as const
const freeing = {
  meta: { calls: 'pageout_free', source: 'uvm_aio_aiodone(): uvm_pagefree()' },
  on: { 'page.freed': { target: 'replying', actions: 'pageEvicted' } },
} as const

/** A page is evicted, whatever queue it is on. */
export const pageoutMachine = callSetup.createMachine({
  id: 'pageout',
  context: NO_CALL,
  initial: 'choosing',
  states: {
    choosing: {
      meta: { calls: 'pageout_choose', source: 'uvmpd_scan_inactive(): a page that is not wired; PG_BUSY' },
      on: { 'page.chosen': { target: 'protecting', actions: 'pageBusy' }, refused: { target: 'replying' } },
    },
    protecting,
    writing,
    freeing,
    replying,
  },
})

/** The page daemon's look at a page of the inactive queue. */
export const reclaimMachine = callSetup.createMachine({
  id: 'reclaim',
  context: NO_CALL,
  initial: 'choosing',
  states: {
    choosing: {
      meta: { calls: 'reclaim_choose', source: 'uvmpd_scan_inactive(): referenced pages are activated; PG_BUSY' },
      on: {
        'page.chosen': { target: 'protecting', actions: 'pageBusy' },
        done: { target: 'replying' },
        refused: { target: 'replying' },
      },
    },
    protecting,
    writing,
    freeing,
    replying,
  },
})

export const suspendMachine = callSetup.createMachine({
  id: 'vmm_quiesce',
  context: NO_CALL,
  initial: 'shutting',
  states: {
    shutting: {
      meta: { calls: 'device_suspend', source: 'vmm_activate(DVACT_QUIESCE): SUSPENDED under sc_slock W' },
      on: { done: { target: 'draining' } },
    },
    draining: {
      meta: { calls: 'device_drain', source: 'vmm_activate(): refcnt_finalize(sc_refcnt)' },
      on: { done: { target: 'quiescing' } },
    },
    quiescing: {
      meta: { calls: 'activate_quiesce', source: 'vmm_activate(): vmm_activate_machdep()' },
      on: { done: { target: 'replying' } },
    },
    replying,
  },
})

export const wakeupMachine = callSetup.createMachine({
  id: 'vmm_wakeup',
  context: NO_CALL,
  initial: 'waking',
  states: {
    waking: {
      meta: { calls: 'activate_wakeup', source: 'vmm_activate(DVACT_WAKEUP): vmm_activate_machdep()' },
      on: { done: { target: 'opening' } },
    },
    opening: {
      meta: { calls: 'device_resume', source: 'vmm_activate(): sc_refcnt anew, ACTIVE, wakeup()' },
      on: { done: { target: 'replying' } },
    },
    replying,
  },
})
