/**
 * Address spaces of processes, and what the ioctls promise about them.
 *
 * Source: vm_create(), vm_create_check_mem_ranges(), vm_share_mem() and vm_terminate() of vmm(4); uvm_map.c.
 */

import type { Word64 } from '../../events/address.ts'
import {
  hex,
  PAGE_SIZE,
  VM_MAXUSER_ADDRESS,
  VM_MIN_ADDRESS,
  VMM_MAX_MEM_RANGES,
  VMM_MAX_VM_MEM_SIZE,
} from '../../events/address.ts'
import type { IocCreate, RangeRequest } from '../../events/command.ts'
import { type MapEntry, VM_MEM_MMIO, type World } from '../model/world.ts'
import { type CallRecord, hasMapped, hasMappedAll, pidOf } from './calls.ts'
import {
  counted,
  creatorOf,
  holdingsWithin,
  isBacked,
  isLeaving,
  isMappedLike,
  isVmObject,
  objectText,
} from './facts.ts'
import { type AnyRule, always, atRest, type Claim, type Finding, rule } from './invariant.ts'

const range = (start: number, size: number): string => `[${hex(start as Word64)}, ${hex((start + size) as Word64)})`

const creatorMapsItsSlotsSealed = always('vm', {
  id: 'I56',
  name: 'creator-maps-its-slots-sealed',
  source: 'vm_create(): uvm_map() and uvm_map_immutable() of every slot; vmm_translate_gpa() relies on it',
  of(world, ref) {
    const vm = world.vms[ref]
    const creator = vm?.listed ? creatorOf(world, vm) : null
    if (vm === undefined || creator === null) return null
    // Before the patch the memory is the process's own, and its own to give up.
    if (vm.space !== null) return null
    for (const [i, slot] of vm.slots.entries()) {
      const { hva, size } = slot
      if (!isBacked(slot)) continue
      if (
        hva !== null &&
        isMappedLike(creator.entries, hva, slot, holdingsWithin(vm, slot), (entry) => entry.immutable)
      )
        continue
      return `slot ${i} is not mapped sealed in process ${creator.pid} at ${range(hva ?? 0, size)}`
    }
    return null
  },
})

/** Whether an object was made for a slot. Before the patch slots had none, and a child inherited the memory. */
function isOfSlot(world: World, object: number): boolean {
  return Object.values(world.vms).some(({ slots }) => slots.some((slot) => slot.object === object))
}

const slotMappingStaysInItsProcess = always('process', {
  id: 'I58',
  name: 'slot-mapping-stays-in-its-process',
  source: 'vm_create(), vm_share_mem(): UVM_MAP_CONCEAL and MAP_INHERIT_NONE: not for core dumps, not for a child',
  of(world, pid) {
    const wrong = world.processes[pid]?.entries.find(
      (entry) => (!entry.conceal || entry.inherit !== 'none') && isOfSlot(world, entry.object),
    )
    if (wrong === undefined) return null
    return `${objectText(world, wrong.object)} at ${hex(wrong.start)} is ${wrong.conceal ? 'inherited' : 'not concealed'}`
  },
})

/** Its own as the creator's, and one that it shared with itself. */
const SLOT_MAPPINGS_MAX = 2

const processMapsASlotTwiceAtMost = atRest(
  'process',
  {
    id: 'I54',
    name: 'process-maps-a-slot-twice-at-most',
    source: 'vm_share_mem(): nothing counts how often a process maps a VM, and no limit is charged',
    of(world, pid) {
      const bytes = new Map<number, number>()
      for (const { object, size } of world.processes[pid]?.entries ?? [])
        bytes.set(object, (bytes.get(object) ?? 0) + size)
      for (const [object, size] of bytes) {
        const times = size / ((world.objects[object]?.pages ?? 1) * PAGE_SIZE)
        if (times > SLOT_MAPPINGS_MAX && isVmObject(world, object))
          return `it maps ${objectText(world, object)} ${times} times`
      }
      return null
    },
  },
  'warning',
)

const vmIsWithinReachOfAProcess = atRest('vm', {
  id: 'I70',
  name: 'vm-is-within-reach-of-a-process',
  source: 'exit1(): nothing ends the VMs of a process; vm_find(): who may name a VM',
  of({ vms, processes }, ref) {
    const vm = vms[ref]
    if (vm === undefined) return null
    for (const { pid, pledge } of Object.values(processes)) {
      if (pledge.length === 0) return null
      if (pledge.includes('vmm') && (pledge.includes('proc') || vm.creator === pid)) return null
    }
    return `no process is left that could terminate it; it keeps ${counted(vm.vcpuCt, 'vCPU')} and its memory`
  },
})

export const spaceClaims: readonly Claim[] = [
  creatorMapsItsSlotsSealed,
  slotMappingStaysInItsProcess,
  processMapsASlotTwiceAtMost,
  vmIsWithinReachOfAProcess,
]

const isPrivate = (entry: MapEntry): boolean =>
  entry.immutable && entry.conceal && entry.inherit === 'none' && entry.prot === 'rw'

const isWritable = (entry: MapEntry): boolean => entry.prot === 'rw'

const shareMapsEverySlot = rule({
  id: 'I50',
  name: 'share-maps-every-slot',
  source: 'vm_share_mem(): ret is 0 from vm_find() on; holes are a success for uvm_map_immutable()',
  on: ['call.replied'],
  counterexample({ event: { reply }, call, world }) {
    if (call?.command.type !== 'ioc.sharemem' || !reply.ok || call.slots === null || !('va' in reply)) return null
    const { pid } = call.command
    const process = world.processes[pid]
    if (process === undefined || isLeaving(world, pid) || !Array.isArray(reply.va)) return null
    for (const [i, slot] of call.slots.entries()) {
      if (!isBacked(slot)) continue
      const start = Number(reply.va[i] ?? 0)
      const fits = slot.ofSpace ? isWritable : isPrivate
      const subject = `process ${pid}`
      if (isMappedLike(process.entries, start, slot, slot.held, fits)) {
        // What was there before may look the same: before the patch the creator has the memory itself.
        if (hasMappedAll(call, start, start + slot.size)) continue
        const sentence = `SHAREMEM answered 0, and what is at ${range(start, slot.size)} for slot ${i} was there before`
        return { subject, sentence }
      }
      return {
        subject,
        sentence: `SHAREMEM answered 0, and slot ${i} is not mapped as it should be at ${range(start, slot.size)}`,
      }
    }
    return null
  },
})

/** What a call has left in the map of its process. */
function leftBehind({ mapped }: CallRecord, entries: readonly MapEntry[]): { count: number; place: string | null } {
  const left = entries.filter(({ start, object }) =>
    mapped.some((one) => one.object === object && one.start <= start && start < one.end),
  )
  const first = mapped.find((one) => left.some(({ start }) => one.start <= start && start < one.end))
  return { count: left.length, place: first?.place ?? null }
}

const failedCallLeavesTheMap = rule({
  id: 'I52',
  name: 'failed-call-leaves-the-map',
  source: 'vm_create(): the error paths leave earlier slots mapped and immutable; vm_share_mem(): the unwinding',
  on: ['call.replied'],
  counterexample({ event: { reply }, call, world }): Finding | null {
    if (call === null || reply.ok) return null
    if (call.command.type !== 'ioc.create' && call.command.type !== 'ioc.sharemem') return null
    const { pid } = call.command
    const process = world.processes[pid]
    if (process === undefined) return null
    const subject = `process ${pid}`
    const name = call.command.type === 'ioc.create' ? 'CREATE' : 'SHAREMEM'
    if (call.foreign !== null) return { subject, sentence: `${name} failed with ${reply.errno}, and ${call.foreign}` }
    const { count, place } = leftBehind(call, process.entries)
    if (count === 0) return null
    const sentence = `${name} failed with ${reply.errno} and left ${counted(count, 'entry', 'entries')} in the map`
    return place === null ? { subject, sentence } : { subject, sentence, place }
  },
})

/** Whether a call is one of vmm(4). */
const isVmm = (call: CallRecord): boolean => call.command.type.startsWith('ioc.')

const vmmTouchesOnlyItsEntries = rule({
  id: 'I53',
  name: 'vmm-touches-only-its-entries',
  source:
    'vm_share_mem(): the unwinding passes over MMIO ranges, whose vsp_va is 0; vm_create(): uvm_map_immutable() of a range',
  on: [
    'space.removed',
    'space.sealed',
    'space.split',
    'space.protected',
    'space.bequeathed',
    'space.advised',
    'space.wired',
    'space.unwired',
  ],
  counterexample({ event, call, past, world }) {
    if (call === null || !isVmm(call)) return null
    const subject = `process ${event.pid}`
    if (event.type === 'space.split') {
      if (call.mapped.some(({ start, end }) => start < event.at && event.at < end)) return null
      return { subject, sentence: `${call.command.type} cut an entry at ${hex(event.at)}, which it had not mapped` }
    }
    if (event.type === 'space.removed') {
      if (hasMapped(call, event.start, event.start + event.size)) return null
      call.foreign ??= `it removed ${range(event.start, event.size)}, which it had not mapped`
      return {
        subject,
        sentence: `${call.command.type} removed ${range(event.start, event.size)}, which it had not mapped`,
      }
    }
    if (event.type !== 'space.sealed') {
      if (hasMappedAll(call, event.start, event.end)) return null
      call.foreign ??= `it changed ${range(event.start, event.end - event.start)}, which it had not mapped`
      return { subject, sentence: `${call.command.type}: ${event.type} of memory that it had not mapped` }
    }
    const before = past.entriesOf(event.pid)
    for (const { start, size, immutable } of world.processes[event.pid]?.entries ?? []) {
      if (start < event.start || start >= event.end || !immutable || hasMapped(call, start, start + size)) continue
      if (before.some((entry) => entry.immutable && entry.start <= start && start < entry.start + entry.size)) continue
      call.foreign ??= `it sealed ${range(start, size)}, which it had not mapped`
      return { subject, sentence: `${call.command.type} sealed ${range(start, size)}, which it had not mapped` }
    }
    return null
  },
})

/** Sorted, aligned, disjoint, below 128 GiB, with memory somewhere. Said over bigints, in one piece. */
function isAcceptable({ ranges, count }: IocCreate): boolean {
  const n = Number(count ?? ranges.length)
  if (!(n >= 1 && n <= VMM_MAX_MEM_RANGES)) return false
  const page = BigInt(PAGE_SIZE)
  let end = 0n
  let backed = 0n
  for (let i = 0; i < n; i += 1) {
    const { gpa, size, va, memtype } = ranges[i] ?? { gpa: 0, size: 0, va: 0, memtype: 0 }
    const [start, bytes] = [BigInt(gpa), BigInt(size)]
    if (start % page !== 0n || bytes % page !== 0n || BigInt(va) % page !== 0n) return false
    if (bytes === 0n || start < end || start + bytes > BigInt(VMM_MAX_VM_MEM_SIZE)) return false
    end = start + bytes
    if (memtype !== VM_MEM_MMIO) backed += bytes
  }
  return backed > 0n
}

/** Whether the address that a range names is one that a process can have. */
function isUserRange({ va, size }: RangeRequest): boolean {
  return va >= VM_MIN_ADDRESS && BigInt(va) + BigInt(size) < BigInt(VM_MAXUSER_ADDRESS)
}

const validationIsExact = rule({
  id: 'I55',
  name: 'validation-is-exact',
  source: 'vm_create(), vm_create_check_mem_ranges()',
  on: ['vm.allocated', 'call.replied'],
  counterexample({ event, call, past: { memoryFrom } }) {
    if (call?.command.type !== 'ioc.create') return null
    const { command } = call
    // Before the patch a range names memory of the caller; after it, only a wish where to map it.
    const isUser = command.ranges.every(isUserRange)
    const sound = isAcceptable(command) && BigInt(command.ncpus) === 1n && (memoryFrom !== 'creator' || isUser)
    const subject = `process ${command.pid}`
    if (event.type === 'vm.allocated')
      return sound ? null : { subject, sentence: 'vm_create() accepts ranges that it must refuse' }
    if (event.reply.ok || event.reply.errno !== 'EINVAL' || !sound) return null
    const { at } = event.reply
    // Without a design, nobody knows whether the user's addresses were judged as well.
    const judged = at === 'vm_create' || (at === 'vm_create_check_mem_ranges' && (isUser || memoryFrom !== null))
    return judged ? { subject, sentence: `${at}() refuses ranges that it must accept` } : null
  },
})

/** What of userland an immutable entry withstands; exit(2) and exec(2) take it. */
const WITHSTOOD: readonly string[] = ['host.munmap', 'host.mmap', 'host.mprotect', 'host.minherit']

const sealedEntryStays = rule({
  id: 'I57',
  name: 'sealed-entry-stays',
  source:
    'uvm_unmap_remove(), uvm_map_protect(), uvm_map_inherit(): EPERM for an immutable entry; uvm_map_teardown(): exit takes all',
  on: ['space.removed', 'space.protected', 'space.bequeathed', 'process.exited', 'call.replied'],
  counterexample({ event, call, past }) {
    if (call === null) return null
    const pid = pidOf(call)
    const subject = `process ${pid}`
    if (event.type === 'space.removed' || event.type === 'space.protected' || event.type === 'space.bequeathed') {
      if (!WITHSTOOD.includes(call.command.type)) return null
      const end = event.type === 'space.removed' ? event.start + event.size : event.end
      const sealed = past
        .entriesOf(event.pid)
        .find((entry) => entry.immutable && entry.start < end && event.start < entry.start + entry.size)
      if (sealed === undefined) return null
      return {
        subject,
        sentence: `${call.command.type} changed ${range(sealed.start, sealed.size)}, which is immutable`,
      }
    }
    if (event.type === 'process.exited') {
      const left = past.entriesOf(event.pid).length
      return left === 0
        ? null
        : { subject, sentence: `it is gone while ${counted(left, 'entry', 'entries')} of its map are left` }
    }
    if (call.command.type !== 'host.exit' || event.reply.ok || event.reply.errno === 'ESRCH') return null
    return { subject, sentence: `exit(2) failed with ${event.reply.errno}` }
  },
})

const childGetsNoSlot = rule({
  id: 'I58',
  name: 'child-gets-no-slot',
  source:
    'uvmspace_fork(): MAP_INHERIT_NONE leaves a hole in the child; uvm_coredump_walkmap(): concealed entries are left out',
  on: ['space.mapped', 'call.replied'],
  counterexample({ event, call, world }) {
    if (event.type === 'space.mapped') {
      if (call?.command.type !== 'host.fork' || !isOfSlot(world, event.object)) return null
      return {
        subject: `process ${event.pid}`,
        sentence: `fork(2) gave it ${objectText(world, event.object)}, the memory of a VM`,
      }
    }
    if (call?.command.type !== 'host.coredump' || !event.reply.ok || !('ranges' in event.reply)) return null
    const { pid } = call.command
    const { ranges } = event.reply
    const dumped = world.processes[pid]?.entries.find(
      ({ start, size, object }) =>
        isOfSlot(world, object) &&
        ranges.some((one) => one.start < start + size && start < Number(one.start) + Number(one.size)),
    )
    if (dumped === undefined) return null
    return {
      subject: `process ${pid}`,
      sentence: `its core dump holds ${range(dumped.start, dumped.size)}, the memory of a VM`,
    }
  },
})

export const spaceRules: readonly AnyRule[] = [
  childGetsNoSlot,
  shareMapsEverySlot,
  failedCallLeavesTheMap,
  vmmTouchesOnlyItsEntries,
  validationIsExact,
  sealedEntryStays,
]
