/**
 * Finds what an event names. An event that names what is not there cannot have become true in this world:
 * the tape or the engine is wrong, which is a defect.
 */
import { Defect } from '../../events/defect.ts'
import type { ObjectRef, Pid, PmapRef, SlotIndex, ThreadId, VcpuId, VmRef } from '../../events/ids.ts'
import type { MemoryObject, Pmap, Process, Slot, Thread, Vcpu, Vm } from '../model/world.ts'
import type { Draft, WorldDraft } from './draft.ts'

function found<Value>(value: Value | undefined, what: string, name: number | string, seq: number): Value {
  if (value === undefined) throw new Defect('RED001', `an event names ${what} ${name}, which does not exist`, seq)
  return value
}

export function vmOf(world: WorldDraft, vm: VmRef): Draft<Vm> {
  return found(world.vms[vm], 'vm', vm, world.seq)
}

/** A memory slot of a VM. */
export function slotOf(world: WorldDraft, vm: VmRef, slot: SlotIndex): Draft<Slot> {
  return found(vmOf(world, vm).slots[slot], 'slot', slot, world.seq)
}

/** A vCPU on its VM's list. */
export function vcpuOf(world: WorldDraft, vm: VmRef, vcpu: VcpuId): Draft<Vcpu> {
  // A VM has few vCPUs; the first is nearly always the one.
  const { vcpus } = vmOf(world, vm)
  return found(vcpus[vcpu]?.id === vcpu ? vcpus[vcpu] : vcpus.find((one) => one.id === vcpu), 'vcpu', vcpu, world.seq)
}

/** A vCPU on its VM's list, or undefined: one that is being made, or was taken apart. */
export function vcpuIn(world: WorldDraft, vm: VmRef, vcpu: VcpuId): Draft<Vcpu> | undefined {
  const vcpus = world.vms[vm]?.vcpus
  return vcpus?.[vcpu]?.id === vcpu ? vcpus[vcpu] : vcpus?.find((one) => one.id === vcpu)
}

/** A pmap, of a process or nested. */
export function pmapOf(world: WorldDraft, pmap: PmapRef): Draft<Pmap> {
  return found(world.pmaps[pmap], 'pmap', pmap, world.seq)
}

/** A memory object that is alive. */
export function objectOf(world: WorldDraft, object: ObjectRef): Draft<MemoryObject> {
  return found(world.objects[object], 'object', object, world.seq)
}

/** A live process. */
export function processOf(world: WorldDraft, pid: Pid): Draft<Process> {
  return found(world.processes[pid], 'process', pid, world.seq)
}

/** A call in flight. */
export function threadOf(world: WorldDraft, thread: ThreadId): Draft<Thread> {
  return found(world.threads[thread], 'thread', thread, world.seq)
}

/**
 * The call whose step an event belongs to: null where it belongs to none, undefined where the thread has no call in
 * flight, as before the event that starts it.
 */
export type Caller = Draft<Thread> | null | undefined

/** Who takes the steps of `thread`. */
export function callerOf(world: WorldDraft, thread: ThreadId | null): Caller {
  return thread === null ? null : world.threads[thread]
}

/** Takes the first `value` out of a list; it must be there. */
export function takeOut<Value extends string | number>(list: Value[], value: Value, what: string, seq: number): void {
  const at = list.indexOf(value)
  if (at < 0) throw new Defect('RED002', `an event takes ${what} ${value} away, which is not there`, seq)
  list.splice(at, 1)
}
