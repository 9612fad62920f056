/**
 * What can be asked about the guest of a vCPU: its registers, its clock, its interrupt, and what it does itself.
 */
import type { Word64 } from './address.ts';
import type { Registers, WalkAccess } from './guest.ts';
import type { Pid, VcpuId, VmId } from './ids.ts';
export type AccessMode = 'r' | 'w' | 'x' | 'rw';
export type IocResetcpu = {
    readonly type: 'ioc.resetcpu';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    /** Of the initial register state, what is modelled; registers that are missing are 0. */
    readonly registers?: Partial<Registers>;
};
/** Which registers READREGS and WRITEREGS are about, and what the caller's structure holds; 0 where it is missing. */
type RegisterCall = {
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly mask: number;
};
/** VMM_IOC_READREGS. `mask` is VM_RWREGS_CRS 4, VM_RWREGS_MSRS 8; other groups are not modelled. */
export type IocReadregs = {
    readonly type: 'ioc.readregs';
} & RegisterCall;
export type IocWriteregs = {
    readonly type: 'ioc.writeregs';
    readonly registers: Partial<Registers>;
} & RegisterCall;
/** VMM_IOC_READVMPARAMS. `mask` is VM_RWVMPARAMS_PVCLOCK_SYSTEM_GPA 1, VM_RWVMPARAMS_PVCLOCK_VERSION 2. */
export type IocReadvmparams = {
    readonly type: 'ioc.readvmparams';
} & RegisterCall;
export type IocWritevmparams = {
    readonly type: 'ioc.writevmparams';
    readonly gpa: Word64;
    readonly version: number;
} & RegisterCall;
/** VMM_IOC_INTR: vmd has an interrupt for the guest, or has none any more. */
export type IocIntr = {
    readonly type: 'ioc.intr';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly pending: boolean;
};
/**
 * A nested page fault raised while `pid` runs the vCPU: the exit, the handler and the return, without
 * the rest of VMM_IOC_RUN.
 */
export type GuestFault = {
    readonly type: 'guest.fault';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
    /** Which handler takes it; null is the one of the device's mode. */
    readonly handler: 'ept' | 'rvi' | null;
    /** Calls the page-fault function itself, without the handler's look at the memory type. */
    readonly direct: boolean;
    /** EPT exit qualification: 1 read, 2 write, 4 execute; 8, 16, 32 was readable, writable, executable. */
    readonly qualification: number;
    readonly instructionLength: number;
    /** Whether the CPU assists decoding (SVM). */
    readonly decodeAssist: boolean;
};
/**
 * The guest of a vCPU that is inside VMM_IOC_RUN touches `gpa`. A `value` is what it writes there, null that it wants to
 * know what is there; left out, the contents do not matter. `word` says the same of the 8 bytes that hold `gpa`, which
 * start at a multiple of 8, and leaves the rest of the page as it is.
 */
export type GuestTouch = {
    readonly type: 'guest.touch';
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
    readonly access: AccessMode;
    readonly value?: number | null;
    readonly word?: Word64 | null;
    /** The TLB serves the access where it may still hold a translation that the tables have lost. It need not. */
    readonly tlb?: boolean;
};
/** The guest of a vCPU that is inside VMM_IOC_RUN does something that ends the ioctl, as HLT or a port access does. */
export type GuestLeave = {
    readonly type: 'guest.leave';
    readonly vm: VmId;
    readonly vcpu: VcpuId;
};
/**
 * vmm_translate_gva() of the vCPU, as a routine of the kernel would call it that acts for `pid`: where the guest-virtual
 * address lies, for an access at privilege level `cpl`. Nothing in the tree does.
 */
export type GuestTranslate = {
    readonly type: 'guest.translate';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly gva: Word64;
    readonly access: WalkAccess;
    readonly cpl: number;
};
/** The guest executes MOV to CR0, CR3 or CR4. */
export type GuestWritecr = {
    readonly type: 'guest.writecr';
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly cr: number;
    readonly word: Word64;
};
/**
 * The guest executes VMGEXIT with `gpa` in the MSR of the GHCB: the page in which it has said what it wants, at 0x390, or a
 * request of the protocol without a page.
 */
export type GuestVmgexit = {
    readonly type: 'guest.vmgexit';
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
};
/** The guest executes WRMSR. */
export type GuestWrmsr = {
    readonly type: 'guest.wrmsr';
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly msr: number;
    readonly word: Word64;
};
export {};
