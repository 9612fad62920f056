/**
 * The guest's state that is kept for a vCPU, as far as it is about memory, and what the bits of its registers mean.
 *
 * Source: struct vcpu of machine/vmmvar.h; Intel SDM vol. 3A, "Control Registers" and "Extended Feature Enable Register".
 */
import type { Frame, Gpa, Word64 } from '../../events/address.ts';
import type { GuestRegister, Registers, WalkedEntry } from '../../events/guest.ts';
import type { Vcpu } from './world.ts';
export type GuestState = {
    readonly registers: Registers;
    /** vc_pvclock_system_gpa; bit 0 says that the clock is wanted. */
    readonly clockGpa: Word64;
    /** vc_pvclock_version. */
    readonly clockVersion: number;
    /** vc_intr: vmd wants the vCPU to leave once the guest can take an interrupt. */
    readonly interrupt: boolean;
    /** vc_inject: the vector of the exception that the next entry delivers. */
    readonly exception: number | null;
    /** vc_svm_ghcb_va, once the guest has named a GHCB. */
    readonly ghcb?: Ghcb;
};
/** Where the GHCB was when it was looked up; `awaited` while userland has its answer. */
export type Ghcb = {
    readonly gpa: Gpa;
    readonly frame: Frame;
    readonly awaited: boolean;
};
/** Registers of a VMCS or VMCB that nobody has written to. */
export declare const NO_REGISTERS: Registers;
/** The state of a vCPU right after vcpu_init(). */
export declare const NEW_GUEST: GuestState;
/** What is kept for a vCPU; a vCPU that has none of its own is as it was made. */
export declare function guestOf(vcpu: Vcpu | undefined): GuestState;
/** What the guest writes to a register; `refused` is the vector of the exception that answers it. */
export type Instruction = {
    readonly writes: GuestRegister;
    readonly number: number;
    readonly word: Word64;
    readonly refused?: number;
};
/** Where vmm_translate_gva() stands: the table of `level`, of entries of `bytes` bytes, and what it has read so far. */
export type Walk = {
    readonly level: number;
    readonly shift: number;
    readonly bytes: 4 | 8;
    /** Guest-physical address of the table, as the kernel takes it. */
    readonly table: Word64;
    readonly path: readonly WalkedEntry[];
};
/** What a call knows of words and of the guest's state; all of it is missing in calls that are not about these. */
export type GuestLocals = {
    /** What an access to a word found. */
    readonly word?: Word64;
    /** What the guest writes to a register, while its exit is handled. */
    readonly instruction?: Instruction;
    /** Byte of the page at which the kernel's own access to guest memory lies. */
    readonly byte?: number;
    readonly walk?: Walk;
    /** What vmm_translate_gva() found. */
    readonly found?: Word64;
    /** What READREGS and READVMPARAMS found. */
    readonly registers?: Partial<Registers>;
    readonly params?: {
        readonly clockGpa?: Word64;
        readonly clockVersion?: number;
    };
};
/** Vector of a general-protection exception. @source machine/vmmvar.h, VMM_EX_GP */
export declare const GENERAL_PROTECTION = 13;
/** VMM_EX_UD. */
export declare const INVALID_OPCODE = 6;
/** Bits of CR0. @source machine/specialreg.h */
export declare const CR0: {
    readonly PE: 0;
    readonly NE: 5;
    readonly WP: 16;
    readonly NW: 29;
    readonly CD: 30;
    readonly PG: 31;
};
/** Bits of CR4. */
export declare const CR4: {
    readonly PSE: 4;
    readonly PAE: 5;
    readonly VMXE: 13;
};
/** Bits of EFER. */
export declare const EFER: {
    readonly LME: 8;
    readonly LMA: 10;
    readonly NXE: 11;
    readonly SVME: 12;
};
/** How the CPU translates guest-virtual addresses. */
export type Paging = 'none' | '32-bit' | 'pae' | '4-level';
/** What the registers say about paging. Protected mode and EFER.LMA go with it in every state that a CPU can enter. */
export declare function pagingOf({ cr0, cr4, efer }: Registers): Paging;
