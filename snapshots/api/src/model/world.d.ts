/**
 * The world: the whole modelled state of one host at one moment, as plain records by id.
 *
 * Every count that the kernel keeps (`vm_refcnt`, `uo_refs`, `resident_count`, `vm_ct` …) is kept as the kernel
 * computes it, and what it counts is kept beside it, so that the two can be compared. Page tables, frames and
 * the pages of objects live in `memory`, which immer leaves alone.
 */
import type { Bytes, Gpa, Hva, Va, Word64 } from '../../events/address.ts';
import type { Boot } from '../../events/boot.ts';
import type { CallCommand, Pledge } from '../../events/command.ts';
import type { Errno } from '../../events/errno.ts';
import type { CpuId, ObjectRef, Pid, PmapRef, SlotIndex, ThreadId, VcpuId, VmId, VmRef } from '../../events/ids.ts';
import type { LockMode, LockRef } from '../../events/lock.ts';
import type { PageFate, VmInfo } from '../../events/reply.ts';
import type { Advice, Inherit, Protection } from '../../events/space.ts';
import type { WaitChannel } from '../../events/wait.ts';
import { type Cpu, type Stale, type Vmcs } from './cpu.ts';
import type { GuestLocals, GuestState } from './guest.ts';
import type { MemoryReader } from './memory.ts';
import type { Psp } from './psp.ts';
import type { Words } from './words.ts';
/** vc_state. @source machine/vmmvar.h */
export declare const VCPU_STOPPED = 0;
export declare const VCPU_RUNNING = 1;
export declare const VCPU_REQTERM = 2;
export declare const VCPU_TERMINATED = 3;
/** vmr_type of a range that has no memory behind it. @source dev/vmm/vmm.h */
export declare const VM_MEM_MMIO = 2;
export type Softc = {
    readonly status: 'active' | 'suspended';
    /** sc_refcnt: 1 for the device itself and 1 for each request inside. */
    readonly refcnt: number;
    /** Requests inside, by thread: what sc_refcnt counts. */
    readonly inside: readonly ThreadId[];
    /** Registered VMs, newest first: vm_list. */
    readonly list: readonly VmRef[];
    readonly vmCt: number;
    readonly vcpuCt: number;
    /** Last id given out: vm_idx. */
    readonly vmIdx: number;
    /** Virtualization is on. */
    readonly on: boolean;
};
/** Where a memory slot stands in its life. @source vm_create(), vm_teardown() */
export type SlotLife = 'none' | 'backed' | 'mapped' | 'sealed' | 'held' | 'shared' | 'released' | 'abandoned';
export type Slot = {
    readonly gpa: Gpa;
    readonly size: Bytes;
    readonly memtype: number;
    readonly hint: Word64;
    /** Where the creator has it mapped; null before uvm_map() and for MMIO. */
    readonly hva: Hva | null;
    /** vm_memory_slot[i]: the object that vmm holds a reference on. */
    readonly object: ObjectRef | null;
    /** The object that the life is about, before vmm holds it as well. */
    readonly backing: ObjectRef | null;
    readonly life: SlotLife;
};
export type VcpuLife = 'ready' | 'running' | 'inGuest' | 'handling' | 'terminated';
export type Vcpu = {
    readonly id: VcpuId;
    /** vc_state as the kernel has it. */
    readonly state: number;
    readonly life: VcpuLife;
    /** Holder of vc_lock. */
    readonly lock: ThreadId | null;
    /** vc_vpid: its VPID on VMX, its ASID on SVM; 0 where none is known. */
    readonly asid: number;
    /** vc_last_pcpu: where it ran last, as far as the kernel knows; null before. */
    readonly lastCpu: CpuId | null;
    /** Null on SVM, which has a VMCB that no CPU holds on to. */
    readonly vmcs: Vmcs | null;
    /** v_tlb_control of the VMCB: what the next VMRUN does with the translations of its ASID. */
    readonly tlbControl: 'none' | 'flush';
    /**
     * The CPU on which the guest can go on with translations that were cached before: no flush comes first. Null where
     * one does.
     */
    readonly cachedOn: CpuId | null;
    /** v_n_cr3 of the VMCB: host-physical address of the nested root. Null before vcpu_reset_regs_svm(), and on VMX. */
    readonly nestedCr3: number | null;
    /** vc_sev, vc_seves. Only an encrypted guest's has it. */
    readonly sev?: 'sev' | 'seves';
    /** The guest's registers, clock and what waits for it; missing while it is all as vcpu_init() left it. */
    readonly guest?: GuestState;
};
export type VmLife = 'allocated' | 'registered' | 'condemned' | 'unlinked' | 'tearing';
export type Vm = {
    readonly ref: VmRef;
    readonly id: VmId;
    readonly life: VmLife;
    readonly creator: Pid;
    readonly name: string;
    readonly memorySize: Bytes;
    readonly slots: readonly Slot[];
    /** Null before pmap_create() and after pmap_destroy(). */
    readonly pmap: PmapRef | null;
    /**
     * vm_map of the design before the patch: the entries of guest-physical space, ascending. Null in the other designs,
     * before uvmspace_alloc() and after uvmspace_free().
     */
    readonly space: readonly Entry<Gpa>[] | null;
    readonly vcpus: readonly Vcpu[];
    /** vm_vcpu_ct: counts from before vcpu_init() on, and is never lowered. */
    readonly vcpuCt: number;
    readonly dying: boolean;
    readonly listed: boolean;
    /** vm_refcnt as the kernel counts it. */
    readonly refcnt: number;
    /** Who must give a reference back: `list`, and requests by thread. */
    readonly holders: readonly string[];
};
export type Pmap = {
    readonly ref: PmapRef;
    readonly kind: 'normal' | 'ept' | 'rvi';
    readonly owner: {
        readonly kind: 'process';
        readonly pid: Pid;
    } | {
        readonly kind: 'nested';
        readonly vm: VmRef;
    };
    /** Which nested pmap this is, counting from 1; 0 for that of a process. */
    readonly nested: number;
    /** Root pages, one or two. */
    readonly roots: readonly number[];
    /** The root has the entries of the kernel half and the recursive slot, as pmap_pdp_ctor() copies them. */
    readonly kernelHalf: boolean;
    /** pm_stats.resident_count as the kernel computes it. */
    readonly resident: number;
    /** pm_stats.wired_count. */
    readonly wired: number;
    /** The EPT pointer: root, page-walk length and memory type. Null before vcpu_init_vmx(), and where there is none. */
    readonly eptp: number | null;
};
export type MemoryObject = {
    readonly ref: ObjectRef;
    readonly kind: 'aobj' | 'anon';
    readonly name: string;
    readonly pages: number;
    /** uo_refs as the kernel counts it. */
    readonly refs: number;
    /** Threads that carry one of the references, until a map entry absorbs it. */
    readonly carried: readonly ThreadId[];
    /** Threads that mapped it on a reference which they have not taken yet. */
    readonly owed: readonly ThreadId[];
};
/** A `vm_map_entry`, of a process or, at guest-physical addresses, of a nested map. `offset` is in pages. */
export type Entry<Address extends Va = Hva> = {
    readonly start: Address;
    readonly size: Bytes;
    readonly object: ObjectRef;
    readonly offset: number;
    readonly immutable: boolean;
    readonly conceal: boolean;
    readonly inherit: Inherit;
};
/** An entry of a process map, with what userland can choose. */
export type MapEntry = Entry & {
    readonly prot: Protection;
    readonly maxProt: Protection;
    /** entry->wired_count: how often mlock(2) was called on it. The wirings of its pages are counted by themselves. */
    readonly wired: number;
    readonly advice: Advice;
};
export type Process = {
    readonly pid: Pid;
    /** Counts processes: the oldest has the smallest. */
    readonly born: number;
    readonly pledge: readonly Pledge[];
    readonly pmap: PmapRef;
    /** Ascending by address. */
    readonly entries: readonly MapEntry[];
    /** Pmaps up to this number were made before its last exec(2); 0 without one. */
    readonly overlaid: number;
    readonly signalled: boolean;
    /** Only the thread that ends it is left. */
    readonly exiting: boolean;
    /** It broke a promise; a real one would have been killed. */
    readonly killed: boolean;
};
/** What a call knows. All fields are there from the start: calls of one kind have one shape. */
export type Locals = GuestLocals & {
    readonly pid: Pid;
    readonly vm: VmRef | null;
    readonly vcpu: VcpuId;
    readonly slot: SlotIndex;
    readonly object: ObjectRef | null;
    readonly gpa: Word64;
    readonly hva: Word64;
    /** Result of the last pmap_extract(); -1 for none. */
    readonly frame: number;
    readonly errno: Errno | null;
    /** Routine that refused. */
    readonly at: string;
    /** vsp_va[] of SHAREMEM, and the ranges' addresses that CREATE hands back. */
    readonly va: readonly Word64[];
    /** vcp_asid[] of CREATE on SVM; missing elsewhere. */
    readonly asids?: readonly number[];
    /** vcp_id, once CREATE has registered its VM; the handle that LAUNCH_START has given. */
    readonly id: VmId;
    /** Cursor of a loop. */
    readonly cursor: number;
    /** Where a loop or a walk ends. */
    readonly limit: number;
    /** vip_info_ct, once INFO has set it. */
    readonly count: number | null;
    /** vip_size, where INFO asks for more. */
    readonly need: number | null;
    /** vm_vcpu_ct before the teardown. */
    readonly vcpus: number;
    /** Whether an access needed a fault. */
    readonly faulted: boolean;
    /** What an access found; null for noise. */
    readonly value: number | null;
    /** What the page daemon did with a page. */
    readonly fate: PageFate;
    readonly stop: boolean;
    readonly exit: 'none' | 'handled' | 'mmio' | 'protect';
    readonly instructionLength: number;
    readonly instructionInfo: number;
    /** Objects whose references go once the map is unlocked. */
    readonly dead: readonly ObjectRef[];
    /** Which nested fault handler is at work. */
    readonly handler: 'ept' | 'rvi';
    /** Why RUN leaves: vrp_exit_reason. */
    readonly reason: 'none' | 'mmio' | 'protect' | 'guest' | 'signal' | 'interrupt';
    /** What INFO has gathered for the caller's buffer. */
    readonly vms: readonly VmInfo[];
};
export type Thread = {
    readonly id: ThreadId;
    readonly command: CallCommand;
    /** State of the call's machine. */
    readonly place: string;
    readonly locals: Locals;
    readonly waiting: WaitChannel | null;
    /** Where it runs, or ran before it fell asleep. */
    readonly cpu: CpuId;
};
/** A lock that a thread holds beyond a step, or waits for. vc_lock is with its vCPU. */
export type LockUse = LockRef & {
    readonly mode: LockMode;
    readonly thread: ThreadId;
    readonly held: boolean;
};
export type ArmedFailpoint = {
    readonly fn: string;
    readonly k: number;
    readonly errno: Errno;
};
export type World = {
    readonly boot: Boot;
    /** Number of the last event that is part of this world. */
    readonly seq: number;
    readonly panic: {
        readonly fn: string;
        readonly kind: string;
    } | null;
    readonly softc: Softc;
    readonly vms: Readonly<Record<number, Vm>>;
    readonly pmaps: Readonly<Record<number, Pmap>>;
    readonly objects: Readonly<Record<number, MemoryObject>>;
    readonly processes: Readonly<Record<number, Process>>;
    readonly threads: Readonly<Record<ThreadId, Thread>>;
    readonly cpus: readonly Cpu[];
    /** By the frame that they name. */
    readonly stale: Readonly<Record<number, readonly Stale[]>>;
    /** Nearly always nobody holds a lock between two steps. */
    readonly locks: readonly LockUse[];
    readonly failpoints: readonly ArmedFailpoint[];
    readonly pagedaemon: 'idle' | 'evicting';
    /** References taken by host.hold, by the name they were taken under. */
    readonly holds: Readonly<Record<string, VmRef>>;
    /** How many of each were ever made. */
    readonly made: {
        readonly vm: number;
        readonly pmap: number;
        readonly nested: number;
        readonly object: number;
        readonly aobj: number;
        readonly anon: number;
        readonly process: number;
        readonly thread: number;
    };
    /** Live structs of the pools, as pool(9) counts them. */
    readonly pools: {
        readonly vm: number;
        readonly vcpu: number;
    };
    /** How often an imported trace lost events or did not tell: where it is not 0, what is not so may not be known. */
    readonly gaps: number;
    /** Swap slots in use. */
    readonly swapUsed: number;
    /** Tables of words that pages hold; missing while no word was written that needs one. */
    readonly words?: Words;
    /** The PSP, once somebody has used it. */
    readonly psp?: Psp;
    readonly memory: MemoryReader;
};
/** A freshly booted host. */
export declare function bootWorld(boot: Boot, memory: MemoryReader): World;
/** Locals of a call that has learnt nothing yet. */
export declare const NO_LOCALS: Locals;
