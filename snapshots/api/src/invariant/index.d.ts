/** What must hold of a run, judged from scratch or while it runs. */
export { type Claim, type Invariant, isAtRest, type Rule, type Severity, type Violation } from './invariant.ts';
export { CLAIMS, INVARIANTS } from './invariants.ts';
export { Monitor, type MonitorOptions } from './monitor.ts';
export { type ReferenceFault, referenceFault } from './reference-fault.ts';
export { SIGHTINGS, type Sighting } from './sightings.ts';
export { type Counterexample, counterexample, counterexamples } from './whole.ts';
