/**
 * What must happen at last (I72, I74, I75, I76), judged of the calls that are in flight at one moment by a fair
 * continuation of the run. `holds` and `violated` are shown by it; `unknown` is what the bound, or something that only
 * the world outside the calls can do, left open.
 */
import type { ThreadId } from '../../events/ids.ts'
import type { Thread, World } from '../model/world.ts'
import type { Fate, Settled } from './settle.ts'

export type LivenessVerdict = {
  /** Number in the catalogue of invariants. */
  readonly id: 'I72' | 'I74' | 'I75' | 'I76'
  /** A positive claim. */
  readonly name: string
  readonly thread: ThreadId
  readonly verdict: 'holds' | 'violated' | 'unknown'
  readonly sentence: string
}

type Claim = Pick<LivenessVerdict, 'id' | 'name'>

const TERM_RETURNS: Claim = { id: 'I72', name: 'term-returns' }
const TERM_RETURNS_BY_ITSELF: Claim = { id: 'I72', name: 'term-returns-by-its-own-steps' }
const QUIESCE_COMPLETES: Claim = { id: 'I74', name: 'quiesce-completes' }
const SLEEPER_PROCEEDS: Claim = { id: 'I74', name: 'sleeper-proceeds-after-wakeup' }
const EXIT_COMPLETES: Claim = { id: 'I75', name: 'exit-completes' }
const FAULT_IS_ANSWERED: Claim = { id: 'I76', name: 'fault-is-answered' }

/** Whether a thread handles a guest's access at this moment. */
function handlesFault(world: World, { command, locals, place }: Thread): boolean {
  if (command.type === 'guest.fault') return place !== '' && locals.vm !== null
  if (command.type !== 'ioc.run' || locals.vm === null) return false
  return world.vms[locals.vm]?.vcpus.find(({ id }) => id === locals.vcpu)?.life === 'handling'
}

/** What is claimed of a call that stands where it stands. */
function claimsOf(world: World, thread: Thread): readonly Claim[] {
  const claims: Claim[] = []
  if (thread.waiting === 'vmmresume') claims.push(SLEEPER_PROCEEDS)
  if (thread.command.type === 'ioc.term' && thread.waiting !== 'vmmresume')
    claims.push(TERM_RETURNS, TERM_RETURNS_BY_ITSELF)
  if (thread.command.type === 'host.suspend') claims.push(QUIESCE_COMPLETES)
  if (thread.command.type === 'host.exit') claims.push(EXIT_COMPLETES)
  if (handlesFault(world, thread)) claims.push(FAULT_IS_ANSWERED)
  return claims
}

function judged(claim: Claim, fate: Fate): Pick<LivenessVerdict, 'verdict' | 'sentence'> {
  switch (fate.kind) {
    case 'returns': {
      const after = fate.waitedFor.join(', then ')
      // The strong form: what ends the wait must be something that TERM itself has done.
      if (claim === TERM_RETURNS_BY_ITSELF && after !== '')
        return { verdict: 'violated', sentence: `what ended its wait is ${after}, and nothing that it did` }
      const sentence = `it returns after ${fate.steps} steps of its own${after === '' ? '' : `, and after ${after}`}`
      return { verdict: 'holds', sentence }
    }
    case 'sleeps': {
      const on = `it sleeps on ${fate.on}${fate.for.length === 0 ? '' : `, for ${fate.for.join(', ')}`}`
      return fate.outside
        ? { verdict: 'unknown', sentence: `${on}, which no call in flight gives back` }
        : { verdict: 'violated', sentence: `${on}, and nothing that it waits for can happen any more` }
    }
    case 'ended':
      return { verdict: 'violated', sentence: `the host stops before: ${fate.panic}` }
    case 'unknown':
      return {
        verdict: 'unknown',
        sentence: `it stands after ${fate.steps} steps of its own; the bound is ${fate.bound}`,
      }
  }
}

/**
 * @param before the world from which the run was continued.
 * @returns a verdict for each claim about each call in flight; none where there is nothing to claim.
 */
export function livenessOf(before: World, { fates }: Settled): readonly LivenessVerdict[] {
  const verdicts: LivenessVerdict[] = []
  for (const [id, fate] of fates) {
    const thread = before.threads[id]
    if (thread === undefined) continue
    for (const claim of claimsOf(before, thread)) verdicts.push({ ...claim, thread: id, ...judged(claim, fate) })
  }
  return verdicts
}
