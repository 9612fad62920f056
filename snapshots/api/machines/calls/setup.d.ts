import type { Answer } from '../../events/answer.ts';
import type { Errno } from '../../events/errno.ts';
import type { ObjectRef, Pid, SlotIndex, VcpuId, VmRef } from '../../events/ids.ts';
import type { Tell } from '../tell.ts';
import type { LockProgram } from './locks.ts';
/** The part of a call's locals that its machine looks at. */
export type CallContext = {
    readonly pid: Pid;
    readonly vm: VmRef | null;
    readonly vcpu: VcpuId;
    readonly slot: SlotIndex;
    readonly object: ObjectRef | null;
    readonly errno: Errno | null;
    readonly handler: 'ept' | 'rvi';
};
/** Functions at whose entry a thread can be stopped to look around. `rw_exit_read` is after a shared lock was dropped. */
export type PausePoint = 'uao_create' | 'uvm_map' | 'uvm_map_immutable' | 'uvm_share' | 'uao_reference' | 'vcpu_init' | 'uvm_fault_wire' | 'uvm_map_pageable' | 'ccp_docmd' | 'km_alloc' | 'km_free' | 'rw_enter_write' | 'rw_exit_read';
export type StepMeta = {
    /** Kernel function that the step calls, as the design names it; null in final states. */
    readonly calls: string | null;
    /** C routine and the line of thought in it. */
    readonly source: string;
    /** Pause points that the step passes at its beginning, in order. */
    readonly pauses?: readonly PausePoint[];
    /** What the step does to locks, where that is not what its kernel function does; see locks.ts. */
    readonly locks?: LockProgram;
    /** The step may sleep, or lose its CPU, before it does anything: it may go on on another one. */
    readonly sleeps?: boolean;
};
export declare const callSetup: import("xstate").SetupReturn<CallContext, Answer, {}, {}, {
    slotBacked: import("xstate").NonReducibleUnknown;
    slotMapped: import("xstate").NonReducibleUnknown;
    slotSealed: import("xstate").NonReducibleUnknown;
    slotHeld: import("xstate").NonReducibleUnknown;
    slotRefused: import("xstate").NonReducibleUnknown;
    slotShared: import("xstate").NonReducibleUnknown;
    slotUnshared: import("xstate").NonReducibleUnknown;
    slotDetached: import("xstate").NonReducibleUnknown;
    vmRegister: import("xstate").NonReducibleUnknown;
    vmCondemn: import("xstate").NonReducibleUnknown;
    vmUnlink: import("xstate").NonReducibleUnknown;
    vmTeardown: import("xstate").NonReducibleUnknown;
    vmFree: import("xstate").NonReducibleUnknown;
    vcpuRun: import("xstate").NonReducibleUnknown;
    vcpuEnter: import("xstate").NonReducibleUnknown;
    vcpuFault: import("xstate").NonReducibleUnknown;
    vcpuLeaveGuest: import("xstate").NonReducibleUnknown;
    vcpuLeaveSignal: import("xstate").NonReducibleUnknown;
    vcpuTrap: import("xstate").NonReducibleUnknown;
    vcpuLeaveKicked: import("xstate").NonReducibleUnknown;
    vcpuStop: import("xstate").NonReducibleUnknown;
    vcpuKill: import("xstate").NonReducibleUnknown;
    vcpuDeinit: import("xstate").NonReducibleUnknown;
    vcpuPoke: import("xstate").NonReducibleUnknown;
    processExit: import("xstate").NonReducibleUnknown;
    pageBusy: import("xstate").NonReducibleUnknown;
    pageSpare: import("xstate").NonReducibleUnknown;
    pageEvicted: import("xstate").NonReducibleUnknown;
    pspTold: import("xstate").NonReducibleUnknown;
}, {
    vmx: unknown;
}, never, string, import("xstate").NonReducibleUnknown, import("xstate").NonReducibleUnknown, Tell, StepMeta, StepMeta>;
/** The context of a call that has not begun; the engine gives each step its call's locals instead. */
export declare const NO_CALL: CallContext;
