/**
 * Watches a run: it is fed each event when it has become true, looks at what the event touched, and tells what does not
 * hold any more. Between two steps it says what `counterexamples` would say of the whole world.
 *
 * It reads the world that reducers make and nothing else, so that it judges a tape as well as a run.
 */
import type { Recorded } from '../../events/event.ts';
import type { World } from '../model/world.ts';
import { type Standing } from './active.ts';
import { type Violation } from './invariant.ts';
export type MonitorOptions = {
    /** Gets each violation when it begins. What breaks a rule neither begins nor ends, and is told each time. */
    readonly report: (violation: Violation) => void;
    /** Gets the violation of a claim that holds again. */
    readonly ended?: (violation: Violation) => void;
    /** Whose a guest's memory is in the design; without it, what depends on that is not judged. */
    readonly memoryFrom?: 'vmm' | 'creator' | undefined;
    /** Looks up the C that a step of a call stands for. */
    readonly sourceOf?: (call: string, place: string) => string | null;
};
export declare class Monitor {
    #private;
    /** @param world where the run goes on from; what does not hold there is told at once. */
    constructor(world: World, options: MonitorOptions);
    /** What does not hold now. */
    get standing(): readonly Standing[];
    /** Takes an event that has become true in `world`, and that ends its step where it has a place. */
    take({ event, thread, place }: Recorded, world: World): void;
}
