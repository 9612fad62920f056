/** `vmtape import` on the trace that ships: the whole report, and what bad input is answered. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { matchesSnapshot } from '../support/snapshot.ts'
import { openScreen } from './screen.ts'

const TRACE = 'examples/traces/close.trace.gz'

describe('vmtape import', () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'vmtape-import-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  const answer = async (...words: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
    // Imported as the verbs are, at run time, so that both know one class of errors.
    const { runProgram } = await import('../../src/cli/program.ts')
    const screen = openScreen()
    const code = await runProgram(['import', ...words], screen.terminal)
    return { code, out: screen.stdout(), err: screen.stderr() }
  }
  const tape = (name: string): string => join(directory, name)

  it('reports what ran, what was mapped, how it ended and what vmm(4) makes of the guest', async () => {
    const { code, out, err } = await answer(TRACE, '--tape', tape('close.tape'))
    expect({ code, err }).to.deep.equal({ code: 0, err: '' })
    const report = out.replace(tape('close.tape'), 'close.tape').replace(/[\d,]+ KiB/, '.. KiB')
    matchesSnapshot('cli/import-close.txt', report)
    expect(report).to.include("200 of 200 of the kernel's own counters are met.")
    expect(report).to.include('I02 nested-page-is-wired: vm 1 gpa 0x8000')
  })

  it('runs the same guest on the design before the patch, where everything holds', async () => {
    const { code, out } = await answer(TRACE, '--tape', tape('before.tape'), '--design', 'vmspace')
    expect(code).to.equal(0)
    expect(out).to.include('All invariants hold.')
    expect(out).to.include('the page daemon may not have it: EBUSY')
  })

  it('leaves a tape that is there alone', async () => {
    const { code, err } = await answer(TRACE, '--tape', tape('close.tape'))
    expect(code, err).to.equal(2)
    expect(err).to.match(/^vmtape: .*close\.tape: a new tape was wanted, and there is a file already \(TAPE007\)\.\n$/)
  })

  const wrong: readonly (readonly [string, string | null, RegExp])[] = [
    ['what is no trace', 'hello\nworld\n', /wanted lines of ftrace, and found none in \d+ lines\.\n$/],
    ['what only begins like gzip', '\u001f\u008bxx', /wanted a gzipped trace, and it does not expand|found none in/],
    ['a file that is not there', null, /wanted a trace, and it cannot be read: no such file or directory\.\n$/],
  ]
  for (const [what, text, sentence] of wrong)
    it(`refuses ${what} in one sentence, and leaves no tape`, async () => {
      const path = join(directory, 'wrong.trace')
      rmSync(path, { force: true })
      if (text !== null) writeFileSync(path, text, 'latin1')
      const { code, err } = await answer(path, '--tape', tape('wrong.tape'))
      expect(code, err).to.equal(2)
      expect(err).to.match(sentence)
      expect(() => rmSync(tape('wrong.tape'))).to.throw('ENOENT')
    })
})
