/**
 * The ioctls about the guest's state that is kept for a vCPU: READREGS, WRITEREGS, READVMPARAMS, WRITEVMPARAMS, INTR.
 *
 * Source: vm_rwregs(), vm_rwvmparams() and vm_intr_pending() of vmm_machdep.c 1.34 (2024-09-03) and 1.64 (2025-09-14).
 */

import { updatingClock } from './clock.ts'
import { finding, gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

const findingVcpu = (routine: string, found: string) =>
  ({
    meta: { calls: 'vm_find_vcpu', source: `${routine}: vm_find_vcpu()`, pauses: ['rw_exit_read'] },
    on: { done: { target: found }, refused: { target: 'releasing' } },
  }) as const

/**
 * vm_rwregs(): under vc_lock, whatever the state, so that it waits for a vCPU that runs. VMX works on the VMCS, which has
 * to be loaded first.
 *
 * @param access the kernel function that reads or writes.
 */
export function rwregsMachineOf(access: 'vcpu_readregs' | 'vcpu_writeregs') {
  return callSetup.createMachine({
    id: access === 'vcpu_readregs' ? 'vm_readregs' : 'vm_writeregs',
    context: NO_CALL,
    initial: 'filtering',
    states: {
      ...gate('finding'),
      ...finding('findingVcpu'),
      findingVcpu: findingVcpu('vm_rwregs()', 'locking'),
      locking: {
        meta: {
          calls: 'vcpu_lock',
          source: 'vm_rwregs(): rw_enter_write(vc_lock)',
          pauses: ['rw_enter_write'],
          sleeps: true,
        },
        on: { done: { target: 'choosingMode' } },
      },
      choosingMode: {
        meta: { calls: 'rwregs_mode', source: 'vm_rwregs(): by the mode of the device' },
        on: { next: { target: 'reloading' }, done: { target: 'accessing' }, refused: { target: 'unlocking' } },
      },
      reloading: {
        meta: { calls: 'vcpu_reload_vmcs_vmx', source: `${access}_vmx(): vcpu_reload_vmcs_vmx()` },
        on: { done: { target: 'accessing' }, refused: { target: 'unlocking' } },
      },
      accessing: {
        meta: { calls: access, source: `${access}_vmx(), ${access}_svm(): the groups of registers in the mask` },
        on: { done: { target: 'unlocking' }, refused: { target: 'unlocking' } },
      },
      unlocking: {
        meta: { calls: 'vcpu_unlock', source: 'vm_rwregs(): rw_exit_write(vc_lock)' },
        on: { done: { target: 'releasing' } },
      },
    },
  })
}

/** vm_rwvmparams() for reading: no lock at all. */
export const readvmparamsMachine = callSetup.createMachine({
  id: 'vm_readvmparams',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('findingVcpu'),
    findingVcpu: findingVcpu('vm_rwvmparams()', 'reading'),
    reading: {
      meta: { calls: 'vm_readvmparams', source: 'vm_rwvmparams(): the fields in the mask, without vc_lock' },
      on: { done: { target: 'releasing' } },
    },
  },
})

/** vm_rwvmparams() for writing: the vCPU may run meanwhile, and update the same clock. */
export const writevmparamsMachine = callSetup.createMachine({
  id: 'vm_writevmparams',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('findingVcpu'),
    findingVcpu: findingVcpu('vm_rwvmparams()', 'writingVersion'),
    writingVersion: {
      meta: { calls: 'vm_writevmparams', source: 'vm_rwvmparams(): vc_pvclock_version, without vc_lock' },
      on: { next: { target: 'placingClock' }, done: { target: 'releasing' } },
    },
    placingClock: {
      meta: { calls: 'vmm_init_pvclock', source: 'vm_rwvmparams(): vmm_init_pvclock(), whose refusal is a #GP' },
      on: { 'clock.due': { target: 'extractingClock' }, done: { target: 'releasing' } },
    },
    ...updatingClock({ target: 'releasing' }),
  },
})

/** vm_intr_pending(): a flag and an IPI, without vc_lock. */
export const intrMachine = callSetup.createMachine({
  id: 'vm_intr_pending',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('findingVcpu'),
    findingVcpu: findingVcpu('vm_intr_pending()', 'flagging'),
    flagging: {
      meta: { calls: 'vm_intr_pending', source: 'vm_intr_pending(): vc_intr, then an IPI to where the vCPU runs' },
      on: { done: { target: 'releasing' } },
    },
  },
})
