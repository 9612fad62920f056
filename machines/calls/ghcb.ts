/**
 * The page in which a guest of SEV-ES says what it wants and finds the answer.
 *
 * Source: svm_handle_vmgexit(), svm_vmgexit_sync_host(), svm_vmgexit_sync_guest() and vcpu_run_svm() of vmm_machdep.c 1.64
 * (2025-09-14).
 */

/** @param entered where the guest goes on; @param left where RUN ends for userland; @param lost where the vCPU ends. */
export function usingGhcb(entered: string, left: string, lost: string) {
  return {
    extractingGhcb: {
      meta: {
        calls: 'ghcb_extract',
        source: 'svm_handle_vmgexit(): pmap_extract() of the first GHCB; its address in the direct map is kept',
      },
      on: { done: { target: 'readingGhcb' }, refused: { target: lost } },
    },
    readingGhcb: {
      meta: { calls: 'ghcb_read', source: 'svm_vmgexit_sync_host(): the exit, from vc_svm_ghcb_va' },
      on: { done: { target: 'answeringGhcb' }, 'vcpu.mustStop': { target: left }, refused: { target: lost } },
    },
    answeringGhcb: {
      meta: { calls: 'ghcb_write', source: 'svm_vmgexit_sync_guest(): ghcb_clear() and the answer, at vc_svm_ghcb_va' },
      on: { done: { target: entered } },
    },
  } as const
}

/** What userland has done for the guest is told when the vCPU is run again. */
export function answeringOldGhcb(entered: string) {
  return {
    answeringOldGhcb: {
      meta: {
        calls: 'ghcb_write',
        source: 'vcpu_run_svm(): SVM_VMEXIT_IOIO, svm_vmgexit_sync_guest() at vc_svm_ghcb_va, whoever has the page',
      },
      on: { done: { target: entered } },
    },
  } as const
}
