/**
 * The recordings of the real kernel, run through the command line as a user would.
 */
import { expect } from 'chai'
import { runLine } from './transcript.ts'

const VECTORS = '../shared/vectors/visible.jsonl'

describe('vmtape conform', () => {
  it('agrees with every recording under both designs', async () => {
    const { code, output } = await runLine(`vmtape conform ${VECTORS}`)
    expect(output.trimEnd().split('\n').at(-1)).to.equal('343 of 343 vectors agree')
    expect(code).to.equal(0)
  })

  it('lists each recording once, with its category, for machines', async () => {
    const { output } = await runLine(`vmtape conform ${VECTORS} --json --design aobj`)
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(new Set(lines.slice(0, -1).map((line) => line.name)).size).to.equal(343)
    const { agree, categories } = lines.at(-1)
    expect(agree).to.equal(343)
    expect(categories.reduce((sum: number, one: { vectors: number }) => sum + one.vectors, 0)).to.equal(343)
  })
})
