/**
 * The large collections of the world behind one interface: page tables, frames, reverse mappings
 * and the pages of memory objects. Records of the world are drafted by immer; a collection of
 * millions of entries is not, so the world holds a `Memory` that immer leaves alone.
 *
 * There are two implementations. `VersionedMemory` keeps every version of every cell, so a past
 * moment is a number. `PlainMemory` is the oracle: plain objects that immer drafts, slow and
 * obvious. A law holds them equal.
 *
 * A *page number* is an address divided by PAGE_SIZE, below 2^40. A *pmap number* and an *object
 * number* count from 1 in order of creation and are never reused. A *frame* is a host-physical
 * page number.
 */
/** What a frame is used for. */
export type FrameUse = 'free' | 'kernel' | 'table' | 'object';
/** The paging queue that a frame is on; a wired page is on none. @source uvm_page.c */
export type PageQueue = 'none' | 'active' | 'inactive';
/** Leaf permissions and marks. `wired` is PG_W; `tracked` is PG_PVLIST: the page's pv list names this mapping. */
export type LeafFlags = {
    readonly read: boolean;
    readonly write: boolean;
    readonly execute: boolean;
    readonly wired: boolean;
    readonly tracked: boolean;
};
/** A decoded last-level entry. `level` is 1 for 4 KiB, 2 for 2 MiB and 3 for 1 GiB leaves. */
export type Leaf = LeafFlags & {
    readonly frame: number;
    readonly level: Level;
};
/** Levels count from the leaves: 1 page table, 2 page directory, 3 PDPT, 4 root. */
export type Level = 1 | 2 | 3;
export type TableLevel = 1 | 2 | 3 | 4;
/** One mapping of a page, as its pv list names it. */
export type PvEntry = {
    readonly pmap: number;
    readonly page: number;
};
/** A page-table page below the root. `children` counts its non-empty entries. */
export type Table = {
    readonly level: Level;
    /** First page number that it covers. */
    readonly page: number;
    readonly frame: number;
    readonly children: number;
};
/** One step of a walk from the root: the table page visited and what its entry holds. */
export type WalkStep = {
    readonly level: TableLevel;
    readonly index: number;
    /** Frame of the table page visited. */
    readonly table: number;
    readonly entry: 'absent' | 'table' | 'leaf';
    /** Frame that the entry points to; absent entries have none. */
    readonly frame: number | null;
};
export { hasFlag, LEAF_EXECUTE, LEAF_FRAME, LEAF_READ, LEAF_TRACKED, LEAF_WIRED, LEAF_WRITE, leafFlags, leafFrame, packLeaf, } from './memory/leaf.ts';
/** What anybody may ask of memory at one moment. */
export interface MemoryReader {
    /** Number of the last event that is part of this memory. */
    readonly version: number;
    hasPmap(pmap: number): boolean;
    /** The numbers of the live pmaps, ascending. */
    pmaps(): readonly number[];
    /** The 4 KiB leaf packed as `frame * LEAF_FRAME + flags`, or -1. The quick form of `leafAt`; sees only level-1 leaves. */
    leaf(pmap: number, page: number): number;
    /** The leaf of any size that maps `page`, or null. Its frame is that of the leaf's first page. */
    leafAt(pmap: number, page: number): Leaf | null;
    /** How many page-table pages are missing above the level-1 entry of `page`: 0 to 3. */
    missingTables(pmap: number, page: number): number;
    /** The table page of `level` on the way to `page`, or null. */
    tableAt(pmap: number, page: number, level: Level): Table | null;
    /** From the root down to the first entry that is no table. Empty without a pmap. */
    walk(pmap: number, page: number): readonly WalkStep[];
    /** The frame of the root, or -1 without a pmap. */
    rootFrame(pmap: number): number;
    /** Leaves of all sizes in the pmap, and table pages below the root: kept counts, O(1). */
    leafCount(pmap: number): number;
    tableCount(pmap: number): number;
    /** Calls back for each leaf that starts in [first, first + pages), ascending. Cost follows what exists, not the range. Return false to stop. */
    eachLeaf(pmap: number, first: number, pages: number, visit: (page: number, packed: number, level: Level) => boolean | void): void;
    /** Each table page below the root, ascending; a parent comes right before its children. */
    eachTable(pmap: number, visit: (table: Table) => void): void;
    use(frame: number): FrameUse;
    /** The memory object's number, or the pmap's number for a table page, else 0. */
    owner(frame: number): number;
    /** The page index in its object; 0 for other uses. */
    pageIndex(frame: number): number;
    /** How often the frame was freed: a freed and reused frame is a different page. */
    generation(frame: number): number;
    wireCount(frame: number): number;
    queue(frame: number): PageQueue;
    busy(frame: number): boolean;
    clean(frame: number): boolean;
    /** Whether an access through a mapping that the pv list names was seen since the page was deactivated. */
    referenced(frame: number): boolean;
    /** What the frame holds, as one number; 0 for zeros. A free frame still holds what its last user left. */
    value(frame: number): number;
    /** Each frame that holds anything but zeros, ascending. */
    eachValue(visit: (frame: number, value: number) => void): void;
    /** The `count` lowest free frames, ascending. Shorter when memory is short. */
    lowestFree(count: number): readonly number[];
    /** The lowest free frame, or -1 when all are in use. */
    lowestFreeFrame(): number;
    /** Each frame that is not as it was at boot: used, used before, or on record in any other way. Ascending. */
    eachFrame(visit: (frame: number) => void): void;
    /** Frames in use, of `frames` in all. */
    readonly framesUsed: number;
    readonly framesMax: number;
    /** The page's pv list, newest first. */
    pvList(frame: number): readonly PvEntry[];
    /** Live pv entries. */
    readonly pvCount: number;
    /** The numbers of objects with a page resident or swapped, ascending. */
    objects(): readonly number[];
    /** The frame of a resident page, or -1. */
    resident(object: number, index: number): number;
    swapped(object: number, index: number): boolean;
    /** What the page's copy in swap holds; 0 for zeros and without a copy. */
    swapValue(object: number, index: number): number;
    /** Each copy in swap that holds anything but zeros, ascending by object and index. */
    eachSwapValue(visit: (object: number, index: number, value: number) => void): void;
    residentCount(object: number): number;
    swapCount(object: number): number;
    /** Ascending by index. */
    eachResident(object: number, visit: (index: number, frame: number) => void): void;
    eachSwapped(object: number, visit: (index: number) => void): void;
}
/** What reducers do to memory. Each call makes one fact true and decides nothing; a call that cannot be true throws a Defect. */
export interface Memory extends MemoryReader {
    /** What is written from here on belongs to event `version`, which never goes back. Called by what drives reducers. */
    begin(version: number): void;
    createPmap(pmap: number, rootFrame: number): void;
    /** Forgets the whole tree, leaves included; the frames of its tables are freed by the caller's events. */
    destroyPmap(pmap: number): void;
    /** Links the table page `frame` of `level` on the way to `page`; its parent gains a child. */
    addTable(pmap: number, page: number, level: Level, frame: number): void;
    /** Unlinks an empty table page; its parent loses a child. */
    removeTable(pmap: number, page: number, level: Level): void;
    /** Writes a leaf over whatever leaf was there; the table gains a child only if the entry was empty. */
    setLeaf(pmap: number, page: number, level: Level, packed: number): void;
    clearLeaf(pmap: number, page: number, level: Level): void;
    /** A new page of zeros: not wired, on no queue, neither busy nor clean, whatever the frame was left with. */
    takeFrame(frame: number, use: Exclude<FrameUse, 'free'>, owner: number, pageIndex: number): void;
    /**
     * Back to the free list: next generation, no wiring, no queue, not busy. The pv list stays, since
     * it does in the kernel: a mapping that was forgotten is still named.
     */
    freeFrame(frame: number): void;
    setWireCount(frame: number, count: number): void;
    setQueue(frame: number, queue: PageQueue): void;
    setBusy(frame: number, busy: boolean): void;
    setClean(frame: number, clean: boolean): void;
    setReferenced(frame: number, referenced: boolean): void;
    setValue(frame: number, value: number): void;
    /** The resident page of the object gets what its copy in swap holds. */
    pageIn(object: number, index: number): void;
    /** The page's copy in swap gets what its frame holds now. */
    pageOut(object: number, index: number): void;
    /** The frame gets what a page of an object holds, resident or in swap. */
    copyPage(frame: number, object: number, index: number): void;
    addPv(frame: number, pmap: number, page: number): void;
    removePv(frame: number, pmap: number, page: number): void;
    setResident(object: number, index: number, frame: number): void;
    clearResident(object: number, index: number): void;
    /** A copy that goes takes what it held along. */
    setSwapped(object: number, index: number, swapped: boolean): void;
    /** Forgets all its pages, resident and swapped; their frames are freed by the caller's events. */
    dropObject(object: number): void;
}
