/**
 * Streams of page numbers for measuring: each page once, in order or at random.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: a shift register

/** A repeatable number from 0 up to `below` at each call. @source Numerical Recipes, "Quick and Dirty Generators" */
export function dice(): (below: number) => number {
  let state = 88172645
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** `count` pages of the first 2^bits, no page twice. */
export function distinctPages(count: number, bits: number, isRandom: boolean): Uint32Array {
  const pages = new Uint32Array(count)
  const span = 2 ** bits
  if (count > span) throw new RangeError(`wanted at most ${span} pages, found ${count}.`)
  const isTaken = new Uint8Array(span)
  let dice = 0x9e3779b9 | 0
  for (let at = 0; at < count; at++) {
    let page = at
    if (isRandom) {
      dice ^= dice << 13
      dice ^= dice >>> 17
      dice ^= dice << 5
      page = (dice >>> 3) & (span - 1)
      // The next that is left stays as random as the stream, and cannot run out.
      while (isTaken[page] === 1) page = (page + 12345) & (span - 1)
    }
    isTaken[page] = 1
    pages[at] = page
  }
  return pages
}
