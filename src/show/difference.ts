/**
 * A structural difference in lines: which parts of a value differ, and how.
 */
import diff from 'microdiff'
import { clip } from './table.ts'

/** Lines shown of one difference; what comes after is told by its number. */
const LINES_MAX = 8

/** Characters of a value; two of them and their path fit a line. */
const VALUE_LENGTH = 36

/** Lines such as `aobj[1].refs: wanted 3, found 2`. `name` is what both values are called. */
export function differenceLines(name: string, wanted: unknown, found: unknown): string[] {
  // Wrapped, so that plain values and lists are compared as well as objects.
  const changes = diff({ [name]: wanted }, { [name]: found }, { cyclesFix: false })
  const lines = changes.map((change) => {
    const old = change.type === 'CREATE' ? 'nothing' : text(change.oldValue)
    const now = change.type === 'REMOVE' ? 'nothing' : text(change.value)
    return `${path(change.path)}: wanted ${old}, found ${now}`
  })
  if (lines.length <= LINES_MAX) return lines
  return [...lines.slice(0, LINES_MAX), `and ${lines.length - LINES_MAX} more`]
}

function path(keys: readonly (string | number)[]): string {
  return keys.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('')
}

function text(value: unknown): string {
  return clip(JSON.stringify(value) ?? 'nothing', VALUE_LENGTH)
}
