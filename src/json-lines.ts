/**
 * JSON lines: one value a line, and sentences for lines that are none.
 */
import { UserError } from './errors.ts'

/** Characters of a value that a sentence quotes. */
const QUOTED_LENGTH = 60

/**
 * @param place `FILE:LINE`, for the sentence.
 * @param wanted what the line should be, as in `a command`.
 */
export function parseJsonLine(line: string, place: string, wanted: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new UserError(
      `${place}: wanted ${wanted} as one line of JSON, found ${faultIn(line, (cause as Error).message)}`,
    )
  }
}

/** The same for a whole text, which may have lines of its own. */
export function parseJson(text: string, path: string, wanted: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const position = Number(/position (\d+)/.exec((cause as Error).message)?.[1] ?? text.length)
    const line = text.slice(0, position).split('\n').length
    throw new UserError(`${path}:${line}: wanted ${wanted} as JSON, found text that is none.`)
  }
}

/** The engines of JavaScript say the same in different words and versions; these are ours. */
function faultIn(line: string, message: string): string {
  const position = Number(/position (\d+)/.exec(message)?.[1])
  if (position >= line.length || /end of JSON input|Unterminated/i.test(message))
    return `a line that ends too early, at column ${line.length}`
  const column = Number.isNaN(position) ? '' : ` at column ${position + 1}`
  return `text that is no JSON${column}: ${quoted(line)}`
}

/** A value as a sentence shows it. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= QUOTED_LENGTH ? text : `${text.slice(0, QUOTED_LENGTH)}…`
}

/** Names joined for the end of a sentence. */
export function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
