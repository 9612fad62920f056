import type { VmmEvent } from '../../events/event.ts';
import type { ThreadId } from '../../events/ids.ts';
import type { Accessor } from '../../events/memory.ts';
import { type WordTable } from '../../events/word.ts';
import type { World } from '../model/world.ts';
/** A read that found what was not written there last. */
export type FlatFinding = {
    readonly seq: number;
    readonly id: 'I80' | 'I85';
    /** The page as the reader named it, and the object's page that it is. */
    readonly by: Accessor;
    readonly page: string;
    readonly wanted: string;
    readonly found: string;
};
type Place = {
    readonly object: number;
    readonly index: number;
};
/** Takes the events of a run in order, and says which reads were wrong. */
export declare class FlatMemory {
    #private;
    /** @param world where the run goes on from: what its pages hold there is what was written last. Without it, all is zeros. */
    constructor(world?: World | null);
    /** What a page holds by its address alone. */
    words({ object, index }: Place): WordTable;
    /**
     * @param world the world in which the event has become true.
     * @param thread whose step the event belongs to.
     * @returns null for all but a read that found something else.
     */
    judge(event: VmmEvent, world: World, thread: ThreadId | null): FlatFinding | null;
}
export {};
