import type { Boot } from '../../events/boot.ts';
import type { Recorded } from '../../events/event.ts';
import type { RunSnapshot } from '../engine/run.ts';
import { VersionedMemory } from '../model/memory/versioned.ts';
import type { MemoryReader } from '../model/memory.ts';
import { type World } from '../model/world.ts';
import type { TapeReader } from '../tape/reader.ts';
/** Says how far loading has come, in events. */
export type Progress = (done: number) => void;
export declare class Timeline {
    #private;
    readonly header: TapeReader['header'];
    readonly boot: Boot;
    /** The first moment: before any event of the tape. */
    readonly start: number;
    /** The last moment: after all of them. */
    readonly lastSeq: number;
    private constructor();
    /**
     * Replays all that `reader` accepts.
     *
     * @throws Defect where an event cannot be true in the world before it. TapeError where a payload is none of ours.
     */
    static load(reader: TapeReader, progress?: Progress): Timeline;
    /** Memory as of the moment after event `seq`. */
    memoryAt(seq: number): MemoryReader;
    /** The world after event `seq`, as a value of its own. */
    at(seq: number): World;
    /** One event with its place. */
    recorded(seq: number): Recorded;
    /** The events from `from` to `to`, both included. */
    between(from?: number, to?: number): Generator<Recorded>;
}
/** Where a tape starts: a freshly booted host, or the snapshot of the run that it goes on with. The memory is the caller's. */
export declare function beginning(reader: TapeReader, boot: Boot, firstSeq: number): {
    world: World;
    memory: VersionedMemory;
};
/** The snapshot in a frame, of whatever version. */
export declare function decodeSnapshot(payload: Uint8Array): RunSnapshot;
