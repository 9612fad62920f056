/**
 * The life of a vCPU. `running` is inside vm_run() and outside the guest; a copyin that fails leaves it there for
 * good, as the kernel does. `handling` is between a VM exit and the next entry.
 *
 * Source: vm_run(), vcpu_run_vmx(), vcpu_run_svm() and vm_teardown() of vmm(4).
 */
import { emit, setup } from 'xstate'
import type { VcpuId, VmRef } from '../events/ids.ts'
import type { VcpuEvent } from '../events/vcpu.ts'
import type { VcpuInput } from './tell.ts'

export type VcpuContext = { readonly vm: VmRef; readonly vcpu: VcpuId }

const VCPU_STOPPED = 0
const VCPU_TERMINATED = 3

const word = (input: VcpuInput): number => (input.type === 'poke' ? input.state : VCPU_STOPPED)

export const vcpuMachine = setup({
  types: { context: {} as VcpuContext, events: {} as VcpuInput, emitted: {} as VcpuEvent },
  actions: {
    started: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.started', vm, vcpu })),
    entered: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.entered', vm, vcpu })),
    stopped: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.stopped', vm, vcpu })),
    terminated: emit(({ context: { vm, vcpu }, event }) => ({
      type: 'vcpu.terminated',
      vm,
      vcpu,
      errno: event.type === 'kill' ? event.errno : 'EINVAL',
    })),
    deinitialised: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.deinitialised', vm, vcpu })),
    poked: emit(({ context: { vm, vcpu }, event }) => ({ type: 'vcpu.poked', vm, vcpu, state: word(event) })),
  },
  guards: {
    saysStopped: ({ event }) => word(event) === VCPU_STOPPED,
    saysTerminated: ({ event }) => word(event) === VCPU_TERMINATED,
  },
}).createMachine({
  id: 'vcpu',
  context: { vm: 0 as VmRef, vcpu: 0 },
  initial: 'ready',
  states: {
    ready: {
      on: {
        run: { target: 'running', actions: 'started' },
        poke: [
          // Writing the state word of a vCPU without a runner puts it where the word says.
          { guard: 'saysStopped', target: 'ready', actions: 'poked' },
          { guard: 'saysTerminated', target: 'terminated', actions: 'poked' },
          { target: 'running', actions: 'poked' },
        ],
        deinit: { target: 'gone', actions: 'deinitialised' },
      },
    },
    running: {
      on: {
        enter: { target: 'inGuest', actions: 'entered' },
        // vm_run() looks at the state word alone: once that says STOPPED again, a vCPU that was left here runs.
        run: { target: 'running', actions: 'started' },
        // Its VMCS cannot be loaded.
        kill: { target: 'terminated', actions: 'terminated' },
        // A runner may be on its way in, and goes on whatever the word says.
        poke: { actions: 'poked' },
        deinit: { target: 'gone', actions: 'deinitialised' },
      },
    },
    inGuest: {
      on: {
        fault: {
          target: 'handling',
          actions: emit(({ context: { vm, vcpu }, event }) => ({ type: 'vcpu.faulted', vm, vcpu, gpa: event.gpa })),
        },
        leave: {
          target: 'handling',
          actions: emit(({ context: { vm, vcpu }, event }) => ({
            type: 'vcpu.exited',
            vm,
            vcpu,
            reason: event.reason,
          })),
        },
        // Scheduled out, and its VMCS cannot be loaded when RUN is called again.
        kill: { target: 'terminated', actions: 'terminated' },
        poke: { actions: 'poked' },
        deinit: { target: 'gone', actions: 'deinitialised' },
      },
    },
    handling: {
      on: {
        enter: { target: 'inGuest', actions: 'entered' },
        stop: { target: 'ready', actions: 'stopped' },
        kill: {
          target: 'terminated',
          actions: 'terminated',
        },
        poke: { actions: 'poked' },
        deinit: { target: 'gone', actions: 'deinitialised' },
      },
    },
    terminated: {
      on: {
        poke: [
          // Writing the state word of a vCPU without a runner puts it where the word says.
          { guard: 'saysStopped', target: 'ready', actions: 'poked' },
          { guard: 'saysTerminated', target: 'terminated', actions: 'poked' },
          { target: 'running', actions: 'poked' },
        ],
        deinit: { target: 'gone', actions: 'deinitialised' },
      },
    },
    gone: { type: 'final' },
  },
})
