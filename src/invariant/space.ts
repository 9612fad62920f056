/**
 * Address spaces of processes, and what the ioctls promise about them.
 *
 * Source: vm_create(), vm_create_check_mem_ranges(), vm_share_mem() and vm_terminate() of vmm(4); uvm_map.c.
 */

import type { Word64 } from '../../events/address.ts'
import { hex, PAGE_SIZE, VMM_MAX_MEM_RANGES, VMM_MAX_VM_MEM_SIZE } from '../../events/address.ts'
import type { IocCreate, IocSharemem } from '../../events/command.ts'
import { type Entry, type Slot, VM_MEM_MMIO } from '../model/world.ts'
import { type CallRecord, hasMapped, pidOf } from './calls.ts'
import { counted, creatorOf, isBacked, isCovered, isExiting, objectText } from './facts.ts'
import { type AnyRule, always, atRest, type Claim, type Finding, rule } from './invariant.ts'
import { isSlotObject } from './pages.ts'

const range = (start: number, size: number): string => `[${hex(start as Word64)}, ${hex((start + size) as Word64)})`

const creatorMapsItsSlotsSealed = always('vm', {
  id: 'I56',
  name: 'creator-maps-its-slots-sealed',
  source: 'vm_create(): uvm_map() and uvm_map_immutable() of every slot; vmm_translate_gpa() relies on it',
  of(world, ref) {
    const vm = world.vms[ref]
    const creator = vm?.listed ? creatorOf(world, vm) : null
    if (vm === undefined || creator === null) return null
    for (const [i, { hva, size, object, ...slot }] of vm.slots.entries()) {
      if (slot.memtype === VM_MEM_MMIO || object === null) continue
      if (hva !== null && isCovered(creator.entries, hva, size, object, (entry) => entry.immutable)) continue
      return `slot ${i} is not mapped sealed in process ${creator.pid} at ${range(hva ?? 0, size)}`
    }
    return null
  },
})

const slotMappingStaysInItsProcess = always('process', {
  id: 'I58',
  name: 'slot-mapping-stays-in-its-process',
  source: 'vm_create(), vm_share_mem(): UVM_MAP_CONCEAL and MAP_INHERIT_NONE: not for core dumps, not for a child',
  of(world, pid) {
    const wrong = world.processes[pid]?.entries.find(
      (entry) => (!entry.conceal || entry.inherit !== 'none') && isSlotObject(world, entry.object),
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
        if (times > SLOT_MAPPINGS_MAX && isSlotObject(world, object))
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

/** Whether a request of SHAREMEM repeats the VM's ranges and leaves every address to the kernel. */
function repeats({ ranges, count, va }: IocSharemem, slots: readonly Slot[]): boolean {
  if (BigInt(count ?? ranges.length) !== BigInt(slots.length)) return false
  return slots.every(({ gpa, size, memtype }, i) => {
    const asked = ranges[i]
    return asked?.gpa === gpa && asked.size === size && asked.memtype === memtype && BigInt(va[i] ?? 0) === 0n
  })
}

/** Whether [start, start + size) is mapped without a hole, to whatever. */
function isWhole(entries: readonly Entry[], start: number, size: number): boolean {
  let covered = start
  for (const entry of entries)
    if (entry.start <= covered && entry.start + entry.size > covered) covered = entry.start + entry.size
  return covered >= start + size
}

const isPrivate = (entry: Entry): boolean => entry.immutable && entry.conceal && entry.inherit === 'none'

const shareMapsEverySlot = rule({
  id: 'I50',
  name: 'share-maps-every-slot',
  source: 'vm_share_mem(): ret is 0 from vm_find() on; holes are a success for uvm_map_immutable()',
  on: ['call.replied'],
  counterexample({ event: { reply }, call, world }) {
    if (call?.command.type !== 'ioc.sharemem' || !reply.ok || call.slots === null || !('va' in reply)) return null
    const { pid } = call.command
    const process = world.processes[pid]
    if (process === undefined || isExiting(world, pid) || !Array.isArray(reply.va)) return null
    for (const [i, slot] of call.slots.entries()) {
      if (!isBacked(slot)) continue
      const start = Number(reply.va[i] ?? 0)
      if (slot.object !== null && isCovered(process.entries, start, slot.size, slot.object, isPrivate)) continue
      // Before the patch a mapping is the caller's to keep or to lose: that it is there is all that 0 promises.
      if (slot.life === 'shared' && isWhole(process.entries, start, slot.size)) continue
      const subject = `process ${pid}`
      return {
        subject,
        sentence: `SHAREMEM answered 0, and slot ${i} is not mapped sealed at ${range(start, slot.size)}`,
      }
    }
    return null
  },
})

const errnoTellsTheTruth = rule({
  id: 'I51',
  name: 'errno-tells-the-truth',
  source: 'vm_share_mem(): "ret" of vm_find() is answered for ranges that differ; vm_create(); sys_ioctl(): copyout',
  on: ['call.replied'],
  counterexample({ event: { reply }, call, world }) {
    if (call === null) return null
    const { command, slots, vm, mapErrno } = call
    if (command.type === 'ioc.sharemem' && reply.ok && slots !== null && !repeats(command, slots)) {
      return {
        subject: `process ${command.pid}`,
        sentence: `SHAREMEM answered 0 to ranges that are not those of vm ${vm}`,
      }
    }
    if ((command.type !== 'ioc.create' && command.type !== 'ioc.sharemem') || reply.ok) return null
    if (call.registered && vm !== null && world.vms[vm]?.listed) {
      return { subject: `vm ${vm}`, sentence: `CREATE answered ${reply.errno}, and the VM exists` }
    }
    if (reply.at !== 'uvm_map' || mapErrno === null || mapErrno === reply.errno) return null
    return {
      subject: `process ${command.pid}`,
      sentence: `uvm_map() said ${mapErrno}, and the caller was told ${reply.errno}`,
    }
  },
})

/** What a call has left in the map of its process. */
function leftBehind({ mapped }: CallRecord, entries: readonly Entry[]): { count: number; place: string | null } {
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
  on: ['space.removed', 'space.sealed'],
  counterexample({ event, call, past, world }) {
    if (call === null || !isVmm(call)) return null
    const subject = `process ${event.pid}`
    if (event.type === 'space.removed') {
      if (hasMapped(call, event.start, event.start + event.size)) return null
      call.foreign ??= `it removed ${range(event.start, event.size)}, which it had not mapped`
      return {
        subject,
        sentence: `${call.command.type} removed ${range(event.start, event.size)}, which it had not mapped`,
      }
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
export function isAcceptable({ ranges, count }: IocCreate): boolean {
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

const validationIsExact = rule({
  id: 'I55',
  name: 'validation-is-exact',
  source: 'vm_create(), vm_create_check_mem_ranges()',
  on: ['vm.allocated', 'call.replied'],
  counterexample({ event, call }) {
    if (call?.command.type !== 'ioc.create') return null
    const { command } = call
    const sound = isAcceptable(command) && BigInt(command.ncpus) === 1n
    const subject = `process ${command.pid}`
    if (event.type === 'vm.allocated')
      return sound ? null : { subject, sentence: 'vm_create() accepts ranges that it must refuse' }
    if (event.reply.ok || event.reply.errno !== 'EINVAL' || !sound) return null
    const { at } = event.reply
    const judged = at === 'vm_create_check_mem_ranges' || at === 'vm_create'
    return judged ? { subject, sentence: `${at}() refuses ranges that it must accept` } : null
  },
})

const sealedEntryStays = rule({
  id: 'I57',
  name: 'sealed-entry-stays',
  source: 'sys_munmap(), uvm_unmap_remove(): EPERM for an immutable entry; uvm_map_teardown(): exit takes them all',
  on: ['space.removed', 'process.exited', 'call.replied'],
  counterexample({ event, call, past }) {
    if (call === null) return null
    const pid = pidOf(call)
    const subject = `process ${pid}`
    if (event.type === 'space.removed') {
      if (call.command.type !== 'host.munmap') return null
      const { start, size } = event
      const sealed = past
        .entriesOf(event.pid)
        .some((entry) => entry.immutable && entry.start < start + size && start < entry.start + entry.size)
      return sealed ? { subject, sentence: `munmap(2) removed ${range(start, size)}, which is immutable` } : null
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

export const spaceRules: readonly AnyRule[] = [
  shareMapsEverySlot,
  errnoTellsTheTruth,
  failedCallLeavesTheMap,
  vmmTouchesOnlyItsEntries,
  validationIsExact,
  sealedEntryStays,
]
