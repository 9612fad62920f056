/**
 * What a packed leaf says: `frame * LEAF_FRAME + flags`. Frames stay below 2^46, so a double holds it.
 *
 * One of the files that pack words: bit operators are at home here. They see the lowest 32 bits of any whole number,
 * which is where the flags are; the remainder of a division of doubles would be many times slower.
 */
/** Bits of a packed leaf; see `Memory.leaf`. */
export declare const LEAF_READ = 1;
export declare const LEAF_WRITE = 2;
export declare const LEAF_EXECUTE = 4;
export declare const LEAF_WIRED = 8;
export declare const LEAF_TRACKED = 16;
/** What a frame is multiplied by: the flags are below it. */
export declare const LEAF_FRAME = 32;
/** Builds the packed form that `setLeaf` takes. */
export declare function packLeaf(frame: number, flags: number): number;
/** The frame of a packed leaf. */
export declare function leafFrame(packed: number): number;
/** The LEAF_* bits of a packed leaf. */
export declare function leafFlags(packed: number): number;
/** Whether `flags` has the one bit `flag`. */
export declare function hasFlag(flags: number, flag: number): boolean;
