#!/usr/bin/env node
/**
 * The process around the program: its streams, its environment, its end.
 */
import { runProgram } from './program.ts'
import { openTerminal } from './terminal.ts'

// `vmtape cat | head` closes the pipe early. That is no error, and the rest of the work is in vain. On a full disk it is
// in vain, too, and whoever asked has to know.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  const reason = /^\w+: ([^,]+)/.exec(error.message)?.[1] ?? error.message
  process.stderr.write(`vmtape: wanted to write the answer, and the output does not take it: ${reason}.\n`)
  process.exit(2)
})

const terminal = openTerminal(process.stdout, process.stderr, process.env)
// The code is set and not passed to exit(), which would cut what is still on its way into a pipe.
process.exitCode = await runProgram(process.argv.slice(2), terminal)
