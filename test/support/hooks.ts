/**
 * What happens before any test: one seed for all laws, printed so that a run can be repeated.
 */
import fc from 'fast-check'
import { isLong, runs, seedOf } from './seed.ts'

const seed = seedOf()
fc.configureGlobal({ seed, numRuns: runs(100) })

export const mochaHooks: Mocha.RootHookObject = {
  beforeAll() {
    console.log(`fast-check seed ${seed}; VMTAPE_SEED=${seed} repeats this run`)
  },
  beforeEach(this: Mocha.Context) {
    // More runs take more time, and a test is not there to be quick.
    const test = this.currentTest
    if (isLong() && test !== undefined) test.timeout(runs(test.timeout()))
  },
}
