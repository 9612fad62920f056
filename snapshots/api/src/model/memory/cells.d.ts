/** Cells come in chunks of this many, so that 16 neighbouring entries share a cache line. */
export declare const CHUNK = 16;
/** A limit that excludes no record. */
export declare const LATEST = 2147483647;
/** Told of each write that is undone: the cell, and the value that it has again. */
export type Undone = (cell: number, from: number, to: number) => void;
export declare class Cells {
    /** The record that last wrote each cell, 0 for none. */
    private last;
    /** What each chunk is part of, for its owner to say; see `owner`. */
    private owners;
    private chunks;
    /** Where the next single cell is, 0 when a chunk has to be made first. */
    private spare;
    /** The segments, each seen as doubles and as words. Record 0 is the value of a cell never written. */
    private values;
    private words;
    /** The segment that is written. */
    private value;
    private word;
    /** The number of the last record; also how many there are. */
    count: number;
    /** The records of each cell that is written often. */
    private lists;
    /** The event that writes belong to. */
    version: number;
    /** The first version that can be read. */
    first: number;
    /** Records from here on may be overwritten by the same version. */
    open: number;
    /** The first record of each version, for one run of versions after another. */
    private starts;
    private startCount;
    /** A run is a first version and where its starts begin; a new one is opened when versions are skipped. */
    private runs;
    /** For each time that records were renumbered or forgotten, the last version that stayed; see `limitAgain`. */
    readonly cuts: number[];
    constructor();
    /**
     * A block of `count` neighbouring chunks; the cells of chunk c begin at c * CHUNK.
     *
     * @param owner what the cells of the first are, see owners.ts; 0 for what nobody counts. The others follow it.
     */
    allocate(count: number, owner: number): number;
    /** A single cell that nobody is told of. */
    allocateCell(): number;
    /** What the owner of a cell's chunk said of it. */
    owner(cell: number): number;
    set(cell: number, value: number): void;
    /** Writes a value and gives back the one before it. Quicker than asking first. */
    swap(cell: number, value: number): number;
    private append;
    /** The word of a record that is not the first of its cell. */
    private aged;
    /** Makes room for the record at `at` of its segment. Only the first segment grows; it begins small. */
    private extend;
    private addSegment;
    /** The latest value. */
    get(cell: number): number;
    /** The value as of record `limit`. */
    at(cell: number, limit: number): number;
    /** A record of the same cell before `record`: the last up to `limit`, or one that is nearer to it. */
    private recordBefore;
    /** The record before it of the same cell, 0 for none. */
    before(record: number): number;
    cellOf(record: number): number;
    valueOf(record: number): number;
    /** What is written from here on belongs to event `version`. */
    begin(version: number): void;
    /** A few versions that are skipped get starts of their own, as if they had written nothing. */
    private skipTo;
    /** For a memory that nothing was written to: its history begins at `version`. */
    startAt(version: number): void;
    /**
     * The last record of `version`, which is how a past moment is named.
     *
     * @throws Defect MEM020 when the version has not come yet or was dropped.
     */
    limitOf(version: number): number;
    /** How many starts belong to versions up to this one. */
    private startsUpTo;
    /** Forgets everything after `version`. @returns the limit that is left. */
    truncate(version: number, undone: Undone): number;
    private dropStartsAfter;
    private unlist;
    /**
     * The limit of a version that was read before, when there were `seen` cuts: records may have been
     * renumbered since.
     *
     * @throws Defect MEM021 when it was truncated away in between.
     */
    limitAgain(version: number, seen: number): number;
    /**
     * Makes `version` the first that can be read. Cost follows the records.
     */
    dropBefore(version: number): void;
    private dropStarts;
    /** Bytes of the cells and of all their records. */
    get bytes(): number;
}
