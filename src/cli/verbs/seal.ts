/**
 * `vmtape seal`: a compressed copy of a tape, for keeping and for sending.
 */
import type { Command } from 'commander'
import { count } from '../../show/table.ts'
import { mergedBy } from '../../tape/codec.ts'
import { sealTape } from '../../tape/file.ts'
import { recordedCodec } from '../../tape/packing.ts'
import { damageIn } from '../../tape/report.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
Small segments are merged and payloads compressed. A sealed tape is read like any other.

Example:
  $ vmtape seal run.tape kept.tape

A damaged tape is refused with 1; --salvage seals what comes before the damage.`

type Options = { readonly salvage?: true; readonly json?: true }

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('<tape>', 'the tape to seal')
    .argument('<out>', 'the new tape; what is there is not replaced')
    .option('--salvage', 'seal what comes before the damage of a damaged tape')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action((tape: string, out: string, options: Options) => seal(tape, out, options, terminal))
}

async function seal(path: string, out: string, { salvage, json }: Options, terminal: Terminal): Promise<void> {
  const { report, bytesBefore, bytesAfter } = sealTape(path, out, {
    salvage: salvage === true,
    merge: mergedBy(recordedCodec),
  })
  const damage = damageIn(report)
  if (damage !== null) {
    terminal.note(`${path}: ${damage}.`)
    terminal.finding()
  }
  const { events } = report.accepted
  const sentence = `${out}: ${count(events, 'event')}, ${count(bytesAfter, 'byte')} of ${bytesBefore}`
  await terminal.print(`${json ? JSON.stringify({ tape: out, events, bytesBefore, bytesAfter }) : sentence}\n`)
}
