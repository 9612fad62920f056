/**
 * Decides a run again: the decisions are read off its events, a fresh engine takes them, and what it records is
 * compared event by event.
 */
import type { Boot } from '../../events/boot.ts';
import type { GuestCommand } from '../../events/command.ts';
import type { Recorded } from '../../events/event.ts';
import type { Design } from '../design/design.ts';
import type { StepOutcome } from '../engine/engine.ts';
import { type Run, type RunSnapshot } from '../engine/run.ts';
/** The first event that would be recorded differently today. */
export type Difference = {
    readonly seq: number;
    readonly wanted: Recorded | null;
    readonly found: Recorded | null;
};
/** What the guest did, where an event says that it did something; null where it says nothing of a guest. */
export declare function guestCommandOf(run: Run, { event }: Recorded): GuestCommand | null;
/**
 * Takes the decision that `recorded` begins with.
 *
 * @returns how the step ended; null for a call that only begins, and for an event that no thread recorded.
 */
export declare function decide(run: Run, recorded: Recorded): StepOutcome | null;
/**
 * @param from the snapshot that the events go on from; a freshly booted host when left out.
 * @returns null when every event comes out as it was recorded.
 */
export declare function verify(events: Iterable<Recorded>, design: Design, boot: Boot, from?: RunSnapshot): Difference | null;
