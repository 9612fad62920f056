/**
 * The processes that run VMs: what a trace tells of their address spaces is the memory behind their
 * slots, each stretch an anonymous object with one map entry.
 */
import { type Bytes, type Frame, type Hva, pagesOf } from '../../../events/address.ts'
import type { ObjectRef, Pid, PmapRef } from '../../../events/ids.ts'
import type { Telling } from './telling.ts'

/** Whoever makes an object here; it hands its reference to the map entry at once. */
const IMPORTER = 'import'

type Mapped = { readonly object: ObjectRef; readonly start: number; readonly size: number }
type Process = { readonly pmap: PmapRef; readonly root: Frame; entries: Mapped[] }

export class Processes {
  readonly #telling: Telling
  readonly #processes = new Map<Pid, Process>()

  constructor(telling: Telling) {
    this.#telling = telling
  }

  /** The process, spawned if it is new. */
  of(pid: Pid): Process {
    const known = this.#processes.get(pid)
    if (known !== undefined) return known
    const made: Process = { pmap: this.#telling.nextPmap(), root: this.#telling.takeFrame(null), entries: [] }
    this.#processes.set(pid, made)
    const { pmap, root } = made
    this.#telling.tell({ type: 'pmap.created', pmap, owner: { kind: 'process', pid }, roots: [root] })
    this.#telling.tell({ type: 'process.spawned', pid, pledge: [], pmap })
    return made
  }

  /** @returns false when it is not known. */
  exited(pid: Pid): boolean {
    const process = this.#processes.get(pid)
    if (process === undefined) return false
    this.#processes.delete(pid)
    for (const entry of process.entries) this.#unmapped(pid, entry)
    this.#telling.freeFrame(process.root)
    this.#telling.tell({ type: 'pmap.destroyed', pmap: process.pmap, roots: [process.root] })
    this.#telling.tell({ type: 'process.exited', pid })
    return true
  }

  /**
   * The memory that a slot is of: what another slot on the same addresses is of, or a new object.
   *
   * @param hva where it begins; null when the trace does not tell.
   * @param size in bytes.
   * @returns `mapped` is false where the object has no place: memory that lies half over other
   *   memory was mapped by calls that nobody recorded.
   */
  objectAt(pid: Pid, hva: number | null, size: number): { readonly object: ObjectRef; readonly mapped: boolean } {
    const process = this.of(pid)
    const overlaps =
      hva === null ? [] : process.entries.filter((entry) => entry.start < hva + size && hva < entry.start + entry.size)
    const [whole] = overlaps
    if (whole !== undefined && hva !== null && whole.start <= hva && hva + size <= whole.start + whole.size)
      return { object: whole.object, mapped: true }
    const object = this.#telling.nextObject()
    const pages = pagesOf(size)
    this.#telling.tell({ type: 'object.created', object, kind: 'anon', name: `m${object}`, pages, thread: IMPORTER })
    if (hva === null || overlaps.length > 0) return { object, mapped: false }
    process.entries.push({ object, start: hva, size })
    this.#telling.tell({
      type: 'space.mapped',
      pid,
      start: hva as Hva,
      size: size as Bytes,
      object,
      offset: 0,
      conceal: false,
      inherit: 'copy',
      thread: IMPORTER,
    })
    return { object, mapped: true }
  }

  /**
   * munmap(2) of memory that was a slot's. What is still a slot's stays: KVM's slot goes on to name
   * the addresses.
   *
   * @returns whether anything went.
   */
  unmap(pid: Pid, start: number, size: number, isBacking: (object: ObjectRef) => boolean): boolean {
    const process = this.#processes.get(pid)
    if (process === undefined) return false
    const gone = process.entries.filter(
      (entry) => entry.start >= start && entry.start + entry.size <= start + size && !isBacking(entry.object),
    )
    for (const entry of gone) this.#unmapped(pid, entry)
    process.entries = process.entries.filter((entry) => !gone.includes(entry))
    return gone.length > 0
  }

  #unmapped(pid: Pid, { object, start, size }: Mapped): void {
    this.#telling.tell({ type: 'space.removed', pid, start: start as Hva, size: size as Bytes, object })
    this.#telling.tell({ type: 'object.released', object, why: 'entry', thread: IMPORTER })
    this.#telling.tell({ type: 'object.freed', object })
  }
}
