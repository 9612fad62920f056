/**
 * Leaves of which something is wrong, by the frame that they name. A sound leaf is found from the page of its object;
 * one that names a page which is not its own is found by nothing but this.
 */
export type LeafPlace = { readonly pmap: number; readonly page: number }

const NONE: ReadonlyMap<string, LeafPlace> = new Map()

export class Deviants {
  readonly #frames = new Map<string, number>()
  readonly #byFrame = new Map<number, Map<string, LeafPlace>>()

  get size(): number {
    return this.#frames.size
  }

  has(pmap: number, page: number): boolean {
    return this.#frames.size > 0 && this.#frames.has(`${pmap}:${page}`)
  }

  /** The wrong leaves that name a frame. */
  on(frame: number): Iterable<LeafPlace> {
    return (this.#byFrame.get(frame) ?? NONE).values()
  }

  *all(): Generator<LeafPlace> {
    for (const places of this.#byFrame.values()) yield* places.values()
  }

  /** Something is wrong with the leaf, which names `frame`. */
  add(pmap: number, page: number, frame: number): void {
    const key = `${pmap}:${page}`
    const before = this.#frames.get(key)
    if (before === frame) return
    if (before !== undefined) this.#leave(key, before)
    this.#frames.set(key, frame)
    const places = this.#byFrame.get(frame)
    if (places === undefined) this.#byFrame.set(frame, new Map([[key, { pmap, page }]]))
    else places.set(key, { pmap, page })
  }

  /** The leaf is sound, or gone. */
  remove(pmap: number, page: number): void {
    const key = `${pmap}:${page}`
    const frame = this.#frames.get(key)
    if (frame === undefined) return
    this.#frames.delete(key)
    this.#leave(key, frame)
  }

  #leave(key: string, frame: number): void {
    const places = this.#byFrame.get(frame)
    places?.delete(key)
    if (places?.size === 0) this.#byFrame.delete(frame)
  }
}
