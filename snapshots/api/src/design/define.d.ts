/**
 * Derives a design from another one: what a kernel would do if some of its routines took another way, or some of its
 * functions another form. What is wrong with the derivation is said when it is made, by name.
 */
import { type AnyStateMachine } from 'xstate';
import type { CallCommand } from '../../events/command.ts';
import type { LockProgram } from '../../machines/calls/locks.ts';
import type { Primitive } from '../kernel/kernel.ts';
import type { Design } from './design.ts';
/** Other ways through a routine: for each state and answer, the state that it leads to instead. */
export type Detours = Readonly<Record<string, Readonly<Record<string, string>>>>;
export type Derivation = {
    readonly name: string;
    /** One sentence: in which way it differs. */
    readonly about: string;
    /** A whole machine in place of the base's, or other ways through that. */
    readonly routines?: Readonly<Partial<Record<CallCommand['type'], AnyStateMachine | Detours>>>;
    /** Kernel functions by the name under which steps call them. */
    readonly primitives?: Readonly<Record<string, Primitive>>;
};
/**
 * The design that differs from `base` in what is given.
 *
 * @throws UserError naming a routine, a state, an answer or a kernel function that does not exist, and a machine that
 *   cannot be compiled.
 */
export declare function defineDesign(base: Design, { name, about, routines, primitives }: Derivation): Design;
/**
 * `machine` with other ways through it. What a transition tells the entities stays; one that a guard chose becomes a
 * plain one.
 *
 * @param whose begins the sentence about what does not exist.
 * @throws UserError naming a state or an answer that the machine does not have.
 */
export declare function detoured(machine: AnyStateMachine, detours: Detours, whose?: string): AnyStateMachine;
/**
 * `machine` with other locks: what its states do to locks instead of what their kernel functions do.
 *
 * @param locks by state; see `lockFindings` for what a design is told about them.
 * @throws UserError naming a state that the machine does not have.
 */
export declare function relocked(machine: AnyStateMachine, locks: Readonly<Record<string, LockProgram>>): AnyStateMachine;
