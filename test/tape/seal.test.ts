/**
 * Sealing: a smaller copy that holds the same.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { nodeFileSystem } from '../../src/tape/file/system.ts'
import { readTape, sealTape } from '../../src/tape/file.ts'
import { codeOf, contentAt, inDirectory, type Part, writeTape } from './tapes.ts'

describe('a sealed tape', () => {
  const at = inDirectory()
  const long: Part[] = [{ events: 5000 }, { snapshot: 4000 }, { events: 3000 }, { note: 'half' }, { events: 1 }]

  it('holds the same frames in fewer bytes', () => {
    writeTape(at('open'), long)
    const { bytesBefore, bytesAfter, report } = sealTape(at('open'), at('sealed'))
    expect(report.corrupted).to.equal(null)
    expect(bytesBefore).to.equal(statSync(at('open')).size)
    expect(bytesAfter).to.equal(statSync(at('sealed')).size)
    expect(bytesAfter).to.be.lessThan(bytesBefore / 5)
    expect(contentAt(at('sealed'))).to.deep.equal(contentAt(at('open')))
    const sealed = [...readTape(at('sealed')).segments()].map(({ sealed }) => sealed)
    // A single byte does not become smaller, and stays as it is.
    expect(sealed).to.deep.equal([true, true, false])
    expect(readTape(at('sealed')).header).to.deep.equal(readTape(at('open')).header)
  })

  it('is the same as one written sealed, and as one sealed again', () => {
    writeTape(at('open'), long)
    writeTape(at('written'), long, { seal: true })
    sealTape(at('open'), at('sealed'))
    sealTape(at('sealed'), at('again'))
    const sealed = readFileSync(at('sealed'))
    expect(readFileSync(at('written')).equals(sealed)).to.equal(true)
    expect(readFileSync(at('again')).equals(sealed)).to.equal(true)
  })

  it('can join small frames of events, but not across a snapshot', () => {
    writeTape(at('open'), [...Array(20).fill({ events: 1 }), { snapshot: 3 }, ...Array(7).fill({ events: 2 })])
    const merge = (segments: readonly { payload: Uint8Array }[]) =>
      Uint8Array.from(segments.flatMap(({ payload }) => [...payload]))
    sealTape(at('open'), at('sealed'), { merge, mergedEvents: 8 })
    const joined = [...readTape(at('sealed')).segments()]
    expect(joined.map(({ count }) => count)).to.deep.equal([8, 8, 4, 8, 6])
    const bytes = (path: string) => [...readTape(path).segments()].flatMap(({ payload }) => [...payload])
    expect(bytes(at('sealed'))).to.deep.equal(bytes(at('open')))
  })

  it('may take the place of the open one', () => {
    writeTape(at('tape'), long)
    const before = contentAt(at('tape'))
    expect(codeOf(() => sealTape(at('tape'), at('tape')))).to.equal('TAPE007')
    sealTape(at('tape'), at('tape'), { overwrite: true })
    expect(contentAt(at('tape'))).to.deep.equal(before)
    expect(() => statSync(at('tape.part'))).to.throw('ENOENT')
  })

  it('is not made of a damaged tape, unless what is left is wanted', () => {
    writeTape(at('tape'), long)
    const whole = contentAt(at('tape'))
    const bytes = readFileSync(at('tape'))
    const third = [...readTape(bytes).frames()][2]?.offset ?? 0
    bytes[third + 57] = 0
    writeFileSync(at('tape'), bytes)
    expect(codeOf(() => sealTape(at('tape'), at('sealed')))).to.equal('TAPE011')
    const { report } = sealTape(at('tape'), at('sealed'), { salvage: true })
    expect(report.corrupted?.offset).to.equal(third)
    expect(contentAt(at('sealed'))).to.deep.equal(whole.slice(0, 2))
  })

  it('leaves nothing behind when the disk is full', () => {
    writeTape(at('tape'), long)
    let calls = 0
    const full = () => {
      calls += 1
      if (calls > 3) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    }
    const fileSystem = {
      ...nodeFileSystem,
      write: (...given: Parameters<typeof nodeFileSystem.write>) => {
        full()
        return nodeFileSystem.write(...given)
      },
    }
    expect(codeOf(() => sealTape(at('tape'), at('sealed'), { fileSystem }))).to.equal('TAPE008')
    expect(() => statSync(at('sealed'))).to.throw('ENOENT')
    expect(() => statSync(at('sealed.part'))).to.throw('ENOENT')
  })
})
