/**
 * What can have happened to a process and to its address space, the model of its `vm_map`.
 *
 * Source: uvm_map.c, uvm_mmap.c, kern_exit.c and kern_pledge.c.
 */
import type { Bytes, Hva, Word64 } from './address.ts';
import type { Pledge } from './command.ts';
import type { Errno } from './errno.ts';
import type { ObjectRef, Pid, PmapRef, ThreadId } from './ids.ts';
export type ProcessSpawned = {
    readonly type: 'process.spawned';
    readonly pid: Pid;
    readonly pledge: readonly Pledge[];
    readonly pmap: PmapRef;
};
export type ProcessSignalled = {
    readonly type: 'process.signalled';
    readonly pid: Pid;
};
/** exit1(): the last thread of the process, which ends it now; the others have left the kernel. */
export type ExitBegun = {
    readonly type: 'process.exitBegun';
    readonly pid: Pid;
};
/** The process is gone; its map entries and its pmap went before. */
export type ProcessExited = {
    readonly type: 'process.exited';
    readonly pid: Pid;
};
/** pledge_ioctl_vmm(): the request is not among the process's promises. */
export type PledgeFiltered = {
    readonly type: 'pledge.filtered';
    readonly pid: Pid;
    readonly errno: Errno;
};
/** pledge_fail(): the process broke its promise. */
export type PledgeBroken = {
    readonly type: 'pledge.broken';
    readonly pid: Pid;
};
/** pledge(2), or exec(2), which keeps no promise: what the process has promised now; nothing at all when it is empty. */
export type ProcessPledged = {
    readonly type: 'process.pledged';
    readonly pid: Pid;
    readonly pledge: readonly Pledge[];
};
/** exec(2): the process is another program now; its map entries went before. It keeps its pid and pmap. */
export type ProcessOverlaid = {
    readonly type: 'process.overlaid';
    readonly pid: Pid;
};
/** What a child gets of an entry at fork(2): nothing, a copy, the same memory, or fresh memory. */
export type Inherit = 'none' | 'copy' | 'share' | 'zero';
/** PROT_READ, PROT_WRITE and PROT_EXEC. */
export type Protection = 'none' | 'r' | 'w' | 'x' | 'rw' | 'rx' | 'wx' | 'rwx';
/** The advice that an entry remembers: how wide a fault may reach. */
export type Advice = 'normal' | 'random' | 'sequential';
/**
 * uvm_map(): a new entry maps `object` from page `offset` on. It absorbs the reference that `thread` carries;
 * where `thread` carries none, the entry lives on a reference that is owed.
 */
export type EntryMapped = {
    readonly type: 'space.mapped';
    readonly pid: Pid;
    readonly start: Hva;
    readonly size: Bytes;
    readonly object: ObjectRef;
    readonly offset: number;
    readonly conceal: boolean;
    readonly inherit: Inherit;
    /** 'rw' when left out. */
    readonly prot?: Protection;
    /** What mprotect(2) may give at most; 'rw' when left out. */
    readonly maxProt?: Protection;
    readonly thread: ThreadId;
};
/** uvm_map() failed. */
export type MapRefused = {
    readonly type: 'space.refused';
    readonly pid: Pid;
    readonly size: Bytes;
    readonly object: ObjectRef;
    readonly errno: Errno;
};
/** The entry that holds `at` was cut there into two. */
export type EntrySplit = {
    readonly type: 'space.split';
    readonly pid: Pid;
    readonly at: Hva;
};
/** uvm_map_immutable(): no entry within [start, end) can be changed by userland. Holes were skipped. */
export type RangeSealed = {
    readonly type: 'space.sealed';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
};
export type SealRefused = {
    readonly type: 'space.sealRefused';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
    readonly errno: Errno;
};
/** uvm_map_protect(): userland may do `prot` within [start, end); leaves that allow more were changed before. */
export type RangeProtected = {
    readonly type: 'space.protected';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
    readonly prot: Protection;
};
/** uvm_map_inherit(): what a child will get of [start, end). */
export type RangeBequeathed = {
    readonly type: 'space.bequeathed';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
    readonly inherit: Inherit;
};
/** uvm_map_advice(): how [start, end) will be used. */
export type RangeAdvised = {
    readonly type: 'space.advised';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
    readonly advice: Advice;
};
/** uvm_map_pageable(): the entries within [start, end) count one wiring more each; their pages are wired one by one. */
export type RangeWired = {
    readonly type: 'space.wired';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
};
/** The entries within [start, end) count `left` wirings: none after munlock(2), one less after a failure. */
export type RangeUnwired = {
    readonly type: 'space.unwired';
    readonly pid: Pid;
    readonly start: Hva;
    readonly end: Hva;
    readonly left: number;
};
/** An entry left the map. */
export type EntryRemoved = {
    readonly type: 'space.removed';
    readonly pid: Pid;
    readonly start: Hva;
    readonly size: Bytes;
    readonly object: ObjectRef;
};
/** uvm_unmap() of [start, end), as the kernel passed it, has taken the entries out. */
export type RangeUnmapped = {
    readonly type: 'space.unmapped';
    readonly pid: Pid;
    readonly start: Word64;
    readonly end: Word64;
};
export type ProcessEvent = ProcessSpawned | ProcessSignalled | ProcessPledged | ProcessOverlaid | ExitBegun | ProcessExited | PledgeFiltered | PledgeBroken;
export type SpaceEvent = EntryMapped | MapRefused | EntrySplit | RangeSealed | SealRefused | RangeProtected | RangeBequeathed | RangeAdvised | RangeWired | RangeUnwired | EntryRemoved | RangeUnmapped;
