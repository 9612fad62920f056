/**
 * How a column can lie in a payload, by the number that it starts with. `docs/tape-format.md` has the bytes of each.
 *
 * There are three layers, so that nothing nests without end: a *flat* column holds its numbers; a *series* is flat
 * or the differences of its numbers are; a *column* is a series, is made of shorter ones, or goes like another.
 */

/** Numbers of the encodings. They are the tape's format: never reused or renumbered. */
export const TAG = {
  // Flat.
  constant: 0,
  constantDouble: 1,
  stride: 2,
  planes: 3,
  varints: 4,
  doubles: 5,
  // Series.
  deltas: 6,
  // Columns.
  dictionary: 7,
  runs: 8,
  repeats: 9,
  // Columns next to others of their payload.
  like: 10,
} as const
