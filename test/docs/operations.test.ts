/**
 * The table of all operations against the code: no command, routine or file of the kernel's functions without a row, and
 * no row that names what is not there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { DESIGNS } from '../../src/design/designs.ts'
import { FIELDS } from '../../src/scenario/commands.ts'

const DOC = 'docs/operations.md'
const HEAD = '| operation | modelled in | tested in | source | certainty |'

type Row = {
  readonly line: number
  readonly operation: string
  /** Between backquotes, in the cell that it is in. */
  readonly named: readonly string[]
  readonly modelled: readonly string[]
  readonly tested: readonly string[]
  readonly source: string
  readonly certainty: string
}

function quotedIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
}

function rowsOf(markdown: string): readonly Row[] {
  return markdown.split('\n').flatMap((text, index) => {
    if (!text.startsWith('| ') || text === HEAD) return []
    const [operation = '', modelled = '', tested = '', source = '', certainty = ''] = text
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    const row = { line: index + 1, operation, named: quotedIn(operation), source, certainty }
    return [{ ...row, modelled: quotedIn(modelled), tested: quotedIn(tested) }]
  })
}

const ROWS = rowsOf(readFileSync(DOC, 'utf8'))

/** Lines of a scenario that are no command, and the two that stand for ioctls with vmd's ranges. */
const NO_COMMANDS: readonly string[] = ['start', 'step', 'finish', 'pause', 'note', 'boot', 'vm.create', 'vm.share']
const COMMANDS = [...FIELDS.keys()].filter((type) => !NO_COMMANDS.includes(type))

/** The routines of every design, and the commands that they answer. */
const ROUTINES = new Map<string, Set<string>>()
for (const { routines } of DESIGNS)
  for (const [command, machine] of Object.entries(routines))
    ROUTINES.set(machine.id, (ROUTINES.get(machine.id) ?? new Set()).add(command))

function wanted(what: string, cell: string): string {
  const row = `| ${cell} | \`machines/calls/FILE.ts#machine\`, \`src/kernel/FILE.ts#function\` | \`test/FILE.test.ts\` | routine() of FILE.c REVISION | |`
  return `${what} has no row in ${DOC}. Add one to the section that it belongs to:\n${row}\n`
}

/** Where a name may be found in a file: a function, a constant, a class, or a state of a machine. */
function isIn(file: string, name: string): boolean {
  return new RegExp(`\\b(function\\*?|const|class|type) ${name}\\b|^\\s+${name}: \\{`, 'm').test(
    readFileSync(file, 'utf8'),
  )
}

describe(DOC, () => {
  for (const command of COMMANDS)
    it(`has a row for ${command}`, () => {
      const found = ROWS.some(({ named }) => named.includes(command))
      expect(found, wanted(`The command '${command}'`, `\`${command}\`: what it does, \`routine\``)).to.equal(true)
    })

  for (const [id, commands] of ROUTINES)
    it(`has a row for the routine ${id}`, () => {
      const rows = ROWS.filter(({ named }) => named.includes(id))
      const cell = `${[...commands].map((command) => `\`${command}\``).join(', ')}: what it does, \`${id}\``
      expect(rows.length, wanted(`The routine '${id}'`, cell)).to.be.greaterThan(0)
    })

  for (const folder of ['src/kernel', 'machines/calls', 'machines', 'src/vmd'])
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.ts')))
      it(`names ${folder}/${name}`, () => {
        const file = `${folder}/${name}`
        const names = ROWS.flatMap(({ modelled }) => modelled).some((one) => one.split('#')[0] === file)
        expect(names || HELPERS.has(file), wanted(`The file '${file}'`, 'what its functions do')).to.equal(true)
      })

  for (const row of ROWS) {
    it(`names what is there, in the row of ${row.operation}`, () => {
      expect(row.modelled, 'modelled in').to.not.deep.equal([])
      expect(row.tested, 'tested in').to.not.deep.equal([])
      expect(row.source, 'source').to.match(/\S/)
      expect(row.certainty).to.match(/^$|^(medium|low)\b/)
      for (const place of row.modelled) {
        const [file = '', name] = place.split('#')
        expect(existsSync(file), `line ${row.line}: there is no file ${file}`).to.equal(true)
        if (name !== undefined) expect(isIn(file, name), `line ${row.line}: ${file} has no '${name}'`).to.equal(true)
      }
      for (const file of row.tested)
        expect(existsSync(file), `line ${row.line}: there is no test ${file}`).to.equal(true)
    })
    for (const name of row.named)
      it(`names a command or a routine that there is: ${name}, line ${row.line}`, () => {
        const isKnown = COMMANDS.includes(name) || ROUTINES.has(name) || name.startsWith('vmtape ')
        expect(isKnown, `line ${row.line}: there is no command or routine '${name}' any more`).to.equal(true)
      })
    const commands = row.named.filter((name) => COMMANDS.includes(name))
    for (const command of commands)
      it(`names a test that asks for ${command}, line ${row.line}`, () => {
        const machines = Object.values(DESIGNS).map(
          ({ routines }) => routines[command as keyof typeof routines]?.id ?? '',
        )
        const asks = row.tested.some((file) => {
          const text = readFileSync(file, 'utf8')
          return (
            text.includes(command) || machines.some((id) => id !== '' && text.includes(id)) || ASKED_BY_FILES.has(file)
          )
        })
        expect(asks, `line ${row.line}: none of ${row.tested.join(', ')} asks for ${command}`).to.equal(true)
      })
  }
})

/** Files that hold what several rows need. */
const HELPERS: ReadonlySet<string> = new Set([
  'src/kernel/kernel.ts',
  'machines/tell.ts',
  'machines/calls/setup.ts',
  'src/vmd/stage.ts',
])

/** Tests whose commands are in files beside them: the recordings of the real kernel, and the example scenarios. */
const ASKED_BY_FILES: ReadonlySet<string> = new Set(['test/conform/conform.test.ts', 'test/examples/scenarios.test.ts'])
