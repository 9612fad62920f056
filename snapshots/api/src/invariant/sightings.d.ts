import type { World } from '../model/world.ts';
export type Sighting = {
    /** What is seen, in the words of the field. */
    readonly name: string;
    /** Between which steps of which routines it lies. */
    readonly source: string;
    readonly seen: (world: World) => boolean;
};
export declare const SIGHTINGS: readonly Sighting[];
