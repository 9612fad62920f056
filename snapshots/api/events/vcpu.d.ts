/**
 * What can have happened to a vCPU.
 *
 * Source: vm_create(), vm_run(), vm_resetcpu(), vcpu_init(), vcpu_deinit() and the fault handlers of vmm(4).
 */
import type { Gpa, Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { CpuId, PmapRef, ThreadId, VcpuId, VmRef } from './ids.ts';
/** pool_get() of the struct; it is on no list yet. */
export type VcpuAllocated = {
    readonly type: 'vcpu.allocated';
    readonly vm: VmRef;
};
/** vcpu_init() succeeded and the vCPU is on its VM's list, STOPPED. */
export type VcpuInitialised = {
    readonly type: 'vcpu.initialised';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    /** vc_vpid: the VPID or ASID that vmm_alloc_vpid() gave it; none is known when left out. */
    readonly asid?: number;
    /** vc_sev or vc_seves: how its guest is encrypted. Left out where it is not. */
    readonly sev?: 'sev' | 'seves';
};
/** vcpu_init() failed. */
export type VcpuInitRefused = {
    readonly type: 'vcpu.initRefused';
    readonly vm: VmRef;
    readonly errno: Errno;
};
/** vcpu_deinit(): off the list, its CPU structures are gone. */
export type VcpuDeinitialised = {
    readonly type: 'vcpu.deinitialised';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/** pool_put() of the struct. */
export type VcpuFreed = {
    readonly type: 'vcpu.freed';
    readonly vm: VmRef;
};
/** vc_lock was taken for writing. */
export type VcpuLocked = {
    readonly type: 'vcpu.locked';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly thread: ThreadId;
};
export type VcpuUnlocked = {
    readonly type: 'vcpu.unlocked';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly thread: ThreadId;
};
/** vm_run(): STOPPED became RUNNING. */
export type VcpuStarted = {
    readonly type: 'vcpu.started';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/** The CPU is in the guest. */
export type VcpuEntered = {
    readonly type: 'vcpu.entered';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/** The guest's access to `gpa` was not served by the nested tables: a VM exit. */
export type VcpuFaulted = {
    readonly type: 'vcpu.faulted';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
};
/** A VM exit for another reason than a nested fault. */
export type VcpuExited = {
    readonly type: 'vcpu.exited';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly reason: 'guest' | 'signal' | 'instruction' | 'interrupt';
};
/** vm_run(): back to STOPPED, and userland will be told why. */
export type VcpuStopped = {
    readonly type: 'vcpu.stopped';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/** vm_run(): the run loop failed; the vCPU never runs again. */
export type VcpuTerminated = {
    readonly type: 'vcpu.terminated';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly errno: Errno;
};
/** vcpu_reset_regs() ran; `errno` when it failed. */
export type VcpuReset = {
    readonly type: 'vcpu.reset';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly errno: Errno | null;
};
/** The state word was written from outside. */
export type VcpuPoked = {
    readonly type: 'vcpu.poked';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly state: number;
};
/** vcpu_reload_vmcs_vmx(): the VMCS is current on this CPU again; `errno` when VMPTRLD failed. */
export type VmcsReloaded = {
    readonly type: 'vmcs.reloaded';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly errno: Errno | null;
};
/** INVEPT for the nested pmap on `cpus`; on all of them when left out. */
export type EptInvalidated = {
    readonly type: 'ept.invalidated';
    readonly pmap: PmapRef;
    readonly cpus?: readonly CpuId[];
};
/** vmm_translate_gpa(): the fault's gpa lies at `hva` of the process that runs the vCPU. */
export type FaultTranslated = {
    readonly type: 'fault.translated';
    readonly vm: VmRef;
    readonly gpa: Gpa;
    readonly hva: Word64;
};
export type VcpuEvent = VcpuAllocated | VcpuInitialised | VcpuInitRefused | VcpuDeinitialised | VcpuFreed | VcpuLocked | VcpuUnlocked | VcpuStarted | VcpuEntered | VcpuFaulted | VcpuExited | VcpuStopped | VcpuTerminated | VcpuReset | VcpuPoked | VmcsReloaded | EptInvalidated | FaultTranslated;
