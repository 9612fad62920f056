/**
 * The histories of all counters, made from the records as far as they are asked for. A replay of a
 * million events that nobody asks about the past pays nothing for them; the first question about a
 * moment pays some nanoseconds for each record up to it, and later ones only look up.
 */
import type { Cells } from './cells.ts';
import type { Change } from './counter.ts';
/** Says which counters a write changes: a cell went from one value to another. */
export type EffectsOf = (cell: number, from: number, to: number, change: Change) => void;
export declare class Counts {
    private readonly cells;
    private readonly effectsOf;
    /** The histories are made up to this record. */
    private made;
    private readonly counters;
    constructor(cells: Cells, effectsOf: EffectsOf);
    /** Makes the histories up to a record. */
    upTo(limit: number): void;
    /** Forgets the histories after a record. */
    cut(limit: number): void;
    get bytes(): number;
}
