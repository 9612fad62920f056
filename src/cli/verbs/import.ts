/**
 * `vmtape import`: a trace of a real host becomes a tape, is replayed, and is reported; then its guest runs on vmm(4).
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { UserError } from '../../errors.ts'
import { Accounts } from '../../import/account.ts'
import { driveGuest, guestsOf } from '../../import/drive.ts'
import { splitLines } from '../../import/ftrace/line.ts'
import { type Journal, parseJournal } from '../../import/journal.ts'
import { IMPORT_BOOT, TRACED } from '../../import/retell/telling.ts'
import { readTrace, recordTrace } from '../../import/trace.ts'
import { replayTrace } from '../../import/verify-trace.ts'
import { drivenLines, importLines } from '../../show/imported.ts'
import { itemsOf } from '../../tape/codec.ts'
import { readTape, TapeWriter } from '../../tape/file.ts'
import { recordedCodec } from '../../tape/packing.ts'
import { headerOf, Recording } from '../../tape/recording.ts'
import { DESIGN_HELP, designAsked } from '../design.ts'
import { oneOf } from '../flags.ts'
import { readText } from '../input.ts'
import { Lines } from '../lines.ts'
import { openProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
A trace is the text that ftrace prints for the kvm and kvmmmu events of a Linux host with nested
paging, as it is or gzipped. A journal with the kernel's own counters is looked for beside it.

Example:
  $ vmtape import examples/traces/close.trace.gz --tape close.tape

The facts of the trace are recorded on a tape, which is replayed with the invariants on. Where the
trace lost lines, a verdict is unknown rather than wrong. Then the guest of one VM is run on a
design of vmm(4): its slots as a VM, its faults in the order in which they were recorded.

Ends with 1 when a counter differs from the kernel's or an invariant does not hold of the trace. What
the design of vmm(4) does is reported and is no finding about the trace.`

type Options = {
  readonly tape?: string
  readonly journal?: string
  readonly overwrite?: true
  readonly design: string
  readonly mode: 'ept' | 'rvi'
  readonly vm?: string
  readonly json?: true
}

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('<trace>', 'ftrace text of a KVM host, may be gzipped')
    .option('--tape <out>', 'where the tape goes; the name of the trace with .tape when left out')
    .option('--overwrite', 'replace the tape if it is there')
    .option('--journal <file>', "the kernel's own counters; NAME.journal beside the trace when left out")
    .option('--design <name>', `design of vmm(4) that the guest runs on: ${DESIGN_HELP}`, 'aobj')
    .option('--mode <mode>', 'its nested paging: ept or rvi', oneOf('--mode', ['ept', 'rvi']), 'ept')
    .option('--vm <n>', 'which VM of the trace; the first that touched memory when left out')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action((path: string, options: Options) => importTrace(path, options, terminal))
}

/** The text of a trace; gzip is known by its first bytes. */
function readTraceText(path: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    const reason = /^\w+: ([^,]+)/.exec((cause as Error).message)?.[1] ?? String(cause)
    throw new UserError(`${path}: wanted a trace, and it cannot be read: ${reason}.`)
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8')
  try {
    return gunzipSync(bytes).toString('utf8')
  } catch (cause) {
    throw new UserError(`${path}: wanted a gzipped trace, and it does not expand: ${(cause as Error).message}.`)
  }
}

async function readJournal(
  path: string,
  given: string | undefined,
  terminal: Terminal,
): Promise<{ name: string; journal: Journal } | null> {
  const beside = path.replace(/\.trace(\.gz)?$/, '.journal')
  const name = given ?? beside
  if (given === undefined && (beside === path || !existsSync(beside))) return null
  return { name, journal: parseJournal((await readText(name, terminal)).split('\n')) }
}

async function importTrace(path: string, options: Options, terminal: Terminal): Promise<void> {
  const design = await designAsked(options.design, terminal)
  const journal = await readJournal(path, options.journal, terminal)
  const { facts, counts } = readTrace(splitLines([readTraceText(path)]))
  if (counts.records === 0)
    throw new UserError(`${path}: wanted lines of ftrace, and found none in ${counts.lines} lines.`)
  const tape = options.tape ?? path.replace(/^.*\//, '').replace(/(\.trace)?(\.gz)?$/, '.tape')
  const writer = TapeWriter.create(tape, headerOf({ name: TRACED, digest: '' }, IMPORT_BOOT), {
    overwrite: options.overwrite === true,
  })
  const recording = new Recording(writer)
  const recorder = recordTrace(facts)
  let next = recorder.next()
  for (; !next.done; next = recorder.next()) recording.record(next.value.recorded)
  const unretold = next.value
  recording.close()

  const reader = readTape(tape)
  const progress = await openProgress(terminal.stderr, `replaying ${tape}`, reader.report.accepted.events)
  const replay = replayTrace(itemsOf(reader, recordedCodec), facts, journal?.journal ?? null, (done) =>
    progress.reach(done),
  )
  progress.close()
  const accounts = new Accounts()
  for (const fact of facts) accounts.take(fact)
  const titles = new Map(
    facts.flatMap((fact) => (fact.type === 'checkpoint.noted' ? [[fact.number, fact.title] as const] : [])),
  )
  const guests = guestsOf(facts)
  const guest = options.vm === undefined ? guests[0] : guests.find(({ vm }) => String(vm) === options.vm)
  if (options.vm !== undefined && guest === undefined) {
    throw new UserError(
      `--vm ${options.vm}: wanted a VM of the trace that touched memory, of ${guests.map(({ vm }) => vm).join(', ')}.`,
    )
  }
  const driven = guest === undefined ? null : driveGuest(guest, design, options.mode)
  if (replay.violations.length > 0 || replay.verdicts.some(({ verdict }) => verdict === 'differs')) terminal.finding()
  const lines = new Lines(terminal)
  if (options.json) {
    const { world: _, mostPages, ...told } = replay
    const vms = accounts.vms.map((account) => ({ ...account, mostPages: mostPages.get(account.vm) ?? 0 }))
    const on =
      driven === null
        ? null
        : { design: design.name, mode: options.mode, ...driven, run: undefined, events: driven.events.length }
    await lines.print(
      JSON.stringify(
        { trace: path, tape, lost: counts.lost, records: counts.records, ...told, vms, driven: on },
        plain,
      ),
    )
    await lines.flush()
    return
  }
  const times = facts.map(({ time }) => time)
  await lines.printAll(
    importLines(
      {
        trace: path,
        tape,
        tapeBytes: statSync(tape).size,
        counts,
        start: times[0] ?? 0,
        end: times.at(-1) ?? 0,
        accounts: accounts.vms,
        replay,
        titles,
        journal: journal?.name ?? null,
        unretold,
      },
      terminal.colours,
    ),
  )
  if (guest !== undefined && driven !== null) {
    await lines.print('')
    await lines.printAll(drivenLines(guest.vm, design.name, options.mode, driven, terminal.colours))
  }
  await lines.flush()
}

/** JSON has neither maps nor bigints. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`
  return value instanceof Map ? Object.fromEntries(value) : value
}
