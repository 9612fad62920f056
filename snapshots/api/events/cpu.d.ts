/**
 * What can have happened between CPUs, vCPUs and threads: where a thread runs, which VMCS a CPU works with, and what it
 * may have cached of nested tables.
 *
 * Source: vcpu_reload_vmcs_vmx(), vmx_remote_vmclear(), vmm_quiesce_vmx(), vcpu_init_vmx(), vcpu_deinit_vmx(),
 * vcpu_run_vmx() and vcpu_run_svm() of vmm_machdep.c; pmap_shootept() of pmap.c; Intel SDM vol. 3C, "Virtual-Machine
 * Control Structures".
 */
import type { CpuId, PmapRef, ThreadId, VcpuId, VmRef } from './ids.ts';
/** A thread that slept or was preempted goes on on another CPU. */
export type ThreadMigrated = {
    readonly type: 'thread.migrated';
    readonly thread: ThreadId;
    readonly cpu: CpuId;
};
/** VMPTRLD: the VMCS of the vCPU is active on `cpu`, and its current one. */
export type VmcsLoaded = {
    readonly type: 'vmcs.loaded';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
};
/**
 * VMCLEAR on `cpu`, by itself or asked by IPI: the VMCS is not active there, and its launch state is clear. It may go on
 * being active on a CPU that nobody asked.
 */
export type VmcsCleared = {
    readonly type: 'vmcs.cleared';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
};
/** VMCLEAR failed on `cpu`. It is logged; vc_vmx_vmcs_state says that the VMCS is clear. */
export type VmcsClearRefused = {
    readonly type: 'vmcs.clearRefused';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
};
/** km_free() of the VMCS page, of a vCPU that goes or whose init has failed. */
export type VmcsFreed = {
    readonly type: 'vmcs.freed';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/**
 * The CPU was about to use the VMCS of the vCPU, and another one is current there, or none. `use` is what for: `vmread`
 * reads registers of whoever's VMCS it is, or fails; `vmresume` enters that guest, or fails.
 */
export type VmcsMissed = {
    readonly type: 'vmcs.missed';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
    readonly use: 'vmread' | 'vmresume';
    readonly current: {
        readonly vm: VmRef;
        readonly vcpu: VcpuId;
    } | null;
};
/** vcpu_init_vmx(): pmap->eptp, of the root and of what the CPU offers. */
export type EptPointed = {
    readonly type: 'ept.pointed';
    readonly pmap: PmapRef;
    readonly eptp: number;
};
/**
 * The run loop goes on on `cpu`, at its first iteration or after a change: vc_last_pcpu names it, and on VMX ci_ept_pmap
 * the VM's pmap. Before the next entry everything is flushed that the CPU may have cached for the vCPU.
 */
export type VcpuPlaced = {
    readonly type: 'vcpu.placed';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
};
/** vc_last_pcpu names `cpu`, where the thread is before it may sleep, or when the run loop has ended. */
export type VcpuParked = {
    readonly type: 'vcpu.parked';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
};
export type CpuEvent = ThreadMigrated | VmcsLoaded | VmcsCleared | VmcsClearRefused | VmcsFreed | VmcsMissed | EptPointed | VcpuPlaced | VcpuParked;
