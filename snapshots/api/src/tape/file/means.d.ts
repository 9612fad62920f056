import type { ReadingMeans } from '../reader.ts';
export declare const nodeMeans: Required<ReadingMeans>;
/**
 * Brotli at quality 1: on columns as small as at higher qualities and many times quicker, and Node 20 has it,
 * unlike zstd.
 */
export declare function compress(payload: Uint8Array): Uint8Array;
