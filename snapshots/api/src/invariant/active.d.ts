/**
 * The claims that do not hold at present. A violation is told once, when it begins, and again when it has ended.
 */
import type { World } from '../model/world.ts';
import type { Claim, SubjectKind, Violation } from './invariant.ts';
/** The step that is to blame for what is seen. */
export type Cause = Pick<Violation, 'thread' | 'call' | 'place' | 'source'>;
export type Tell = (violation: Violation) => void;
/** A claim that does not hold of a subject, and the violation that began with it. */
export type Standing = {
    readonly claim: Claim;
    readonly a: number;
    readonly b: number;
    readonly violation: Violation;
};
export declare class Active {
    #private;
    constructor(report: Tell, ended: Tell);
    /** All that stands. */
    standing(): Generator<Standing>;
    /**
     * Asks the claims about one subject, and tells what began and what ended.
     *
     * @returns whether one of them does not hold.
     */
    judge(world: World, about: SubjectKind, a: number, b: number, when: Claim['when'], cause: () => Cause): boolean;
}
