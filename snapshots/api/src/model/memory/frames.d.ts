/**
 * Frames: who uses each, and how. A frame has three cells: its identity `owner * 2^26 + index`, its
 * state, and its pv list. They lie in blocks of 32 frames, made when one of them is first written.
 *
 * One of the files that pack words: bit operators are at home here.
 */
import type { FrameUse, PageQueue } from '../memory.ts';
import { type Cells } from './cells.ts';
import { type Change, Counter } from './counter.ts';
export declare class Frames {
    readonly framesMax: number;
    readonly used: Counter;
    readonly pvs: Counter;
    private readonly cells;
    /** First cell of each block, 0 for none; the cells that follow 0 read 0. */
    private blocks;
    private readonly freeMap;
    constructor(cells: Cells, framesMax: number);
    /** The first cell of a frame, for reading. */
    private cell;
    /** The low bits of a frame's state. */
    private low;
    use(frame: number, limit: number): FrameUse;
    owner(frame: number, limit: number): number;
    pageIndex(frame: number, limit: number): number;
    generation(frame: number, limit: number): number;
    wireCount(frame: number, limit: number): number;
    queue(frame: number, limit: number): PageQueue;
    busy(frame: number, limit: number): boolean;
    clean(frame: number, limit: number): boolean;
    referenced(frame: number, limit: number): boolean;
    /** The cell of a frame's pv list, for reading. */
    pvCell(frame: number): number;
    usedCount(limit: number): number;
    /** Each frame that is used, was used before, or is on record otherwise; ascending. */
    each(visit: (frame: number) => void, limit: number): void;
    lowestFreeFrame(limit: number): number;
    /** Found at once for the latest moment; counted from frame 0 for a past one. */
    lowestFree(count: number, limit: number): number[];
    /** The first cell of a frame, for writing. */
    private ensureCell;
    /** The cell of a frame's pv list, for writing. */
    ensurePvCell(frame: number): number;
    take(frame: number, use: Exclude<FrameUse, 'free'>, owner: number, index: number): void;
    free(frame: number): void;
    setWireCount(frame: number, count: number): void;
    setQueue(frame: number, queue: PageQueue): void;
    setBusy(frame: number, busy: boolean): void;
    setClean(frame: number, clean: boolean): void;
    setReferenced(frame: number, referenced: boolean): void;
    /** Writes the low bits of a frame's state that `mask` names. */
    private change;
    restoreGeneration(frame: number, generation: number): void;
    /** Which counters it changes when a cell of a frame goes from one value to another. */
    effects(place: number, from: number, to: number, change: Change): void;
    /** Brings the map of free frames back when the write of a state is undone. */
    undone(place: number, cell: number, from: number, to: number): void;
    get bytes(): number;
}
