/**
 * What the kernel does to guest memory by itself: the clock of a guest, its wall clock, the PDPTEs of a guest with PAE
 * paging. Nothing is locked meanwhile but the vCPU, and by WRITEVMPARAMS not even that: each store is a step.
 *
 * Source: vmm_update_pvclock(), vmm_pv_wall_clock() and vmx_load_pdptes() of vmm_machdep.c 1.64 (2025-09-14).
 */

/** Where a stretch ends, and what is told then. */
type Ending = { readonly target: string; readonly actions?: 'vcpuEnter' }

/**
 * vmm_update_pvclock(): a version that is odd, the fields, the version even again.
 *
 * @param ended where it goes on, also where the page has no leaf, which nobody is told.
 */
export function updatingClock(ended: Ending) {
  return {
    extractingClock: {
      meta: { calls: 'pvclock_extract', source: 'vmm_update_pvclock(): pmap_extract() of the nested pmap' },
      on: { 'page.present': { target: 'openingClock' }, 'page.absent': ended },
    },
    openingClock: {
      meta: { calls: 'pvclock_open', source: 'vmm_update_pvclock(): ++vc_pvclock_version; ti_version is odd' },
      on: { done: { target: 'fillingClock' } },
    },
    fillingClock: {
      meta: {
        calls: 'pvclock_fill',
        source: 'vmm_update_pvclock(): time stamp, system time, multiplier, shift, flags',
      },
      on: { done: { target: 'closingClock' } },
    },
    closingClock: {
      meta: { calls: 'pvclock_close', source: 'vmm_update_pvclock(): ti_version is even' },
      on: { done: ended },
    },
  } as const
}

/** The same right after the guest has said where its clock is to be: vmm_init_pvclock() updates it at once. */
export function updatingNewClock(ended: Ending) {
  const { extractingClock, openingClock, fillingClock, closingClock } = updatingClock(ended)
  return {
    extractingNewClock: {
      ...extractingClock,
      on: { ...extractingClock.on, 'page.present': { target: 'openingNewClock' } },
    },
    openingNewClock: { ...openingClock, on: { done: { target: 'fillingNewClock' } } },
    fillingNewClock: { ...fillingClock, on: { done: { target: 'closingNewClock' } } },
    closingNewClock: closingClock,
  } as const
}

/** vmm_pv_wall_clock(): once, when the guest says where; without a leaf the guest gets a #GP. */
export function writingWallClock(ended: Ending) {
  return {
    extractingWallClock: {
      meta: { calls: 'wallclock_extract', source: 'vmm_pv_wall_clock(): pmap_extract() of the nested pmap, or #GP' },
      on: { 'page.present': { target: 'openingWallClock' }, 'page.absent': ended },
    },
    openingWallClock: {
      meta: { calls: 'wallclock_open', source: 'vmm_pv_wall_clock(): wc_version is odd' },
      on: { done: { target: 'fillingWallClock' } },
    },
    fillingWallClock: {
      meta: { calls: 'wallclock_fill', source: 'vmm_pv_wall_clock(): seconds and nanoseconds of the boot time' },
      on: { done: { target: 'closingWallClock' } },
    },
    closingWallClock: {
      meta: { calls: 'wallclock_close', source: 'vmm_pv_wall_clock(): wc_version goes up by one' },
      on: { done: ended },
    },
  } as const
}

/**
 * vmx_load_pdptes(). What it answers is not looked at by vmx_handle_cr(); but without its VMCS the vCPU cannot have its
 * instruction pointer advanced, and that ends it.
 */
export function loadingPdptes(ended: Ending, lost: string) {
  return {
    extractingPdptes: {
      meta: { calls: 'pdptes_extract', source: 'vmx_load_pdptes(): pmap_extract() of CR3; without a leaf, zeros' },
      on: { 'page.present': { target: 'mappingPdptes' }, 'page.absent': ended },
    },
    mappingPdptes: {
      meta: { calls: 'pdptes_map', source: 'vmx_load_pdptes(): km_alloc(), which may sleep', pauses: ['km_alloc'] },
      on: { done: { target: 'reloadingForPdptes' } },
    },
    reloadingForPdptes: {
      meta: { calls: 'vcpu_reload_vmcs_vmx', source: 'vmx_load_pdptes(): vcpu_reload_vmcs_vmx() after km_alloc()' },
      on: { done: { target: 'readingPdptes' }, refused: { target: lost } },
    },
    readingPdptes: {
      meta: { calls: 'pdptes_read', source: 'vmx_load_pdptes(): pdptes[0] to pdptes[3] of the page of CR3' },
      on: { done: { target: 'unmappingPdptes' } },
    },
    unmappingPdptes: {
      meta: { calls: 'pdptes_unmap', source: 'vmx_load_pdptes(): km_free(), which may sleep', pauses: ['km_free'] },
      on: { done: { target: 'reloadingAfterPdptes' } },
    },
    reloadingAfterPdptes: {
      meta: { calls: 'vcpu_reload_vmcs_vmx', source: 'vmx_load_pdptes(): vcpu_reload_vmcs_vmx() after km_free()' },
      on: { done: ended, refused: { target: lost } },
    },
  } as const
}
