/**
 * What the world after an event no longer shows of the world before it, as far as a rule asks for it. It is learnt from
 * the events themselves, so that nobody has to keep the world before.
 */
import { pageOf } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { Pid, ThreadId, VmRef } from '../../events/ids.ts'
import type { TableLevel } from '../../events/pmap.ts'
import type { MapEntry, World } from '../model/world.ts'
import { Calls } from './calls.ts'
import { FlatMemory } from './flat.ts'
import { Wirings } from './wirings.ts'

/** Pages of one page table. */
const TABLE_PAGES = 512

/** A nested leaf that names a page which was freed under it. */
export type Stale = { readonly object: number; readonly pmap: number; readonly page: number }

export class Past {
  readonly calls = new Calls()
  /** What reads must find. */
  readonly flat: FlatMemory
  /** Whose a guest's memory is, where somebody knows the design. */
  readonly memoryFrom: 'vmm' | 'creator' | null
  /** Who wired which page. */
  readonly wirings: Wirings
  readonly converted = new Set<number>()
  readonly torn = new Set<VmRef>()
  vmIdx: number
  /** Leaves removed from a nested pmap in this step: the lowest and the highest page. */
  readonly cleared = { pmap: 0, first: 0, last: 0 }
  /** Table pages that lost an entry in this step: pmap, page and level of each. */
  readonly emptied: { pmap: number; page: number; level: TableLevel }[] = []
  /** Nested leaves that lost their page in this step. */
  readonly stale: Stale[] = []
  readonly #leaves: number[] = []
  readonly #pages: number[] = []
  readonly #refs = new Map<number, number>()
  readonly #entries = new Map<Pid, readonly MapEntry[]>()
  #lastPmap = -1
  #lastTable = -1

  constructor(world: World, memoryFrom: 'vmm' | 'creator' | null = null) {
    this.flat = new FlatMemory(world)
    this.memoryFrom = memoryFrom
    this.vmIdx = world.softc.vmIdx
    this.wirings = new Wirings(world)
    for (const { ref, kind } of Object.values(world.pmaps)) {
      this.#leaves[ref] = world.memory.leafCount(ref)
      if (kind !== 'normal') this.converted.add(ref)
    }
    for (const { ref, life } of Object.values(world.vms)) if (life === 'tearing') this.torn.add(ref)
    for (const { ref, refs } of Object.values(world.objects)) {
      this.#pages[ref] = world.memory.residentCount(ref)
      this.#refs.set(ref, refs)
    }
    for (const { pid } of Object.values(world.processes)) this.#keepEntries(world, pid)
  }

  /** Leaves of a pmap before this event. */
  leavesOf(pmap: number): number {
    return this.#leaves[pmap] ?? 0
  }

  /** Pages of an object that were resident before this event. */
  residentOf(object: number): number {
    return this.#pages[object] ?? 0
  }

  /** uo_refs before this event; undefined for an object that is freed. */
  refsOf(object: number): number | undefined {
    return this.#refs.get(object)
  }

  /** The map of a process before this step. */
  entriesOf(pid: Pid): readonly MapEntry[] {
    return this.#entries.get(pid) ?? []
  }

  #keepEntries(world: World, pid: Pid): void {
    const process = world.processes[pid]
    if (process === undefined) this.#entries.delete(pid)
    else
      this.#entries.set(
        pid,
        process.entries.map((entry) => ({ ...entry })),
      )
  }

  /** An event has become true and was judged. */
  learn(event: VmmEvent, thread: ThreadId | null, world: World): void {
    switch (event.type) {
      case 'pmap.entered':
        if (event.old < 0) this.#leaves[event.pmap] = this.leavesOf(event.pmap) + 1
        return
      case 'pmap.cleared':
        this.#clear(event.pmap, pageOf(event.va), world)
        return
      case 'table.freed':
        // A parent has lost an entry as well.
        if (event.level < 3)
          this.emptied.push({ pmap: event.pmap, page: pageOf(event.va), level: event.level === 1 ? 2 : 3 })
        return
      case 'page.allocated':
        this.#pages[event.object] = this.residentOf(event.object) + 1
        return
      case 'page.freed':
        this.#pages[event.object] = this.residentOf(event.object) - 1
        this.wirings.freed(event.frame)
        this.flat.judge(event, world, thread)
        return
      case 'memory.written':
      case 'word.written':
      case 'page.copied':
        this.flat.judge(event, world, thread)
        return
      case 'memory.read':
      case 'word.read':
        return
      case 'page.wired':
      case 'nested.wired':
        this.wirings.wired(event.frame, this.calls.get(thread))
        return
      case 'page.unwired':
        this.wirings.unwired(event.frame)
        return
      case 'table.added':
      case 'vcpu.faulted':
      case 'vcpu.entered':
      case 'fault.translated':
      case 'pmap.extracted':
      case 'vmcs.reloaded':
        return
      case 'pmap.created':
        this.#leaves[event.pmap] = 0
        return
      case 'pmap.destroyed':
        this.#leaves[event.pmap] = 0
        this.converted.delete(event.pmap)
        return
      case 'pmap.converted':
        this.converted.add(event.pmap)
        return
      case 'vm.registered':
        this.vmIdx = event.id
        break
      case 'vm.teardownBegun':
        this.torn.add(event.vm)
        return
      case 'vm.freed':
        this.torn.delete(event.vm)
        return
      case 'object.freed':
        this.flat.judge(event, world, thread)
        this.#pages[event.object] = 0
        this.#refs.delete(event.object)
        return
      case 'pmap.removed':
        // What the step removes from here on belongs to another range.
        this.cleared.pmap = 0
        return
      case 'object.created':
      case 'object.referenced':
      case 'object.released':
        this.#refs.set(event.object, world.objects[event.object]?.refs ?? 0)
        break
      default:
    }
    this.calls.learn(event, thread, world)
  }

  #clear(pmap: number, page: number, world: World): void {
    this.#leaves[pmap] = this.leavesOf(pmap) - 1
    const table = Math.floor(page / TABLE_PAGES)
    // One look at each table, when the step has ended; its leaves mostly go one after the other.
    if (pmap !== this.#lastPmap || table !== this.#lastTable) {
      this.#lastPmap = pmap
      this.#lastTable = table
      this.emptied.push({ pmap, page, level: 1 })
    }
    const { cleared } = this
    if (cleared.pmap === pmap) {
      if (page < cleared.first) cleared.first = page
      if (page > cleared.last) cleared.last = page
    } else if (world.pmaps[pmap]?.owner.kind === 'nested') {
      cleared.pmap = pmap
      cleared.first = page
      cleared.last = page
    }
  }

  /** The step has ended. `pids` are the processes whose maps it changed. */
  endStep(world: World, pids: Iterable<Pid>): void {
    this.cleared.pmap = 0
    this.#lastPmap = -1
    if (this.emptied.length > 0) this.emptied.length = 0
    if (this.stale.length > 0) this.stale.length = 0
    for (const pid of pids) this.#keepEntries(world, pid)
  }
}
