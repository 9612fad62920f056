/**
 * The command line as a process of its own: what one process cannot show of itself.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readTape } from '../../src/tape/file.ts'

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

  it('says in one sentence that the disk is full under its output', () => {
    const { status, stderr } = shell('node --import=tsx src/cli/main.ts --help > /dev/full')
    expect({ status, stderr }).to.deep.equal({
      status: 2,
      stderr: 'vmtape: wanted to write the answer, and the output does not take it: no space left on device.\n',
    })
  })

  it('says where a tape ends that the disk does not take, and what of it is safe', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmtape-full-'))
    try {
      const scenario = join(folder, 's.jsonl')
      const spawns = Array.from({ length: 200 }, (_, index) => `{"type":"host.spawn","pid":${index + 1}}`)
      writeFileSync(scenario, `${spawns.join('\n')}\n`)
      // A limit on the size of files stands for the disk: 4 blocks of 1 KiB.
      const vmtape = `node --import=tsx src/cli/main.ts run ${scenario} --tape ${join(folder, 'a.tape')} --snapshot-every 20`
      const { status, stderr } = shell(`ulimit -f 4; ${vmtape} > /dev/null`)
      expect(stderr).to.match(
        /^vmtape: \S+a\.tape: writing \d+ bytes at byte \d+ failed: EFBIG: file too large, write; the tape ends before this frame.*\(TAPE008\)\.\n$/,
      )
      expect(status).to.equal(2)
      const reader = readTape(join(folder, 'a.tape'))
      expect(reader.damage).to.equal(null)
      reader.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Runs a line of the shell, without the cache that tsx would write. */
function shell(line: string): { readonly status: number | null; readonly stderr: string } {
  const env = { ...process.env, TSX_DISABLE_CACHE: '1' }
  const { status, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8', env })
  return { status, stderr }
}
