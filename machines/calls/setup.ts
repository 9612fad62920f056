/**
 * What all call machines share: the type of their context, of what they are told and of what they emit. A call
 * machine's states are the steps of a C routine, named after what the routine does next. `meta` says which kernel
 * function the step calls and where it stands in the C.
 */
import { emit, setup } from 'xstate'
import type { Answer } from '../../events/answer.ts'
import type { Errno } from '../../events/errno.ts'
import type { ObjectRef, Pid, SlotIndex, VcpuId, VmRef } from '../../events/ids.ts'
import type { SlotInput, Tell } from '../tell.ts'
import type { LockProgram } from './locks.ts'

/** The part of a call's locals that its machine looks at. */
export type CallContext = {
  readonly pid: Pid
  readonly vm: VmRef | null
  readonly vcpu: VcpuId
  readonly slot: SlotIndex
  readonly object: ObjectRef | null
  readonly errno: Errno | null
  readonly handler: 'ept' | 'rvi'
}

/** Functions at whose entry a thread can be stopped to look around. `rw_exit_read` is after a shared lock was dropped. */
export type PausePoint =
  | 'uao_create'
  | 'uvm_map'
  | 'uvm_map_immutable'
  | 'uvm_share'
  | 'uao_reference'
  | 'vcpu_init'
  | 'uvm_fault_wire'
  | 'uvm_map_pageable'
  | 'ccp_docmd'
  | 'km_alloc'
  | 'km_free'
  | 'rw_enter_write'
  | 'rw_exit_read'

export type StepMeta = {
  /** Kernel function that the step calls, as the design names it; null in final states. */
  readonly calls: string | null
  /** C routine and the line of thought in it. */
  readonly source: string
  /** Pause points that the step passes at its beginning, in order. */
  readonly pauses?: readonly PausePoint[]
  /** What the step does to locks, where that is not what its kernel function does; see locks.ts. */
  readonly locks?: LockProgram
  /** The step may sleep, or lose its CPU, before it does anything: it may go on on another one. */
  readonly sleeps?: boolean
}

const NO_VM = 0 as VmRef

/** Tells that forward an answer to the slot it is about. */
const slotTell = (context: CallContext, input: SlotInput): Tell => ({
  to: 'slot',
  type: 'tell.slot',
  vm: context.vm ?? NO_VM,
  slot: context.slot,
  input,
})

export const callSetup = setup({
  types: {
    context: {} as CallContext,
    events: {} as Answer,
    emitted: {} as Tell,
    meta: {} as StepMeta,
  },
  actions: {
    slotBacked: emit(({ context, event }): Tell => slotTell(context, event as SlotInput)),
    slotMapped: emit(({ context, event }): Tell => slotTell(context, event as SlotInput)),
    slotSealed: emit(({ context }): Tell => slotTell(context, { type: 'uvm.sealed' })),
    slotHeld: emit(({ context, event }): Tell => slotTell(context, event as SlotInput)),
    slotRefused: emit(({ context }): Tell => slotTell(context, { type: 'uvm.refused' })),
    slotShared: emit(({ context, event }): Tell => slotTell(context, event as SlotInput)),
    slotUnshared: emit(
      ({ context, event }): Tell =>
        slotTell(event.type === 'uvm.unshared' ? { ...context, slot: event.slot } : context, { type: 'uvm.unshared' }),
    ),
    slotDetached: emit(({ context }): Tell => slotTell(context, { type: 'uao.detached' })),
    vmRegister: emit(
      ({ context: { vm }, event }): Tell => ({
        to: 'vm',
        type: 'tell.vm',
        vm: vm ?? NO_VM,
        input: { type: 'register', id: event.type === 'vm.numbered' ? event.id : 0 },
      }),
    ),
    vmCondemn: emit(
      ({ context: { vm } }): Tell => ({ to: 'vm', type: 'tell.vm', vm: vm ?? NO_VM, input: { type: 'condemn' } }),
    ),
    vmUnlink: emit(
      ({ context: { vm } }): Tell => ({ to: 'vm', type: 'tell.vm', vm: vm ?? NO_VM, input: { type: 'unlink' } }),
    ),
    vmTeardown: emit(
      ({ context: { vm } }): Tell => ({ to: 'vm', type: 'tell.vm', vm: vm ?? NO_VM, input: { type: 'teardown' } }),
    ),
    vmFree: emit(
      ({ context: { vm } }): Tell => ({ to: 'vm', type: 'tell.vm', vm: vm ?? NO_VM, input: { type: 'free' } }),
    ),
    vcpuRun: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'run' },
      }),
    ),
    vcpuEnter: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'enter' },
      }),
    ),
    vcpuFault: emit(
      ({ context: { vm, vcpu }, event }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'fault', gpa: event.type === 'guest.faulted' ? event.gpa : 0 },
      }),
    ),
    vcpuLeaveGuest: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'leave', reason: 'guest' },
      }),
    ),
    vcpuLeaveSignal: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'leave', reason: 'signal' },
      }),
    ),
    vcpuTrap: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'leave', reason: 'instruction' },
      }),
    ),
    vcpuLeaveKicked: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'leave', reason: 'interrupt' },
      }),
    ),
    vcpuStop: emit(
      ({ context: { vm, vcpu } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'stop' },
      }),
    ),
    vcpuKill: emit(
      ({ context: { vm, vcpu, errno } }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'kill', errno: errno ?? 'EINVAL' },
      }),
    ),
    vcpuDeinit: emit(
      ({ context: { vm }, event }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu: event.type === 'next' ? event.slot : 0,
        input: { type: 'deinit' },
      }),
    ),
    vcpuPoke: emit(
      ({ context: { vm, vcpu }, event }): Tell => ({
        to: 'vcpu',
        type: 'tell.vcpu',
        vm: vm ?? NO_VM,
        vcpu,
        input: { type: 'poke', state: event.type === 'poked' ? event.state : 0 },
      }),
    ),
    processExit: emit(
      ({ context: { pid } }): Tell => ({ to: 'process', type: 'tell.process', pid, input: { type: 'exit' } }),
    ),
    pageBusy: emit(
      ({ event }): Tell => ({
        to: 'pagedaemon',
        type: 'tell.pagedaemon',
        input: { type: 'busy', frame: (event as Extract<Answer, { type: 'page.chosen' }>).frame },
      }),
    ),
    pageSpare: emit(
      ({ event }): Tell => ({
        to: 'pagedaemon',
        type: 'tell.pagedaemon',
        input: { type: 'spare', frame: (event as Extract<Answer, { type: 'page.chosen' }>).frame },
      }),
    ),
    pageEvicted: emit(({ event }): Tell => {
      const { object, index } = event as Extract<Answer, { type: 'page.freed' }>
      return { to: 'pagedaemon', type: 'tell.pagedaemon', input: { type: 'evicted', object, index } }
    }),
    pspTold: emit(({ event }): Tell => {
      const { handle, done } = event as Extract<Answer, { type: 'psp.executed' }>
      return { to: 'psp', type: 'tell.psp', handle, input: done }
    }),
  },
  guards: {
    vmx: ({ context }) => context.handler === 'ept',
  },
})

/** The context of a call that has not begun; the engine gives each step its call's locals instead. */
export const NO_CALL: CallContext = { pid: 0, vm: null, vcpu: 0, slot: 0, object: null, errno: null, handler: 'ept' }
