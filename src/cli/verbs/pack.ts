/**
 * `vmtape pack`: makes a tape of its text.
 */
import type { Command } from 'commander'
import { count } from '../../show/table.ts'
import { Packer } from '../../tape/file/pack.ts'
import { nameOf, textLines } from '../input.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
The text is that of 'vmtape cat'. Packed without a change it gives the same bytes; changed, it gives the
tape of another run, which 'vmtape replay' judges.

Example:
  $ vmtape cat run.tape > run.jsonl
  $ vmtape pack run.jsonl again.tape
  $ cmp run.tape again.tape`

type Options = { readonly json?: true }

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('<file>', "a tape's text, or - for standard input")
    .argument('<out>', 'the new tape; what is there is not replaced')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action((file: string, out: string, options: Options) => pack(file, out, options, terminal))
}

async function pack(file: string, out: string, { json }: Options, terminal: Terminal): Promise<void> {
  const packer = new Packer(out)
  let line = 0
  try {
    for await (const text of textLines(file, terminal)) {
      line += 1
      if (text.trim() !== '') packer.take(text, `${nameOf(file)}:${line}`)
    }
    const packed = packer.finish(`${nameOf(file)}:${line + 1}`)
    const sentence = `${out}: ${count(packed.events, 'event')}, ${count(packed.bytes, 'byte')}`
    await terminal.print(`${json ? JSON.stringify({ tape: out, ...packed }) : sentence}\n`)
  } catch (cause) {
    packer.abandon()
    throw cause
  }
}
