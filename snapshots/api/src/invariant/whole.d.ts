/**
 * Judges a world from scratch: each claim about each subject, in the plainest way. The monitor must say the same.
 */
import type { World } from '../model/world.ts';
import type { Claim, Finding, SubjectKind } from './invariant.ts';
/** Calls back for each subject of a kind that the world has. */
export declare function eachSubject(world: World, about: SubjectKind, visit: (a: number, b: number) => void): void;
/** A claim that does not hold of a subject. */
export type Counterexample = Finding & {
    readonly claim: Claim;
    readonly a: number;
    readonly b: number;
};
/** Every counterexample to the claims that are judged at that time, in a state between steps. */
export declare function counterexamples(world: World, when: Claim['when'], claims?: readonly Claim[]): readonly Counterexample[];
/** Why a claim does not hold in a world, by its first subject; null when it holds. */
export declare function counterexample(claim: Claim, world: World): string | null;
