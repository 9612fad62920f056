import type { WordTable } from '../../events/word.ts';
import type { World } from './world.ts';
/** The first number that names a table of words. */
export declare const WORDS_FIRST: number;
/** Tables of words that pages name, and how many were ever made. */
export type Words = {
    readonly made: number;
    /** By the number that names them. */
    readonly tables: Readonly<Record<number, WordTable>>;
};
/** The words of a page that holds `contents`. */
export declare function tableOf({ words }: Pick<World, 'words'>, contents: number): WordTable;
/** The number of a page whose words are so few and small that they need no table; null where they do. */
export declare function plainOf(table: WordTable): number | null;
