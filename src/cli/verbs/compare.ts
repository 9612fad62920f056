/**
 * `vmtape compare`: the same decisions on two designs, side by side.
 */
import type { Command } from 'commander'
import * as v from 'valibot'
import { answerOf, comparePlays, type Pair, TALLY_FIELDS, type Tally } from '../../compare/compare.ts'
import { createRun, type Run } from '../../engine/run.ts'
import { UserError } from '../../errors.ts'
import { type Played, play } from '../../scenario/play.ts'
import { readScenario } from '../../scenario/read.ts'
import { memory } from '../../scenario/words.ts'
import { commandText } from '../../show/reply.ts'
import { clip, count, table } from '../../show/table.ts'
import { playVmd } from '../../vmd/vmd.ts'
import { DESIGN_HELP, designAsked } from '../design.ts'
import { oneOf, wholeNumber } from '../flags.ts'
import { nameOf, readText } from '../input.ts'
import { Lines } from '../lines.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
Both designs take the same decisions. They record different events for the same act, so what is
compared is what both have: the answers, the memory that guests reach, the wired pages, who holds
references, and what is left at the end. With --vmd each design is driven as the vmd of its time
drove it; what its processes map for themselves is passed over.

Example:
  $ vmtape compare --vmd 1G --devices 2 --designs vmspace,aobj
  $ vmtape compare scenario.jsonl --designs aobj,aobj-dying

Ends with 1 when the two part.`

type Options = {
  readonly designs: string
  readonly mode?: 'ept' | 'rvi'
  readonly vmd?: string
  readonly devices: number
  readonly faults: number
  readonly json?: true
}

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('[scenario]', 'commands as JSON lines, or - for standard input')
    .option('--designs <a,b>', `the two designs: ${DESIGN_HELP}`, 'vmspace,aobj')
    .option('--mode <mode>', 'nested paging: ept or rvi', oneOf('--mode', ['ept', 'rvi']))
    .option('--vmd <memory>', "vmd's own sequence around one guest, in place of a scenario")
    .option('--devices <n>', 'with --vmd: device processes', wholeNumber('--devices', 0), 2)
    .option('--faults <n>', 'with --vmd: pages that the guest touches', wholeNumber('--faults', 0), 1000)
    .option('--json', 'one JSON object a line')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Options) => compare(file, options, terminal))
}

type Plan = { readonly boot: object; readonly steps: (run: Run) => Iterable<Played>; readonly own: boolean }

async function planOf(file: string | undefined, options: Options, terminal: Terminal): Promise<Plan> {
  if (options.vmd === undefined) {
    if (file === undefined)
      throw new UserError('compare: wanted a scenario, or --vmd with a size of memory, found neither.')
    const scenario = readScenario(await readText(file, terminal), nameOf(file))
    return { boot: scenario.boot, steps: (run) => play(run, scenario.entries), own: false }
  }
  if (file !== undefined)
    throw new UserError(`compare: wanted a scenario or --vmd, found both, '${file}' and --vmd ${options.vmd}.`)
  const size = v.safeParse(memory, options.vmd)
  if (!size.success)
    throw new UserError(`--vmd: wanted a size of memory (4G, 512M, bytes or 0x hex), found '${options.vmd}'.`)
  const { devices, faults } = options
  return { boot: {}, steps: (run) => playVmd(run, { memory: size.output, devices, faults }), own: true }
}

async function compare(file: string | undefined, options: Options, terminal: Terminal): Promise<void> {
  const names = options.designs.split(',')
  const [left, right] = names
  if (left === undefined || right === undefined || names.length !== 2)
    throw new UserError(`--designs: wanted two designs with a comma between, found '${options.designs}'.`)
  const plan = await planOf(file, options, terminal)
  const boot = { ...plan.boot, ...(options.mode === undefined ? {} : { mode: options.mode }) }
  const runs = [
    createRun({ design: await designAsked(left, terminal), boot }),
    createRun({ design: await designAsked(right, terminal), boot }),
  ] as const
  const pairs: Pair[] = []
  for (const pair of comparePlays(runs, [plan.steps(runs[0]), plan.steps(runs[1])], plan.own)) pairs.push(pair)
  const parting = pairs.findIndex(({ parts }) => parts)
  if (parting >= 0) terminal.finding()
  const lines = new Lines(terminal)
  if (options.json) {
    for (const { played, answers, tallies, parts, differs } of pairs)
      await lines.print(JSON.stringify({ command: textOf(played[0]), answers, tallies, parts, differs }))
  } else await lines.printAll(report(pairs, parting, [runs[0].design.name, runs[1].design.name], terminal))
  await lines.flush()
}

function textOf(played: Played): string {
  return played.command === null ? answerOf(played) : commandText(played.command)
}

function report(
  pairs: readonly Pair[],
  parting: number,
  names: readonly [string, string],
  { colours }: Terminal,
): string[] {
  const rows = pairs
    .map((pair, i) => ({ pair, i }))
    .filter(({ pair }) => pair.parts)
    .slice(0, 40)
    .map(({ pair, i }) => [String(i + 1), clip(textOf(pair.played[0]), 40), ...pair.answers, reasons(pair)])
  const columns = [
    { title: 'act', align: 'right' },
    { title: 'command' },
    { title: names[0] },
    { title: names[1] },
    { title: 'differs in' },
  ] as const
  const last = pairs.at(-1)
  const first = pairs[parting]
  return [
    `${count(pairs.length, 'act')} on ${names[0]} and ${names[1]}; the two ${first === undefined ? 'never part' : `part at act ${parting + 1}`}.`,
    ...(first === undefined ? [] : ['', ...cause(first, names), '', ...table(columns, rows, colours)]),
    ...(last === undefined ? [] : ['', ...owners('At the end', last, names, colours)]),
  ]
}

function reasons({ answers, differs }: Pair): string {
  return [...(answers[0] === answers[1] ? [] : ['the answer']), ...differs].join(', ')
}

/** The first parting of the ways, and who owned the memory then. */
function cause(pair: Pair, names: readonly [string, string]): string[] {
  const { answers, differs, tallies, played } = pair
  const told = `${textOf(played[0])}:`
  if (answers[0] !== answers[1])
    return [clip(told), `  ${names[0]} answers ${answers[0]}`, `  ${names[1]} answers ${answers[1]}`]
  return [
    clip(told),
    ...differs.map((field) => `  ${field}: ${tallies[0][field]} on ${names[0]}, ${tallies[1][field]} on ${names[1]}`),
  ]
}

const WORDS: Readonly<Record<keyof Tally, string>> = {
  vms: 'VMs',
  nestedPages: 'pages that guests reach',
  processPages: 'pages that processes reach',
  residentPages: 'resident pages',
  wiredPages: 'wired pages',
  swappedPages: 'pages with a swap slot',
  objects: 'memory objects',
  byEntries: 'references by map entries of processes',
  byNestedMaps: 'references by nested maps',
  bySlots: "references by vmm's slots",
}

function owners(
  title: string,
  { tallies }: Pair,
  names: readonly [string, string],
  paint: Terminal['colours'],
): string[] {
  const columns = [{ title }, { title: names[0], align: 'right' }, { title: names[1], align: 'right' }] as const
  return table(
    columns,
    TALLY_FIELDS.map((field) => [WORDS[field], String(tallies[0][field]), String(tallies[1][field])]),
    paint,
  )
}
