/**
 * Text that a user names by a path, or pipes in as `-`.
 */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { UserError } from '../errors.ts'
import { looksLike } from '../tape/guess.ts'
import type { Input, Terminal } from './terminal.ts'

type Source = Pick<Terminal, 'stdin'>

/** What messages call an input. */
export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path
}

const START_BYTES = 256

/** Whether an input begins as text does, and not as a tape. What cannot be read is taken for text, whose reader says why. */
export function isText(path: string): boolean {
  if (path === '-') return true
  const bytes = new Uint8Array(START_BYTES)
  try {
    const file = openSync(path, 'r')
    try {
      const start = bytes.subarray(0, readSync(file, bytes))
      return start.length === 0 || ['text', 'JSON'].includes(looksLike(start))
    } finally {
      closeSync(file)
    }
  } catch {
    return true
  }
}

/** All of it. @throws UserError when it cannot be read or is no UTF-8 text. */
export async function readText(path: string, source: Source): Promise<string> {
  const pieces: string[] = []
  for await (const piece of textPieces(path, source)) pieces.push(piece)
  return pieces.join('')
}

/** Line by line, without the line ends; for texts that need not fit into memory. */
export async function* textLines(path: string, source: Source): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of textPieces(path, source)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

async function* textPieces(path: string, { stdin }: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const input: Input = path === '-' ? stdin : createReadStream(path, { highWaterMark: 2 ** 18 })
  try {
    for await (const chunk of input) yield typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    yield decoder.decode()
  } catch (cause) {
    if (cause instanceof TypeError)
      throw new UserError(`${nameOf(path)}: wanted text in UTF-8, and found bytes that are none.`)
    // Node says `EISDIR: illegal operation on a directory, read`; the path is missing there.
    const reason = /^E\w+: ([^,]+)/.exec((cause as Error).message)?.[1]
    if (reason === undefined) throw cause
    throw new UserError(`${nameOf(path)}: wanted a text file, and it cannot be read: ${reason}.`)
  }
}
