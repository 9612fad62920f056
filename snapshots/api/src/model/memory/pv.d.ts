/**
 * Reverse mappings. Most pages have one mapping, so one fits in the page's own cell, as the entry
 * plus one. A longer list is minus its first node; a node is two cells, an entry and the next node,
 * and unused nodes are linked in a list of their own. An entry is `pmap * 2^36 + page`.
 *
 * One of the files that pack words: bit operators are at home here.
 */
import type { PvEntry } from '../memory.ts';
import { type Cells } from './cells.ts';
import type { Change } from './counter.ts';
import type { Frames } from './frames.ts';
export declare class Pvs {
    private readonly cells;
    private readonly frames;
    /** How many nodes were ever taken, and the first that was given back. */
    private readonly highCell;
    private readonly spareCell;
    private blocks;
    constructor(cells: Cells, frames: Frames);
    count(limit: number): number;
    list(frame: number, limit: number): PvEntry[];
    add(frame: number, pmap: number, page: number): void;
    remove(frame: number, pmap: number, page: number): void;
    private holds;
    /** Takes `entry` out of the nodes from `first` on. @returns false when it is not there. */
    private unlink;
    private takeNode;
    private giveNode;
    private nodeCell;
    private ensureBlock;
    /** Which counters it changes when a cell of a node goes from one value to another. */
    effects(cell: number, from: number, to: number, change: Change): void;
    get bytes(): number;
}
