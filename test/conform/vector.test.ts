/**
 * Lines that are no vectors: each is refused with one sentence that says where, what was wanted and what was found.
 */
import { expect } from 'chai'
import { check } from '../../src/conform/conform.ts'
import { readVector } from '../../src/conform/vector.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import { UserError } from '../../src/errors.ts'

const config = { op: 'config', mode: 'ept' }
const proc = { op: 'proc', pid: 100 }

/** A line with these commands, whose results are not looked at. */
function lineOf(...commands: readonly unknown[]): string {
  return JSON.stringify({ name: 'n', cat: 'c', mode: 'ept', commands, expected: commands.map(() => ({ r: {} })) })
}

/** A whole line but for `part`. */
function lineWith(part: object): string {
  return JSON.stringify({ name: 'n', cat: 'c', mode: 'ept', commands: [config], expected: [{ r: {} }], ...part })
}

const create = { op: 'create', pid: 100, ranges: [['0x0', '0x1000', 0]] }
const word = 'a number of up to 64 bits, as "0x1000"'
const range = 'a list of at most 16, each [gpa, size, type] or [gpa, size, type, va]'

describe('a line', () => {
  const rows: readonly (readonly [what: string, line: string, sentence: string])[] = [
    ['nothing', '', 'v:7: wanted a vector as one line of JSON'],
    ['half of a line', lineWith({}).slice(0, 20), 'v:7: wanted a vector as one line of JSON'],
    ['a list', '[]', 'v:7: wanted a JSON object, found []'],
    ['null', 'null', 'v:7: wanted a JSON object, found null'],
    ['no name', lineWith({ name: undefined }), 'v:7: name: wanted a string, found nothing'],
    ['a group that is a number', lineWith({ cat: 3 }), 'v:7: cat: wanted a string, found 3'],
    ['no commands', lineWith({ commands: [] }), 'v:7: commands: wanted a list of commands, found []'],
    ['commands that are no list', lineWith({ commands: {} }), 'v:7: commands: wanted a list of commands, found {}'],
    ['a command that is no object', lineOf(config, 5), 'v:7: commands[1]: wanted an object with "op", found 5'],
    ['an op that is none', lineOf(config, { op: 'mmpa' }), 'v:7: commands[1].op: wanted one of config, proc, '],
    ['an op of all objects', lineOf(config, { op: 'valueOf' }), 'v:7: commands[1].op: wanted one of config, proc, '],
    ['another first command', lineOf(proc), 'v:7: commands[0].op: wanted "config", found "proc"'],
    ['a mode that is none', lineOf({ op: 'config', mode: 'npt' }), 'v:7: commands[0].mode: wanted one of ept, rvi'],
    ['no pid', lineOf(config, { op: 'proc' }), 'v:7: commands[1].pid: wanted a whole number below 2^53, found nothing'],
    ['half a pid', lineOf(config, { op: 'proc', pid: 0.5 }), 'commands[1].pid: wanted a whole number below 2^53'],
    ['a field that is none', lineOf(config, { ...proc, pldge: [] }), 'commands[1]: wanted only the fields pid, pledge'],
    [
      'a promise that is none',
      lineOf(config, { ...proc, pledge: ['stdio'] }),
      'each one of vmm, proc, found ["stdio"]',
    ],
    ['ranges that are no list', lineOf(config, { ...create, ranges: 'all' }), `wanted ${range}, found "all"`],
    ['a range that is a number', lineOf(config, { ...create, ranges: [7] }), `wanted ${range}, found [7]`],
    ['a range without a type', lineOf(config, { ...create, ranges: [['0x0', '0x1']] }), `wanted ${range}`],
    ['an address in words', lineOf(config, { ...create, ranges: [['low', '0x1', 0]] }), `wanted ${range}`],
    ['an address of 65 bits', lineOf(config, { op: 'touch', pid: 1, va: `0x1${'0'.repeat(16)}` }), `wanted ${word}`],
    ['an address that is a list', lineOf(config, { op: 'touch', pid: 1, va: ['0x1'] }), `wanted ${word}`],
    ['an access that is none', lineOf(config, { op: 'touch', pid: 1, va: '0x1', acc: 'rwx' }), 'one of r, w, x, rw'],
    ['a pause at no point', lineOf(config, { ...create, pause: ['here', 1] }), 'pause: wanted [point, k] with a point'],
    ['a pause at the 0th', lineOf(config, { ...create, pause: ['uvm_map', 0] }), 'and k from 1, found ["uvm_map",0]'],
    ['a failpoint that is none', lineOf(config, { op: 'inject', fn: 'panic', err: 'EIO' }), 'fn: wanted one of uao_c'],
    ['an error that is none', lineOf(config, { op: 'inject', fn: 'malloc', err: 12 }), 'err: wanted the name of an er'],
    ['too few results', lineWith({ expected: [] }), 'v:7: expected: wanted an array of 1 elements, found []'],
    [
      'a result without r',
      lineWith({ expected: [{}] }),
      'v:7: expected[0]: wanted an object with a result "r", found {}',
    ],
    ['a wrong older result', lineWith({ expected_v7: 1 }), 'v:7: expected_v7: wanted an array of 1 elements, found 1'],
  ]
  for (const [what, line, sentence] of rows)
    it(`with ${what} is refused`, () => {
      expect(() => readVector(line, 'v:7')).to.throw(UserError, sentence)
      // One sentence, which ends where a terminal's line might.
      expect(() => readVector(line, 'v:7')).to.throw(/^[^\n]{1,400}$/)
    })

  it('is a vector when all of it is there', () => {
    expect(readVector(lineOf(config, proc, create), 'v:7').commands).to.have.length(3)
  })
})

describe('the comparison', () => {
  const result = (r: object, rest: object = {}) => ({ r, ...rest })
  const part = (commands: readonly unknown[], expected: readonly unknown[]) => {
    const line = JSON.stringify({ name: 'n', cat: 'c', mode: 'ept', commands, expected })
    const found = check(readVector(line, 'v:7'), aobjDying)
    return found === null ? null : [found.step, found.key, found.wanted, found.found]
  }
  const booted = result({ errno: '0' })

  it('says which result is another', () => {
    expect(part([config, proc, proc], [booted, booted, booted])).to.deep.equal([
      2,
      'r',
      { errno: '0' },
      { errno: 'EEXIST' },
    ])
  })
  it('says which side effect is another', () => {
    expect(part([config, proc], [booted, result({ errno: '0' }, { t: ['vm_get'] })])).to.deep.equal([
      1,
      't',
      ['vm_get'],
      [],
    ])
  })
  it('says which state is another, at every later step too', () => {
    expect(part([config], [result({ errno: '0' }, { d: { on: 1 } })])).to.deep.equal([0, 'on', 1, 0])
    expect(
      part([config, create], [result({ errno: '0' }, { d: { ct: [0, 0, 0] } }), result({ errno: 'ESRCH' })]),
    ).to.equal(null)
  })
  it('takes keys in any order', () => {
    const found = part([config, { op: 'touch', pid: 1, va: '0x1000' }], [booted, result({ errno: 'ESRCH' })])
    expect(found).to.equal(null)
    const info = { count: 0, vms: [], errno: '0' }
    expect(part([config, proc, { op: 'info', pid: 100 }], [booted, booted, result(info)])).to.equal(null)
  })
})
