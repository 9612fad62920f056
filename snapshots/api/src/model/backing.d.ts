/**
 * The memory behind a guest page, whichever way a design keeps it: an object per slot, or, before the patch, the
 * entries of the map of guest-physical space.
 */
import type { Gpa, Word64 } from '../../events/address.ts';
import type { ObjectRef } from '../../events/ids.ts';
import type { Entry, Vm } from './world.ts';
/** A page of a memory object. */
export type BackingPage = {
    readonly object: ObjectRef;
    readonly index: number;
};
/** The entry of a VM's map of guest-physical space that holds `gpa`; undefined where none does or there is no such map. */
export declare function nestedEntryAt({ space }: Pick<Vm, 'space'>, gpa: Word64): Entry<Gpa> | undefined;
/** A stretch of guest memory and the pages of the object that it shows: guest page `first` is page `offset`, and so on. */
export type Holding = {
    readonly object: ObjectRef;
    readonly first: number;
    readonly offset: number;
    readonly pages: number;
};
/** What a VM holds, ascending: one reference each. An object may be held more than once. */
export declare function holdingsOf({ space, slots }: Pick<Vm, 'space' | 'slots'>): readonly Holding[];
/** What backs guest page number `page`; null for holes, and where vmm holds nothing yet, or nothing any more. */
export declare function backingOf(vm: Pick<Vm, 'space' | 'slots'>, page: number): BackingPage | null;
