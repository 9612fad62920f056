/**
 * Measures what the goals are about, and prints each figure beside its goal and the one that was accepted last:
 * `npm run bench`. Options: `--quick` for a short look, `--rounds=N`, `--only=PATTERN` for some of the variants, `--accept`
 * to make these the accepted figures. docs/performance.md says what the figures mean.
 *
 * Figures are medians of CPU time over rounds that are run in turn, each in a process of its own: this may be a busy
 * machine, and the time on the wall would measure the others.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { bundleKernels } from './harness/bundle.ts'
import { accept, readAccepted, tableOf } from './harness/figures.ts'
import { figuresOf, preparation, QUICK, variantsOf, WHOLE } from './harness/plan.ts'
import { Rounds } from './harness/rounds.ts'

const argv = process.argv.slice(2)
const option = (name: string): string | null =>
  argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? null

const isQuick = argv.includes('--quick')
const size = isQuick ? QUICK : WHOLE
const count = Number(option('rounds') ?? (isQuick ? 2 : 5))
const only = new RegExp(option('only') ?? '')

const child = await bundleKernels()
const rounds = new Rounds(child, resolve(dirname(child), 'usage.cjs'), writeFileSync)
const directory = mkdtempSync(join(tmpdir(), 'vmtape-bench-'))
const start = performance.now()
const tell = (round: number, variant: string): void => {
  const seconds = Math.round((performance.now() - start) / 1000)
  process.stderr.write(`\r\u001b[K${String(seconds).padStart(4)} s, round ${round} of ${count}: ${variant}`)
}
try {
  rounds.run(preparation(directory, size), 1, tell)
  const variants = variantsOf(directory, size).filter(({ name }) => only.test(name))
  const results = rounds.run(variants, count, tell)
  process.stderr.write('\r\u001b[K')
  const { figures, missing } = figuresOf(results)
  const known = figures.filter(({ value }) => !Number.isNaN(value))
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}, ${count} rounds\n`)
  for (const line of tableOf(known, readAccepted())) console.log(line)
  if (option('only') === null)
    for (const { what, reason } of missing) console.log(`${what} was not measured: ${reason}.`)
  if (argv.includes('--accept')) accept(known)
} finally {
  rmSync(directory, { recursive: true })
}
