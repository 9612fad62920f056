/**
 * Names of threads and of references that every JavaScript object has as properties: a record by name cannot be asked for
 * them, so that they are refused where they come in.
 */
import { expect } from 'chai'
import { createRun } from '../../src/engine/run.ts'
import { UserError } from '../../src/errors.ts'
import { readScenario } from '../../src/scenario/read.ts'

const INHERITED = ['constructor', '__proto__', 'toString', 'hasOwnProperty']

describe('a name that every object has', () => {
  for (const name of INHERITED) {
    it(`is none for a thread: ${name}`, () => {
      const run = createRun()
      expect(() => run.start({ type: 'host.spawn', pid: 1, pledge: [] }, name)).to.throw(
        UserError,
        `'${name}' cannot be the name of a thread: every JavaScript object has that`,
      )
      expect(run.seq).to.equal(0)
    })

    it(`is none for a reference: ${name}`, () => {
      const run = createRun()
      expect(() => run.dispatch({ type: 'host.hold', pid: 1, vm: 1, as: name })).to.throw(UserError, 'a reference')
      expect(() => run.dispatch({ type: 'host.release', as: name })).to.throw(UserError, 'a reference')
      expect(run.seq).to.equal(0)
    })

    it(`is refused in a scenario, with the line: ${name}`, () => {
      const lines = (one: object): string => `{"type":"host.spawn","pid":1}\n${JSON.stringify(one)}`
      const start = { type: 'start', thread: name, command: { type: 'host.exit', pid: 1 } }
      expect(() => readScenario(lines(start), 's')).to.throw(
        UserError,
        /^s:2: start: thread: wanted a name for a thread/,
      )
      const hold = { type: 'host.hold', pid: 1, vm: 1, as: name }
      expect(() => readScenario(lines(hold), 's')).to.throw(
        UserError,
        /^s:2: host.hold: as: wanted a name for a reference/,
      )
    })
  }

  it('is not meant by one that only looks like it', () => {
    const run = createRun()
    expect(run.start({ type: 'host.spawn', pid: 1, pledge: [] }, 'constructors')).to.equal('constructors')
  })
})
