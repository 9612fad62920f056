/**
 * The library, as a program or a test imports it: `import { createRun } from 'vmtape'`. Everything that is reachable
 * from here runs in a browser page as well as in Node; tapes as files are in `vmtape/node`.
 */
export * from '../events/address.ts';
export { type Boot, DEFAULT_BOOT, type NestedMode } from '../events/boot.ts';
export type * from '../events/command.ts';
export { Defect } from '../events/defect.ts';
export type { Errno } from '../events/errno.ts';
export type { EventOf, EventType, Recorded, VmmEvent } from '../events/event.ts';
export type * from '../events/ids.ts';
export type { LockMode, LockName } from '../events/lock.ts';
export type * from '../events/reply.ts';
export { give, type LockAct, type LockProgram, sleep, take, under } from '../machines/calls/locks.ts';
export { aobj, aobjDying } from './design/aobj.ts';
export { type Derivation, type Detours, defineDesign, detoured, relocked } from './design/define.ts';
export type { Design } from './design/design.ts';
export { DESIGNS, designNamed } from './design/designs.ts';
export { type LockFinding, lockFindings, lockOrderOf } from './design/lock-order.ts';
export { vmspace } from './design/vmspace.ts';
export { type RunActorEvent, type RunActorSnapshot, type RunInput, runLogic } from './engine/actor.ts';
export type { StepOutcome } from './engine/engine.ts';
export { answered, createRun, Run, type RunOptions, type RunSnapshot, restoreRun } from './engine/run.ts';
export { type ExitCode, UserError } from './errors.ts';
export { CLAIMS, type Claim, type Counterexample, counterexample, counterexamples, INVARIANTS, type Invariant, isAtRest, Monitor, type MonitorOptions, type ReferenceFault, type Rule, referenceFault, type Severity, SIGHTINGS, type Sighting, type Violation, } from './invariant/index.ts';
export { runAt } from './liveness/run-at.ts';
export { type Fate, SETTLE_BOUND, type Settled, type SettleOptions, settle } from './liveness/settle.ts';
export { type LivenessVerdict, livenessOf } from './liveness/verdicts.ts';
export type { MemoryReader } from './model/memory.ts';
export type { World } from './model/world.ts';
export { Timeline } from './replay/timeline.ts';
export { type Difference, verify } from './replay/verify.ts';
export { VERSION } from './version.ts';
export { allocateGuestMemory, remapGuestMemory } from './vmd/guest-memory.ts';
export { findGpaRange, type HostPointer, hostPointer } from './vmd/host-pointer.ts';
