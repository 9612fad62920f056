/**
 * `vmtape cat`: prints a tape as text.
 */
import type { Command } from 'commander'
import { UserError } from '../../errors.ts'
import { readTape } from '../../tape/file.ts'
import { tapeLines } from '../../tape/text/print.ts'
import { wholeNumber } from '../flags.ts'
import { Lines } from '../lines.ts'
import { tellDamage } from '../tape.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
One JSON object a line: the header, the events with their addresses in hex, the snapshots and notes
where they lie, and the end. How events lie in segments is told, too, so that 'vmtape pack' makes the
same tape of the text, byte by byte. What is printed of a part of a tape packs to a tape of that part.

Example:
  $ vmtape cat run.tape --from 100 --to 120
  $ vmtape cat run.tape | vmtape pack - again.tape

Ends with 1 when the tape is damaged; what comes before the damage is printed.`

type Options = { readonly from?: number; readonly to?: number }

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('<tape>', 'the tape to print')
    .option('--from <n>', 'the first event to print', wholeNumber('--from', 0))
    .option('--to <n>', 'the last event to print', wholeNumber('--to', 0))
    .addHelpText('after', HELP)
    .action((tape: string, options: Options) => cat(tape, options, terminal))
}

async function cat(
  path: string,
  { from = 0, to = Number.MAX_SAFE_INTEGER }: Options,
  terminal: Terminal,
): Promise<void> {
  const reader = readTape(path)
  try {
    const { firstSeq, lastSeq } = reader.report.accepted
    if (from > to)
      throw new UserError(`--from: wanted an event up to ${to}, which is the last to print, found ${from}.`)
    if (from > 0 && from > (lastSeq ?? 0))
      throw new UserError(`--from: wanted an event from ${firstSeq ?? 0} to ${lastSeq ?? 0}, found ${from}.`)
    tellDamage(reader, path, terminal)
    const lines = new Lines(terminal)
    for (const line of tapeLines(reader, { from, to })) await lines.print(line)
    await lines.flush()
  } finally {
    reader.close()
  }
}
