/**
 * The part of the library that needs Node: tapes as files. `import { openTape, recordTape } from 'vmtape/node'`.
 */
import type { Recorded } from '../events/event.ts';
import { type Run, type RunOptions } from './engine/run.ts';
import type { World } from './model/world.ts';
import { Timeline } from './replay/timeline.ts';
import { type CreateOptions, type ReadOptions, readTape, TapeWriter } from './tape/file.ts';
import type { TapeReader } from './tape/reader.ts';
import { Recording } from './tape/recording.ts';
/** A tape that is open: what the file holds, and the run at any moment. */
export type OpenTape = {
    readonly reader: TapeReader;
    readonly timeline: Timeline;
    /** The world after event `seq`. */
    readonly at: (seq: number) => World;
    readonly recorded: (seq: number) => Recorded;
    readonly close: () => void;
};
/**
 * Opens a tape and replays it.
 *
 * @throws TapeError when there is no tape to read; what is damaged is in `reader.report`, and all before it opens.
 */
export declare function openTape(path: string, options?: ReadOptions): OpenTape;
/** Boots a host whose run is recorded at `path`. Close the recording when the run is over. */
export declare function recordTape(path: string, options?: Omit<RunOptions, 'record'> & CreateOptions): {
    readonly run: Run;
    readonly recording: Recording;
};
export { sealTape } from './tape/file.ts';
export { Recording, readTape, TapeWriter };
