/**
 * Typed arrays that grow by leaps, so that each number is copied less than once on the average. What
 * is reserved but never touched costs address space only: the system commits pages as they are written.
 */
type Column = Int32Array | Float64Array | Uint8Array

/** Below this length a column doubles, since small memories are many; above, it grows fourfold. */
const SMALL = 2 ** 14

/** A copy of `column` with room for `length` numbers or more; what is new is 0. */
export function grown<Kind extends Column>(column: Kind, length: number): Kind {
  const leap = column.length * (column.length < SMALL ? 2 : 4)
  const larger = new (column.constructor as new (length: number) => Kind)(Math.max(length, leap))
  larger.set(column)
  return larger
}
