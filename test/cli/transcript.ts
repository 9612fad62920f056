/**
 * Transcripts: markdown whose console blocks are executed and compared, character by character.
 *
 * A block that begins with ```console holds commands after `$ `, each with all that it prints: what goes to stdout and
 * to stderr, in order. A line `? 2` after a command is its exit code, where it is not 0. `[..]` stands for any text in
 * a line, for what differs from machine to machine. Any other block whose first line names a file, as ```jsonl a.jsonl,
 * is written to that file first. All of one document runs in one new directory. `vmtape` runs in this process, with
 * pipes between several of them and redirections; any other command is the shell's.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import type { Output } from '../../src/cli/terminal.ts'

/** One command of a transcript and what it must print; or a file to be written. */
export type Item =
  | {
      readonly kind: 'command'
      readonly line: number
      readonly command: string
      readonly code: number
      readonly output: string
    }
  | { readonly kind: 'file'; readonly line: number; readonly name: string; readonly text: string }

/** The items of a document, in order. */
export function itemsOf(markdown: string): readonly Item[] {
  const items: Item[] = []
  let info: string | null = null
  let start = 0
  let body: string[] = []
  for (const [index, line] of markdown.split('\n').entries()) {
    if (!line.startsWith('```')) {
      body.push(line)
      continue
    }
    if (info === null) {
      info = line.slice(3).trim()
      start = index + 2
    } else {
      items.push(...blockItems(info, body, start))
      info = null
    }
    body = []
  }
  return items
}

function blockItems(info: string, body: readonly string[], start: number): Item[] {
  const [language, name] = info.split(/\s+/)
  if (name !== undefined) return [{ kind: 'file', line: start, name, text: body.map((line) => `${line}\n`).join('') }]
  if (language !== 'console') return []
  const items: { kind: 'command'; line: number; command: string; code: number; output: string }[] = []
  for (const [index, line] of body.entries()) {
    const last = items.at(-1)
    if (line.startsWith('$ '))
      items.push({ kind: 'command', line: start + index, command: line.slice(2), code: 0, output: '' })
    else if (last === undefined) continue
    else if (/^\? \d+$/.test(line) && last.output === '') last.code = Number(line.slice(2))
    else last.output += `${line}\n`
  }
  return items
}

/** The document with `items` in place of the commands that stand at their lines. */
export function rewritten(markdown: string, items: readonly Item[]): string {
  const lines = markdown.split('\n')
  const kept: string[] = []
  const commands = new Map(items.flatMap((item) => (item.kind === 'command' ? [[item.line, item] as const] : [])))
  let within = false
  for (const [index, line] of lines.entries()) {
    const item = commands.get(index + 1)
    if (line.startsWith('```')) within = false
    if (item !== undefined) {
      within = true
      kept.push(`$ ${item.command}`, ...(item.code === 0 ? [] : [`? ${item.code}`]))
      kept.push(...item.output.split('\n').slice(0, -1))
    } else if (!within) kept.push(line)
  }
  return kept.join('\n')
}

/** What changes with each change of the model's code or of the tape's packing, and says nothing to a reader. */
const VOLATILE: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/"digest":"[0-9a-f]+"/g, '"digest":"[..]"'],
  [/crc32 0x[0-9a-f]+, found 0x[0-9a-f]+/g, 'crc32 [..], found [..]'],
  [/\b(the last|from byte|at byte) \d+/g, '$1 [..]'],
  [/(\.tape: \d+ events, )\d+ bytes( of \d+)?/g, '$1[..] bytes$2'],
  [/bytes of \d+$/gm, 'bytes of [..]'],
  [/"(bytes\w*)":\d+/g, '"$1":[..]'],
]

/** An output as it is written down: what is volatile gives way to `[..]`. */
export function masked(output: string): string {
  return VOLATILE.reduce((text, [pattern, mask]) => text.replace(pattern, mask), output)
}

/** Whether `found` is `wanted`, where `[..]` stands for any text in a line. */
export function matches(wanted: string, found: string): boolean {
  if (wanted === found) return true
  const parts = wanted.split('[..]').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return parts.length > 1 && new RegExp(`^${parts.join('[^\\n]*')}$`).test(found)
}

export type Ran = { readonly code: number; readonly output: string }

/** Runs one command line in the current directory. */
export async function runLine(command: string): Promise<Ran> {
  if (!/^vmtape\b/.test(command)) {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    return { code: status ?? -1, output: stdout + stderr }
  }
  const shown: string[] = []
  let input: Uint8Array = new Uint8Array(0)
  let code = 0
  const stages = command.split(' | ')
  for (const [index, stage] of stages.entries()) {
    const [plain = '', target] = stage.split(' > ')
    const [words = '', source] = plain.split(' < ')
    if (source !== undefined) input = readFileSync(source.trim())
    const keeps = target !== undefined || index < stages.length - 1
    const kept: Buffer[] = []
    code = await runVmtape(
      wordsOf(words),
      input,
      (chunk) => (keeps ? kept.push(chunk) : shown.push(String(chunk))),
      shown,
    )
    input = Buffer.concat(kept)
    if (target !== undefined) writeFileSync(target.trim(), input)
  }
  return { code, output: shown.join('') }
}

/** Words between blanks; single quotes keep blanks together. */
function wordsOf(text: string): string[] {
  return [...text.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

async function runVmtape(
  words: string[],
  input: Uint8Array,
  print: (chunk: Buffer) => void,
  shown: string[],
): Promise<number> {
  // Imported as the verbs are, at run time: what the test runner loads by itself are modules of another graph, with
  // another class of errors.
  const { runProgram } = await import('../../src/cli/program.ts')
  const { openTerminal } = await import('../../src/cli/terminal.ts')
  const stdin = new PassThrough()
  stdin.end(input)
  const terminal = openTerminal(
    sink(print),
    sink((chunk) => shown.push(String(chunk))),
    {},
    stdin,
  )
  return runProgram(words.slice(1), terminal)
}

function sink(write: (chunk: Buffer) => void): Output {
  const stream = new PassThrough()
  // Written at once and not when the stream comes to it, so that both streams keep their order.
  stream.write = (chunk: string | Uint8Array) => {
    write(Buffer.from(chunk as string))
    return true
  }
  return Object.assign(stream, { isTTY: false })
}
