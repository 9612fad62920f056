/** What a blocked thread waits for. */

/**
 * `refcnt_finalize` the last reference, `vcpu` vc_lock, `vm_list` vm_lock, `vmmresume` the end of a suspension,
 * `pagedaemon` the page before, `guest` what the guest does next.
 *
 * @source the wait channels of vmm.c
 */
export type WaitChannel = 'refcnt_finalize' | 'vcpu' | 'vm_list' | 'vmmresume' | 'pagedaemon' | 'guest'
