import type { AnyRule, Claim, Invariant, SubjectKind } from './invariant.ts';
export declare const CLAIMS: readonly Claim[];
export declare const RULES: readonly AnyRule[];
/** In order of their numbers. */
export declare const INVARIANTS: readonly Invariant[];
/** The claims about a kind of subject that are judged at a time. */
export declare function claimsAbout(about: SubjectKind, when: Claim['when']): readonly Claim[];
