/**
 * What can have happened to the guest's state that is kept for a vCPU: control registers, its clock, the interrupt and
 * the exception that wait for it.
 *
 * Source: vm_rwregs(), vm_rwvmparams(), vm_intr_pending(), vcpu_reset_regs(), vmx_handle_cr(), vmx_handle_wrmsr(),
 * svm_handle_msr(), vmm_init_pvclock() and vmm_inject_gp() of vmm_machdep.c.
 */
import type { Frame, Gpa, Word64 } from './address.ts';
import type { VcpuId, VmRef } from './ids.ts';
/** What says how guest-virtual addresses are translated. PDPTEs are there on VMX alone. */
export type Registers = {
    readonly cr0: Word64;
    readonly cr3: Word64;
    readonly cr4: Word64;
    readonly efer: Word64;
    /** Guest PDPTE 0 to 3 of the VMCS: what a CPU with PAE paging walks from. */
    readonly pdptes: readonly Word64[];
};
/** Registers hold other values now; those that are left out hold what they held. */
export type RegistersWritten = {
    readonly type: 'registers.written';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
} & Partial<Registers>;
/** vmm_init_pvclock(): vc_pvclock_system_gpa, bit 0 of which says that the clock is wanted. */
export type ClockPlaced = {
    readonly type: 'clock.placed';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
};
/** vc_pvclock_version. */
export type ClockVersioned = {
    readonly type: 'clock.versioned';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly version: number;
};
/**
 * vmm_gpa_is_valid() and the look at the page's end have said whether an object of `bytes` bytes may lie at `gpa`;
 * `mapped` is false where it may and the page has no leaf, which is refused as well.
 */
export type PlaceJudged = {
    readonly type: 'place.judged';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
    readonly bytes: number;
    readonly accepted: boolean;
    readonly mapped: boolean;
};
/** vmm_inject_gp() and its like: vc_inject holds exception `vector`, which the next entry delivers. */
export type ExceptionRaised = {
    readonly type: 'exception.raised';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly vector: number;
};
/** vm_run(): vc_inject is overwritten by what the caller gave, and what waited there is lost. */
export type ExceptionDropped = {
    readonly type: 'exception.dropped';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/** vc_intr. */
export type InterruptFlagged = {
    readonly type: 'interrupt.flagged';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly pending: boolean;
};
/** What a guest writes to: control register `number`, model-specific register `number`, or the MSR of the GHCB. */
export type GuestRegister = 'cr' | 'msr' | 'ghcb';
/** The guest executes MOV to CR, WRMSR or VMGEXIT. */
export type InstructionBegun = {
    readonly type: 'instruction.begun';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly writes: GuestRegister;
    readonly number: number;
    readonly word: Word64;
};
/** The CPU refused the guest's instruction by exception `vector`, without an exit. */
export type InstructionRefused = {
    readonly type: 'instruction.refused';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly vector: number;
};
/**
 * vmx_load_pdptes() has read the PDPTEs of the VMCS from `offset` of `frame`, which backs guest page `gpa`; or had found
 * no leaf for it, where `frame` is -1, and put zeros there.
 */
export type PdptesLoaded = {
    readonly type: 'pdptes.loaded';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Gpa;
    readonly frame: Frame | -1;
    readonly offset: number;
};
/** An entry of a guest's page table, as a walk found it. */
export type WalkedEntry = {
    readonly level: number;
    readonly gpa: Word64;
    readonly entry: Word64;
};
/**
 * vmm_translate_gva() has walked the guest's tables over the entries of `path`, and answers `gpa`, or `errno`: EFAULT where
 * an entry is not present, EPERM where one forbids the access.
 */
export type GvaTranslated = {
    readonly type: 'gva.translated';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gva: Word64;
    readonly access: WalkAccess;
    /** The privilege level of the access: vc_exit.cpl. */
    readonly cpl: number;
    readonly gpa: Word64 | null;
    readonly errno: 'EFAULT' | 'EPERM' | null;
    readonly path: readonly WalkedEntry[];
};
/** PROT_READ, PROT_WRITE or PROT_EXEC. */
export type WalkAccess = 'r' | 'w' | 'x';
/** vc_svm_ghcb_va: page `gpa` of the guest was in `frame` when the guest first named it. */
export type GhcbFound = {
    readonly type: 'ghcb.found';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Gpa;
    readonly frame: Frame;
};
/** Userland has a port access of the guest to do; the next RUN begins with the answer in the GHCB. Or that is written. */
export type GhcbAwaited = {
    readonly type: 'ghcb.awaited';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly awaited: boolean;
};
export type GuestEvent = RegistersWritten | ClockPlaced | ClockVersioned | PlaceJudged | ExceptionRaised | ExceptionDropped | InterruptFlagged | InstructionBegun | InstructionRefused | PdptesLoaded | GvaTranslated | GhcbFound | GhcbAwaited;
