/**
 * `vmtape conform`: holds the model to recordings of the real kernel.
 */
import type { Command } from 'commander'
import { checkVector, readVectors, selectVectors, sumUp, type VectorResult } from '../../conform/report.ts'
import type { Design } from '../../design/design.ts'
import { RECORDED } from '../../design/designs.ts'
import { UserError } from '../../errors.ts'
import { conformanceLines } from '../../show/conformance.ts'
import { designAsked } from '../design.ts'
import { nameOf, readText } from '../input.ts'
import { openProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

const HELP = `
Each line of FILE is a vector: commands, and what the real kernel functions answered and did, step
by step. A vector agrees when every result, every side effect and every count of every step is the same
under both designs: 'aobj', the patch of May 2025, and 'aobj-dying', the code of December 2025.

Example:
  $ vmtape conform vectors.jsonl --only 'share.*'

Ends with 1 when a vector differs; its first differing step is shown.`

type Options = { readonly only?: string; readonly design?: string; readonly json?: true }

export function configure(command: Command, terminal: Terminal): void {
  command
    .argument('<file>', 'vectors as JSON lines, or - for standard input')
    .option('--only <name>', 'only the vectors of that name; * stands for any text')
    .option('--design <name>', 'only this design, or one that a .json or .mjs derives from it')
    .option('--json', 'one JSON object a line: each vector, then the sum')
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => conform(file, options, terminal))
}

/** A design that the vectors were recorded from, or one that is derived from it: then they tell what it changes. */
async function recordedDesign(name: string, terminal: Terminal): Promise<Design> {
  const design = await designAsked(name, terminal)
  if (design.recorded !== null) return design
  const names = RECORDED.map((one) => `'${one.name}'`).join(' and ')
  throw new UserError(`there are no vectors of design '${name}'; there are of ${names}`)
}

async function conform(file: string, { only, design, json }: Options, terminal: Terminal): Promise<void> {
  const designs = design === undefined ? RECORDED : [await recordedDesign(design, terminal)]
  const all = readVectors(await readText(file, terminal), nameOf(file))
  const vectors = only === undefined ? all : selectVectors(all, only)
  if (vectors.length === 0)
    throw new UserError(`${nameOf(file)}: none of the ${all.length} vectors is called '${only}'.`)
  const progress = await openProgress(terminal.stderr, `running ${nameOf(file)}`, vectors.length)
  const results: VectorResult[] = []
  try {
    for (const vector of vectors) {
      results.push(checkVector(vector, designs))
      progress.reach(results.length)
    }
  } finally {
    progress.close()
  }
  const sums = sumUp(results, designs)
  const agree = results.filter((result) => result.agrees).length
  if (agree < results.length) terminal.finding()
  const names = designs.map(({ name }) => name)
  const lines = json
    ? [...results, { vectors: results.length, agree, categories: sums }].map((value) => JSON.stringify(value))
    : conformanceLines(results, sums, names, terminal.colours)
  await terminal.print(`${lines.join('\n')}\n`)
}
