/**
 * The command line as a process of its own: what one process cannot show of itself.
 */
import { spawn } from 'node:child_process'
import { expect } from 'chai'

/** Runs the command line from its source. `deaf` closes its stdout before it can write. */
function start(
  words: readonly string[],
  deaf = false,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--import=tsx', 'src/cli/main.ts', ...words])
  const seen = { stdout: '', stderr: '' }
  if (deaf) child.stdout.destroy()
  child.stdout.on('data', (chunk) => {
    seen.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    seen.stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...seen }))
  })
}

describe('the process', () => {
  it('prints its help and ends with 0', async () => {
    const { code, stdout, stderr } = await start(['--help'])
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout).to.match(/^Usage: vmtape/)
  })

  it('ends with 2 and one line on stderr when it is asked wrongly', async () => {
    const { code, stdout, stderr } = await start(['--no-such-option'])
    expect({ code, stdout, stderr }).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: "vmtape: unknown option '--no-such-option'.\n",
    })
  })

  it('ends quietly when the reader of its output has gone', async () => {
    expect(await start(['--help'], true)).to.deep.equal({ code: 0, stdout: '', stderr: '' })
  })
})
