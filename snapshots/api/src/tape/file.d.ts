import { type TapeFileSystem } from './file/system.ts';
import { TapeReader } from './reader.ts';
import type { Verify } from './scan.ts';
export { nodeMeans } from './file/means.ts';
export { sealTape } from './file/seal.ts';
export type { TapeFileSystem } from './file/system.ts';
export { type CreateOptions, type SyncPolicy, TapeWriter } from './file/writer.ts';
export type ReadOptions = {
    /** See TapeReader; 'all' unless told. */
    readonly verify?: Verify;
    readonly fileSystem?: TapeFileSystem;
    /** Files up to this size, in bytes, are read at once. 64 MiB unless told. */
    readonly wholeBytesMax?: number;
};
/**
 * Opens a tape. Close it when it is no longer needed.
 *
 * @throws TapeError TAPE001 to TAPE006 when there is no tape to read. A tape with a damaged end opens up to there;
 *   what is wrong with it is in `report`.
 */
export declare function readTape(tape: string | Uint8Array, options?: ReadOptions): TapeReader;
