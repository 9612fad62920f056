/**
 * A part of the world at one moment: as data for machines, and as lines for people, made from that data.
 */
import type { Paint } from '../paint.ts'

export type Part = {
  /** What `--json` calls it. */
  readonly name: string
  /** Plain data; addresses are numbers, which become hex as text is made of them. */
  readonly data: unknown
  readonly lines: (paint: Paint) => readonly string[]
}

/** A heading and what stands below it. */
export function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return [paint.bold(title), ...lines]
}
