/**
 * CPUs in the world: what they work with, and what their TLBs may keep.
 */
import type { Boot } from '../../events/boot.ts';
import type { CpuId, PmapRef, VcpuId, VmRef } from '../../events/ids.ts';
/** A VMCS. */
export type Vmcs = {
    /** vc_vmx_vmcs_state: what the kernel takes its launch state to be. */
    readonly state: 'clear' | 'launched';
    /** Its guest was entered, and no CPU that has it active was told to clear it since. */
    readonly launched: boolean;
    /** Where VMPTRLD has made it active without a VMCLEAR since. One CPU at most is right. */
    readonly active: readonly CpuId[];
};
/** A host CPU. */
export type Cpu = {
    /** CPUF_VMM: virtualization is on here. */
    readonly on: boolean;
    /** ci_ept_pmap: the EPT pmap that was loaded last. It is never cleared, and may be gone. */
    readonly eptPmap: PmapRef | null;
    /** Whose VMCS VMPTRLD has made current. */
    readonly vmcs: VmcsOf | null;
    /** VMCSs that are active here although their pages were freed. */
    readonly freed: readonly VmcsOf[];
};
/** The vCPU that a VMCS is of; it may be gone. */
export type VmcsOf = {
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/**
 * A nested translation that is in the tables no more, or with fewer rights, and that a TLB may keep: the vCPU ran on
 * `cpu` while it was in force, and can enter the guest there again without a flush.
 */
export type Stale = {
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly cpu: CpuId;
    /** Guest page number; of the first one, where an entry of an upper level may be kept. */
    readonly page: number;
    /** 0 for a page; 1 to 3 for the page-table page of that level. */
    readonly level: number;
    /** LEAF_* bits as they were. */
    readonly flags: number;
    /** The frame was freed since. */
    readonly freed: boolean;
};
/** A CPU on which nothing has run. */
export declare const IDLE_CPU: Cpu;
/** The CPUs of a host, all alike. */
export declare function cpusOf({ cpus }: Boot, cpu?: Cpu): readonly Cpu[];
