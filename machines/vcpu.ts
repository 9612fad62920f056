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

type Poke = { context: VcpuContext; event: { readonly state: number } }
const poked = emit(
  ({ context: { vm, vcpu }, event }: Poke) => ({ type: 'vcpu.poked', vm, vcpu, state: event.state }) as const,
)
const deinit = {
  target: 'gone',
  actions: emit(({ context }: { context: VcpuContext }) => ({ type: 'vcpu.deinitialised', ...context }) as const),
} as const
/** Writing the state word of a vCPU without a runner puts it where the word says. */
const poke = [
  { guard: ({ event }: { event: { readonly state: number } }) => event.state === VCPU_STOPPED, target: 'ready', actions: poked },
  {
    guard: ({ event }: { event: { readonly state: number } }) => event.state === VCPU_TERMINATED,
    target: 'terminated',
    actions: poked,
  },
  { target: 'running', actions: poked },
] as const

export const vcpuMachine = setup({
  types: { context: {} as VcpuContext, events: {} as VcpuInput, emitted: {} as VcpuEvent },
}).createMachine({
  id: 'vcpu',
  context: { vm: 0 as VmRef, vcpu: 0 },
  initial: 'ready',
  states: {
    ready: {
      on: {
        run: {
          target: 'running',
          actions: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.started', vm, vcpu })),
        },
        poke,
        deinit,
      },
    },
    running: {
      on: {
        enter: {
          target: 'inGuest',
          actions: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.entered', vm, vcpu })),
        },
        stop: { target: 'ready', actions: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.stopped', vm, vcpu })) },
        poke,
        deinit,
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
          actions: emit(({ context: { vm, vcpu }, event }) => ({ type: 'vcpu.exited', vm, vcpu, reason: event.reason })),
        },
        poke: { actions: poked },
        deinit,
      },
    },
    handling: {
      on: {
        enter: {
          target: 'inGuest',
          actions: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.entered', vm, vcpu })),
        },
        stop: { target: 'ready', actions: emit(({ context: { vm, vcpu } }) => ({ type: 'vcpu.stopped', vm, vcpu })) },
        kill: {
          target: 'terminated',
          actions: emit(({ context: { vm, vcpu }, event }) => ({ type: 'vcpu.terminated', vm, vcpu, errno: event.errno })),
        },
        poke: { actions: poked },
        deinit,
      },
    },
    terminated: { on: { poke, deinit } },
    gone: { type: 'final' },
  },
})
