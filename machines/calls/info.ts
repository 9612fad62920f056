/**
 * VMM_IOC_INFO: vm_get_info(). The count and the walk are two critical sections.
 *
 * Source: vm_get_info() of vmm.c.
 */

import { gate } from './fragments.ts'
import { callSetup, NO_CALL } from './setup.ts'

export const infoMachine = callSetup.createMachine({
  id: 'vm_get_info',
  context: NO_CALL,
  initial: 'filtering',
  states: {
    ...gate('counting'),
    counting: {
      meta: { calls: 'info_count', source: 'vm_get_info(): vm_ct under vm_lock R' },
      on: { done: { target: 'allocating' }, none: { target: 'answeringSize' } },
    },
    answeringSize: {
      meta: {
        calls: 'nothing',
        source: 'vm_get_info(): the buffer is too small, vip_size says how large',
        pauses: ['rw_exit_read'],
      },
      on: { done: { target: 'leaving' } },
    },
    allocating: {
      meta: { calls: 'info_malloc', source: 'vm_get_info(): malloc(M_NOWAIT)', pauses: ['rw_exit_read'] },
      on: { done: { target: 'walking' }, refused: { target: 'leaving' } },
    },
    walking: {
      meta: { calls: 'info_walk', source: 'vm_get_info(): the list under vm_lock R, as many as were counted' },
      on: { done: { target: 'copyingOut' } },
    },
    copyingOut: {
      meta: {
        calls: 'info_copyout',
        source: 'vm_get_info(): copyout(); only EFAULT is passed on',
        pauses: ['rw_exit_read'],
      },
      on: { done: { target: 'leaving' }, refused: { target: 'leaving' } },
    },
  },
})
