/**
 * What can be asked of the system from outside: the ioctls of vmm(4), what a guest does, what the
 * processes around do, and the failures that a test wants to see. Commands are the decisions of a run;
 * together with the boot configuration and the order in which threads step they determine it.
 */
import type { Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { AccessMode, GuestFault, GuestLeave, GuestTouch, GuestTranslate, GuestVmgexit, GuestWritecr, GuestWrmsr, IocIntr, IocReadregs, IocReadvmparams, IocResetcpu, IocWriteregs, IocWritevmparams } from './guest-command.ts';
import type { CpuId, Pid, ThreadId, VcpuId, VmId } from './ids.ts';
import type { Asid, PspHandle } from './psp.ts';
import type { Advice, Inherit, Protection } from './space.ts';
export type * from './guest-command.ts';
/** A promise of pledge(2): the two that the gates of vmm(4) look at, and `stdio`, which stands for all others. */
export type Pledge = 'vmm' | 'proc' | 'stdio';
/** `struct vm_mem_range` as a caller fills it; nothing in it has been judged. @source dev/vmm/vmm.h */
export type RangeRequest = {
    readonly gpa: Word64;
    readonly size: Word64;
    /** VM_MEM_RAM 0, VM_MEM_RESERVED 1, VM_MEM_MMIO 2; other values are let through as backed memory. */
    readonly memtype: number;
    /** The user address field: a hint for uvm_map(). */
    readonly va: Word64;
};
export type IocCreate = {
    readonly type: 'ioc.create';
    readonly pid: Pid;
    readonly ranges: readonly RangeRequest[];
    /** vcp_nmemranges where it is not the number of ranges given. */
    readonly count?: Word64;
    readonly ncpus: Word64;
    readonly name: string;
    /** vcp_sev, vcp_seves: the memory of the guest is to be encrypted, and the registers of its vCPUs as well. */
    readonly sev?: boolean;
    readonly seves?: boolean;
};
export type IocSharemem = {
    readonly type: 'ioc.sharemem';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly ranges: readonly RangeRequest[];
    readonly count?: Word64;
    /** vsp_va[] as the caller left it; missing elements are 0. */
    readonly va: readonly Word64[];
};
/** VMM_IOC_RUN: the thread stays in the guest until the guest or the host makes it leave. */
export type IocRun = {
    readonly type: 'ioc.run';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    /** vrp_intr_pending: vmd has an interrupt for the guest. */
    readonly interrupt?: boolean;
};
export type IocTerm = {
    readonly type: 'ioc.term';
    readonly pid: Pid;
    readonly vm: VmId;
};
export type IocInfo = {
    readonly type: 'ioc.info';
    readonly pid: Pid;
    /** vip_size in bytes. */
    readonly size: number;
};
/**
 * VMM_IOC_MPROTECT_EPT, which only the design before the patch knows: other rights for the guest's mapping of
 * [gpa, gpa + size). `prot` is PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4, added up.
 */
export type IocMprotectept = {
    readonly type: 'ioc.mprotectept';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly gpa: Word64;
    readonly size: Word64;
    readonly prot: number;
};
/** A request number that vmm(4) does not know. */
export type IocUnknown = {
    readonly type: 'ioc.unknown';
    readonly pid: Pid;
    readonly request: Word64;
};
export type HostSpawn = {
    readonly type: 'host.spawn';
    readonly pid: Pid;
    readonly pledge: readonly Pledge[];
};
/** pledge(2): from now on the process does only what it promises. It can give promises up, and never get one back. */
export type HostPledge = {
    readonly type: 'host.pledge';
    readonly pid: Pid;
    readonly pledge: readonly Pledge[];
};
export type HostExit = {
    readonly type: 'host.exit';
    readonly pid: Pid;
};
export type HostSignal = {
    readonly type: 'host.signal';
    readonly pid: Pid;
};
export type HostTouch = {
    readonly type: 'host.touch';
    readonly pid: Pid;
    readonly va: Word64;
    readonly access: AccessMode;
};
/** The process reads what the page at `va` holds; with `word`, only the 8 bytes that hold `va`. */
export type HostRead = {
    readonly type: 'host.read';
    readonly pid: Pid;
    readonly va: Word64;
    readonly word?: boolean;
};
/**
 * The process writes `value`, a whole number below 2^45, to the page at `va`; or `word` to the 8 bytes that hold `va`,
 * which start at a multiple of 8.
 */
export type HostWrite = {
    readonly type: 'host.write';
    readonly pid: Pid;
    readonly va: Word64;
} & ({
    readonly value: number;
    readonly word?: undefined;
} | {
    readonly word: Word64;
    readonly value?: undefined;
});
/**
 * mmap(2) of anonymous memory, at exactly `va` when it is given. `shared` is MAP_SHARED: a child gets the same
 * memory, not a copy. `conceal` is MAP_CONCEAL: not in core dumps. `fixed` is MAP_FIXED: what is there is replaced;
 * without it a place that is taken is refused. `prot` is 'rw' when it is left out.
 */
export type HostMmap = {
    readonly type: 'host.mmap';
    readonly pid: Pid;
    readonly va: Word64 | null;
    readonly size: Word64;
    readonly shared?: boolean;
    readonly conceal?: boolean;
    readonly fixed?: boolean;
    readonly prot?: Protection;
};
export type HostMunmap = {
    readonly type: 'host.munmap';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
};
export type HostMprotect = {
    readonly type: 'host.mprotect';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
    readonly prot: Protection;
};
export type HostMinherit = {
    readonly type: 'host.minherit';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
    readonly inherit: Inherit;
};
/** What madvise(2) can be told. `free` tosses pages that nobody else refers to, `dontneed` only deactivates them. */
export type MadviseAdvice = Advice | 'willneed' | 'dontneed' | 'spaceavail' | 'free';
export type HostMadvise = {
    readonly type: 'host.madvise';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
    readonly advice: MadviseAdvice;
};
/** msync(2); `invalidate` is MS_INVALIDATE. */
export type HostMsync = {
    readonly type: 'host.msync';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
    readonly invalidate: boolean;
};
/** mlock(2). No limit on what may be locked is modelled. */
export type HostMlock = {
    readonly type: 'host.mlock';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
};
export type HostMunlock = {
    readonly type: 'host.munlock';
    readonly pid: Pid;
    readonly va: Word64;
    readonly size: Word64;
};
/** fork(2) of `pid`; the new process is known as `child`. */
export type HostFork = {
    readonly type: 'host.fork';
    readonly pid: Pid;
    readonly child: Pid;
};
/** exec(2): the process goes on as another program, with an empty address space. */
export type HostExec = {
    readonly type: 'host.exec';
    readonly pid: Pid;
};
/** What a core dump of the process would hold. */
export type HostCoredump = {
    readonly type: 'host.coredump';
    readonly pid: Pid;
};
/** The page daemon evicts one resident page of a memory object. `object` is its name, as `a1`. */
export type HostPageout = {
    readonly type: 'host.pageout';
    readonly object: string;
    readonly page: number;
};
/**
 * The page daemon puts a page on the inactive queue, where it looks for pages to free. `object` is its name: `a1` of a
 * slot, `m1` of memory of a process.
 */
export type HostDeactivate = {
    readonly type: 'host.deactivate';
    readonly object: string;
    readonly page: number;
};
/**
 * The page daemon looks at an inactive page: one that was referenced is activated, one that equals its copy in swap is
 * freed, any other is written and freed.
 */
export type HostReclaim = {
    readonly type: 'host.reclaim';
    readonly object: string;
    readonly page: number;
};
/** The scheduler moves a thread to another CPU: one that has not begun its call, sleeps, may sleep now, or is in the guest. */
export type HostMigrate = {
    readonly type: 'host.migrate';
    readonly thread: ThreadId;
    readonly cpu: CpuId;
};
export type HostSuspend = {
    readonly type: 'host.suspend';
};
export type HostWakeup = {
    readonly type: 'host.wakeup';
};
/** Asks vcpu_must_stop() of vCPU 0. */
export type HostMuststop = {
    readonly type: 'host.muststop';
    readonly pid: Pid;
    readonly vm: VmId;
};
/** Writes a vCPU's state word, as a debugger would. */
export type HostPoke = {
    readonly type: 'host.poke';
    readonly vm: VmId;
    readonly vcpu: VcpuId;
    readonly state: number;
};
/** Takes a reference on a VM through the normal lookup, as a request that takes long would. */
export type HostHold = {
    readonly type: 'host.hold';
    readonly pid: Pid;
    readonly vm: VmId;
    readonly as: string;
};
export type HostRelease = {
    readonly type: 'host.release';
    readonly as: string;
};
/** open(2) of the PSP by a process that asks it something is not modelled: it has the device. PSP_IOC_INIT. */
export type PspInit = {
    readonly type: 'psp.init';
    readonly pid: Pid;
};
/** PSP_IOC_SHUTDOWN, of the platform. */
export type PspShutdown = {
    readonly type: 'psp.shutdown';
    readonly pid: Pid;
};
/** PSP_IOC_GET_PSTATUS. */
export type PspPstatus = {
    readonly type: 'psp.pstatus';
    readonly pid: Pid;
};
/** PSP_IOC_GET_GSTATUS. */
export type PspGstatus = {
    readonly type: 'psp.gstatus';
    readonly pid: Pid;
    readonly handle: PspHandle;
};
/** PSP_IOC_DF_FLUSH. */
export type PspDfflush = {
    readonly type: 'psp.dfflush';
    readonly pid: Pid;
};
/** PSP_IOC_LAUNCH_START of a new guest; `es` is GPOL_ES of its policy. */
export type PspLaunchstart = {
    readonly type: 'psp.launchstart';
    readonly pid: Pid;
    readonly es: boolean;
};
/** PSP_IOC_LAUNCH_UPDATE_DATA of [va, va + size) of the caller. */
export type PspLaunchupdate = {
    readonly type: 'psp.launchupdate';
    readonly pid: Pid;
    readonly handle: PspHandle;
    readonly va: Word64;
    readonly size: Word64;
};
/** PSP_IOC_ENCRYPT_STATE: LAUNCH_UPDATE_VMSA of the save area of a vCPU. */
export type PspEncryptstate = {
    readonly type: 'psp.encryptstate';
    readonly pid: Pid;
    readonly handle: PspHandle;
    readonly vm: VmId;
    readonly vcpu: VcpuId;
};
/** PSP_IOC_LAUNCH_MEASURE. */
export type PspLaunchmeasure = {
    readonly type: 'psp.launchmeasure';
    readonly pid: Pid;
    readonly handle: PspHandle;
};
/** PSP_IOC_LAUNCH_FINISH. */
export type PspLaunchfinish = {
    readonly type: 'psp.launchfinish';
    readonly pid: Pid;
    readonly handle: PspHandle;
};
/** PSP_IOC_ACTIVATE. */
export type PspActivate = {
    readonly type: 'psp.activate';
    readonly pid: Pid;
    readonly handle: PspHandle;
    readonly asid: Asid;
};
/** PSP_IOC_DEACTIVATE. */
export type PspDeactivate = {
    readonly type: 'psp.deactivate';
    readonly pid: Pid;
    readonly handle: PspHandle;
};
/** PSP_IOC_DECOMMISSION. */
export type PspDecommission = {
    readonly type: 'psp.decommission';
    readonly pid: Pid;
    readonly handle: PspHandle;
};
/** PSP_IOC_GUEST_SHUTDOWN: DEACTIVATE, DF_FLUSH and DECOMMISSION. */
export type PspGuestshutdown = {
    readonly type: 'psp.guestshutdown';
    readonly pid: Pid;
    readonly handle: PspHandle;
};
/** What a process asks of the PSP's driver. */
export type PspRequest = PspInit | PspShutdown | PspPstatus | PspGstatus | PspDfflush | PspLaunchstart | PspLaunchupdate | PspEncryptstate | PspLaunchmeasure | PspLaunchfinish | PspActivate | PspDeactivate | PspDecommission | PspGuestshutdown;
/** Where a failure can be injected: the kernel function whose `k`-th call from now on fails, once. */
export type Failpoint = 'uao_create' | 'uvm_map' | 'uvm_map_immutable' | 'uvm_share' | 'vcpu_init' | 'vcpu_reset_regs' | 'vmm_start' | 'rw_enter' | 'rwsleep' | 'malloc' | 'copyin' | 'copyout' | 'ioctl_copyout' | 'uvm_fault_wire' | 'fault_nomap' | 'page_alloc' | 'ptp_alloc' | 'pv_get' | 'swelt_get' | 'swap_get' | 'vmread' | 'vmptrld' | 'ccp_docmd' | 'vmclear';
export type FailNext = {
    readonly type: 'fail.next';
    readonly fn: Failpoint;
    readonly k: number;
    readonly errno: Errno;
};
export declare const FAILPOINTS: readonly Failpoint[];
/** A command that runs as a call on a thread of its own. */
export type CallCommand = IocCreate | IocSharemem | IocRun | IocTerm | IocInfo | IocResetcpu | IocReadregs | IocWriteregs | IocReadvmparams | IocWritevmparams | IocIntr | IocMprotectept | IocUnknown | GuestFault | GuestTranslate | HostSpawn | HostPledge | HostExit | HostSignal | HostTouch | HostRead | HostWrite | HostMmap | HostMunmap | HostMprotect | HostMinherit | HostMadvise | HostMsync | HostMlock | HostMunlock | HostFork | HostExec | HostCoredump | HostPageout | HostDeactivate | HostReclaim | HostMigrate | HostSuspend | HostWakeup | HostMuststop | HostPoke | HostHold | HostRelease | FailNext | PspRequest;
/** A command that is told to a call in flight: the guest acts, and VMM_IOC_RUN answers. */
export type GuestCommand = GuestTouch | GuestLeave | GuestWritecr | GuestWrmsr | GuestVmgexit;
export type Command = CallCommand | GuestCommand;
export type CommandType = Command['type'];
/** One step of a thread, as a decision. */
export type StepDecision = {
    readonly type: 'thread.step';
    readonly thread: ThreadId;
};
