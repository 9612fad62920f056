/**
 * What can have happened to the contents of memory. A page holds one number; whoever reads one finds the last that was
 * written to its frame, through whatever mapping. A number may name a table of 8-byte words, for those who read and write
 * these: page tables, clocks, what the kernel reads itself.
 *
 * Source: the MMU. Accesses whose contents nobody asks for are recorded only where the page daemon can tell the
 * difference: the accessed and modified bits of a leaf that a pv list names.
 */
import type { Frame, Gpa, Hva, Word64 } from './address.ts';
import type { Pid, VcpuId, VmRef } from './ids.ts';
/**
 * What the kernel reads and writes in guest memory by itself: the clock that it updates before an entry, the wall clock,
 * the PDPTEs of a guest with PAE paging, the guest's page tables, and the page in which a guest of SEV-ES says what it wants.
 */
export type KernelAccess = 'pvclock' | 'wallclock' | 'pdptes' | 'walk' | 'ghcb';
/**
 * Who accessed memory, and where. All addresses start a page. The kernel goes through its direct map, to the frame that
 * pmap_extract() found behind `gpa`; the CPU reads PDPTEs through the nested tables as the guest would.
 */
export type Accessor = {
    readonly kind: 'process';
    readonly pid: Pid;
    readonly va: Hva;
} | {
    readonly kind: 'guest';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Gpa;
} | {
    readonly kind: 'kernel';
    readonly for: KernelAccess;
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Gpa;
};
/**
 * `value` was found in `frame`, null for noise: ciphertext, or what ciphertext decrypts to where it does not belong. `tracked`: the
 * pv list of the page names the mapping, so the access is seen there. `cached`: the TLB served a guest by a translation
 * that the tables have lost.
 */
export type MemoryRead = {
    readonly type: 'memory.read';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly value: number | null;
    readonly tracked: boolean;
    readonly cached?: true;
};
/** `frame` holds `value` now. */
export type MemoryWritten = {
    readonly type: 'memory.written';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly value: number;
    readonly tracked: boolean;
    readonly cached?: true;
};
/** The page was accessed through a mapping that its pv list names; `access` 'w' made it dirty. */
export type MemoryTouched = {
    readonly type: 'memory.touched';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly access: 'r' | 'w';
};
/** `size` bytes from byte `offset` of `frame` on were read: `word`. */
export type WordRead = {
    readonly type: 'word.read';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly offset: number;
    readonly bytes: number;
    readonly word: Word64;
    readonly tracked: boolean;
    readonly cached?: true;
};
/**
 * `bytes` bytes from byte `offset` of `frame` on were `was` and are `word` now. The page held `before` and holds
 * `contents`: a number, or that of a table of words, which is a new one. `dropped` are tables that nobody names any more.
 */
export type WordWritten = {
    readonly type: 'word.written';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly offset: number;
    readonly bytes: number;
    readonly was: Word64;
    readonly word: Word64;
    readonly before: number;
    readonly contents: number;
    readonly tracked: boolean;
    readonly cached?: true;
    readonly dropped?: readonly number[];
};
export type MemoryEvent = MemoryRead | MemoryWritten | MemoryTouched | WordRead | WordWritten;
