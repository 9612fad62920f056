/**
 * Colours, slow readers and progress bars.
 */
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { openProgress } from '../../src/cli/progress.ts'
import { openTerminal, wantsColour } from '../../src/cli/terminal.ts'
import { memory, openScreen } from './screen.ts'

describe('colour', () => {
  const rows: readonly (readonly [isTTY: boolean, environment: Record<string, string>, wanted: boolean])[] = [
    [true, {}, true],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [false, {}, false],
    [false, { CI: 'true' }, false],
    [false, { FORCE_COLOR: '1' }, true],
  ]
  for (const [isTTY, environment, wanted] of rows)
    it(`is ${wanted ? 'on' : 'off'} for a ${isTTY ? 'screen' : 'pipe'} with ${JSON.stringify(environment)}`, () => {
      expect(wantsColour(memory(isTTY).output, environment)).to.equal(wanted)
      const { colours } = openScreen({ isTTY, environment }).terminal
      expect(colours.red('x') !== 'x').to.equal(wanted)
    })
})

describe('print', () => {
  it('waits for a slow reader', async () => {
    const slow = new PassThrough({ highWaterMark: 4 })
    const printed = openTerminal(slow, slow, {}).print('longer than four bytes')
    let done = false
    void printed.then(() => {
      done = true
    })
    await new Promise(setImmediate)
    expect(done).to.equal(false)
    slow.resume()
    await printed
  })
})

describe('a progress bar', () => {
  it('shows on a screen and leaves the cursor visible when it closes', async () => {
    const { output, text } = memory(true)
    const progress = await openProgress(output, 'reading run.tape', 10)
    progress.reach(10)
    progress.close()
    expect(text()).to.include('reading run.tape')
    expect(text().lastIndexOf('\u001b[?25h')).to.be.greaterThan(text().lastIndexOf('\u001b[?25l'))
  })

  it('writes nothing into a pipe', async () => {
    const { output, text } = memory(false)
    const progress = await openProgress(output, 'reading run.tape', 10)
    progress.reach(5)
    progress.close()
    expect(text()).to.equal('')
  })

  it('writes nothing when there is nothing to do', async () => {
    const { output, text } = memory(true)
    ;(await openProgress(output, 'reading run.tape', 0)).close()
    expect(text()).to.equal('')
  })
})
