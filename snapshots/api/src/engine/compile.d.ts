/**
 * Compiles a machine of xstate into a table of functions. The machine stays the definition, and
 * xstate the judge of what it means; the engine only steps some hundred times as fast as an actor.
 * The context is given from outside for each step, since the world holds it.
 *
 * What is refused at load, by name: everything that acts other than by `emit`, everything that takes
 * time, and everything that needs more than one number to say where the machine is.
 */
import type { AnyStateMachine, ContextFrom, EmittedFrom, EventFrom } from 'xstate';
/** Where a step led and what it emitted, in order. Frozen when it is the same each time. */
export type StepResult<Emitted> = {
    readonly place: number;
    readonly emitted: readonly Emitted[];
};
/** A *place* is the number of a leaf state: dense, from 0, in document order. */
export interface CompiledMachine<In extends {
    readonly type: string;
}, Emitted, Context> {
    readonly id: string;
    /** Where a machine starts. Being there emits nothing. */
    readonly initial: number;
    /** The dotted path of each place, such as `tearing.detaching`. */
    readonly places: readonly string[];
    /** @throws Defect ENG014 when no leaf state has that path. */
    placeOf(name: string): number;
    /** Whether a transition is declared for `type`, in the state or around it; guards may still say no. */
    accepts(place: number, type: string): boolean;
    /** The inputs that the machine names and that are accepted at `place`. */
    inputs(place: number): readonly string[];
    /** The `meta` of the state, or of the nearest one around it that has any; undefined without. */
    metaOf(place: number): unknown;
    /** The tags of the state and of those around it. */
    tagsOf(place: number): readonly string[];
    /** Where one transition from there may lead, whatever its guard says. */
    targetsOf(place: number): readonly number[];
    /** Whether the machine is over; a final state inside another one ends only that. */
    isFinal(place: number): boolean;
    /**
     * Takes one input. Nothing is remembered: the same arguments give the same result.
     *
     * @throws Defect ENG010 when no transition is declared for the input, ENG011 when their guards
     *   refuse it, ENG013 when the machine does not come to rest, ENG014 when there is no such place.
     */
    step(place: number, context: Context, input: In): StepResult<Emitted>;
}
/** @throws Defect ENG001 to ENG008 naming the state and the construct that cannot be compiled. */
export declare function compile<Machine extends AnyStateMachine>(machine: Machine): CompiledMachine<EventFrom<Machine>, EmittedFrom<Machine>, ContextFrom<Machine>>;
