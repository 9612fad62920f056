/**
 * The example of a derived design does what it says.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

describe('examples/variant.ts', () => {
  it('shows a page that the patch loses, and a variant that keeps it', () => {
    const example = fileURLToPath(new URL('../../examples/variant.ts', import.meta.url))
    const text = execFileSync(process.execPath, ['--import=tsx', example], { encoding: 'utf8' })
    expect(text.split('\n').map((line) => line.replace(/frame \d+/, 'a frame'))).to.deep.equal([
      'aobj',
      "  after the guest's access: a frame, object, wire count 0",
      '  after the page daemon:    a frame, free, wire count 0',
      'aobj, always wires',
      "  after the guest's access: a frame, object, wire count 1",
      '  after the page daemon:    a frame, object, wire count 1',
      '',
    ])
  })
})
