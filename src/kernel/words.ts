/**
 * Reads and writes of words in memory, whoever does them.
 *
 * Source: the MMU; for the kernel, its direct map, which sets no accessed or modified bit that the page daemon gathers.
 */
import type { Frame, Word64 } from '../../events/address.ts'
import { word64 } from '../../events/address.ts'
import type { Accessor } from '../../events/memory.ts'
import { bytesOf, WORD_BYTES, withBytes } from '../../events/word.ts'
import { plainOf, tableOf, WORDS_FIRST } from '../model/words.ts'
import type { World } from '../model/world.ts'
import type { Kernel } from './kernel.ts'

/** How often tables are looked for that nobody names any more, in tables made. */
const SWEEP_EVERY = 128

/** Where in memory: `bytes` from byte `offset` of `frame` on. A `tracked` mapping is one that the pv list names. */
export type Span = {
  readonly frame: Frame
  readonly offset: number
  readonly bytes: number
  readonly tracked: boolean
  readonly cached?: true
}

/** The word that holds an address. */
export function wordAt(frame: Frame, byte: number, tracked: boolean): Span {
  return { frame, offset: byte - (byte % WORD_BYTES), bytes: WORD_BYTES, tracked }
}

/** What lies there, without a word of it being recorded. */
export function peek(world: World, { frame, offset, bytes }: Omit<Span, 'tracked'>): bigint {
  return bytesOf(tableOf(world, world.memory.value(frame)), offset, bytes)
}

/** Reads, and says so. */
export function readWord(kernel: Kernel, by: Accessor, span: Span): bigint {
  const word = peek(kernel.world, span)
  kernel.record({ type: 'word.read', by, ...span, word: word64(word) })
  return word
}

/** Writes, and says so. */
export function writeWord(kernel: Kernel, by: Accessor, span: Span, word: Word64): void {
  const { world } = kernel
  const before = world.memory.value(span.frame)
  const table = tableOf(world, before)
  const was = word64(bytesOf(table, span.offset, span.bytes))
  const made = world.words?.made ?? 0
  const contents = plainOf(withBytes(table, span.offset, span.bytes, word)) ?? WORDS_FIRST + made
  const event = { type: 'word.written', by, ...span, was, word, before, contents } as const
  const dropped = contents >= WORDS_FIRST && (made + 1) % SWEEP_EVERY === 0 ? unnamed(world, before) : []
  kernel.record(dropped.length === 0 ? event : { ...event, dropped })
}

/** Tables that no page and no copy in swap names. */
function unnamed({ memory, words }: World, ...named: readonly number[]): readonly number[] {
  const live = new Set(named)
  memory.eachValue((_, value) => live.add(value))
  memory.eachSwapValue((_object, _index, value) => live.add(value))
  return Object.keys(words?.tables ?? {})
    .map(Number)
    .filter((table) => !live.has(table))
}
