/**
 * VMM_IOC_RESETCPU: vm_resetcpu().
 *
 * Source: vm_resetcpu() of vmm.c.
 */

import { finding, gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

export const resetcpuMachine = callSetup.createMachine({
  id: 'vm_resetcpu',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('finding'),
    ...finding('findingVcpu'),
    findingVcpu: {
      meta: { calls: 'vm_find_vcpu', source: 'vm_resetcpu(): vm_find_vcpu()', pauses: ['rw_exit_read'] },
      on: { done: { target: 'locking' }, refused: { target: 'releasing' } },
    },
    locking: {
      meta: {
        calls: 'vcpu_lock',
        source: 'vm_resetcpu(): rw_enter_write(vc_lock)',
        pauses: ['rw_enter_write'],
        sleeps: true,
      },
      on: { done: { target: 'resetting' } },
    },
    resetting: {
      meta: { calls: 'vcpu_reset_regs', source: 'vm_resetcpu(): STOPPED or EBUSY; vcpu_reset_regs() or EIO' },
      on: { done: { target: 'unlocking' }, refused: { target: 'unlocking' } },
    },
    unlocking: {
      meta: { calls: 'vcpu_unlock', source: 'vm_resetcpu(): rw_exit_write(vc_lock)' },
      on: { done: { target: 'releasing' } },
    },
  },
})
