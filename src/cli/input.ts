/**
 * Text that a user names by a path, or pipes in as `-`.
 */
import { readFileSync } from 'node:fs'
import { UserError } from '../errors.ts'
import type { Input, Terminal } from './terminal.ts'

/** What messages call an input. */
export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path
}

/** @throws UserError when it cannot be read or is no UTF-8 text. */
export async function readText(path: string, { stdin }: Pick<Terminal, 'stdin'>): Promise<string> {
  const bytes = path === '-' ? await gathered(stdin) : readBytes(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UserError(`${nameOf(path)}: wanted text in UTF-8, and found bytes that are none.`)
  }
}

async function gathered(stdin: Input): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stdin) chunks.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
  return Buffer.concat(chunks)
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    // Node says `EISDIR: illegal operation on a directory, read`; the path is missing there.
    const reason = /^\w+: ([^,]+)/.exec((cause as Error).message)?.[1] ?? String(cause)
    throw new UserError(`${path}: wanted a text file, and it cannot be read: ${reason}.`)
  }
}
