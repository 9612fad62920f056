/**
 * What may be written to a tape, at random. Apart from the tapes themselves, so that the program that is killed starts
 * without the dice.
 */
import fc from 'fast-check'

/** Anything that a test may want to write. */
export const partsOf = fc.array(
  fc.oneof(
    fc.record({ events: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ snapshot: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ note: fc.string({ unit: 'grapheme' }) }),
  ),
  { maxLength: 25 },
)
