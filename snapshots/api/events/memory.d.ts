/**
 * What can have happened to the contents of memory. A page holds one number; whoever reads one finds the last that was
 * written to its frame, through whatever mapping.
 *
 * Source: the MMU. Accesses whose contents nobody asks for are recorded only where the page daemon can tell the
 * difference: the accessed and modified bits of a leaf that a pv list names.
 */
import type { Frame, Gpa, Hva } from './address.ts';
import type { Pid, VcpuId, VmRef } from './ids.ts';
/** Who accessed memory, and where. Both addresses start a page. */
export type Accessor = {
    readonly kind: 'process';
    readonly pid: Pid;
    readonly va: Hva;
} | {
    readonly kind: 'guest';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly gpa: Gpa;
};
/** `value` was found in `frame`. `tracked`: the pv list of the page names the mapping, so the access is seen there. */
export type MemoryRead = {
    readonly type: 'memory.read';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly value: number;
    readonly tracked: boolean;
};
/** `frame` holds `value` now. */
export type MemoryWritten = {
    readonly type: 'memory.written';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly value: number;
    readonly tracked: boolean;
};
/** The page was accessed through a mapping that its pv list names; `access` 'w' made it dirty. */
export type MemoryTouched = {
    readonly type: 'memory.touched';
    readonly by: Accessor;
    readonly frame: Frame;
    readonly access: 'r' | 'w';
};
export type MemoryEvent = MemoryRead | MemoryWritten | MemoryTouched;
