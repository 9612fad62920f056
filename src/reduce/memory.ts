/** Makes accesses to memory true. @see events/memory.ts */
import { unreachable } from '../../events/event.ts'
import type { MemoryEvent, WordWritten } from '../../events/memory.ts'
import { withBytes } from '../../events/word.ts'
import type { Memory } from '../model/memory.ts'
import { tableOf, WORDS_FIRST } from '../model/words.ts'
import type { WorldDraft } from './draft.ts'

/** The table that a written word makes is kept under its number; tables that nobody names go. */
function keepWords(world: WorldDraft, { before, contents, offset, bytes, word, dropped }: WordWritten): void {
  if (contents >= WORDS_FIRST) {
    world.words ??= { made: 0, tables: {} }
    world.words.tables[contents] = { ...withBytes(tableOf(world, before), offset, bytes, word) }
    world.words.made += 1
  }
  for (const gone of dropped ?? []) delete world.words?.tables[gone]
}

export function reduceMemory(world: WorldDraft, event: MemoryEvent, memory: Memory): void {
  switch (event.type) {
    case 'memory.read':
      if (event.tracked) memory.setReferenced(event.frame, true)
      return
    case 'memory.written':
      memory.setValue(event.frame, event.value)
      if (!event.tracked) return
      memory.setReferenced(event.frame, true)
      memory.setClean(event.frame, false)
      return
    case 'memory.touched':
      memory.setReferenced(event.frame, true)
      if (event.access === 'w') memory.setClean(event.frame, false)
      return
    case 'word.read':
      if (event.tracked) memory.setReferenced(event.frame, true)
      return
    case 'word.written':
      keepWords(world, event)
      memory.setValue(event.frame, event.contents)
      if (!event.tracked) return
      memory.setReferenced(event.frame, true)
      memory.setClean(event.frame, false)
      return
    default:
      unreachable(event)
  }
}
