import type { Boot } from '../../events/boot.ts';
import type { Recorded } from '../../events/event.ts';
import type { Design } from '../design/design.ts';
import type { RunSnapshot } from '../engine/run.ts';
import type { TapeHeaderInput } from './header.ts';
/** What a recording needs of a tape's writer. */
export interface TapeSink {
    appendEvents(payload: Uint8Array, count: number, firstSeq: number): void;
    appendSnapshot(seq: number, payload: Uint8Array): void;
    appendNote(seq: number, text: string): void;
    sync(): void;
    close(): void;
}
/** The header of a run's tape. */
export declare function headerOf(design: Pick<Design, 'name'> & {
    readonly digest: string;
}, boot: Boot): TapeHeaderInput;
/** Packs the events of one run and hands them on in segments. */
export declare class Recording {
    #private;
    /** @param segmentEvents events that are packed, and with a sync policy of 'segment' made durable, at a time. */
    constructor(sink: TapeSink, segmentEvents?: number);
    /** Takes the next event; give this to a run. */
    readonly record: (recorded: Recorded) => void;
    /** Writes what is pending as a segment. Where writing fails it stays pending, and may be tried again. */
    flush(): void;
    /** Stores the whole run as it is now; `run` must be the one whose events are recorded. */
    snapshot(run: {
        readonly snapshot: () => RunSnapshot;
    }): void;
    note(seq: number, text: string): void;
    /** Writes what is pending and waits for the disk. */
    sync(): void;
    close(): void;
}
/** A snapshot as the payload of its frame. */
export declare function encodeSnapshot(snapshot: RunSnapshot): Uint8Array;
