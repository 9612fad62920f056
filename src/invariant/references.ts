/**
 * References: every count has its holders, and nothing is used without one.
 *
 * Source: vm_create(), vm_share_mem(), vm_find(), vm_terminate() and vm_teardown() of vmm(4); uvm_aobj.c; uvm_map.c.
 */
import { pageOf } from '../../events/address.ts'
import { holdingsOf } from '../model/backing.ts'
import type { World } from '../model/world.ts'
import { counted, holdingsWithin, isBacked, objectText } from './facts.ts'
import { type AnyRule, always, type Claim, rule } from './invariant.ts'

/** Who holds an object, and how many mapped it on a reference that they owe. */
function holdersOf(world: World, object: number) {
  let entries = 0
  let slots = 0
  let nested = 0
  let dead = 0
  for (const pid in world.processes) {
    for (const entry of world.processes[pid]?.entries ?? []) if (entry.object === object) entries += 1
  }
  for (const ref in world.vms) {
    for (const slot of world.vms[ref]?.slots ?? []) if (slot.object === object) slots += 1
    for (const entry of world.vms[ref]?.space ?? []) if (entry.object === object) nested += 1
  }
  // uvm_unmap_detach() gives back the references of entries that left the map before.
  for (const id in world.threads) {
    for (const one of world.threads[id]?.locals.dead ?? []) if (one === object) dead += 1
  }
  const record = world.objects[object]
  // A reference that a call carried when it ended is held by nobody.
  const carried = record?.carried.filter((thread) => world.threads[thread] !== undefined).length ?? 0
  const owed = record?.owed.filter((thread) => world.threads[thread] !== undefined).length ?? 0
  return { entries, slots, nested, dead, carried, owed }
}

/**
 * Whether a call that gave the last reference back sleeps in uao_detach() until the page daemon is done with a page. It
 * still names the object as one that it holds.
 */
function isDying(world: World, object: number): boolean {
  if (world.objects[object]?.refs !== 0) return false
  return Object.values(world.threads).some(
    ({ waiting, locals }) => waiting === 'pagedaemon' && (locals.dead[0] ?? locals.object) === object,
  )
}

/** Every object that exists or that somebody names as his. */
export function objectsOf(world: World): ReadonlySet<number> {
  const found = new Set<number>(Object.values(world.objects).map((object) => object.ref))
  for (const { entries } of Object.values(world.processes)) for (const { object } of entries) found.add(object)
  for (const vm of Object.values(world.vms)) for (const { object } of holdingsOf(vm)) found.add(object)
  for (const { locals } of Object.values(world.threads)) for (const object of locals.dead) found.add(object)
  return found
}

/** Why the count of an object is not what its holders come to. */
function countedWrong(world: World, object: number): string | null {
  const record = world.objects[object]
  const { entries, slots, nested, dead, carried, owed } = holdersOf(world, object)
  const held = entries + slots + nested + dead + carried
  const going = isDying(world, object) ? 1 : 0
  if (record === undefined ? held === 0 : record.refs === held - owed - going) return null
  const parts = [
    counted(entries, 'map entry', 'map entries'),
    counted(slots, 'VM slot'),
    ...(nested > 0 ? [counted(nested, 'nested entry', 'nested entries')] : []),
    ...(dead > 0 ? [counted(dead, 'removed entry', 'removed entries')] : []),
    ...(carried > 0 ? [counted(carried, 'thread')] : []),
  ].join(', ')
  const debt = owed > 0 ? `, ${owed} of them on a reference not taken yet` : ''
  if (record === undefined) return `object ${object} is freed, and held by ${parts}`
  const count = record.kind === 'aobj' ? 'uo_refs' : 'am_ref'
  return `${count} of ${record.name} is ${record.refs}; it is held by ${parts}${debt}`
}

const aobjRefsEqualHolders = always('object', {
  id: 'I20',
  name: 'aobj-refs-equal-holders',
  source: 'vm_create(): "It owns this reference." and "Take a reference for vmm."; vm_share_mem(); uvm_unmap_detach()',
  of: (world, object) => (world.objects[object]?.kind === 'anon' ? null : countedWrong(world, object)),
})

const amapRefsEqualEntries = always('object', {
  id: 'I24',
  name: 'amap-refs-equal-entries',
  source: 'uvm_share() and amap_ref(): an entry of a process, of the nested map or of a device process holds one each',
  of: (world, object) => (world.objects[object]?.kind === 'anon' ? countedWrong(world, object) : null),
})

const objectLivesWhileReferenced = always('object', {
  id: 'I22',
  name: 'object-lives-while-referenced',
  source: 'uao_detach(): the last reference frees the object',
  of(world, object) {
    const record = world.objects[object]
    if (record === undefined || record.refs > 0 || isDying(world, object)) return null
    return `${record.name} has ${record.refs} references and is not freed`
  },
})

/** vm_create() goes on with an object whose only reference it gave to a map entry that other threads can remove. */
const slotInMakingHasItsObject = always('vm', {
  id: 'I21',
  name: 'slot-in-making-has-its-object',
  source: 'vm_create(): between uvm_map() and uao_reference() the only reference is that of the map entry',
  of({ vms, objects }, ref) {
    const slots = vms[ref]?.slots ?? []
    const at = slots.findIndex(
      ({ life, backing }) =>
        (life === 'mapped' || life === 'sealed') && backing !== null && objects[backing] === undefined,
    )
    return at < 0 ? null : `vm_create() goes on with object ${slots[at]?.backing} for slot ${at}, which is freed`
  },
})

const HOLDING: readonly string[] = ['registered', 'condemned', 'unlinked']

const vmHoldsItsSlots = always('vm', {
  id: 'I23',
  name: 'vm-holds-its-slots',
  source:
    'vm_create(): vm_memory_slot[i] for every range that is not MMIO; before the patch, uvm_share() of every range',
  of(world, ref) {
    const vm = world.vms[ref]
    if (vm === undefined || !HOLDING.includes(vm.life)) return null
    for (const [i, slot] of vm.slots.entries()) {
      if (vm.space !== null) {
        const pages = holdingsWithin(vm, slot).reduce((sum, held) => sum + held.pages, 0)
        if (pages === pageOf(slot.size)) continue
        return `the map of guest-physical space has ${counted(pages, 'page')} of the ${pageOf(slot.size)} of slot ${i}`
      }
      if (!isBacked(slot) && slot.object !== null)
        return `slot ${i} is MMIO and holds ${objectText(world, slot.object)}`
      if (!isBacked(slot)) continue
      if (slot.object === null) return `slot ${i} holds no object`
      if (world.objects[slot.object] === undefined) return `slot ${i} holds object ${slot.object}, which is freed`
    }
    return null
  },
})

const vmRefcntEqualsHolders = always('vm', {
  id: 'I30',
  name: 'vm-refcnt-equals-holders',
  source: 'vm_create(), vm_find(), refcnt_rele_wake(), vm_terminate(): vm_refcnt',
  of({ vms, threads, holds }, ref) {
    const vm = vms[ref]
    if (vm === undefined) return null
    if (vm.refcnt !== vm.holders.length)
      return `vm_refcnt is ${vm.refcnt}; it is held by ${vm.holders.join(', ') || 'nobody'}`
    const lists = vm.holders.filter((holder) => holder === 'list').length
    const dropping = Object.values(threads).some(
      ({ command, locals }) => command.type === 'ioc.term' && locals.vm === ref,
    )
    if (vm.listed && lists !== 1) return `it is on vm_list with ${counted(lists, 'reference')} for that`
    if (!vm.listed && lists > 0 && !dropping) return 'it is on no list, and the reference of the list is still held'
    const gone = vm.holders.find(
      (holder) => holder !== 'list' && threads[holder] === undefined && holds[holder] !== ref,
    )
    return gone === undefined ? null : `'${gone}' holds it, and has no call in flight that could give it back`
  },
})

export const referenceClaims: readonly Claim[] = [
  aobjRefsEqualHolders,
  amapRefsEqualEntries,
  objectLivesWhileReferenced,
  slotInMakingHasItsObject,
  vmHoldsItsSlots,
  vmRefcntEqualsHolders,
]

const objectInUseExists = rule({
  id: 'I21',
  name: 'object-in-use-exists',
  source: 'vm_create(), vm_share_mem(): uao_reference() through a pointer that nothing keeps valid',
  on: ['host.panicked'],
  counterexample({ event: { fn, kind }, call }) {
    if (kind !== 'uaf') return null
    return { subject: `object ${call?.object ?? '?'}`, sentence: `${fn}() works on it after its last reference went` }
  },
})

const objectRefsNeverRiseFromZero = rule({
  id: 'I21',
  name: 'object-refs-never-rise-from-zero',
  source: 'uao_reference(): its caller already has a reference',
  on: ['object.referenced'],
  counterexample({ event: { object }, world }) {
    const record = world.objects[object]
    if (record === undefined || record.refs > 1) return null
    return {
      subject: `object ${object}`,
      sentence: `uo_refs of ${record.name} went from ${record.refs - 1} to ${record.refs}`,
    }
  },
})

const objectFreedAtZero = rule({
  id: 'I22',
  name: 'object-freed-at-zero',
  source: 'uao_detach(): freed by the call that drops the last reference, once',
  on: ['object.freed'],
  counterexample({ event: { object }, past }) {
    const left = past.refsOf(object)
    return left === 0
      ? null
      : { subject: `object ${object}`, sentence: `it is freed although its uo_refs is ${left ?? 'not known'}` }
  },
})

const vmUnlinkedOnce = rule({
  id: 'I31',
  name: 'vm-unlinked-once',
  source: 'vm_terminate(): SLIST_REMOVE() walks off the end of the list for a VM that is not on it',
  on: ['host.panicked'],
  counterexample({ event: { kind }, call, world }) {
    if (kind !== 'trap' || call?.command.type !== 'ioc.term' || call.vm === null) return null
    if (world.vms[call.vm]?.listed === true) return null
    return {
      subject: `vm ${call.vm}`,
      sentence: 'vm_terminate() unlinks it although another vm_terminate() did before',
    }
  },
})

const teardownFindsVmUnused = rule({
  id: 'I32',
  name: 'teardown-finds-vm-unused',
  source: 'vm_terminate(): refcnt_finalize() before vm_teardown(); vm_create(): never on the list',
  on: ['vm.teardownBegun'],
  counterexample({ event: { vm: ref }, world, past }) {
    const vm = world.vms[ref]
    const subject = `vm ${ref}`
    if (vm === undefined) return null
    if (past.torn.has(ref)) return { subject, sentence: 'it is torn down once more' }
    if (vm.listed) return { subject, sentence: 'it is torn down while it is on vm_list' }
    if (vm.refcnt > 0) return { subject, sentence: `it is torn down while ${vm.holders.join(', ')} hold it` }
    const busy = vm.vcpus.find(({ life, lock }) => lock !== null || life === 'inGuest' || life === 'handling')
    return busy === undefined ? null : { subject, sentence: `it is torn down while a thread runs vcpu ${busy.id}` }
  },
})

export const referenceRules: readonly AnyRule[] = [
  objectInUseExists,
  objectRefsNeverRiseFromZero,
  objectFreedAtZero,
  vmUnlinkedOnce,
  teardownFindsVmUnused,
]
