/**
 * VMM_IOC_RUN: vm_run() and the run loops; and the nested fault of a vCPU on its own, without the loop.
 *
 * Source: vm_run() of vmm.c; vcpu_run_vmx() and vcpu_run_svm() of vmm_machdep.c. The fault handlers are the design's.
 */

import { loadingPdptes, updatingClock, updatingNewClock, writingWallClock } from './clock.ts'
import { finding, gate, type nestedFault, type nestedFaultOfSpace } from './fragments.ts'
import { answeringOldGhcb, usingGhcb } from './ghcb.ts'
import { callSetup, NO_CALL } from './setup.ts'

const findingVcpu = {
  meta: { calls: 'vm_find_vcpu', source: 'vm_run(): vm_find_vcpu()', pauses: ['rw_exit_read'] },
  on: { done: { target: 'locking' }, refused: { target: 'releasing' } },
} as const
const unlocking = {
  meta: { calls: 'vcpu_unlock', source: 'vm_run(): rw_exit_write(vc_lock)' },
  on: { done: { target: 'releasing' } },
} as const

type Fault = typeof nestedFault | typeof nestedFaultOfSpace

/** @param fault how the design serves a nested fault. */
export function faultMachineOf(fault: Fault) {
  return callSetup.createMachine({
    id: 'fault',
    context: NO_CALL,
    initial: 'filtering',
    states: {
      ...gate('finding'),
      ...finding('findingVcpu'),
      findingVcpu,
      locking: {
        meta: {
          calls: 'vcpu_lock',
          source: 'vm_run(): rw_enter_write(vc_lock)',
          pauses: ['rw_enter_write'],
          sleeps: true,
        },
        on: { done: { target: 'classifying' } },
      },
      ...fault('unlocking', 'unlocking', 'unlocking'),
      unlocking,
    },
  })
}

/** @param fault how the design serves a nested fault. */
export function runMachineOf(fault: Fault) {
  return callSetup.createMachine({
    id: 'vm_run',
    context: NO_CALL,
    initial: 'filtering',
    states: {
      ...gate('finding'),
      ...finding('findingVcpu'),
      findingVcpu,
      locking: {
        meta: {
          calls: 'vcpu_lock',
          source: 'vm_run(): rw_enter_write(vc_lock)',
          pauses: ['rw_enter_write'],
          sleeps: true,
        },
        on: { done: { target: 'starting' } },
      },
      starting: {
        meta: { calls: 'vcpu_start', source: 'vm_run(): compare-and-swap STOPPED to RUNNING, else EBUSY' },
        on: { done: { target: 'copyingIn', actions: 'vcpuRun' }, refused: { target: 'unlocking' } },
      },
      copyingIn: {
        meta: { calls: 'run_copyin', source: 'vm_run(): copyin() of the exit; a failure leaves the state RUNNING' },
        on: {
          done: { target: 'loading' },
          'ghcb.due': { target: 'answeringOldGhcb' },
          refused: { target: 'unlocking' },
        },
      },
      ...answeringOldGhcb('loading'),
      loading: {
        meta: {
          calls: 'vcpu_load',
          source: 'vcpu_run_vmx(): VMCS and, at the first iteration, INVEPT; vcpu_run_svm()',
        },
        on: {
          done: { target: 'inGuest', actions: 'vcpuEnter' },
          'clock.due': { target: 'extractingClock' },
          refused: { target: 'killing' },
        },
      },
      ...updatingClock({ target: 'inGuest', actions: 'vcpuEnter' }),
      inGuest: {
        meta: {
          calls: 'guest',
          source: 'VMLAUNCH, VMRESUME or VMRUN; vcpu_must_stop() and SPCF_SHOULDYIELD at each exit',
          sleeps: true,
        },
        on: {
          'guest.yielded': { target: 'inGuest', reenter: true },
          refused: { target: 'killing' },
          'guest.faulted': { target: 'classifying', actions: 'vcpuFault' },
          'guest.trapped': { target: 'handlingInstruction', actions: 'vcpuTrap' },
          'guest.left': { target: 'stopping', actions: 'vcpuLeaveGuest' },
          'vcpu.kicked': { target: 'resuming', actions: 'vcpuLeaveKicked' },
          'vcpu.mustStop': { target: 'stopping', actions: 'vcpuLeaveSignal' },
        },
      },
      ...fault('resuming', 'stopping', 'terminating'),
      handlingInstruction: {
        meta: {
          calls: 'handle_instruction',
          source: 'vmx_handle_cr(), vmx_handle_wrmsr(), svm_handle_msr(): what the guest writes to a register',
        },
        on: {
          done: { target: 'resuming' },
          'pdptes.due': { target: 'extractingPdptes' },
          'clock.due': { target: 'extractingNewClock' },
          'wallclock.due': { target: 'extractingWallClock' },
          'ghcb.named': { target: 'extractingGhcb' },
          'ghcb.due': { target: 'readingGhcb' },
          refused: { target: 'terminating' },
        },
      },
      ...loadingPdptes({ target: 'resuming' }, 'terminating'),
      ...updatingNewClock({ target: 'resuming' }),
      ...usingGhcb('resuming', 'stopping', 'terminating'),
      ...writingWallClock({ target: 'resuming' }),
      resuming: {
        meta: { calls: 'vcpu_must_stop', source: 'vcpu_run_vmx(), vcpu_run_svm(): leave or enter again' },
        on: {
          done: { target: 'inGuest', actions: 'vcpuEnter' },
          'clock.due': { target: 'extractingClock' },
          'vcpu.mustStop': { target: 'stopping' },
        },
      },
      stopping: {
        meta: {
          calls: 'vcpu_leave',
          source: 'vcpu_run_vmx(): vc_last_pcpu and the registers; vm_run(): 0 or EAGAIN, the state is STOPPED',
        },
        on: { done: { target: 'copyingOut', actions: 'vcpuStop' }, refused: { target: 'killing' } },
      },
      copyingOut: {
        meta: { calls: 'run_copyout', source: 'vm_run(): copyout() of the exit' },
        on: { done: { target: 'unlocking' }, refused: { target: 'unlocking' } },
      },
      terminating: {
        meta: {
          calls: 'vcpu_leave',
          source: 'vcpu_run_vmx(): vc_last_pcpu and the registers; vm_run(): any other result, the state is TERMINATED',
        },
        on: {
          done: { target: 'unlocking', actions: 'vcpuKill' },
          refused: { target: 'unlocking', actions: 'vcpuKill' },
        },
      },
      killing: {
        meta: { calls: 'nothing', source: 'vm_run(): EINVAL, the VMCS was of no use; the state is TERMINATED' },
        on: { done: { target: 'unlocking', actions: 'vcpuKill' } },
      },
      unlocking,
    },
  })
}
