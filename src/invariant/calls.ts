/**
 * What is remembered of each call in flight, for the rules that compare how it ended with what it did.
 */
import type { CallCommand } from '../../events/command.ts'
import type { Errno } from '../../events/errno.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ObjectRef, Pid, ThreadId, VmRef } from '../../events/ids.ts'
import type { Holding } from '../model/backing.ts'
import type { Slot, Vm, World } from '../model/world.ts'
import { holdingsWithin } from './facts.ts'

/** A stretch of a map that a call has mapped and that is still there. */
export type Mapped = {
  readonly start: number
  readonly end: number
  readonly object: ObjectRef
  readonly place: string | null
}

/** A slot, what backs it, and whether a map of guest-physical space says so. */
export type SlotFound = Slot & { readonly held: readonly Holding[]; readonly ofSpace: boolean }

export type CallRecord = {
  readonly command: CallCommand
  /** The VM that it makes or has found. */
  vm: VmRef | null
  /** The slots of the VM as it found them. They never change while it holds its reference. */
  slots: readonly SlotFound[] | null
  /** The object that it works on. */
  object: ObjectRef | null
  /** The objects that it has made or mapped. */
  readonly objects: Set<ObjectRef>
  /** Objects whose references it gives back once the map is unlocked. */
  dead: readonly ObjectRef[]
  /** What it has mapped into its process and nobody has removed since. */
  mapped: readonly Mapped[]
  /** The first change that it made to an entry of somebody else, in words. */
  foreign: string | null
  /** Whether it has registered a VM. */
  registered: boolean
  /** What uvm_map() last refused with. */
  mapErrno: Errno | null
  /** What uvm_share() last refused with. */
  shareErrno: Errno | null
  /** Ids on vm_list when INFO walked it. */
  listed: readonly number[] | null
  /** The step that it stands at. */
  place: string | null
}

function begin(command: CallCommand): CallRecord {
  return {
    command,
    vm: null,
    slots: null,
    object: null,
    objects: new Set(),
    dead: [],
    mapped: [],
    foreign: null,
    registered: false,
    mapErrno: null,
    shareErrno: null,
    listed: null,
    place: null,
  }
}

/** Takes [start, end) out of stretches. */
function without(mapped: readonly Mapped[], start: number, end: number): readonly Mapped[] {
  return mapped.flatMap((one) => {
    if (one.end <= start || one.start >= end) return [one]
    const head = one.start < start ? [{ ...one, end: start }] : []
    return one.end > end ? [...head, { ...one, start: end }] : head
  })
}

/** Whether a call itself has mapped all of [start, end). */
export function hasMapped(call: CallRecord, start: number, end: number): boolean {
  return call.mapped.some((one) => one.start <= start && end <= one.end)
}

/** Whether what a call itself has mapped covers all of [start, end), in one piece or in several. */
export function hasMappedAll({ mapped }: CallRecord, start: number, end: number): boolean {
  let at = start
  for (const one of [...mapped].sort((a, b) => a.start - b.start)) if (one.start <= at && at < one.end) at = one.end
  return at >= end
}

/** The process that a call belongs to, or null. */
export function pidOf(call: CallRecord): Pid | null {
  return 'pid' in call.command ? call.command.pid : null
}

/** The calls in flight, by thread. */
export class Calls {
  readonly #calls = new Map<ThreadId, CallRecord>()
  /** The call that was asked for last: events of one call follow each other. */
  #lastThread: ThreadId | null = null
  #last: CallRecord | null = null

  get(thread: ThreadId | null): CallRecord | null {
    if (thread === this.#lastThread) return this.#last
    this.#lastThread = thread
    this.#last = thread === null ? null : (this.#calls.get(thread) ?? null)
    return this.#last
  }

  /** An event of a call has become true and was judged. */
  learn(event: VmmEvent, thread: ThreadId | null, world: World): void {
    if (event.type === 'call.started') {
      this.#calls.set(event.thread, begin(event.command))
      this.#lastThread = null
      return
    }
    if (event.type === 'call.replied') {
      this.#calls.delete(event.thread)
      this.#lastThread = null
      return
    }
    if (event.type === 'space.removed') {
      for (const call of this.#calls.values()) {
        if (pidOf(call) === event.pid) call.mapped = without(call.mapped, event.start, event.start + event.size)
      }
      return
    }
    const call = this.get(thread)
    if (call !== null) learn(call, event, world)
  }
}

function slotsFound(vm: Vm | undefined): readonly SlotFound[] | null {
  if (vm === undefined) return null
  return vm.slots.map((slot) => ({ ...slot, held: holdingsWithin(vm, slot), ofSpace: vm.space !== null }))
}

function learn(call: CallRecord, event: VmmEvent, world: World): void {
  switch (event.type) {
    case 'call.learnt': {
      const { vm, object, dead, vms } = event.locals as Partial<World['threads'][string]['locals']>
      if (vm !== undefined) call.vm = vm
      if (object !== undefined) call.object = object
      if (dead !== undefined) call.dead = dead
      if (vms !== undefined && call.listed === null)
        call.listed = world.softc.list.map((ref) => world.vms[ref]?.id ?? 0)
      return
    }
    case 'object.created':
      call.objects.add(event.object)
      return
    case 'vm.allocated':
      call.vm = event.vm
      return
    case 'vm.referenced':
      call.vm = event.vm
      call.slots = slotsFound(world.vms[event.vm])
      return
    case 'vm.registered':
      call.registered = true
      return
    case 'space.mapped': {
      const { start, size, object } = event
      call.objects.add(object)
      call.mapped = [...call.mapped, { start, end: start + size, object, place: call.place }]
      return
    }
    case 'space.refused':
      call.mapErrno = event.errno
      return
    case 'share.refused':
      call.shareErrno = event.errno
      return
    default:
      return
  }
}
