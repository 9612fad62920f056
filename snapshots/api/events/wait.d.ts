/** What a blocked thread waits for. */
/**
 * `refcnt_finalize` the last reference, `vcpu` vc_lock, `vm_list` vm_lock, `vmmslk` sc_slock, `vmmaplk` the lock of a
 * map, `uobjlk` that of an object or amap, `kernel_lock` the kernel lock, `mutex` a mutex, `vmmresume` the end of a
 * suspension, `quiesced` that a suspension which is under way has come to its end, `pagedaemon` the page that it is
 * about to evict, `memory` a free page, `threads` the other threads of the process, `guest` what the guest does next,
 * `psp_lock` the lock of the PSP's driver.
 *
 * @source the wait channels of vmm.c; sc_lock of psp.c; and the names that rw_init(9) gave the locks
 */
export type WaitChannel = 'refcnt_finalize' | 'vcpu' | 'vm_list' | 'vmmslk' | 'vmmaplk' | 'uobjlk' | 'kernel_lock' | 'mutex' | 'vmmresume' | 'quiesced' | 'pagedaemon' | 'memory' | 'threads' | 'guest' | 'psp_lock';
