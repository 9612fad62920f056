/**
 * Memory as of one moment: all that `MemoryReader` asks, answered by the parts at a limit.
 */
import type { FrameUse, Leaf, Level, MemoryReader, PageQueue, PvEntry, Table, WalkStep } from '../memory.ts';
import type { Cells } from './cells.ts';
import type { Contents } from './contents.ts';
import type { Counts } from './counts.ts';
import type { Frames } from './frames.ts';
import type { Objects } from './objects.ts';
import type { Pvs } from './pv.ts';
import type { Tables } from './tables.ts';
/** What a memory is made of. */
export type Parts = {
    readonly cells: Cells;
    readonly tables: Tables;
    readonly frames: Frames;
    readonly pvs: Pvs;
    readonly objects: Objects;
    readonly contents: Contents;
    readonly counts: Counts;
};
export declare abstract class View implements MemoryReader {
    protected readonly tables: Tables;
    protected readonly frames: Frames;
    protected readonly pvs: Pvs;
    protected readonly objectPages: Objects;
    protected readonly contents: Contents;
    constructor(parts: Parts);
    abstract get version(): number;
    /** The last record of the history that counts. */
    protected abstract get limit(): number;
    /** The same, with the histories of counters made up to it. */
    protected abstract get countedLimit(): number;
    hasPmap(pmap: number): boolean;
    pmaps(): readonly number[];
    leaf(pmap: number, page: number): number;
    leafAt(pmap: number, page: number): Leaf | null;
    missingTables(pmap: number, page: number): number;
    tableAt(pmap: number, page: number, level: Level): Table | null;
    walk(pmap: number, page: number): readonly WalkStep[];
    rootFrame(pmap: number): number;
    leafCount(pmap: number): number;
    tableCount(pmap: number): number;
    eachLeaf(pmap: number, first: number, pages: number, visit: (page: number, packed: number, level: Level) => boolean | void): void;
    eachTable(pmap: number, visit: (table: Table) => void): void;
    use(frame: number): FrameUse;
    owner(frame: number): number;
    pageIndex(frame: number): number;
    generation(frame: number): number;
    wireCount(frame: number): number;
    queue(frame: number): PageQueue;
    busy(frame: number): boolean;
    clean(frame: number): boolean;
    referenced(frame: number): boolean;
    value(frame: number): number;
    eachValue(visit: (frame: number, value: number) => void): void;
    lowestFree(count: number): readonly number[];
    lowestFreeFrame(): number;
    eachFrame(visit: (frame: number) => void): void;
    get framesUsed(): number;
    get framesMax(): number;
    pvList(frame: number): readonly PvEntry[];
    get pvCount(): number;
    objects(): readonly number[];
    resident(object: number, index: number): number;
    swapped(object: number, index: number): boolean;
    swapValue(object: number, index: number): number;
    eachSwapValue(visit: (object: number, index: number, value: number) => void): void;
    residentCount(object: number): number;
    swapCount(object: number): number;
    eachResident(object: number, visit: (index: number, frame: number) => void): void;
    eachSwapped(object: number, visit: (index: number) => void): void;
}
/** A past moment. Reading one that was truncated away is a Defect. */
export declare class PastView extends View {
    readonly version: number;
    private readonly cells;
    private readonly counts;
    private lastRecord;
    private cutsSeen;
    constructor(parts: Parts, version: number);
    protected get limit(): number;
    protected get countedLimit(): number;
}
