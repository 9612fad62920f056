/** How a host is booted: all that a run depends on besides its decisions. */
/** Nested paging of the CPU. `unknown` is a CPU with neither, on which CREATE fails. */
export type NestedMode = 'ept' | 'rvi' | 'unknown';
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
};
/** 64 GiB of host memory, EPT, no Meltdown workaround, no fault-ahead. */
export declare const DEFAULT_BOOT: Boot;
