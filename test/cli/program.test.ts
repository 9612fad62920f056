/**
 * The command line as a user meets it, in one process: what is printed where, and the exit code.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { runProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { VERBS, type Verb } from '../../src/cli/verbs.ts'
import { UserError } from '../../src/errors.ts'
import { VERSION } from '../../src/version.ts'
import { openScreen } from './screen.ts'

type Action = (terminal: Terminal, name: string, options: { readonly loud?: true }) => void | Promise<void>

/** A verb that takes a name and `--loud`, and does `action`. */
function verb(name: string, action: Action, loaded: string[] = []): Verb {
  return {
    name,
    summary: `do ${name}`,
    load: async () => {
      loaded.push(name)
      return {
        configure: (command, terminal) => {
          command
            .argument('<name>', 'whom to greet')
            .option('--loud', 'greet in capitals')
            .action((who, options) => action(terminal, who, options))
        },
      }
    },
  }
}

const greet = verb('greet', (terminal, name, { loud }) =>
  terminal.print(loud ? `HELLO ${name.toUpperCase()}\n` : `hello ${name}\n`),
)

/** Runs one command line and gathers all that a user would notice. */
async function run(words: readonly string[], verbs: readonly Verb[]) {
  const screen = openScreen()
  const code = await runProgram(words, screen.terminal, verbs)
  return { code, stdout: screen.stdout(), stderr: screen.stderr() }
}

describe('the program', () => {
  it('prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(VERSION).to.equal(version)
    expect(await run(['--version'], VERBS)).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('lists every verb with its summary in the help, and loads none of them', async () => {
    const loaded: string[] = []
    const { code, stdout, stderr } = await run(
      ['--help'],
      [verb('show', () => {}, loaded), verb('diff', () => {}, loaded)],
    )
    expect(code).to.equal(0)
    expect(stderr).to.equal('')
    expect(stdout).to.match(/\nVerbs:\n {2}show .*do show\n.*diff .*do diff\n/)
    expect(loaded).to.deep.equal([])
  })

  it('loads the one verb that was asked for', async () => {
    const loaded: string[] = []
    await run(['diff', 'a'], [verb('show', () => {}, loaded), verb('diff', () => {}, loaded)])
    expect(loaded).to.deep.equal(['diff'])
  })

  it('runs a verb with its argument and its option', async () => {
    expect(await run(['greet', 'ada', '--loud'], [greet])).to.deep.equal({ code: 0, stdout: 'HELLO ADA\n', stderr: '' })
  })

  it("prints a verb's own help", async () => {
    const { code, stdout } = await run(['greet', '--help'], [greet])
    expect(code).to.equal(0)
    expect(stdout).to.include('Do greet.').and.include('--loud').and.include('whom to greet')
  })

  it('ends with 1 when there is a finding', async () => {
    const { code } = await run(['look', 'here'], [verb('look', (terminal) => terminal.finding())])
    expect(code).to.equal(1)
  })

  const usage: readonly (readonly [what: string, words: readonly string[], stderr: string])[] = [
    ['an unknown verb', ['wave'], "vmtape: unknown verb 'wave'.\n"],
    ['a misspelt verb', ['gret'], "vmtape: unknown verb 'gret'; did you mean greet?\n"],
    ['a missing argument', ['greet'], "vmtape: missing required argument 'name'.\n"],
    [
      'an argument too many',
      ['greet', 'a', 'b'],
      "vmtape: too many arguments for 'greet'. Expected 1 argument but got 2.\n",
    ],
    ['an unknown option', ['greet', 'a', '--shrill'], "vmtape: unknown option '--shrill'.\n"],
    ['a misspelt option', ['greet', 'a', '--lod'], "vmtape: unknown option '--lod'; did you mean --loud?\n"],
    ['an unknown option without a verb', ['--shrill'], "vmtape: unknown option '--shrill'.\n"],
  ]
  for (const [what, words, stderr] of usage)
    it(`answers ${what} with one sentence and 2`, async () => {
      expect(await run(words, [greet])).to.deep.equal({ code: 2, stdout: '', stderr })
    })

  it('prints its help to stderr and ends with 2 when nothing is asked', async () => {
    const { code, stdout, stderr } = await run([], [greet])
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    expect(stderr).to.match(/^Usage: vmtape \[options\] VERB/)
  })

  it('prints a UserError as it stands and ends with its code', async () => {
    const wrong = verb('open', (_, name) => {
      throw new UserError(`wanted a tape, found an empty file at '${name}'.`, 1)
    })
    const stderr = "vmtape: wanted a tape, found an empty file at 'a.tape'.\n"
    expect(await run(['open', 'a.tape'], [wrong])).to.deep.equal({ code: 1, stdout: '', stderr })
  })

  it('turns an error of the system into one sentence', async () => {
    const open = verb('open', (_, name) => void readFileSync(name))
    const stderr = "vmtape: cannot open 'no/such.tape': no such file or directory.\n"
    expect(await run(['open', 'no/such.tape'], [open])).to.deep.equal({ code: 2, stdout: '', stderr })
  })

  it('calls anything else a defect of its own, with the stack, and ends with 70', async () => {
    const broken = verb('break', () => {
      throw new RangeError('level 9')
    })
    const { code, stderr } = await run(['break', 'it'], [broken])
    expect(code).to.equal(70)
    expect(stderr)
      .to.match(/defect of vmtape/)
      .and.match(/RangeError: level 9\n {4}at /)
  })
})

describe('each verb of the table', () => {
  it('has a name of its own', () => {
    const names = VERBS.map((entry) => entry.name)
    expect(names).to.deep.equal([...new Set(names)])
  })
  for (const { name, summary } of VERBS) {
    it(`${name} prints its help`, async () => {
      const { code, stdout } = await run([name, '--help'], VERBS)
      expect(code).to.equal(0)
      expect(stdout).to.match(new RegExp(`^Usage: vmtape ${name}`))
    })
    it(`${name} has a one-line summary without a full stop`, () => {
      expect(summary).to.match(/^[a-z][^\n]*[^.\n]$/)
    })
  }
})
