/**
 * What a caller gets. A refusal is an answer that the kernel really gives; it names the routine that
 * said no. A defect of the model is never a reply: it is thrown.
 */
import type { Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { Registers } from './guest.ts';
import type { Pid, ThreadId, VcpuId, VmId } from './ids.ts';
import type { Asid, PspGuestState, PspHandle } from './psp.ts';
import type { WaitChannel } from './wait.ts';
/** `at` is the kernel routine that refused. */
export type Refusal = {
    readonly ok: false;
    readonly errno: Errno;
    readonly at: string;
};
/** How a nested fault handler classified an exit for userland. @source struct vm_exit_eptviolation, vee_exit */
export type ExitClass = 'none' | 'handled' | 'mmio' | 'protect';
/** What the handler of a nested fault left in the exit structure. */
export type FaultReport = {
    readonly exit: ExitClass;
    /** vee_insn_len. */
    readonly instructionLength: number;
    /** vee_insn_info: 1 length valid, 2 bytes valid. */
    readonly instructionInfo: number;
};
/** `struct vm_info_result`. An entry that INFO never filled is all zero. */
export type VmInfo = {
    readonly id: VmId;
    readonly pid: Pid;
    readonly name: string;
    readonly memorySize: number;
    /** Resident count of the nested pmap in bytes, page tables included. */
    readonly usedSize: number;
    readonly ncpus: number;
    readonly states: readonly {
        readonly vcpu: VcpuId;
        readonly state: number;
    }[];
};
/**
 * `poscbit` is the page-table bit that marks memory as encrypted, 0 on a CPU without SEV; `asid` has the ASID of each
 * vCPU. Only SVM says these.
 */
export type CreateReply = {
    readonly ok: true;
    readonly id: VmId;
    readonly va: readonly Word64[];
    readonly poscbit?: number;
    readonly asid?: readonly Asid[];
} | Refusal;
/** `va` is the kernel's copy of vsp_va[]; the caller sees it only when `ok`. */
export type SharememReply = {
    readonly ok: true;
    readonly va: readonly Word64[];
} | (Refusal & {
    readonly va: readonly Word64[] | null;
});
export type FaultReply = ({
    readonly ok: true;
} & FaultReport) | (Refusal & {
    readonly report: FaultReport | null;
});
/** `reason` is vrp_exit_reason: why RUN came back to userland. */
export type RunReply = {
    readonly ok: true;
    readonly reason: 'none' | 'mmio' | 'protect' | 'guest' | 'signal' | 'interrupt';
    readonly report: FaultReport | null;
} | (Refusal & {
    readonly report: FaultReport | null;
});
/**
 * `count` is vip_info_ct where the kernel set it; `need` is the larger size in bytes that it asked for; `vms`
 * is what the caller's buffer holds then, newest VM first.
 */
export type InfoReply = {
    readonly ok: true;
    readonly count: number;
    readonly need: number | null;
    readonly vms: readonly VmInfo[];
} | (Refusal & {
    readonly count: number | null;
});
export type TouchReply = {
    readonly ok: true;
    readonly faulted: boolean;
} | (Refusal & {
    readonly faulted: boolean;
});
/**
 * `value` is what the page held, from 2^45 on the number of a table of words, null for the noise that ciphertext is;
 * `word` what the word held. Noise has no words.
 */
export type ReadReply = {
    readonly ok: true;
    readonly faulted: boolean;
    readonly value: number | null;
    readonly word?: undefined;
} | {
    readonly ok: true;
    readonly faulted: boolean;
    readonly word: Word64;
    readonly value?: undefined;
} | (Refusal & {
    readonly faulted: boolean;
});
/**
 * What a guest's access came to: served at once, after a fault, or by leaving RUN, which answered `left`. `value` is
 * what the page held after an access that was about contents, null for noise, `word` what the word did.
 */
export type GuestReply = {
    readonly ok: true;
    readonly faulted: boolean;
    readonly left: RunReply | null;
    readonly value?: number | null;
    readonly word?: Word64;
} | Refusal;
/** What READREGS found of the groups of registers that were asked for. */
export type RegistersReply = {
    readonly ok: true;
    readonly registers: Partial<Registers>;
} | Refusal;
/** What READVMPARAMS found: vc_pvclock_system_gpa and vc_pvclock_version, where they were asked for. */
export type ParamsReply = {
    readonly ok: true;
    readonly clockGpa?: Word64;
    readonly clockVersion?: number;
} | Refusal;
/** Where a guest-virtual address lies in guest-physical space. */
export type TranslateReply = {
    readonly ok: true;
    readonly gpa: Word64;
} | Refusal;
/** `refused` is the vector of the exception that the CPU, or vmm(4), answers the guest's instruction with. */
export type InstructionReply = {
    readonly ok: true;
    readonly refused: number | null;
    readonly left: RunReply | null;
} | Refusal;
export type MmapReply = {
    readonly ok: true;
    readonly va: Word64;
} | Refusal;
/** What became of an inactive page: used again, freed as it was, or freed after it was written to swap. */
export type PageFate = 'activated' | 'freed' | 'written';
export type ReclaimReply = {
    readonly ok: true;
    readonly fate: PageFate;
} | Refusal;
/** Ranges that a core dump holds, ascending. */
export type CoredumpReply = {
    readonly ok: true;
    readonly ranges: readonly {
        readonly start: Word64;
        readonly size: Word64;
    }[];
} | Refusal;
export type MuststopReply = {
    readonly ok: true;
    readonly stop: boolean;
} | Refusal;
/** `handle` names the guest's context from here on. */
export type LaunchReply = {
    readonly ok: true;
    readonly handle: PspHandle;
} | Refusal;
/** State of the platform: without a guest, or with one at least. */
export type PlatformReply = {
    readonly ok: true;
    readonly platform: 'uninitialised' | 'initialised' | 'working';
} | Refusal;
/** State of a guest's context; `asid` is 0 while it is not active. */
export type GuestStatusReply = {
    readonly ok: true;
    readonly guest: PspGuestState;
    readonly asid: Asid;
    readonly es: boolean;
} | Refusal;
/** `why` is the refusal in a sentence. */
export type MigrateReply = {
    readonly ok: true;
} | (Refusal & {
    readonly why: string;
});
export type PlainReply = {
    readonly ok: true;
} | Refusal;
export type Reply = CreateReply | SharememReply | FaultReply | RunReply | InfoReply | TouchReply | ReadReply | GuestReply | RegistersReply | ParamsReply | InstructionReply | TranslateReply | MmapReply | ReclaimReply | CoredumpReply | MuststopReply | LaunchReply | PlatformReply | GuestStatusReply | MigrateReply | PlainReply;
/** Which reply answers which command. */
export type ReplyOf = {
    readonly 'ioc.create': CreateReply;
    readonly 'ioc.sharemem': SharememReply;
    readonly 'ioc.run': RunReply;
    readonly 'ioc.term': PlainReply;
    readonly 'ioc.info': InfoReply;
    readonly 'ioc.resetcpu': PlainReply;
    readonly 'ioc.readregs': RegistersReply;
    readonly 'ioc.writeregs': PlainReply;
    readonly 'ioc.readvmparams': ParamsReply;
    readonly 'ioc.writevmparams': PlainReply;
    readonly 'ioc.intr': PlainReply;
    readonly 'ioc.mprotectept': PlainReply;
    readonly 'ioc.unknown': PlainReply;
    readonly 'guest.fault': FaultReply;
    readonly 'guest.touch': GuestReply;
    readonly 'guest.leave': GuestReply;
    readonly 'guest.translate': TranslateReply;
    readonly 'guest.writecr': InstructionReply;
    readonly 'guest.wrmsr': InstructionReply;
    readonly 'guest.vmgexit': InstructionReply;
    readonly 'host.spawn': PlainReply;
    readonly 'host.pledge': PlainReply;
    readonly 'host.exit': PlainReply;
    readonly 'host.signal': PlainReply;
    readonly 'host.touch': TouchReply;
    readonly 'host.read': ReadReply;
    readonly 'host.write': TouchReply;
    readonly 'host.mmap': MmapReply;
    readonly 'host.munmap': PlainReply;
    readonly 'host.mprotect': PlainReply;
    readonly 'host.minherit': PlainReply;
    readonly 'host.madvise': PlainReply;
    readonly 'host.msync': PlainReply;
    readonly 'host.mlock': PlainReply;
    readonly 'host.munlock': PlainReply;
    readonly 'host.fork': PlainReply;
    readonly 'host.exec': PlainReply;
    readonly 'host.coredump': CoredumpReply;
    readonly 'host.pageout': PlainReply;
    readonly 'host.deactivate': PlainReply;
    readonly 'host.reclaim': ReclaimReply;
    readonly 'host.migrate': MigrateReply;
    readonly 'host.suspend': PlainReply;
    readonly 'host.wakeup': PlainReply;
    readonly 'host.muststop': MuststopReply;
    readonly 'host.poke': PlainReply;
    readonly 'host.hold': PlainReply;
    readonly 'host.release': PlainReply;
    readonly 'fail.next': PlainReply;
    readonly 'psp.init': PlainReply;
    readonly 'psp.shutdown': PlainReply;
    readonly 'psp.pstatus': PlatformReply;
    readonly 'psp.gstatus': GuestStatusReply;
    readonly 'psp.dfflush': PlainReply;
    readonly 'psp.launchstart': LaunchReply;
    readonly 'psp.launchupdate': PlainReply;
    readonly 'psp.encryptstate': PlainReply;
    readonly 'psp.launchmeasure': PlainReply;
    readonly 'psp.launchfinish': PlainReply;
    readonly 'psp.activate': PlainReply;
    readonly 'psp.deactivate': PlainReply;
    readonly 'psp.decommission': PlainReply;
    readonly 'psp.guestshutdown': PlainReply;
};
/** The host panicked in the middle of the call, or had done so before. Nothing answers any more. */
export type Panicked = {
    readonly ok: false;
    readonly panic: {
        readonly fn: string;
        readonly kind: string;
    };
};
/** The call sleeps and has no answer yet; `thread` can be stepped once what it waits for has happened. */
export type Asleep = {
    readonly ok: false;
    readonly blocked: WaitChannel;
    readonly thread: ThreadId;
};
/** What dispatching a command may give. */
export type Outcome<Type extends keyof ReplyOf = keyof ReplyOf> = ReplyOf[Type] | Panicked | Asleep;
