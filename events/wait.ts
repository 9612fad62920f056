/** What a blocked thread waits for. */

/**
 * `refcnt_finalize` the last reference, `vcpu` vc_lock, `vm_list` vm_lock, `vmmresume` the end of a suspension,
 * `pagedaemon` the page that it is about to evict, `memory` a free page, `threads` the other threads of the process,
 * `guest` what the guest does next, `psp_lock` the lock of the PSP's driver.
 *
 * @source the wait channels of vmm.c; sc_lock of psp.c
 */
export type WaitChannel =
  | 'refcnt_finalize'
  | 'vcpu'
  | 'vm_list'
  | 'vmmresume'
  | 'pagedaemon'
  | 'memory'
  | 'threads'
  | 'guest'
  | 'psp_lock'
