/**
 * Page tables, reverse mappings and the counts of a pmap.
 *
 * Source: sys/arch/amd64/amd64/pmap.c.
 */

import type { Word64 } from '../../events/address.ts'
import { hex, PAGE_SIZE, pageOf, pagesOf } from '../../events/address.ts'
import {
  hasFlag,
  LEAF_READ,
  LEAF_TRACKED,
  LEAF_WIRED,
  LEAF_WRITE,
  type Level,
  leafFlags,
  leafFrame,
} from '../model/memory.ts'
import type { Pmap, World } from '../model/world.ts'
import { counted, frameText, subjectText } from './facts.ts'
import { type AnyRule, always, type Claim, type Finding, rule } from './invariant.ts'

const residentCountEqualsPages = always('pmap', {
  id: 'I13',
  name: 'resident-count-equals-pages',
  source: 'pmap_create(), pmap_convert(), pmap_enter(), pmap_remove(): pm_stats.resident_count',
  of({ pmaps, memory }, pmap) {
    const record = pmaps[pmap]
    if (record === undefined) return null
    const roots = record.roots.length
    const tables = memory.tableCount(pmap)
    const leaves = memory.leafCount(pmap)
    if (record.resident === roots + tables + leaves) return null
    const parts = `${counted(roots, 'root')}, ${counted(tables, 'page table')} and ${counted(leaves, 'leaf', 'leaves')}`
    return `resident_count of pmap ${pmap} (${record.kind}) is ${record.resident}; there are ${parts}`
  },
})

const eptLeafIsMadeByEptEnter = always('leaf', {
  id: 'I15',
  name: 'ept-leaf-is-made-by-ept-enter',
  source: 'pmap_enter_ept(): no wired mark, and never writable without readable; pmap_convert() clears the root before',
  of(world, pmap, page) {
    const packed = world.pmaps[pmap]?.kind === 'ept' ? world.memory.leaf(pmap, page) : -1
    if (packed < 0) return null
    const flags = leafFlags(packed)
    if (hasFlag(flags, LEAF_WIRED)) return 'an EPT leaf is marked wired'
    return hasFlag(flags, LEAF_WRITE) && !hasFlag(flags, LEAF_READ) ? 'an EPT leaf is writable and not readable' : null
  },
})

const eptRootHasNoKernelEntry = always('pmap', {
  id: 'I15',
  name: 'ept-root-has-no-kernel-entry',
  source:
    'pmap_pdp_ctor() copies the kernel half into every root; pmap_convert() clears that of EPT, to which it means other rights. pmap_growkernel() adds none: the kernel has one entry from boot on (NKL4_MAX_ENTRIES)',
  of({ pmaps }, pmap) {
    const record = pmaps[pmap]
    return record?.kind === 'ept' && record.kernelHalf ? 'its root still has the entries of the kernel half' : null
  },
})

const trackedLeafIsOnPvList = always('leaf', {
  id: 'I16',
  name: 'tracked-leaf-is-on-pv-list',
  source: 'pmap_enter(): PVLIST and a pv entry; pmap_enter_ept(): neither',
  of({ pmaps, memory }, pmap, page) {
    const record = pmaps[pmap]
    const packed = record === undefined ? -1 : memory.leaf(pmap, page)
    if (record === undefined || packed < 0) return null
    const marked = hasFlag(leafFlags(packed), LEAF_TRACKED)
    if (record.kind === 'ept') return marked ? 'an EPT leaf is marked as on a pv list' : null
    if (marked && memory.pvList(leafFrame(packed)).some((pv) => pv.pmap === pmap && pv.page === page)) return null
    return `the pv list of frame ${leafFrame(packed)} does not name the leaf`
  },
})

const pvEntryNamesALiveLeaf = always('frame', {
  id: 'I16',
  name: 'pv-entry-names-a-live-leaf',
  source: 'pmap_page_remove(), pmap_destroy(): a pv entry goes with its leaf, and both before the page is freed',
  of(world, frame) {
    const { memory, pmaps } = world
    for (const { pmap, page } of memory.pvList(frame)) {
      const where = subjectText(world, 'leaf', pmap, page)
      const kind = pmaps[pmap]?.kind
      if (kind === undefined) return `its pv list names ${where}, whose pmap is destroyed`
      if (kind === 'ept') return `its pv list names ${where}, an EPT leaf`
      const packed = memory.leaf(pmap, page)
      if (packed < 0 || leafFrame(packed) !== frame) return `its pv list names ${where}, which maps something else`
      if (memory.use(frame) === 'free') return `${where} still maps ${frameText(world, frame)}`
    }
    return null
  },
})

export const tableClaims: readonly Claim[] = [
  residentCountEqualsPages,
  eptLeafIsMadeByEptEnter,
  eptRootHasNoKernelEntry,
  trackedLeafIsOnPvList,
  pvEntryNamesALiveLeaf,
]

const address = (value: number): string => hex(value as Word64)

const removeTakesOnlyItsRange = rule({
  id: 'I12',
  name: 'remove-takes-only-its-range',
  source:
    'pmap_remove_ept(): the loop runs while the page is below eva + PAGE_SIZE; vm_teardown() passes the last byte',
  on: ['pmap.removed'],
  counterexample({ event: { pmap, first, last }, past, world }) {
    const { cleared } = past
    if (cleared.pmap !== pmap || (cleared.first >= pageOf(first) && cleared.last <= pageOf(last))) return null
    const wrong = cleared.last > pageOf(last) ? cleared.last : cleared.first
    return {
      subject: subjectText(world, 'leaf', pmap, wrong),
      sentence: `pmap_remove() of ${address(first)} to ${address(last)} took the page at ${address(wrong * PAGE_SIZE)} as well`,
    }
  },
})

const removeTakesAllOfItsRange = rule({
  id: 'I12b',
  name: 'remove-takes-all-of-its-range',
  source: 'vm_teardown(): pmap_remove() from the first byte of a range to its last',
  on: ['pmap.removed'],
  counterexample({ event: { pmap, first, last }, world }) {
    let left = -1
    world.memory.eachLeaf(pmap, pageOf(first), pagesOf(last + 1 - first), (page) => {
      left = page
      return false
    })
    if (left < 0) return null
    return {
      subject: subjectText(world, 'leaf', pmap, left),
      sentence: `pmap_remove() of ${address(first)} to ${address(last)} left the page at ${address(left * PAGE_SIZE)}`,
    }
  },
})

const pmapEmptyWhenDestroyed = rule({
  id: 'I17',
  name: 'pmap-empty-when-destroyed',
  source: 'vm_teardown(), uvm_map_teardown(): pmap_remove() before pmap_destroy(), which clears no leaf',
  on: ['pmap.destroyed'],
  counterexample({ event: { pmap }, past }) {
    const left = past.leavesOf(pmap)
    return left === 0
      ? null
      : { subject: `pmap ${pmap}`, sentence: `it is destroyed with ${counted(left, 'leaf', 'leaves')}` }
  },
})

const freedObjectHasNoNestedLeaf = rule({
  id: 'I18',
  name: 'freed-object-has-no-nested-leaf',
  source: 'vm_teardown(): pmap_remove() of every range before uao_detach() of any slot; EPT leaves are on no pv list',
  on: ['object.freed'],
  counterexample({ event: { object }, past, world }) {
    const stale = past.stale.find((one) => one.object === object)
    if (stale === undefined) return null
    const count = past.stale.filter((one) => one.object === object).length
    return {
      subject: subjectText(world, 'leaf', stale.pmap, stale.page),
      sentence: `object ${object} is freed while ${counted(count, 'nested leaf', 'nested leaves')} still name its pages`,
    }
  },
})

const pmapConvertsOnceAndEmpty = rule({
  id: 'I19',
  name: 'pmap-converts-once-and-empty',
  source: 'vm_impl_init(): pmap_convert() right after pmap_create(), before any vCPU runs',
  on: ['pmap.converted'],
  counterexample({ event: { pmap, to }, past, world }) {
    const subject = `pmap ${pmap}`
    if (past.converted.has(pmap)) return { subject, sentence: `it is converted to ${to} once more` }
    const tables = world.memory.tableCount(pmap)
    return tables === 0
      ? null
      : { subject, sentence: `it is converted to ${to} with ${counted(tables, 'page table')} in it` }
  },
})

/**
 * Pages that one call may look at under a pmap's mutex, whatever the size of the VM: those of 256 MiB. What the bound is
 * does not matter; that a call goes over it with the size of the VM does.
 */
const PMAP_WORK_MAX = 65_536

/** Pages that pmap_remove() visits: EPT walks to each page of the range and one more, the others to what is there. */
function pagesVisited(
  kind: Pmap['kind'],
  { first, last, pages }: { first: number; last: number; pages: number },
): number {
  return kind === 'ept' ? Math.ceil((last - first) / PAGE_SIZE) + 1 : pages
}

const pmapMutexIsHeldBriefly = rule(
  {
    id: 'I73',
    name: 'pmap-mutex-is-held-briefly',
    source: 'pmap_remove_ept(): pm_mtx is held over the loop, whether or not there is a leaf; pmap_do_remove()',
    on: ['pmap.removed'],
    counterexample({ event, world }) {
      const record = world.pmaps[event.pmap]
      if (record?.owner.kind !== 'nested') return null
      const visited = pagesVisited(record.kind, event)
      if (visited <= PMAP_WORK_MAX) return null
      return {
        subject: `vm ${record.owner.vm}`,
        sentence: `pmap_remove() visited ${counted(visited, 'page')} under pm_mtx, of which ${event.pages} had a leaf; ${PMAP_WORK_MAX} are allowed`,
      }
    },
  },
  'warning',
)

export const tableRules: readonly AnyRule[] = [
  pmapMutexIsHeldBriefly,
  removeTakesOnlyItsRange,
  removeTakesAllOfItsRange,
  pmapEmptyWhenDestroyed,
  freedObjectHasNoNestedLeaf,
  pmapConvertsOnceAndEmpty,
]

/** Judged when a step ends that removed something below the table page. A table that a failed enter left is not one of them. */
export const emptiedTableIsFreed: AnyRule = rule({
  id: 'I13b',
  name: 'emptied-table-is-freed',
  source: 'pmap_remove_ept(), pmap_do_remove(): a page table without an entry goes with its last leaf',
  on: [],
  counterexample: () => null,
})

/** The table page of `level` above `page`, when it should have gone. */
export function emptyTableAt(world: World, pmap: number, page: number, level: Level): Finding | null {
  const table = world.memory.tableAt(pmap, page, level)
  if (table === null || table.children > 0) return null
  const where = subjectText(world, 'leaf', pmap, table.page)
  return {
    subject: where,
    sentence: `the page table of level ${level} in frame ${table.frame} was emptied and is still there`,
  }
}
