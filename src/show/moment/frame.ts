/**
 * One host-physical page: what it holds, its counts, and every mapping of it, tracked or not.
 */
import { addressOf, hex, type Word64 } from '../../../events/address.ts'
import { WORD_BYTES } from '../../../events/word.ts'
import { LEAF_TRACKED, leafFlags, leafFrame } from '../../model/memory.ts'
import { tableOf, WORDS_FIRST } from '../../model/words.ts'
import type { World } from '../../model/world.ts'
import { frameUse, pmapName } from '../names.ts'
import { count } from '../table.ts'
import { type Part, section } from './part.ts'

/** Past every page number. */
const PAGES_END = 2 ** 40

/** A leaf that names the frame; `tracked` when the pv list of the frame knows it. */
type Mapping = { readonly pmap: string; readonly va: number; readonly tracked: boolean }

export function framePart(world: World, frame: number): Part {
  const { memory } = world
  const mappings: Mapping[] = Object.values(world.pmaps).flatMap((pmap) => {
    const found: Mapping[] = []
    memory.eachLeaf(pmap.ref, 0, PAGES_END, (page, packed) => {
      if (leafFrame(packed) !== frame) return
      const tracked = Math.floor(leafFlags(packed) / LEAF_TRACKED) % 2 === 1
      found.push({ pmap: pmapName(world, pmap), va: addressOf(page), tracked })
    })
    return found
  })
  const data = {
    frame,
    use: frameUse(world, frame),
    generation: memory.generation(frame),
    wireCount: memory.wireCount(frame),
    queue: memory.queue(frame),
    busy: memory.busy(frame),
    clean: memory.clean(frame),
    ...wordsOf(world, frame),
    mappings,
  }
  return {
    name: 'page',
    data,
    lines: (paint) => [
      ...section(
        `frame ${hex(frame)}: ${data.use}`,
        mappings.map(
          ({ pmap, va, tracked }) =>
            `  mapped by ${pmap} at ${hex(va)}${tracked ? '' : ', which its pv list does not name'}`,
        ),
        paint,
      ),
      `wired    ${count(data.wireCount, 'time')}; queue ${data.queue}${data.busy ? ', busy' : ''}${data.clean ? ', clean' : ''}`,
      `freed    ${count(data.generation, 'time')} before`,
      ...(data.words ?? []).map(({ at, word }) => `word     ${hex(at)}: ${hex(word)}`),
    ],
  }
}

/** The words of a page that holds more than one small number, by the byte that they start at. */
function wordsOf(world: World, frame: number): { readonly words?: readonly { at: number; word: Word64 }[] } {
  const contents = world.memory.value(frame)
  if (contents < WORDS_FIRST) return {}
  const table = Object.entries(tableOf(world, contents))
  return { words: table.map(([index, word]) => ({ at: Number(index) * WORD_BYTES, word })) }
}
