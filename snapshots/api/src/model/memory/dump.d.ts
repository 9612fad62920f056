/**
 * The contents of a memory as bytes, and back. Everything is written in ascending order and as the
 * difference from what came before, so the bytes are few and depend on the contents alone: not on
 * the order of events, nor on which implementation holds them.
 */
import { type Memory, type MemoryReader } from '../memory.ts';
/** One stretch of bytes for each subject; msgpack stores them as they are. */
export type MemoryDump = {
    readonly framesMax: number;
    readonly pmaps: Uint8Array;
    readonly frames: Uint8Array;
    readonly objects: Uint8Array;
    /** What frames and swap hold; left out where all of it is zeros. */
    readonly contents?: Uint8Array;
};
/** A memory that a dump can be loaded into. */
type Loadable = Memory & {
    restoreGeneration(frame: number, generation: number): void;
    restoreSwapValue(object: number, index: number, value: number): void;
};
export declare function dumpOf(memory: MemoryReader): MemoryDump;
/** 53 bits of the contents. */
export declare function digestOf(dump: MemoryDump): number;
/**
 * Makes a new memory hold what a dump says.
 *
 * @throws Defect MEM022 when the bytes are damaged, or that of the first write that cannot be.
 */
export declare function fill(memory: Loadable, dump: MemoryDump): void;
export {};
