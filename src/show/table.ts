/**
 * Tables of text in aligned columns, at most a screen wide.
 */
import type { Paint } from './paint.ts'

/** Columns of characters that an answer may take: what fits a terminal beside an editor. */
export const WIDTH = 100

const GAP = '  '

/** `right` for numbers and addresses. */
export type Column = { readonly title: string; readonly align?: 'left' | 'right' }

/**
 * Lines of a table. The last column gives way where a line would be wider than `width`.
 *
 * @param rows as many cells each as there are columns.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  width: number = WIDTH,
): string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)),
  )
  const line = (cells: readonly string[]): string => {
    const padded = columns.map(({ align = 'left' }, index) => {
      const cell = cells[index] ?? ''
      const room = widths[index] ?? 0
      return align === 'right' ? cell.padStart(room) : cell.padEnd(room)
    })
    return clip(padded.join(GAP).trimEnd(), width)
  }
  return [paint.dim(line(columns.map(({ title }) => title))), ...rows.map(line)]
}

/** `text` cut to `width` characters, with a mark where something was cut. */
export function clip(text: string, width: number = WIDTH): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** `1 event`, `2 events`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
