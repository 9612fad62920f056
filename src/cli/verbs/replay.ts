/**
 * `vmtape replay`: makes all events of a tape true again, judges each moment, and says what ran.
 */
import type { Command } from 'commander'
import { type Boot, DEFAULT_BOOT } from '../../../events/boot.ts'
import type { Design } from '../../design/design.ts'
import { digestOfDesign } from '../../design/digest.ts'
import { UserError } from '../../errors.ts'
import { TRACED } from '../../import/retell/telling.ts'
import { TRACE_INVARIANTS } from '../../import/verify-trace.ts'
import type { Violation } from '../../invariant/invariant.ts'
import { Monitor } from '../../invariant/monitor.ts'
import type { World } from '../../model/world.ts'
import { Accountant } from '../../replay/account.ts'
import { decodeSnapshot } from '../../replay/timeline.ts'
import { type Difference, verify } from '../../replay/verify.ts'
import { type Watcher, watchTape } from '../../replay/watch.ts'
import { accountLines, differenceLines, verdictLine, violationLines } from '../../show/account.ts'
import { holdersOf } from '../../show/moment/holders.ts'
import { devicePart, framesPart, objectsPart, processesPart, vmsPart } from '../../show/moment/overview.ts'
import { count } from '../../show/table.ts'
import { itemsOf } from '../../tape/codec.ts'
import { readTape } from '../../tape/file.ts'
import { recordedCodec } from '../../tape/packing.ts'
import type { TapeReader } from '../../tape/reader.ts'
import { toText } from '../../tape/text.ts'
import { DESIGN_HELP, designOfTape } from '../design.ts'
import { aboutDesign } from '../judge.ts'
import { openProgress } from '../progress.ts'
import { asFinding, tellDamage } from '../tape.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
Replaying needs none of the code that decided the run: events are only made true again. After each of
them the invariants are judged; whatever does not hold is told with the event, the thread and the step
of the C routine after which it was seen. --verify decides the run again, too: a fresh engine takes the
decisions of the tape, and what it records must be the tape, event by event.

Example:
  $ vmtape replay run.tape --verify

Ends with 1 when an invariant is violated, when the tape is damaged, or when the run comes out
differently. Warnings, which no limit keeps from becoming worse, are shown and do not count.`

type Options = { readonly verify?: true; readonly design?: string; readonly json?: true; readonly invariants: boolean }

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('<tape>', 'the tape to replay')
    .option('--verify', 'decide the run again, and compare what is recorded')
    .option('--design <file>', 'the .json or .mjs of a derived design that made the tape')
    .option('--no-invariants', 'do not judge, only count')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action((tape: string, options: Options) => replay(tape, options, terminal))
}

async function replay(path: string, options: Options, terminal: Terminal): Promise<void> {
  const reader = readTape(path)
  try {
    tellDamage(reader, path, terminal)
    const design = await designOfTape(reader.header, options.design, terminal)
    const { world, accountant, judged } = await watched(reader, design, path, options, terminal)
    const { violations, unknown } = judged
    const difference = options.verify ? verified(reader, design, path) : null
    if (violations.some(({ severity }) => severity === 'error') || difference !== null) terminal.finding()
    const found = { account: accountant.account(), violations, unknown, difference, verified: options.verify === true }
    await terminal.print(
      options.json ? jsonOf(reader, world, found) : textOf(reader, design, path, world, found, options, terminal),
    )
  } finally {
    reader.close()
  }
}

/** What the invariants said. `unknown` counts claims that could not be judged. */
type Judged = { readonly violations: Violation[]; unknown: number }

type Watched = { readonly world: World; readonly accountant: Accountant; readonly judged: Judged }

async function watched(
  reader: TapeReader,
  design: Design | null,
  path: string,
  options: Options,
  terminal: Terminal,
): Promise<Watched> {
  const { events, firstSeq } = reader.report.accepted
  const progress = await openProgress(terminal.stderr, `replaying ${path}`, events)
  const judged: Judged = { violations: [], unknown: 0 }
  let accountant: Accountant | null = null
  const begin = (start: World): readonly Watcher[] => {
    const counting = new Accountant(start)
    accountant = counting
    const count: Watcher = (recorded) => counting.take(recorded)
    return options.invariants ? [count, judging(reader, design, start, judged)] : [count]
  }
  try {
    const world = watchTape(reader, begin, (seq) => progress.reach(seq - (firstSeq ?? 1) + 1))
    if (accountant === null) throw new TypeError('nobody watched')
    return { world, accountant, judged }
  } catch (cause) {
    throw asFinding(cause, path)
  } finally {
    progress.close()
  }
}

/** A run of a real host, of which a trace tells only so much. */
function isTraced({ header }: TapeReader): boolean {
  return header.design.name === TRACED
}

/** Judges each event, and keeps in `judged` what does not hold. */
function judging(reader: TapeReader, design: Design | null, start: World, judged: Judged): Watcher {
  const traced = isTraced(reader)
  let present = start
  const monitor = new Monitor(start, {
    report: (violation) => {
      if (traced && !TRACE_INVARIANTS.includes(violation.id)) return
      // What does not hold after the trace lost lines may only not be known.
      if (present.gaps > 0) judged.unknown += 1
      else judged.violations.push(violation)
    },
    ...aboutDesign(design),
  })
  return (recorded, world) => {
    present = world
    monitor.take(recorded, world)
  }
}

function verified(reader: TapeReader, design: Design | null, path: string): Difference | null {
  if (design === null)
    throw new UserError(
      `${path}: --verify: the tape was made by the design '${reader.header.design.name}'; wanted ${DESIGN_HELP}, named with --design.`,
    )
  const boot = { ...DEFAULT_BOOT, ...(reader.header.boot as Partial<Boot>) }
  const first = reader.report.accepted.firstSeq ?? 1
  const snapshot = first > 1 ? reader.snapshotBefore(first - 1) : null
  const start = snapshot === null ? undefined : decodeSnapshot(snapshot.payload)
  return verify(itemsOf(reader, recordedCodec), design, boot, start)
}

type Found = {
  readonly account: ReturnType<Accountant['account']>
  readonly violations: readonly Violation[]
  readonly unknown: number
  readonly difference: Difference | null
  readonly verified: boolean
}

function jsonOf(
  reader: TapeReader,
  world: World,
  { account, violations, unknown, difference, verified: asked }: Found,
): string {
  const { header, report } = reader
  const left = Object.fromEntries(leftParts(world).map((part) => [part.name, part.data]))
  const holders = Object.fromEntries(
    Object.values(world.objects).map((object) => [object.name, holdersOf(world, object)]),
  )
  const { tornTail, corrupted } = report
  const value = { header, account, left: { ...left, holders }, violations, unknown, damage: { tornTail, corrupted } }
  return `${toText(asked ? { ...value, difference } : value)}\n`
}

/** What is there at the end. */
function leftParts(world: World) {
  return [devicePart(world), framesPart(world), vmsPart(world), processesPart(world), objectsPart(world)]
}

function textOf(
  reader: TapeReader,
  design: Design | null,
  path: string,
  world: World,
  found: Found,
  options: Options,
  terminal: Terminal,
): string {
  const { colours } = terminal
  const { account, violations, difference } = found
  const { header } = reader
  const judged = [
    ...violationLines(violations, colours),
    ...(options.invariants ? [verdictLine(violations, judgedOf(reader), colours)] : []),
    ...(found.unknown > 0
      ? [
          `unknown   ${count(found.unknown, 'claim')} after the trace lost lines: what does not hold may only not be known`,
        ]
      : []),
    ...(difference === null ? [] : [...differenceLines(difference, colours), ...designNote(reader, design)]),
    ...(found.verified && difference === null
      ? [`decided again: all ${count(account.events, 'event')} come out as recorded`]
      : []),
  ]
  const lines = [
    colours.bold(`${path}: ${count(account.events, 'event')} of design ${header.design.name}`),
    '',
    ...accountLines(account, colours),
    colours.bold('left at the end'),
    ...leftParts(world).flatMap((part) => part.lines(colours)),
    ...holderLines(world),
    ...(judged.length > 0 ? ['', ...judged] : []),
  ]
  return `${lines.join('\n')}\n`
}

/** Who holds what is left, object by object. */
function holderLines(world: World): string[] {
  return Object.values(world.objects).flatMap((object) =>
    holdersOf(world, object).map(({ kind, by }) => `  ${object.name}  ${kind.padEnd(7)}  ${by}`),
  )
}

/** What is judged of a tape. */
function judgedOf(reader: TapeReader): string {
  return `every invariant${isTraced(reader) ? ' that a trace can be held to' : ''}`
}

function designNote({ header: { design } }: TapeReader, known: Design | null): string[] {
  if (known === null || digestOfDesign(known) === design.digest) return []
  return [`  the design '${design.name}' has changed since the tape was made`]
}
