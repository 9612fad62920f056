/**
 * What a page holds, as words. A page of memory holds one number. Up to WORDS_FIRST that is the number itself, which is
 * word 0 of a page whose other words are 0; from there on it names a table of words, which never changes: writing a word
 * makes another table. So whatever moves the number of a page (swap, copies, frames) moves its words.
 */
import type { Word64 } from '../../events/address.ts'
import type { WordTable } from '../../events/word.ts'
import type { World } from './world.ts'

/** The first number that names a table of words. */
export const WORDS_FIRST = 2 ** 45

/** Tables of words that pages name, and how many were ever made. */
export type Words = {
  readonly made: number
  /** By the number that names them. */
  readonly tables: Readonly<Record<number, WordTable>>
}

const NO_WORDS: WordTable = Object.freeze({})

/** The words of a page that holds `contents`. */
export function tableOf({ words }: Pick<World, 'words'>, contents: number): WordTable {
  if (contents === 0) return NO_WORDS
  return contents < WORDS_FIRST ? { 0: contents } : (words?.tables[contents] ?? NO_WORDS)
}

/** The number of a page whose words are so few and small that they need no table; null where they do. */
export function plainOf(table: WordTable): number | null {
  const indexes = Object.keys(table)
  if (indexes.length === 0) return 0
  const first: Word64 | undefined = table[0]
  return indexes.length === 1 && typeof first === 'number' && first < WORDS_FIRST ? first : null
}
