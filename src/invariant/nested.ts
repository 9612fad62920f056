/**
 * Nested mappings against memory: what the guest reaches is what the slots hold, and stays there.
 *
 * Source: vm_create(), vmx_fault_page(), svm_fault_page() and vm_teardown() of vmm(4); uvm_pdaemon.c.
 */
import { pageOf } from '../../events/address.ts'
import { backingOf, holdingsOf } from '../model/backing.ts'
import { hasFlag, LEAF_WRITE, leafFlags, leafFrame } from '../model/memory.ts'
import type { World } from '../model/world.ts'
import { entryAt, frameText, holdsObject, isBacked, nestedLeafAt, objectText, ownFrame, subjectText } from './facts.ts'
import { type AnyRule, always, type Claim, type Finding, rule } from './invariant.ts'

const nestedPageIsTheSlotPage = always('leaf', {
  id: 'I01',
  name: 'nested-page-is-the-slot-page',
  source: 'vm_teardown(): leaves go before vm_memory_slot[] is released; fault_page(): the page of the slot is entered',
  of(world, pmap, page) {
    const leaf = nestedLeafAt(world, pmap, page)
    if (leaf === null) return null
    const { vm, frame } = leaf
    const own = ownFrame(world.memory, vm, page)
    if (own === frame) return null
    const found = `the leaf names ${frameText(world, frame)}`
    const backing = vm === undefined ? null : backingOf(vm, page)
    if (backing === null) return `${found}; the VM has no memory there`
    const where = own < 0 ? 'is not resident' : `is in frame ${own}`
    return `${found}; page ${backing.index} of ${objectText(world, backing.object)}, which belongs there, ${where}`
  },
})

const nestedPageIsWired = always('leaf', {
  id: 'I02',
  name: 'nested-page-is-wired',
  source: 'vmx_fault_page(), svm_fault_page(): guest faults wire, since nothing tells a guest TLB of a page-out',
  of(world, pmap, page) {
    const leaf = nestedLeafAt(world, pmap, page)
    if (leaf === null || world.memory.wireCount(leaf.frame) > 0) return null
    return `the leaf names ${frameText(world, leaf.frame)} and not wired`
  },
})

/** The slot page that a process page is, seen from the process: every guest leaf of it names the same frame. */
const processAndGuestSeeOnePage = always('leaf', {
  id: 'I03',
  name: 'process-and-guest-see-one-page',
  source: 'vm_create(), vm_share_mem(): the guest and the processes map one object',
  of(world, pmap, page) {
    const record = world.pmaps[pmap]
    const packed = record?.owner.kind === 'process' ? world.memory.leaf(pmap, page) : -1
    if (record?.owner.kind !== 'process' || packed < 0) return null
    const process = world.processes[record.owner.pid]
    const entry = process?.pmap === pmap ? entryAt(process, page * 4096) : null
    if (entry === null) return null
    const index = entry.offset + page - pageOf(entry.start)
    for (const vm of Object.values(world.vms)) {
      for (const { object, first, offset, pages } of holdingsOf(vm)) {
        if (object !== entry.object || vm.pmap === null || index < offset || index >= offset + pages) continue
        const there = first + index - offset
        const guest = world.memory.leaf(vm.pmap, there)
        if (guest < 0 || leafFrame(guest) === leafFrame(packed)) continue
        const other = subjectText(world, 'leaf', vm.pmap, there)
        return `the process sees ${frameText(world, leafFrame(packed))}; ${other} sees ${frameText(world, leafFrame(guest))}`
      }
    }
    return null
  },
})

const nestedPageBelongsToTheVm = always('leaf', {
  id: 'I04',
  name: 'nested-page-belongs-to-the-vm',
  source: 'vm_create(): the memory of a guest is its slots and nothing else',
  of(world, pmap, page) {
    const leaf = nestedLeafAt(world, pmap, page)
    if (leaf === null) return null
    const { memory } = world
    const use = memory.use(leaf.frame)
    if (use === 'free') return null
    const owner = memory.owner(leaf.frame)
    if (use === 'object' && leaf.vm !== undefined && holdsObject(leaf.vm, owner)) return null
    return `the guest reaches ${frameText(world, leaf.frame)}`
  },
})

const nestedPageLiesInRamSlot = always('leaf', {
  id: 'I05',
  name: 'nested-page-lies-in-ram-slot',
  source: 'vmm_get_guest_memtype(): MMIO and holes are never mapped',
  of(world, pmap, page) {
    const leaf = nestedLeafAt(world, pmap, page)
    if (leaf === null) return null
    if (leaf.slot === null) return 'there is a leaf outside every slot'
    return isBacked(leaf.slot) ? null : 'there is a leaf in an MMIO slot'
  },
})

/** Whether the page daemon has gone past pmap_page_protect() for a busy page. */
function isProtected(world: World, frame: number): boolean {
  if (!world.memory.busy(frame)) return false
  for (const id in world.threads) {
    const thread = world.threads[id]
    const evicts = thread?.command.type === 'host.pageout' || thread?.command.type === 'host.reclaim'
    if (evicts && thread.locals.frame === frame && thread.place === 'protecting') return false
  }
  return true
}

const busyPageIsNotWritable = always('leaf', {
  id: 'I07',
  name: 'busy-page-is-not-writable',
  source: 'uvmpd_scan_inactive(): pmap_page_protect() before the page is written to swap',
  of(world, pmap, page) {
    const packed = world.memory.leaf(pmap, page)
    if (packed < 0 || !hasFlag(leafFlags(packed), LEAF_WRITE) || !isProtected(world, leafFrame(packed))) return null
    return `a writable leaf names ${frameText(world, leafFrame(packed))} and on its way to swap`
  },
})

/** The claims about leaves of nested pmaps, and of process pmaps where they are the other end. */
export const nestedClaims: readonly Claim[] = [
  nestedPageIsTheSlotPage,
  nestedPageIsWired,
  processAndGuestSeeOnePage,
  nestedPageBelongsToTheVm,
  nestedPageLiesInRamSlot,
  busyPageIsNotWritable,
]

/** Judged when a step ends that entered a nested leaf: within the step the locks of the memory keep the page. */
export const nestedPageIsPinnedWhenEntered: AnyRule = rule({
  id: 'I06',
  name: 'nested-page-is-pinned-when-entered',
  source: 'fault_page(): between pmap_extract() and pmap_enter() nothing but wiring keeps the page',
  on: [],
  counterexample: () => null,
})

/** What is wrong with a leaf that was entered in this step. */
export function unpinnedLeafAt(world: World, pmap: number, page: number): Finding | null {
  const leaf = nestedLeafAt(world, pmap, page)
  if (leaf === null) return null
  const { vm, frame } = leaf
  const own = ownFrame(world.memory, vm, page)
  if (own === frame && world.memory.wireCount(frame) > 0) return null
  const why = own === frame ? 'nothing wires it' : 'it is not what the VM has there'
  return {
    subject: subjectText(world, 'leaf', pmap, page),
    sentence: `${frameText(world, frame)}, was entered and ${why}`,
  }
}
