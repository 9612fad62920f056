/**
 * A design made ready to step: each routine's machine compiled, each step with the kernel function that it calls. What
 * a machine names and the design does not have is refused here, at load.
 */

import type { Answer } from '../../events/answer.ts'
import type { CallCommand } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import { LOCKS, type LockProgram } from '../../machines/calls/locks.ts'
import type { CallContext, PausePoint, StepMeta } from '../../machines/calls/setup.ts'
import { pagedaemonMachine } from '../../machines/pagedaemon.ts'
import { processMachine } from '../../machines/process.ts'
import { pspMachine } from '../../machines/psp.ts'
import { slotMachine } from '../../machines/slot.ts'
import type { Tell } from '../../machines/tell.ts'
import { vcpuMachine } from '../../machines/vcpu.ts'
import { vmMachine } from '../../machines/vm.ts'
import type { Design } from '../design/design.ts'
import type { Primitive } from '../kernel/kernel.ts'
import { type CompiledMachine, compile } from './compile.ts'
import { locksOf, type StepLocks } from './locking.ts'

/** One state of a routine's machine, ready to run. */
export type RoutineStep = {
  readonly name: string
  readonly place: number
  /** The command whose routine it belongs to, and the routine. */
  readonly of: CallCommand['type']
  readonly routine: Routine
  /** Null in a final state. */
  readonly primitive: Primitive | null
  readonly meta: StepMeta
  readonly pauses: readonly PausePoint[]
  /** How a step ends that leads here: the same each time. */
  readonly moved: { readonly kind: 'moved'; readonly place: string }
  readonly locks: StepLocks
}

export type Routine = {
  readonly machine: CompiledMachine<Answer, Tell, CallContext>
  readonly initial: string
  readonly steps: readonly RoutineStep[]
  readonly byName: ReadonlyMap<string, RoutineStep>
}

export type Routines = ReadonlyMap<CallCommand['type'], Routine>

/** What a step does to locks; null where neither its machine nor the table of kernel functions says so. */
export function lockProgramOf({ calls, locks }: StepMeta): LockProgram | null {
  if (locks !== undefined) return locks
  if (calls === null) return []
  return Object.hasOwn(LOCKS, calls) ? (LOCKS[calls] ?? null) : null
}

function routineOf(design: Design, type: CallCommand['type']): Routine {
  const machine = compile(design.routines[type]) as unknown as CompiledMachine<Answer, Tell, CallContext>
  const byName = new Map<string, RoutineStep>()
  const steps: RoutineStep[] = []
  const routine: Routine = { machine, initial: machine.places[machine.initial] ?? '', steps, byName }
  for (const [place, name] of machine.places.entries()) {
    const meta = machine.metaOf(place) as StepMeta
    const primitive = meta.calls === null ? null : design.primitives[meta.calls]
    if (primitive === undefined) {
      throw new Defect(
        'ENG020',
        `design '${design.name}' has no kernel function '${meta.calls}', which ${type} calls at ${name}`,
      )
    }
    const moved = Object.freeze({ kind: 'moved', place: name } as const)
    const step: RoutineStep = {
      name,
      place,
      of: type,
      routine,
      primitive,
      meta,
      pauses: meta.pauses ?? [],
      moved,
      locks: locksOf(lockProgramOf(meta)),
    }
    steps.push(step)
    byName.set(name, step)
  }
  return routine
}

const compiled = new WeakMap<Design, Routines>()

/** The routines of a design; compiled once. */
export function routinesOf(design: Design): Routines {
  const known = compiled.get(design)
  if (known !== undefined) return known
  const types = Object.keys(design.routines) as CallCommand['type'][]
  const routines: Routines = new Map(types.map((type) => [type, routineOf(design, type)]))
  compiled.set(design, routines)
  return routines
}

/** Looks up the C that a step of a call stands for; null where nobody knows. */
export type SourceOf = (call: string, place: string) => string | null

/** @param design null where nobody knows which it was. */
export function sourcesOf(design: Design | null): SourceOf {
  const routines: ReadonlyMap<string, Routine> = new Map(design === null ? [] : routinesOf(design))
  return (call, place) => routines.get(call)?.byName.get(place)?.meta.source ?? null
}

/** The machines of the entities; the same in every design. */
export const LIVES = {
  vm: compile(vmMachine),
  slot: compile(slotMachine),
  vcpu: compile(vcpuMachine),
  process: compile(processMachine),
  pagedaemon: compile(pagedaemonMachine),
  psp: compile(pspMachine),
} as const
