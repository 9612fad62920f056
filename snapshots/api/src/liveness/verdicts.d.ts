/**
 * What must happen at last (I72, I74, I75, I76), judged of the calls that are in flight at one moment by a fair
 * continuation of the run. `holds` and `violated` are shown by it; `unknown` is what the bound, or something that only
 * the world outside the calls can do, left open.
 */
import type { ThreadId } from '../../events/ids.ts';
import type { World } from '../model/world.ts';
import type { Settled } from './settle.ts';
export type LivenessVerdict = {
    /** Number in the catalogue of invariants. */
    readonly id: 'I72' | 'I74' | 'I75' | 'I76';
    /** A positive claim. */
    readonly name: string;
    readonly thread: ThreadId;
    readonly verdict: 'holds' | 'violated' | 'unknown';
    readonly sentence: string;
};
/**
 * @param before the world from which the run was continued.
 * @returns a verdict for each claim about each call in flight; none where there is nothing to claim.
 */
export declare function livenessOf(before: World, { fates }: Settled): readonly LivenessVerdict[];
