/**
 * What a verb may do to the outside: print, colour, report that it found something. Verbs get it
 * handed in, so that a test reads what a user would see without starting a process.
 */
import picocolors from 'picocolors'

/** Paints text, or leaves it alone when the reader is a pipe. */
export type Colours = ReturnType<typeof picocolors.createColors>

/** The stream that a terminal writes to; only a real screen has `isTTY`. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean }

/** The stream that a terminal reads from. */
export type Input = AsyncIterable<Uint8Array | string>

export type Terminal = {
  readonly stdout: Output
  readonly stderr: Output
  /** What a verb reads where its input is called `-`. */
  readonly stdin: Input
  /** Colours for stdout. */
  readonly colours: Colours
  /** Prints to stdout as is, without adding a line end. Await it: it waits while the reader is slow. */
  print(text: string): Promise<void>
  /** Prints one line to stderr, for notes that are no part of the answer. */
  note(line: string): void
  /** Says that the answer is a finding, so that the process ends with 1. */
  finding(): void
  /** True once `finding` was called. */
  readonly found: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether to colour what goes to `output`. FORCE_COLOR wins over NO_COLOR; without either, only a
 * screen gets colours. picocolors by itself also colours a pipe when CI is set, which would put
 * escapes into files.
 */
export function wantsColour(output: Output, environment: Environment): boolean {
  const forced = environment.FORCE_COLOR
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  if ((environment.NO_COLOR ?? '') !== '') return false
  return output.isTTY === true && environment.TERM !== 'dumb'
}

/** A terminal over its streams; `environment` is asked for NO_COLOR, FORCE_COLOR and TERM. */
export function openTerminal(
  stdout: Output,
  stderr: Output,
  environment: Environment,
  stdin: Input = process.stdin,
): Terminal {
  let found = false
  return {
    stdout,
    stderr,
    stdin,
    colours: picocolors.createColors(wantsColour(stdout, environment)),
    print: (text) => write(stdout, text),
    note: (line) => {
      stderr.write(`${line}\n`)
    },
    finding: () => {
      found = true
    },
    get found() {
      return found
    },
  }
}

function write(output: Output, text: string): Promise<void> {
  if (output.write(text)) return Promise.resolve()
  return new Promise((resolve) => output.once('drain', resolve))
}
