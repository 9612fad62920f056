/**
 * What must hold. A claim is about the state of one subject and is judged in worlds; a rule is about one transition
 * and is judged when its event has become true. Both are positive: the name says what is so, the counterexample why
 * it is not.
 *
 * A state is judged between steps only: within a step no other thread can look, and a count may be ahead of its
 * holders. At rest means that no call is in flight and that no page is busy.
 */
import type { EventOf, EventType, VmmEvent } from '../../events/event.ts';
import type { ThreadId } from '../../events/ids.ts';
import type { World } from '../model/world.ts';
import type { CallRecord } from './calls.ts';
import type { Past } from './past.ts';
/** `warning`: nothing is broken yet, but no limit keeps it from breaking. */
export type Severity = 'error' | 'warning';
type About = {
    /** Number in the catalogue of invariants, such as `I01`. Several may share one that says several things. */
    readonly id: string;
    readonly name: string;
    /** The routine or section that makes it so. */
    readonly source: string;
    readonly severity: Severity;
};
/**
 * What a claim is about, and the two numbers that name it: a leaf by its pmap and its page, a frame, a pmap, an
 * object, a VM and a process by their own number, the device by 0.
 */
export type SubjectKind = 'leaf' | 'frame' | 'pmap' | 'object' | 'vm' | 'process' | 'device';
/** Something that holds of each subject of a kind. */
export type Claim = About & {
    readonly when: 'always' | 'quiescent';
    readonly about: SubjectKind;
    /** Why it is not so of the subject, in one sentence; null when it is. */
    readonly of: (world: World, a: number, b: number) => string | null;
};
/** Why a transition was wrong, and about what. */
export type Finding = {
    readonly subject: string;
    readonly sentence: string;
    /** The step to blame where it is not the one that the event belongs to. */
    readonly place?: string;
};
/** An event that has become true, and what a rule may know of the run up to it. */
export type Moment<Type extends EventType = EventType> = {
    readonly event: EventOf<Type>;
    /** The world after the event. */
    readonly world: World;
    readonly thread: ThreadId | null;
    /** The call that the event belongs to; null outside any call, and for a call that began before anybody looked. */
    readonly call: CallRecord | null;
    /** What was before the event. */
    readonly past: Past;
};
/** Something that holds of each event of some types. */
export type Rule<Type extends EventType = EventType> = About & {
    readonly when: 'step';
    readonly on: readonly Type[];
    readonly counterexample: (moment: Moment<Type>) => Finding | null;
};
/** A rule as it lies in a list with others: asked only about events of its types. */
export type AnyRule = About & {
    readonly when: 'step';
    readonly on: readonly EventType[];
    readonly counterexample: (moment: Moment) => Finding | null;
};
export type Invariant = Claim | AnyRule;
/** Declares a rule: what its function is given is narrowed to the types of events that it names. */
export declare function rule<Type extends EventType>(declared: Omit<Rule<Type>, 'when' | 'severity'>, severity?: Severity): AnyRule;
/** Declares a claim that holds in every state between steps. */
export declare function always(about: SubjectKind, declared: Pick<Claim, 'id' | 'name' | 'source' | 'of'>): Claim;
/** Declares a claim that holds at rest. */
export declare function atRest(about: SubjectKind, declared: Pick<Claim, 'id' | 'name' | 'source' | 'of'>, severity?: Severity): Claim;
/** An invariant that did not hold, from the moment on at which that was seen. */
export type Violation = {
    readonly id: string;
    readonly name: string;
    readonly severity: Severity;
    /** The event after which it was seen. */
    readonly seq: number;
    /** Whose step is to blame, what its call was asked and which step it was; null where no call is. */
    readonly thread: ThreadId | null;
    readonly call: string | null;
    readonly place: string | null;
    /** Which line of the C the step stands for; null unless somebody who knows was asked. */
    readonly source: string | null;
    /** Such as `vm 1 gpa 0x1000`. */
    readonly subject: string;
    readonly sentence: string;
};
/** Whether nothing is under way: what is missing then will not come any more. */
export declare function isAtRest(world: World): boolean;
/** Whether an event ends a step by itself, whatever is recorded with it. */
export declare function endsStep(event: VmmEvent, thread: ThreadId | null): boolean;
export {};
