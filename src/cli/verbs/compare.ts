/**
 * `vmtape compare`: the same decisions on two designs, side by side.
 */
import type { Command } from 'commander'
import * as v from 'valibot'
import type { Boot } from '../../../events/boot.ts'
import { actsOfScenario, actsOfTape } from '../../compare/act.ts'
import { type Comparison, comparePlays, compareRuns, onlyIn, type Pair } from '../../compare/compare.ts'
import { ownersOf } from '../../compare/owners.ts'
import type { Design } from '../../design/design.ts'
import { DESIGNS, designNamed } from '../../design/designs.ts'
import type { Run } from '../../engine/run.ts'
import { UserError } from '../../errors.ts'
import { listed } from '../../json-lines.ts'
import { readScenario } from '../../scenario/read.ts'
import { memory } from '../../scenario/words.ts'
import {
  type ActRow,
  actRow,
  actTable,
  addRow,
  causeLines,
  type DesignNames,
  furtherLines,
  leftLines,
  ownerLines,
  partsAnew,
} from '../../show/compared.ts'
import { commandText } from '../../show/reply.ts'
import { count } from '../../show/table.ts'
import { itemsOf } from '../../tape/codec.ts'
import { readTape } from '../../tape/file.ts'
import { recordedCodec } from '../../tape/packing.ts'
import type { TapeReader } from '../../tape/reader.ts'
import { playVmd, VMD_ENDS, type VmdEnd } from '../../vmd/vmd.ts'
import { DESIGN_HELP, designAsked } from '../design.ts'
import { oneOf, wholeNumber } from '../flags.ts'
import { isText, nameOf, readText } from '../input.ts'
import { Lines } from '../lines.ts'
import { tellDamage } from '../tape.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
Both designs take the same decisions, those of a scenario or of a tape. A design that they were not
made for takes them in its own way: before the patch the process maps the memory of a VM and brings it
to CREATE, since then vmm(4) makes it; addresses, objects and VMs are called what they are called
there; a call that was stopped between two steps is brought as far. What was done is told.

The two record different events for the same act, so what is compared is what both have: the answers,
the memory that guests reach, the wired pages, who holds references, and what is left at the end. With
--vmd each design is driven as the vmd of its time drove it; what its processes map for themselves is
passed over.

Example:
  $ vmtape compare scenario.jsonl --designs vmspace,aobj
  $ vmtape compare run.tape --designs vmspace,aobj --every
  $ vmtape compare --vmd 1G --devices 2 --designs vmspace,aobj

Ends with 1 when the two part.`

/** Lines that the table of acts may have. */
const ROWS_MAX = 60

/** Acts at which the two go further apart that are told with their causes. */
const FURTHER_MAX = 5

type Options = {
  readonly designs: string
  readonly mode?: 'ept' | 'rvi'
  readonly vmd?: string
  readonly devices: number
  readonly faults: number
  readonly end: VmdEnd
  readonly every?: true
  readonly json?: true
}

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('[scenario]', 'a scenario (commands as JSON lines, - for standard input) or a tape')
    .option('--designs <a,b>', `the two designs: ${DESIGN_HELP}`, 'vmspace,aobj')
    .option('--mode <mode>', 'nested paging: ept or rvi; not for a tape', oneOf('--mode', ['ept', 'rvi']))
    .option('--vmd <memory>', "vmd's own sequence around one guest, in place of a scenario")
    .option('--devices <n>', 'with --vmd: device processes', wholeNumber('--devices', 0), 2)
    .option('--faults <n>', 'with --vmd: pages that the guest touches', wholeNumber('--faults', 0), 1000)
    .option('--end <how>', `with --vmd: ${VMD_ENDS.join(', ')}`, oneOf('--end', VMD_ENDS), 'shutdown')
    .option('--every', 'who owns the memory after every act, not only where the two part and at the end')
    .option('--json', 'one JSON object a line, one line an act')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Options) => compare(file, options, terminal))
}

/** Both designs, and what they are to do. */
type Plan = { readonly comparison: Comparison; readonly of: string; readonly close: () => void }

async function planOf(
  file: string | undefined,
  designs: readonly [Design, Design],
  options: Options,
  terminal: Terminal,
): Promise<Plan> {
  const mode = options.mode === undefined ? {} : { mode: options.mode }
  if (options.vmd === undefined) {
    if (file === undefined)
      throw new UserError('compare: wanted a scenario or a tape, or --vmd with a size of memory, found neither.')
    return isText(file) ? ofScenario(file, designs, mode, terminal) : ofTape(file, designs, options, terminal)
  }
  if (file !== undefined)
    throw new UserError(`compare: wanted a scenario or --vmd, found both, '${file}' and --vmd ${options.vmd}.`)
  const size = v.safeParse(memory, options.vmd)
  if (!size.success)
    throw new UserError(`--vmd: wanted a size of memory (4G, 512M, bytes or 0x hex), found '${options.vmd}'.`)
  const { devices, faults, end } = options
  const steps = (run: Run) => playVmd(run, { memory: size.output, devices, faults, end })
  return { comparison: comparePlays(mode, designs, steps), of: `vmd with ${options.vmd}`, close: () => {} }
}

async function ofScenario(
  file: string,
  designs: readonly [Design, Design],
  mode: Partial<Boot>,
  terminal: Terminal,
): Promise<Plan> {
  const { boot, design, entries } = readScenario(await readText(file, terminal), nameOf(file))
  // One that names no design leaves the memory of VMs to vmm.
  const own =
    design === null
      ? (designs.find(({ memoryFrom }) => memoryFrom === 'vmm') ?? designNamed('aobj'))
      : designNamed(design)
  const source = { boot: { ...boot, ...mode }, design: own, acts: (run: Run) => actsOfScenario(run, entries) }
  return { comparison: compareRuns(source, designs), of: `${nameOf(file)}, made for ${own.name}`, close: () => {} }
}

function ofTape(path: string, designs: readonly [Design, Design], options: Options, terminal: Terminal): Plan {
  if (options.mode !== undefined)
    throw new UserError('--mode: wanted with a scenario or --vmd, found with a tape, which says how its host booted.')
  const reader = readTape(path)
  tellDamage(reader, path, terminal)
  const own = madeBy(reader, path, designs)
  if ((reader.report.accepted.firstSeq ?? 1) > 1) {
    reader.close()
    throw new UserError(`${path}: wanted a tape from its first event on, found one that goes on with an earlier one.`)
  }
  const boot = reader.header.boot as Partial<Boot>
  const source = { boot, design: own, acts: (run: Run) => actsOfTape(run, itemsOf(reader, recordedCodec)) }
  return { comparison: compareRuns(source, designs), of: `${path}, made by ${own.name}`, close: () => reader.close() }
}

/** One of ours, or one that is compared. */
function madeBy(reader: TapeReader, path: string, compared: readonly Design[]): Design {
  const { name } = reader.header.design
  const design = [...compared, ...DESIGNS].find((one) => one.name === name)
  if (design !== undefined) return design
  reader.close()
  const known = listed(DESIGNS.map((one) => one.name))
  throw new UserError(
    `${path}: the tape was made by the design '${name}', which decides nothing here; there are ${known}.`,
  )
}

async function compare(file: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const found = options.designs.split(',')
  const [left, right] = found
  if (left === undefined || right === undefined || found.length !== 2)
    throw new UserError(`--designs: wanted two designs with a comma between, found '${options.designs}'.`)
  const designs = [await designAsked(left, terminal), await designAsked(right, terminal)] as const
  const names = [designs[0].name, designs[1].name] as const
  const plan = await planOf(file, designs, options, terminal)
  const lines = new Lines(terminal)
  try {
    await (options.json ? printJson(plan, lines, terminal) : printText(plan, names, options, lines, terminal))
    await lines.flush()
  } finally {
    plan.close()
  }
}

async function printJson({ comparison }: Plan, lines: Lines, terminal: Terminal): Promise<void> {
  const { pairs, runs } = comparison
  let act = 0
  for (const pair of pairs()) {
    act += 1
    if (pair.parts) terminal.finding()
    const { place, sides, parts, differs } = pair
    const [a, b] = sides
    await lines.print(
      JSON.stringify({
        act,
        place,
        command: textOf(pair),
        asked: sides.map(({ command }) => (command === null ? null : commandText(command))),
        answers: sides.map(({ answer }) => answer),
        notes: sides.map(({ notes }) => notes),
        tallies: sides.map(({ tally }) => tally),
        owners: runs.map(({ current }) => ownersOf(current)),
        alone: [onlyIn(a, b), onlyIn(b, a)],
        parts,
        differs,
      }),
    )
  }
}

function textOf({ command, sides }: Pair): string {
  return command === null ? sides[0].answer : commandText(command)
}

async function printText(
  { comparison, of }: Plan,
  names: DesignNames,
  { every }: Options,
  lines: Lines,
  terminal: Terminal,
): Promise<void> {
  const { colours } = terminal
  const { pairs, runs } = comparison
  const rows: ActRow[] = []
  let acts = 0
  let left = 0
  let parting = 0
  let cause: readonly string[] = []
  let further = 0
  const apart: string[] = []
  let last: Pair | null = null
  const owners = (title: string, { sides }: Pair): string[] =>
    ownerLines(
      title,
      [ownersOf(runs[0].current), ownersOf(runs[1].current)],
      [sides[0].tally, sides[1].tally],
      names,
      colours,
    )
  for (const pair of pairs()) {
    acts += 1
    if (pair.parts && parting === 0) {
      parting = acts
      terminal.finding()
      cause = ['', ...causeLines(pair, acts, names, colours), '', ...owners(`Who owns the memory at act ${acts}`, pair)]
    } else if (partsAnew(pair, last)) {
      further += 1
      if (further <= FURTHER_MAX) apart.push(...furtherLines(pair, last, acts, names))
    }
    if (every) await lines.printAll([...owners(`act ${acts}: ${textOf(pair)}`, pair), ''])
    if (!addRow(rows, actRow(pair, acts, names), ROWS_MAX)) left += 1
    last = pair
  }
  const verdict = parting === 0 ? 'never part' : `part at act ${parting}`
  await lines.print(colours.bold(`${of}.`))
  await lines.print(`${count(acts, 'act')} on ${names[0]} and ${names[1]}; the two ${verdict}.`)
  await lines.printAll(cause)
  if (apart.length > 0) await lines.printAll(['', ...apart])
  if (further > FURTHER_MAX) await lines.print(`and at ${count(further - FURTHER_MAX, 'act')} more`)
  await lines.printAll(['', ...actTable(rows, names, colours)])
  if (left > 0) await lines.print(`and ${count(left, 'more act')}, which --json shows`)
  if (last !== null) {
    await lines.printAll(['', ...leftLines(last, names, colours)])
    await lines.printAll(['', ...owners('Who owns the memory at the end', last)])
  }
}
