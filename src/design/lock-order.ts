/**
 * The order of locks in a design, judged over all its steps at once: every way through every routine is walked with the
 * locks that are held on it. Nothing runs; what could go wrong is told whether or not some run has come there.
 */
import type { LockName } from '../../events/lock.ts'
import { type LockAct, MUTEXES } from '../../machines/calls/locks.ts'
import { lockProgramOf, type Routine, type RoutineStep, routinesOf } from '../engine/routines.ts'
import type { Design } from './design.ts'

/** What a design does to locks that it must not. */
export type LockFinding = {
  readonly kind: 'cycle' | 'sleeps' | 'again' | 'not held' | 'never given' | 'unknown'
  /** The routine and its step, such as `ioc.run classifying`; of a cycle, the first of its steps. */
  readonly step: string
  /** Which line of the C the step stands for. */
  readonly source: string
  readonly sentence: string
}

/** A lock was taken while another one was held. */
type Edge = { readonly from: LockName; readonly to: LockName; readonly step: string; readonly source: string }

/** The lock of a map that nobody else can reach yet is waited for by nobody, so that it is in no cycle. */
const isShared = (lock: LockName): boolean => lock !== 'new map'

class Walk {
  readonly edges = new Map<string, Edge>()
  readonly findings = new Map<string, LockFinding>()

  routine(type: string, { machine, steps, initial, byName }: Routine): void {
    const first = byName.get(initial)
    const open: { readonly step: RoutineStep; readonly held: readonly LockName[] }[] = []
    const seen = new Set<string>()
    const visit = (step: RoutineStep | undefined, held: readonly LockName[]): void => {
      const key = `${step?.name} ${[...held].sort().join()}`
      if (step === undefined || seen.has(key)) return
      seen.add(key)
      open.push({ step, held })
    }
    visit(first, [])
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { step, held } = next
      const after = this.#step(type, step, held)
      for (const place of machine.targetsOf(step.place)) visit(steps[place], after)
    }
  }

  /** @returns what is held after the step. */
  #step(type: string, step: RoutineStep, before: readonly LockName[]): readonly LockName[] {
    const where = { step: `${type} ${step.name}`, source: step.meta.source }
    const tell = (kind: LockFinding['kind'], sentence: string): void => {
      this.findings.set(`${kind} ${where.step} ${sentence}`, { kind, ...where, sentence })
    }
    const program = lockProgramOf(step.meta)
    if (program === null) {
      tell('unknown', `nobody says which locks ${step.meta.calls} takes`)
      return before
    }
    const held = [...before]
    for (const act of program) this.#act(act, held, where, tell)
    if (step.primitive === null && held.length > 0) tell('never given', `it answers with ${held.join(', ')} held`)
    return held
  }

  #act(
    act: LockAct,
    held: LockName[],
    where: Pick<Edge, 'step' | 'source'>,
    tell: (kind: LockFinding['kind'], sentence: string) => void,
  ): void {
    if (act.act === 'give') {
      const at = held.lastIndexOf(act.lock)
      if (at < 0) tell('not held', `it gives back ${act.lock}, which it does not hold`)
      else held.splice(at, 1)
      return
    }
    // A kernel lock is given back by whoever sleeps, and may be taken by who has it.
    const mutex = held.find((lock) => MUTEXES.has(lock))
    if (act.act === 'sleep') {
      if (mutex !== undefined) tell('sleeps', `${act.why} may sleep while ${mutex} is held`)
      return
    }
    const { lock } = act
    if (held.includes(lock)) {
      if (lock !== 'kernel lock' && !act.tries) tell('again', `it takes ${lock}, which it holds`)
      if (lock === 'kernel lock') return
    }
    if (!act.tries) {
      if (mutex !== undefined && !MUTEXES.has(lock) && lock !== 'kernel lock')
        tell('sleeps', `it may sleep for ${lock} while ${mutex} is held`)
      for (const from of held)
        if (isShared(from) && isShared(lock) && from !== lock)
          this.edges.set(`${from} ${lock}`, this.edges.get(`${from} ${lock}`) ?? { from, to: lock, ...where })
    }
    held.push(lock)
  }
}

/** The edges of one cycle that begins and ends at `start`, or null. */
function cycleFrom(start: LockName, edges: readonly Edge[]): readonly Edge[] | null {
  const paths: (readonly Edge[])[] = edges.filter(({ from }) => from === start).map((edge) => [edge])
  const seen = new Set<LockName>()
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    const { to } = path.at(-1) as Edge
    if (to === start) return path
    if (seen.has(to)) continue
    seen.add(to)
    for (const edge of edges) if (edge.from === to) paths.push([...path, edge])
  }
  return null
}

/** One finding for each cycle, told from the lock that comes first in the alphabet. */
function cyclesIn(edges: readonly Edge[]): readonly LockFinding[] {
  const found: LockFinding[] = []
  const told = new Set<LockName>()
  for (const start of [...new Set(edges.map(({ from }) => from))].sort()) {
    if (told.has(start)) continue
    const cycle = cycleFrom(start, edges)
    if (cycle === null) continue
    for (const { from } of cycle) told.add(from)
    const [{ step, source }] = cycle as readonly [Edge, ...Edge[]]
    const sentence = cycle.map((edge) => `${edge.step} takes ${edge.to} while it holds ${edge.from}`).join('; ')
    found.push({ kind: 'cycle', step, source, sentence })
  }
  return found
}

/** What a design is judged by: which lock is taken while which other one is held. */
export function lockOrderOf(design: Design): readonly { readonly from: LockName; readonly to: LockName }[] {
  return [...walked(design).edges.values()].map(({ from, to }) => ({ from, to }))
}

function walked(design: Design): Walk {
  const walk = new Walk()
  for (const [type, routine] of routinesOf(design)) walk.routine(type, routine)
  return walk
}

/**
 * What is wrong with the locks of a design: an order with a cycle, a sleep under a mutex, a lock that is taken twice,
 * given back without being held or never given back. A design may be wrong, and runs all the same: a deadlock is told
 * of the run that comes to it.
 *
 * @source I46: no sleeping action while a pmap mutex is held; vm_lock → sc_slock; map → object → page queues → pmap.
 */
export function lockFindings(design: Design): readonly LockFinding[] {
  const { edges, findings } = walked(design)
  return [...findings.values(), ...cyclesIn([...edges.values()])]
}
