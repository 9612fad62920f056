/**
 * What pages hold: one number for each frame and for each copy in swap, 0 for a page of zeros. A cell is made for what
 * is first written, and for nothing else.
 */
import { type Cells } from './cells.ts';
export declare class Contents {
    private readonly cells;
    private readonly frames;
    /** By object, then by index. */
    private readonly swap;
    constructor(cells: Cells);
    value(frame: number, limit: number): number;
    swapValue(object: number, index: number, limit: number): number;
    private read;
    /** Each frame that holds something, ascending. */
    eachValue(visit: (frame: number, value: number) => void, limit: number): void;
    /** Each copy in swap that holds something, ascending by object and index. */
    eachSwapValue(visit: (object: number, index: number, value: number) => void, limit: number): void;
    setValue(frame: number, value: number): void;
    /** A frame holds zeros again. */
    clear(frame: number): void;
    setSwapValue(object: number, index: number, value: number): void;
    private put;
    /** What its copies in swap held is gone. */
    dropObject(object: number): void;
    /** Bytes of the maps; those of the cells are counted with the cells. */
    get bytes(): number;
}
