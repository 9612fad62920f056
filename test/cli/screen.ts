/**
 * A terminal whose output a test reads back.
 */
import { PassThrough } from 'node:stream'
import { type Output, openTerminal, type Terminal } from '../../src/cli/terminal.ts'

export type Screen = { readonly terminal: Terminal; readonly stdout: () => string; readonly stderr: () => string }

/** Opens a terminal over memory; `isTTY` makes both streams look like a screen. */
export function openScreen({ isTTY = false, environment = {} as Record<string, string> } = {}): Screen {
  const stdout = memory(isTTY)
  const stderr = memory(isTTY)
  return {
    terminal: openTerminal(stdout.output, stderr.output, environment),
    stdout: stdout.text,
    stderr: stderr.text,
  }
}

/** A stream that keeps what is written to it. */
export function memory(isTTY: boolean): { readonly output: Output; readonly text: () => string } {
  const chunks: string[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk) => chunks.push(String(chunk)))
  return { output: Object.assign(stream, { isTTY }), text: () => chunks.join('') }
}
