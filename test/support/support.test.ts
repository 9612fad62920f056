/**
 * The helpers of the tests themselves: a helper that cannot fail hides what it should find.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { FIXED_SEED, isLong, seedOf } from './seed.ts'
import { matchesSnapshot } from './snapshot.ts'

describe('the seed', () => {
  it('is fixed in a plain run and in CI', () => {
    expect(seedOf({})).to.equal(FIXED_SEED)
    expect(seedOf({ CI: 'true', VMTAPE_LONG: '1' })).to.equal(FIXED_SEED)
  })
  it('differs from run to run in a long test', () => {
    expect(new Set(Array.from({ length: 5 }, () => seedOf({ VMTAPE_LONG: '1' }))).size).to.be.greaterThan(1)
  })
  it('is the one that was asked for', () => {
    expect(seedOf({ VMTAPE_SEED: '-7', VMTAPE_LONG: '1' })).to.equal(-7)
  })
  for (const wrong of ['', 'x', '1.5', '4294967296'])
    it(`refuses '${wrong}'`, () => {
      expect(() => seedOf({ VMTAPE_SEED: wrong })).to.throw(TypeError, `found '${wrong}'`)
    })
  it('reaches the laws', () => {
    expect(fc.readConfigureGlobal().seed).to.be.a('number')
    if (!isLong() && process.env.VMTAPE_SEED === undefined) expect(fc.readConfigureGlobal().seed).to.equal(FIXED_SEED)
  })
})

describe('a snapshot', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vmtape-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('is written when asked, and held from then on', () => {
    matchesSnapshot('a/b.txt', 'one\n', { root, rewrite: true })
    expect(readFileSync(join(root, 'a/b.txt'), 'utf8')).to.equal('one\n')
    matchesSnapshot('a/b.txt', 'one\n', { root, rewrite: false })
    expect(() => matchesSnapshot('a/b.txt', 'two\n', { root, rewrite: false })).to.throw(/npm run snap rewrites it/)
  })
  it('fails when it is missing', () => {
    expect(() => matchesSnapshot('none.txt', '', { root, rewrite: false })).to.throw(/npm run snap writes it/)
  })
})
