/**
 * The house rules, one test for each file and rule. Prose explains them; this enforces them.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { DIRECTIONS } from './tidy/directions.ts'
import { LONG_FILES, RULES } from './tidy/rules.ts'
import { filesBelow, type Source, sourceAt, sourceOf } from './tidy/source.ts'

const TEXT = /\.(ts|mjs|cjs|js|json|md|yml|yaml|sh|html|css|svg)$|^\.ci\/run$|^\.[a-z]+rc$|^LICENSE$/

const files = filesBelow('.').filter((path) => TEXT.test(path) && path !== 'package-lock.json')
const sources = new Map<string, Source>(files.map((path) => [path, sourceAt(path)]))
const CODE_FOLDERS = ['events', 'machines', 'src', 'test', 'bench', 'examples', 'scripts'].filter(existsSync)

for (const source of sources.values()) {
  const rules = [
    ...DIRECTIONS.map((rule) => ({ ...rule, check: () => rule.findings(source, (path) => sources.get(path)) })),
    ...RULES.map((rule) => ({ ...rule, check: () => rule.findings(source) })),
  ].filter((rule) => rule.applies(source.path))
  if (rules.length === 0) continue
  describe(source.path, () => {
    for (const rule of rules)
      it(rule.name, () => {
        expect(rule.check()).to.deep.equal([])
      })
  })
}

describe('bit operators', () => {
  /** What lint says of each file; it has a parser, which tells `a | b` from a union of types. */
  const used = new Map<string, number>()

  before(() => {
    const biome = join('node_modules', '@biomejs', 'biome', 'bin', 'biome')
    const flags = ['lint', '--only=suspicious/noBitwiseOperators', '--reporter=json', '--max-diagnostics=none']
    const { stdout, stderr } = spawnSync(process.execPath, [biome, ...flags, ...CODE_FOLDERS], { encoding: 'utf8' })
    expect(stdout, stderr).to.match(/^\{/)
    for (const { location } of JSON.parse(stdout).diagnostics) {
      const path = typeof location.path === 'string' ? location.path : location.path.file
      used.set(path, (used.get(path) ?? 0) + 1)
    }
  })

  for (const path of files.filter((file) => CODE_FOLDERS.some((folder) => file.startsWith(`${folder}/`))))
    if (/\.(ts|mjs)$/.test(path))
      it(`stay out of ${path}`, () => {
        expect(
          used.get(path) ?? 0,
          'they cut addresses to 32 bits; packed words ask for them in the head comment',
        ).to.equal(0)
      })
})

describe('each long file', () => {
  for (const [path, reason] of Object.entries(LONG_FILES))
    it(`${path} is still long, and says why`, () => {
      expect(sources.get(path)?.text.split('\n').length ?? 0).to.be.greaterThan(400)
      expect(reason).to.match(/\S+ \S+/)
    })
  it('has an entry of its own in one list', () => {
    expect(Object.keys(LONG_FILES)).to.deep.equal([...new Set(Object.keys(LONG_FILES))])
  })
})

describe('the lock file', () => {
  it('names no registry, so that it serves with any', () => {
    expect(readFileSync('package-lock.json', 'utf8')).to.not.match(/"resolved"|https?:\/\/[^"]*\.tgz/)
  })
  it('holds every package that it names, for every platform, or npm ci refuses it', () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
    const missing = Object.entries<Record<string, Record<string, string> | undefined>>(packages).flatMap(
      ([path, { dependencies, optionalDependencies }]) =>
        Object.keys({ ...dependencies, ...optionalDependencies }).filter(
          (name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
        ),
    )
    expect(missing).to.deep.equal([])
  })
  it('stands beside a package.json that pins every version', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(version, name).to.match(/^\d+\.\d+\.\d+$/)
  })
})

describe('a tidy rule', () => {
  const planted: readonly (readonly [rule: string, path: string, text: string])[] = [
    ['imports nothing but events', 'events/a.ts', "import type { A } from '../src/a.ts'"],
    ['imports nothing but events', 'events/a.ts', "export * from 'xstate'"],
    ['imports events, machines and xstate only', 'machines/a.ts', "import { b } from '../src/model/b.ts'"],
    ['imports nothing that decides or applies', 'src/model/a.ts', "import '../reduce/b.ts'"],
    ['imports nothing that decides', 'src/reduce/a.ts', "import type { b } from '../../machines/b.ts'"],
    ['reaches nothing that decides, whatever it imports', 'src/reduce/a.ts', "import { b } from '../b.ts'"],
    ['reads the model and never writes it', 'src/kernel/a.ts', "import {\n  produce,\n} from 'immer'"],
    ['imports nothing of Node, and nothing that does', 'src/engine/a.ts', "const fs = await import('node:fs')"],
    ['imports nothing of Node, and nothing that does', 'src/replay/a.ts', "import { a } from '../tape/file.ts'"],
    ['leaves colours, bars and flags to the command line', 'src/engine/a.ts', "import pc from 'picocolors'"],
    ['imports no reducer', 'src/cli/verbs/a.ts', "import { a } from '../../reduce/a.ts'"],
    ['reads no clock and starts no timer', 'src/engine/a.ts', `const a = \`\${Date.now()}\``],
    ['throws no dice', 'src/engine/a.ts', 'const a = / "/.test(b) ? Math.random() : 0'],
    ['uses no global of Node', 'src/engine/a.ts', 'const a = process.env.A'],
    [
      'asks for bit operators in its head comment or not at all',
      'src/model/a.ts',
      'const a = 1\n// biome-ignore lint/suspicious/noBitwiseOperators: why not\nconst b = a | 1',
    ],
    ['has at most 400 lines, or a reason', 'src/a.ts', 'a()\n'.repeat(401)],
    ['opens with a comment that says what it is', 'src/a.ts', "import { a } from 'b' // no"],
    [
      'says what each export beyond the first promises',
      'src/a.ts',
      '// x\nexport class A {}\n\nexport async function a() {}',
    ],
    [
      'says what each export beyond the first promises',
      'src/a.ts',
      '// x\nexport function a() {}\n/** B. */\nconst b = 1\nexport class B {}',
    ],
    ['leaves no test out and none alone', 'test/a.test.ts', 'it.only()'],
    ['leaves no mark of unfinished work', 'src/a.ts', `// ${'TO'}DO: this`],
    ['names no place or tool of one workplace', 'README.md', `see ${'/ho'}me/someone/notes`],
  ]
  const other = sourceOf('src/b.ts', "import { c } from './engine/c.ts'")
  for (const [name, path, text] of planted)
    it(`finds what is planted: ${name} (${path})`, () => {
      const rule = [...DIRECTIONS, ...RULES].find((candidate) => candidate.name === name && candidate.applies(path))
      const source = sourceOf(path, text)
      const at = (target: string) => [source, other].find((candidate) => candidate.path === target)
      expect(rule?.findings(source, at)).to.have.length(1)
    })

  const clean: readonly (readonly [path: string, text: string])[] = [
    ['events/a.ts', "/** A. */\nimport type { B } from './b.ts'\n// Date.now() and Math.random() are banned.\n"],
    ['machines/a.ts', "/** `Date`. */\nimport { setup } from 'xstate'\nimport type { B } from '../events/b.ts'\n"],
    [
      'src/reduce/a.ts',
      "/** A. */\nimport type { B } from '../b.ts'\n" + "const words = 'Date' + `Math.random() $" + "{'}'} Date`\n",
    ],
    ['src/cli/verbs/a.ts', "/** A. */\nimport { readFileSync } from 'node:fs'\nconst now = Date.now()\n"],
    [
      'src/model/a.ts',
      '// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words\nexport const a = 1 | 2\n',
    ],
    [
      'src/a.ts',
      '/** A. */\n\n/** A. */\nexport function a(b: 1): 1\nexport function a(b: 2): 2\nexport type C =\n  | A\n  | B\n',
    ],
  ]
  for (const [path, text] of clean)
    it(`leaves alone what is clean: ${text.split('\n').at(-2)} (${path})`, () => {
      const source = sourceOf(path, text)
      const at = (target: string) => [source, other].find((candidate) => candidate.path === target)
      const all = [...DIRECTIONS, ...RULES].filter((rule) => rule.applies(path))
      expect(all.flatMap((rule) => rule.findings(source, at))).to.deep.equal([])
    })
})
