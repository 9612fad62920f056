/**
 * The plainest memory there is: an array of words for each page of each object, at first zeros, which accesses go to by
 * their addresses alone. No page tables, no frames, no swap. What it says a read finds is what must be found, whatever paging
 * did meanwhile.
 *
 * Where an access goes follows from the map of the process, or from the memory ranges of the guest, at that moment. What
 * userland gave up by itself, as with MADV_FREE, is zeros again.
 */
import { hex, pageOf, word64 } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Accessor } from '../../events/memory.ts'
import { bytesOf, type WordTable, withBytes } from '../../events/word.ts'
import { plainOf, tableOf } from '../model/words.ts'
import type { World } from '../model/world.ts'

/** A read that found what was not written there last. */
export type FlatFinding = {
  readonly seq: number
  readonly id: 'I80' | 'I85'
  /** The page as the reader named it, and the object's page that it is. */
  readonly by: Accessor
  readonly page: string
  readonly wanted: string
  readonly found: string
}

type Place = { readonly object: number; readonly index: number }

/** Where an access belongs; null where nothing is mapped at the address. */
function placeOf(world: World, by: Accessor): Place | null {
  if (by.kind === 'process') {
    for (const { start, size, object, offset } of world.processes[by.pid]?.entries ?? []) {
      if (by.va >= start && by.va < start + size) return { object, index: offset + pageOf(by.va - start) }
    }
    return null
  }
  const vm = world.vms[by.vm]
  for (const { gpa, size, object } of vm?.slots ?? []) {
    if (object !== null && by.gpa >= gpa && by.gpa < gpa + size) return { object, index: pageOf(by.gpa - gpa) }
  }
  // The design before the patch keeps the objects of a guest in a map of its own.
  for (const { start, size, object, offset } of vm?.space ?? []) {
    if (by.gpa >= start && by.gpa < start + size) return { object, index: offset + pageOf(by.gpa - start) }
  }
  return null
}

/** The words of a page that holds a number. */
function wordsOf(value: number): WordTable {
  return value === 0 ? {} : { 0: value }
}

/** Equal words have equal texts: the number of the page where it is one, else the words that are not 0. */
function textOf(words: WordTable): string {
  const number = plainOf(words)
  if (number !== null) return String(number)
  return Object.entries(words)
    .map(([index, word]) => `${index}: ${hex(word)}`)
    .join(', ')
}

/** Takes the events of a run in order, and says which reads were wrong. */
export class FlatMemory {
  readonly #pages = new Map<number, Map<number, WordTable>>()

  /** @param world where the run goes on from: what its pages hold there is what was written last. Without it, all is zeros. */
  constructor(world: World | null = null) {
    if (world === null) return
    const { memory } = world
    memory.eachSwapValue((object, index, value) => this.#set({ object, index }, tableOf(world, value)))
    memory.eachValue((frame, value) => {
      if (memory.use(frame) !== 'object') return
      this.#set({ object: memory.owner(frame), index: memory.pageIndex(frame) }, tableOf(world, value))
    })
  }

  /** What a page holds by its address alone. */
  words({ object, index }: Place): WordTable {
    return this.#pages.get(object)?.get(index) ?? {}
  }

  #set({ object, index }: Place, words: WordTable): void {
    const pages = this.#pages.get(object) ?? new Map<number, WordTable>()
    this.#pages.set(object, pages)
    pages.set(index, words)
  }

  /**
   * @param world the world in which the event has become true.
   * @param thread whose step the event belongs to.
   * @returns null for all but a read that found something else.
   */
  judge(event: VmmEvent, world: World, thread: ThreadId | null): FlatFinding | null {
    switch (event.type) {
      case 'memory.written': {
        const place = placeOf(world, event.by)
        if (place !== null) this.#set(place, wordsOf(event.value))
        return null
      }
      case 'word.written': {
        const place = placeOf(world, event.by)
        if (place !== null) this.#set(place, withBytes(this.words(place), event.offset, event.bytes, event.word))
        return null
      }
      case 'memory.read':
        // A process that looks at ciphertext finds noise, as it should.
        if (event.value === null && event.by.kind === 'process') return null
        return this.#judgeRead(
          event.by,
          (words) => [textOf(words), event.value === null ? 'noise' : textOf(tableOf(world, event.value))],
          world,
        )
      case 'word.read':
        return this.#judgeRead(
          event.by,
          (words) => [hex(word64(bytesOf(words, event.offset, event.bytes))), hex(event.word)],
          world,
        )
      case 'page.copied':
        this.#set(event, this.words({ object: event.source, index: event.sourceIndex }))
        return null
      case 'page.freed':
        // Only who owns the memory may give its contents up; the page daemon has to keep them.
        if (thread !== null && world.threads[thread]?.command.type === 'host.madvise') this.#set(event, {})
        return null
      case 'object.freed':
        this.#pages.delete(event.object)
        return null
      default:
        return null
    }
  }

  #judgeRead(
    by: Accessor,
    both: (words: WordTable) => readonly [wanted: string, found: string],
    world: World,
  ): FlatFinding | null {
    const place = placeOf(world, by)
    if (place === null) return null
    const [wanted, found] = both(this.words(place))
    if (wanted === found) return null
    const id = this.#pages.get(place.object)?.has(place.index) === true ? 'I80' : 'I85'
    const page = `${world.objects[place.object]?.name ?? '?'}:${place.index}`
    return { seq: world.seq, id, by, page, wanted, found }
  }
}
