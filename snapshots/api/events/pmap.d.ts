/**
 * What can have happened to a pmap: the page tables of a process, or the EPT or NPT tables that map
 * guest-physical pages of a VM. For a nested pmap `va` is a guest-physical address, as pmap(9) has it.
 *
 * Source: pmap(9) and sys/arch/amd64/amd64/pmap.c.
 */
import type { Frame, Va, Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { Pid, PmapRef, VmRef } from './ids.ts';
/** Levels of page-table pages below the root: 3 PDPT, 2 page directory, 1 page table. */
export type TableLevel = 1 | 2 | 3;
/** pmap_create(): type NORMAL, with one root page, or two on a CPU that needs a user-mode one. */
export type PmapCreated = {
    readonly type: 'pmap.created';
    readonly pmap: PmapRef;
    readonly owner: {
        readonly kind: 'process';
        readonly pid: Pid;
    } | {
        readonly kind: 'nested';
        readonly vm: VmRef;
    };
    readonly roots: readonly Frame[];
};
/** pmap_convert(): nested from now on; `freed` is the second root that EPT gives back. */
export type PmapConverted = {
    readonly type: 'pmap.converted';
    readonly pmap: PmapRef;
    readonly to: 'ept' | 'rvi';
    readonly freed: Frame | null;
    /** The entries of the kernel half are still in the root; left out, EPT has cleared them and RVI has not. */
    readonly keptKernelHalf?: boolean;
};
/** A page-table page was allocated and linked on the way to `va`. */
export type TableAdded = {
    readonly type: 'table.added';
    readonly pmap: PmapRef;
    readonly va: Va;
    readonly level: TableLevel;
    readonly frame: Frame;
};
/** An empty page-table page was unlinked and freed. */
export type TableFreed = {
    readonly type: 'table.freed';
    readonly pmap: PmapRef;
    readonly va: Va;
    readonly level: TableLevel;
    readonly frame: Frame;
};
/**
 * pmap_enter(): `va` translates to `frame`. `flags` are the LEAF_* bits of the new leaf; `old` is the packed
 * leaf that it replaced, -1 where the entry was empty.
 */
export type PageEntered = {
    readonly type: 'pmap.entered';
    readonly pmap: PmapRef;
    readonly va: Va;
    readonly level: TableLevel;
    readonly frame: Frame;
    readonly flags: number;
    readonly old: number;
};
/** pmap_enter() found no memory for a page-table page. */
export type EnterRefused = {
    readonly type: 'pmap.refused';
    readonly pmap: PmapRef;
    readonly va: Va;
    readonly frame: Frame;
    readonly errno: Errno;
};
/** The leaf at `va` is gone; `old` is what it was, packed. */
export type PageRemoved = {
    readonly type: 'pmap.cleared';
    readonly pmap: PmapRef;
    readonly va: Va;
    readonly level: TableLevel;
    readonly old: number;
};
/**
 * pmap_protect(), pmap_unwire(): the flags of the leaf at `va` are `flags` now; `old` is what it was, packed. It names
 * the same page.
 */
export type PageProtected = {
    readonly type: 'pmap.protected';
    readonly pmap: PmapRef;
    readonly va: Va;
    readonly level: TableLevel;
    readonly flags: number;
    readonly old: number;
};
/** pmap_remove() of the bytes `first` to `last` by vmm has ended; the pages that went were named one by one. */
export type RangeRemoved = {
    readonly type: 'pmap.removed';
    readonly pmap: PmapRef;
    readonly first: Va;
    readonly last: Va;
    readonly pages: number;
};
/** pmap_extract(): what `va` translated to at that instant, -1 for nothing. It pins nothing. */
export type PageExtracted = {
    readonly type: 'pmap.extracted';
    readonly pmap: PmapRef;
    readonly va: Word64;
    readonly frame: Frame | -1;
};
/** pmap_destroy() of the last reference: the tables and the roots are free. */
export type PmapDestroyed = {
    readonly type: 'pmap.destroyed';
    readonly pmap: PmapRef;
    readonly roots: readonly Frame[];
};
export type PmapEvent = PmapCreated | PmapConverted | TableAdded | TableFreed | PageEntered | EnterRefused | PageRemoved | PageProtected | RangeRemoved | PageExtracted | PmapDestroyed;
