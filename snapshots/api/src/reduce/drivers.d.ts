import type { Recorded, VmmEvent } from '../../events/event.ts';
import type { ThreadId } from '../../events/ids.ts';
import type { VersionedMemory } from '../model/memory/versioned.ts';
import type { World } from '../model/world.ts';
export type DriverKind = 'event' | 'batch' | 'inPlace';
export interface Driver {
    readonly kind: DriverKind;
    /** The world as it is now. Under `batch` and `inPlace` it changes with the next event: read it, do not keep it. */
    readonly current: World;
    /** The world as a value that never changes. */
    snapshot(): World;
    /** Makes one event true in the middle of a step. */
    apply(event: VmmEvent, seq: number, thread: ThreadId | null): void;
    /** Ends a step: the thread's call stands at `place`. */
    move(thread: ThreadId, place: string): void;
    /** Makes a recorded event true, its place included. */
    replay(recorded: Recorded): void;
}
/** A driver over `world`, whose memory must be `memory` as of its latest event. */
export declare function driverOf(kind: DriverKind, world: World, memory: VersionedMemory): Driver;
