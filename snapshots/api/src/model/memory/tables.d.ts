/**
 * Page tables: what the entries of each pmap's tree hold, and the counts that go with them.
 *
 * An entry is 0 when absent, a packed leaf plus one, or minus the frame of a table minus one. What
 * the latest tables have beside that, their children, is kept with the nodes and follows when writes
 * are undone; at a past moment it is counted.
 *
 * One of the files that pack words: bit operators are at home here.
 */
import { type Leaf, type Level, type Table, type WalkStep } from '../memory.ts';
import { type Cells } from './cells.ts';
import type { Change } from './counter.ts';
type VisitLeaf = (page: number, packed: number, level: Level) => boolean | void;
export declare class Tables {
    private readonly cells;
    private readonly trees;
    private readonly heads;
    /** The cell of each pmap's root frame. */
    private readonly rootFrames;
    constructor(cells: Cells);
    has(pmap: number, limit: number): boolean;
    numbers(limit: number): number[];
    rootFrame(pmap: number, limit: number): number;
    leafCount(pmap: number, limit: number): number;
    tableCount(pmap: number, limit: number): number;
    leaf(pmap: number, page: number, limit: number): number;
    leafAt(pmap: number, page: number, limit: number): Leaf | null;
    missingTables(pmap: number, page: number, limit: number): number;
    tableAt(pmap: number, page: number, level: Level, limit: number): Table | null;
    /** How many entries of a linked table are not empty. */
    private children;
    walk(pmap: number, page: number, limit: number): WalkStep[];
    eachLeaf(pmap: number, first: number, pages: number, visit: VisitLeaf, limit: number): void;
    /** @returns false when the visitor has seen enough. */
    private leavesBelow;
    eachTable(pmap: number, visit: (table: Table) => void, limit: number): void;
    private tablesBelow;
    /** The life of a pmap whose tree may hold `page`: pages beyond the reach of four levels are in no tree. */
    private lifeOver;
    private nodes;
    private twig;
    /** The node whose entries are of `level`, 0 for none. */
    private node;
    private entry;
    create(pmap: number, rootFrame: number): void;
    destroy(pmap: number): void;
    addTable(pmap: number, page: number, level: Level, frame: number): void;
    removeTable(pmap: number, page: number, level: Level): void;
    setLeaf(pmap: number, page: number, level: Level, packed: number): void;
    /** The same for an entry that may hold a table. */
    private setLargeLeaf;
    clearLeaf(pmap: number, page: number, level: Level): void;
    /** The life of a pmap, for a write at `page`. */
    private lifeFor;
    private expectFrameNumber;
    /** Which counters it changes when an entry goes from one value to another. */
    effects(kind: number, place: number, from: number, to: number, change: Change): void;
    /** Brings the states of nodes back when the write of an entry is undone. */
    undone(kind: number, place: number, cell: number, from: number, to: number): void;
    refresh(): void;
    get bytes(): number;
}
export {};
