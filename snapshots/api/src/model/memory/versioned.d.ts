/**
 * Memory that keeps all its versions. A past moment is a number: `at` gives a view of it without
 * moving anything, `truncate` forgets what came after it, and `fork` goes on from it elsewhere.
 */
import type { FrameUse, Level, Memory, MemoryReader, PageQueue } from '../memory.ts';
import { type MemoryDump } from './dump.ts';
import { View } from './view.ts';
export declare class VersionedMemory extends View implements Memory {
    private readonly parts;
    private readonly cells;
    /** @param framesMax how many frames the host has; they are numbered from 0. */
    constructor(framesMax: number);
    get version(): number;
    protected get limit(): number;
    protected get countedLimit(): number;
    begin(version: number): void;
    /**
     * The memory as it was when event `version` had been taken.
     *
     * @throws Defect MEM020 for a version that has not come yet or whose history was dropped.
     */
    at(version: number): MemoryReader;
    /** Forgets every event after `version`. Costs some nanoseconds for each write undone. */
    truncate(version: number): void;
    /** An independent memory that goes on from `version`. Costs what there is then; it has no history before that. */
    fork(version?: number): VersionedMemory;
    /** Gives up the versions before `version`, and the room of their records. Costs what there is of records. */
    dropHistoryBefore(version: number): void;
    /** The first version that can be read. */
    get firstVersion(): number;
    /** Bytes that this memory holds for all its versions. */
    get historyBytes(): number;
    /** The contents in a form that depends on nothing else: equal memories dump the same bytes. */
    dump(version?: number): MemoryDump;
    /**
     * A memory with the contents of a dump, as of event `version`.
     *
     * @throws Defect MEM022 when the dump is damaged.
     */
    static load(dump: MemoryDump, version: number): VersionedMemory;
    /** 53 bits that equal memories share and others hardly ever do. */
    digest(version?: number): number;
    createPmap(pmap: number, rootFrame: number): void;
    destroyPmap(pmap: number): void;
    addTable(pmap: number, page: number, level: Level, frame: number): void;
    removeTable(pmap: number, page: number, level: Level): void;
    setLeaf(pmap: number, page: number, level: Level, packed: number): void;
    clearLeaf(pmap: number, page: number, level: Level): void;
    takeFrame(frame: number, use: Exclude<FrameUse, 'free'>, owner: number, pageIndex: number): void;
    freeFrame(frame: number): void;
    setWireCount(frame: number, count: number): void;
    setQueue(frame: number, queue: PageQueue): void;
    setBusy(frame: number, busy: boolean): void;
    setClean(frame: number, clean: boolean): void;
    setReferenced(frame: number, referenced: boolean): void;
    setValue(frame: number, value: number): void;
    pageIn(object: number, index: number): void;
    pageOut(object: number, index: number): void;
    copyPage(frame: number, object: number, index: number): void;
    /** What a copy in swap held before the memory began; for loading only. */
    restoreSwapValue(object: number, index: number, value: number): void;
    /** How often the frame was freed before the memory began; for loading only. */
    restoreGeneration(frame: number, generation: number): void;
    addPv(frame: number, pmap: number, page: number): void;
    removePv(frame: number, pmap: number, page: number): void;
    setResident(object: number, index: number, frame: number): void;
    clearResident(object: number, index: number): void;
    setSwapped(object: number, index: number, swapped: boolean): void;
    dropObject(object: number): void;
}
