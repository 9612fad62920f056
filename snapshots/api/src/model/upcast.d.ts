import { type World } from './world.ts';
/** A world without its memory. */
export type WorldRecords = Omit<World, 'memory'>;
/** `stored` as a world of today; one of today stays as it is. */
export declare function upcast(stored: WorldRecords): WorldRecords;
