/**
 * The example scenarios show what their heads say, on the designs that they name and with the invariants that they name.
 * The table of known violations and the picture in the README say the same.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { actsOfScenario } from '../../src/compare/act.ts'
import { compareRuns } from '../../src/compare/compare.ts'
import { DESIGNS, designNamed } from '../../src/design/designs.ts'
import type { Run } from '../../src/engine/run.ts'
import type { Violation } from '../../src/invariant/invariant.ts'
import { Monitor } from '../../src/invariant/monitor.ts'
import { readTape, recordTape } from '../../src/node.ts'
import { watchTape } from '../../src/replay/watch.ts'
import { play } from '../../src/scenario/play.ts'
import { readScenario } from '../../src/scenario/read.ts'
import { itemsOf, runLine } from '../cli/transcript.ts'
import { MemoryFiles } from '../tape/memory-files.ts'
import { readExamples, reported } from './scenario-head.ts'

const EXAMPLES = readExamples()

/** Plays a scenario onto a tape, replays the tape, and says which invariants did not hold. */
function violationsOf(text: string, file: string, design: string): readonly Violation[] {
  const { boot, entries } = readScenario(text, file)
  const files = new MemoryFiles()
  const { run, recording } = recordTape('run.tape', { design, boot, fileSystem: files, sync: 'never' })
  const answers = [...play(run, entries)]
  recording.close()
  const left = entries.length - answers.length
  if (left > 0) expect(run.current.panic, `what kept ${left} lines of ${file} from being played`).not.to.equal(null)
  const violations: Violation[] = []
  watchTape(readTape(files.files.get('run.tape')?.bytes ?? new Uint8Array()), (world) => {
    const monitor = new Monitor(world, { report: (violation) => violations.push(violation) })
    return [(recorded, present) => monitor.take(recorded, present)]
  })
  return violations
}

/** `aobj, aobj-dying: I01 I02`, as the table says it. */
function shownIn(expected: ReadonlyMap<string, readonly string[]>): string {
  const designs = new Map<string, string[]>()
  for (const [design, ids] of expected) {
    const key = ids.join(' ') || 'none'
    designs.set(key, [...(designs.get(key) ?? []), design])
  }
  return [...designs].map(([ids, names]) => `${names.join(', ')}: ${ids}`).join('; ')
}

describe('the example scenarios', () => {
  for (const { file, text, expected } of EXAMPLES)
    for (const [design, ids] of expected)
      it(`show ${ids.join(' ') || 'that all holds'} in ${file} on ${design}`, () => {
        const violations = violationsOf(text, file, design)
        const told = violations.map(({ id, subject, sentence }) => `${id} ${subject}: ${sentence}`).join('\n')
        expect(reported(violations), told).to.deep.equal(ids)
      })

  for (const { file, text, retold } of EXAMPLES)
    for (const [design, ids] of retold)
      it(`show ${ids.join(' ') || 'that all holds'} in ${file}, retold on ${design}`, () => {
        const { boot, entries, design: own } = readScenario(text, file)
        const source = { boot, design: designNamed(own ?? 'aobj'), acts: (run: Run) => actsOfScenario(run, entries) }
        const { pairs, runs } = compareRuns(source, [source.design, designNamed(design)])
        const violations: Violation[] = []
        const monitor = new Monitor(runs[1].world, { report: (violation) => violations.push(violation) })
        runs[1].subscribe((recorded) => monitor.take(recorded, runs[1].current))
        for (const _ of pairs());
        expect(
          reported(violations),
          violations.map(({ id, sentence }) => `${id} ${sentence}`).join('\n'),
        ).to.deep.equal(ids)
      })

  it('say of every design what they show there, or why nothing', () => {
    const names = DESIGNS.map(({ name }) => name).sort()
    for (const family of new Set(EXAMPLES.map((example) => example.family))) {
      const kin = EXAMPLES.filter((example) => example.family === family)
      const said = kin.flatMap(({ expected, retold, without }) => [...expected.keys(), ...retold.keys(), ...without])
      expect([...said].sort(), family).to.deep.equal(names)
    }
  })

  it('name the step that goes wrong wherever something does', () => {
    for (const { file, step, expected, retold } of EXAMPLES)
      expect(step !== null, file).to.equal([...expected.values(), ...retold.values()].some((ids) => ids.length > 0))
  })
})

describe('docs/known-violations.md and docs/environment.md', () => {
  const rows = ['docs/known-violations.md', 'docs/environment.md']
    .flatMap((doc) => readFileSync(doc, 'utf8').split('\n'))
    .filter((line) => /^\| .*\.jsonl/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

  it('list every scenario once', () => {
    const listed = rows.map(([, , scenario]) => scenario?.replace(/^\[(.*)\]\(.*\)$/, '$1') ?? '')
    expect([...listed].sort()).to.deep.equal(EXAMPLES.map(({ file }) => file).sort())
  })
  for (const { file, expected, retold, step } of EXAMPLES)
    it(`say of ${file} what its head says`, () => {
      const row = rows.find(([, , scenario]) => scenario?.startsWith(`[${file}]`))
      expect(row?.[3]).to.equal(shownIn(new Map([...expected, ...retold])))
      expect(row?.[4]).to.equal(step ?? '')
    })
})

/** Whether `found` is `wanted`, in which a line `…` stands for any lines, and `…` within a line for any text of it. */
function isPictured(wanted: string, found: string): boolean {
  const lines = wanted.split('\n').map((line) => {
    if (line === '…') return '(?:.*\\n)*?'
    const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    return `${parts.join('.*')}\\n`
  })
  return new RegExp(`^${lines.join('')}$`).test(`${found}\n`)
}

describe('the pictures in the README', () => {
  const home = process.cwd()
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmtape-readme-'))
    symlinkSync(resolve('examples'), join(directory, 'examples'))
    process.chdir(directory)
  })
  after(() => {
    process.chdir(home)
    rmSync(directory, { recursive: true })
  })
  const items = itemsOf(readFileSync('README.md', 'utf8')).flatMap((item) => (item.kind === 'command' ? [item] : []))

  it('begins with a scenario that is run, replayed and inspected', () => {
    const begun = items.slice(0, 3).map(({ command }) => command.split(' ').slice(0, 2).join(' '))
    expect(begun).to.deep.equal(['vmtape run', 'vmtape replay', 'vmtape inspect'])
  })
  for (const { command, output } of items)
    it(`shows what '${command}' prints`, async () => {
      const found = (await runLine(command)).output
      if (!isPictured(output, found)) expect(found).to.equal(output)
    })
})
