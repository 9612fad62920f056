/**
 * Every transcript beside this file is executed. `npm run snap` rewrites what no longer matches.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Item, itemsOf, masked, matches, rewritten, runLine } from './transcript.ts'

const FOLDER = 'test/cli'

for (const name of readdirSync(FOLDER)
  .filter((entry) => entry.endsWith('.md'))
  .sort())
  describe(`the transcript ${name}`, () => {
    const home = process.cwd()
    const markdown = readFileSync(join(FOLDER, name), 'utf8')
    const items = itemsOf(markdown)
    const rewrites = process.env.VMTAPE_SNAP === '1'
    const found: Item[] = []
    let directory = ''
    before(() => {
      directory = mkdtempSync(join(tmpdir(), 'vmtape-transcript-'))
      process.chdir(directory)
      for (const item of items) if (item.kind === 'file') writeFileSync(item.name, item.text)
    })
    after(() => {
      process.chdir(home)
      rmSync(directory, { recursive: true })
      if (rewrites) writeFileSync(join(FOLDER, name), rewritten(markdown, found))
    })
    for (const item of items)
      if (item.kind === 'command')
        it(`answers '${item.command}' as line ${item.line} says`, async () => {
          const { code, output } = await runLine(item.command)
          const same = matches(item.output, output)
          found.push({ ...item, code, output: same ? item.output : masked(output) })
          if (rewrites) return
          if (!same) expect(output).to.equal(item.output)
          expect(code, 'exit code').to.equal(item.code)
        })
  })

describe('a transcript', () => {
  it('is read as commands with their exit codes and outputs, and as files', () => {
    const items = itemsOf('# T\n```console\n$ a b\nc\n$ d\n? 2\ne\n```\n```jsonl f.jsonl\n{}\n```\n```ts\nno()\n```\n')
    expect(items).to.deep.equal([
      { kind: 'command', line: 3, command: 'a b', code: 0, output: 'c\n' },
      { kind: 'command', line: 5, command: 'd', code: 2, output: 'e\n' },
      { kind: 'file', line: 10, name: 'f.jsonl', text: '{}\n' },
    ])
  })
  it('lets [..] stand for text of one line, and for nothing else', () => {
    expect(matches('a [..] c\n', 'a b c\n')).to.equal(true)
    expect(matches('a [..] c\n', 'a b\nb c\n')).to.equal(false)
    expect(matches('a.c\n', 'abc\n')).to.equal(false)
    expect(matches('a [..].\n', 'a b!\n')).to.equal(false)
  })
  it('is rewritten where it is told, and kept everywhere else', () => {
    const before = '# T\n```console\n$ a\nold\n$ b\n? 1\n```\nend\n'
    const items = itemsOf(before)
    const now = items.map((item) => (item.kind === 'command' && item.line === 3 ? { ...item, output: 'new\n' } : item))
    expect(rewritten(before, items)).to.equal(before)
    expect(rewritten(before, now)).to.equal('# T\n```console\n$ a\nnew\n$ b\n? 1\n```\nend\n')
  })
  it('is written down without what changes from day to day', () => {
    const output = 'a.tape: 35 events, 2496 bytes of 4248\na.tape: the last 16 bytes, from byte 216 on\n'
    const wanted = 'a.tape: 35 events, [..] bytes of [..]\na.tape: the last [..] bytes, from byte [..] on\n'
    expect(masked(output)).to.equal(wanted)
    expect(matches(wanted, output)).to.equal(true)
  })
  it('says what a command printed to both streams, in order', async () => {
    expect(await runLine('vmtape --shrill')).to.deep.equal({ code: 2, output: "vmtape: unknown option '--shrill'.\n" })
    expect(await runLine('printf x; false')).to.deep.equal({ code: 1, output: 'x' })
  })
})
