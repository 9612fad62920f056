/**
 * What a kernel function sees while it runs: the world as it is at this instant, what it has recorded itself
 * included, and the thread that runs it. It reads the world and records what becomes true; it writes nothing.
 */
import type { Word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { CallCommand, Failpoint } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { Errno } from '../../events/errno.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { Pid, ThreadId, VmId } from '../../events/ids.ts'
import type { WaitChannel } from '../../events/wait.ts'
import type { Locals, Process, Thread, Vm, World } from '../model/world.ts'

/** The thread cannot go on before what it waits for has happened; the step is tried again then. */
export type Blocked = { readonly type: 'blocked'; readonly on: WaitChannel }

export interface Kernel {
  readonly world: World
  readonly thread: Thread
  record(event: VmmEvent): void
  /** Counts a call of `fn`; the errno with which it must fail, or null. */
  fails(fn: Failpoint): Errno | null
  /** Whether a thread stands where it may have slept or been preempted. */
  mayMove(thread: ThreadId): boolean
}

/** A kernel function as a step calls it. */
export type Primitive = (kernel: Kernel) => Answer | Blocked

export const DONE: Answer = Object.freeze({ type: 'done' })
export const NONE: Answer = Object.freeze({ type: 'none' })
export const SHORT: Answer = Object.freeze({ type: 'memory.short' })
export const PRESENT: Answer = Object.freeze({ type: 'page.present' })
export const ABSENT: Answer = Object.freeze({ type: 'page.absent' })
export const MUST_STOP: Answer = Object.freeze({ type: 'vcpu.mustStop' })
export const ASSIST: Answer = Object.freeze({ type: 'fault.assist' })
export const CLOCK_DUE: Answer = Object.freeze({ type: 'clock.due' })
export const WALLCLOCK_DUE: Answer = Object.freeze({ type: 'wallclock.due' })
export const PDPTES_DUE: Answer = Object.freeze({ type: 'pdptes.due' })
export const GHCB_NAMED: Answer = Object.freeze({ type: 'ghcb.named' })
export const GHCB_DUE: Answer = Object.freeze({ type: 'ghcb.due' })
export const TRAPPED: Answer = Object.freeze({ type: 'guest.trapped' })
export const KICKED: Answer = Object.freeze({ type: 'vcpu.kicked' })

export function blocked(on: WaitChannel): Blocked {
  return { type: 'blocked', on }
}

/** The call's locals change; what it knows is part of the world. */
export function learn(kernel: Kernel, locals: Partial<Locals>): void {
  kernel.record({ type: 'call.learnt', thread: kernel.thread.id, locals })
}

/** The routine `at` says no. */
export function refuse(kernel: Kernel, errno: Errno, at: string, locals: Partial<Locals> = {}): Answer {
  learn(kernel, { ...locals, errno, at })
  return { type: 'refused', errno }
}

/** The host stops in `fn`. What is answered does not matter: nothing steps any more. */
export function panic(kernel: Kernel, fn: string, kind: 'panic' | 'assert' | 'trap' | 'uaf'): Answer {
  kernel.record({ type: 'host.panicked', fn, kind })
  return DONE
}

/** The command of the call, which a step of its routine knows to be of `type`. */
export function commandOf<Type extends CallCommand['type']>(
  kernel: Kernel,
  type: Type,
): Extract<CallCommand, { readonly type: Type }> {
  const { command } = kernel.thread
  if (command.type !== type)
    throw new Defect('KRN001', `a step of ${type} runs in a call of ${command.type}`, kernel.world.seq)
  return command as Extract<CallCommand, { readonly type: Type }>
}

/** The VM that the call found; its reference keeps it. */
export function vmOf(kernel: Kernel): Vm {
  const { vm } = kernel.thread.locals
  const found = vm === null ? undefined : kernel.world.vms[vm]
  if (found === undefined)
    throw new Defect('KRN002', `a call of ${kernel.thread.command.type} uses a VM that is gone`, kernel.world.seq)
  return found
}

/** The calling process, or undefined when it is dead. One that ends has no thread but the one that ends it. */
export function curproc(kernel: Kernel): Process | undefined {
  const process = kernel.world.processes[kernel.thread.locals.pid]
  return process?.exiting === true && kernel.thread.command.type !== 'host.exit' ? undefined : process
}

/** Threads of the process that are in the kernel, but for this one. Who signals or spawns it is none of them. */
export function siblingsOf(kernel: Kernel, pid: Pid): readonly Thread[] {
  return Object.values(kernel.world.threads).filter(({ id, command }) => {
    const acts = 'pid' in command && command.type !== 'host.signal' && command.type !== 'host.spawn'
    return acts && command.pid === pid && id !== kernel.thread.id
  })
}

/** A registered VM by the id that a caller gave. */
export function lookup(world: World, id: Word64): Vm | undefined {
  for (const ref of world.softc.list) {
    const vm = world.vms[ref]
    if (vm !== undefined && vm.id === id) return vm
  }
  return undefined
}

/** The VM with an id, also when it is off the list: its guest runs on while it waits to be torn down. */
export function vmWithId(world: World, id: VmId): Vm | undefined {
  // Nearly always it is on the list, which is short.
  return lookup(world, id) ?? (id === 0 ? undefined : Object.values(world.vms).find((vm) => vm.id === id))
}
