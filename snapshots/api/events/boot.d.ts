/** How a host is booted: all that a run depends on besides its decisions. */
/** Nested paging of the CPU. `unknown` is a CPU with neither, on which CREATE fails. */
export type NestedMode = 'ept' | 'rvi' | 'unknown';
/**
 * What a CPU with SEV says of itself: the page-table bit that marks memory as encrypted, 0 on a CPU without SEV; how many
 * ASIDs have a key, counting from 1; and the lowest of them for guests without encrypted state. Those below are for
 * SEV-ES.
 *
 * @source CPUID 8000_001F; amd64_pos_cbit and amd64_min_noes_asid of identcpu.c
 */
export type SevCpu = {
    readonly cbit: number;
    readonly asids: number;
    readonly noes: number;
};
/** A BIOS that leaves no ASID to SEV-ES, as many do until they are told. */
export declare const DEFAULT_SEV: SevCpu;
export type Boot = {
    readonly mode: NestedMode;
    /** vmm_softc->vcpu_max; VMM_MAX_VCPUS unless a test wants fewer. */
    readonly vcpuMax: number;
    /** A CPU that needs a second, user-mode page directory per process pmap. */
    readonly meltdown: boolean;
    /** Host-physical pages in all. */
    readonly frames: number;
    /**
     * How many resident pages after the one that faulted an ordinary fault maps as well; one less before it. 4 in a real
     * kernel, for memory without advice; 0 where the functions were recorded.
     *
     * @source uvm_fault.c, uvmadvice[]: 3 back and 4 forward for MADV_NORMAL, none for RANDOM, 8 and 7 for SEQUENTIAL
     */
    readonly faultAhead: number;
    /** Pages that swap holds in all. */
    readonly swapSlots: number;
    /** CPUs of the host. All can do what `mode` says. */
    readonly cpus: number;
    /**
     * Largest VPID or ASID that vmm_alloc_vpid() gives out: max_vpid. 0xfff on VMX, what CPUID says on SVM; fewer where a
     * test wants them to run out.
     */
    readonly asids: number;
    /** IA32_VMX_EPT_VPID_CAP: page-walk length 4 is offered. Without it vcpu_init_vmx() fails. */
    readonly eptWalk4: boolean;
    /** IA32_VMX_EPT_VPID_CAP: write-back memory for the paging structures is offered. Without it they are uncached. */
    readonly eptWriteBack: boolean;
    /** SEV of the CPU; DEFAULT_SEV when left out. Only an AMD host has any. */
    readonly sev?: SevCpu;
};
/** 64 GiB of host memory, one CPU, EPT, no Meltdown workaround, no fault-ahead. */
export declare const DEFAULT_BOOT: Boot;
/** What the host's CPU has of SEV: nothing on one without RVI. */
export declare function sevOf({ mode, sev }: Boot): SevCpu;
