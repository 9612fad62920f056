/** What must hold of a run, judged from scratch or while it runs. */
export { isAtRest, type Violation } from './invariant.ts'
export { CLAIMS, INVARIANTS } from './invariants.ts'
export { Monitor } from './monitor.ts'
export { type Counterexample, counterexample, counterexamples } from './whole.ts'
