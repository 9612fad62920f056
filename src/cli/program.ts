/**
 * From an argument list to an exit code. The one place where an error becomes a sentence: verbs
 * throw, and nobody else prints an error.
 */
import { Command, CommanderError } from 'commander'
import { UserError } from '../errors.ts'
import { VERSION } from '../version.ts'
import type { Terminal } from './terminal.ts'
import { VERBS, type Verb } from './verbs.ts'

/** EX_SOFTWARE of sysexits(3): a mistake of ours, so it is none of the three answers of `ExitCode`. */
const EXIT_DEFECT = 70

/**
 * Runs one command line.
 *
 * @param words the arguments after the program's name.
 * @returns 0 when all is well, 1 when there is a finding, 2 when the request was wrong, 70 when
 *   vmtape itself is.
 */
export async function runProgram(words: readonly string[], terminal: Terminal, verbs = VERBS): Promise<number> {
  try {
    const program = await assemble(words, terminal, verbs)
    await program.parseAsync(words, { from: 'user' })
    return terminal.found ? 1 : 0
  } catch (error) {
    return explain(error, terminal)
  }
}

async function assemble(words: readonly string[], terminal: Terminal, verbs: readonly Verb[]): Promise<Command> {
  const program = new Command('vmtape')
    .description('A flight recorder and time machine for hypervisor guest memory.')
    .usage(verbs.length === 0 ? '[options]' : '[options] VERB …')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help, or that of a verb')
    .helpCommand(false)
    .commandsGroup('Verbs:')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // Errors are thrown on to `explain`, which prints them once and in our own words.
      outputError: () => {},
    })
  const asked = words.find((word) => !word.startsWith('-'))
  for (const verb of verbs) {
    const command = program
      .command(verb.name)
      .summary(verb.summary)
      .description(`${capital(verb.summary)}.`)
    if (verb.name === asked) (await verb.load()).configure(command, terminal)
  }
  return program
}

/** Prints what went wrong in one sentence, and answers with the exit code. */
function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    // Help and version arrive here too: commander has printed them, and ends by throwing.
    if (error.exitCode === 0) return 0
    // `vmtape` alone has printed the help to stderr; there is nothing to add.
    if (error.code !== 'commander.help') terminal.note(`vmtape: ${sentence(error.message)}`)
    return 2
  }
  if (error instanceof UserError) {
    terminal.note(`vmtape: ${ended(error.message)}`)
    return error.exitCode
  }
  if (isSystemError(error)) {
    terminal.note(`vmtape: ${systemSentence(error)}`)
    return 2
  }
  // What is left is a mistake of vmtape. Its stack is what a report needs, so here it is printed.
  terminal.note(`vmtape: this is a defect of vmtape ${VERSION}, please report it with the command that led here.`)
  terminal.note(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return EXIT_DEFECT
}

/** Commander says `error: unknown command 'x'` and puts its suggestion on a second line. */
function sentence(message: string): string {
  const words = message.replace(/^error: /, '').replace('unknown command', 'unknown verb')
  const joined = words.replace(/\n\(Did you mean (one of )?(.+)\?\)$/s, '; did you mean $1$2?')
  return ended(joined)
}

function ended(text: string): string {
  return /[.?]$/.test(text) ? text : `${text}.`
}

type SystemError = Error & { readonly code: string; readonly syscall: string; readonly path?: string }

/** Node's own errors name the system call that failed; errors of a program do not. */
function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string'
}

/** Node says `ENOENT: no such file or directory, open 'a.tape'`. */
function systemSentence(error: SystemError): string {
  const cause = /^\w+: ([^,]+)/.exec(error.message)?.[1] ?? error.code
  return `cannot ${error.syscall} ${error.path === undefined ? '' : `'${error.path}'`}: ${cause}.`.replace(' :', ':')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
