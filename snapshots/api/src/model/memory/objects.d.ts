/**
 * Memory objects: which of their pages are resident, in which frame, and which have a copy in swap.
 * The entry of a page is twice its frame plus one, plus one when it is swapped.
 *
 * One of the files that pack words: bit operators are at home here.
 */
import { type Cells } from './cells.ts';
import type { Change } from './counter.ts';
export declare class Objects {
    private readonly cells;
    private readonly trees;
    private readonly heads;
    private readonly owner;
    /** @param owner the kind of the cells; its counters have a history only if they are told of, see counts.ts. */
    constructor(cells: Cells, owner: number);
    /** The numbers of objects that had a page since they were last dropped, ascending. */
    living(limit: number): number[];
    /** The numbers of objects with a page resident or swapped, ascending. */
    numbers(limit: number): number[];
    private entry;
    private twig;
    resident(object: number, index: number, limit: number): number;
    swapped(object: number, index: number, limit: number): boolean;
    residentCount(object: number, limit: number): number;
    swapCount(object: number, limit: number): number;
    /** Each entry that is not empty, ascending. */
    each(object: number, visit: (index: number, frame: number, swapped: boolean) => void, limit: number): void;
    setResident(object: number, index: number, frame: number): void;
    clearResident(object: number, index: number): void;
    setSwapped(object: number, index: number, swapped: boolean): void;
    drop(object: number): void;
    /** The life of an object, for a write at `index`; it begins with its first page. */
    private ensureLife;
    private ensureCell;
    /** Which counters it changes when an entry goes from one value to another. */
    effects(place: number, from: number, to: number, change: Change): void;
    refresh(): void;
    get bytes(): number;
}
