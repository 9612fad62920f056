/**
 * Who wired a page: the ledger behind wire_count, which is one number for faults of guests, which nothing undoes, and for
 * locks of processes and of the PSP's driver, which have an end. The kernel keeps no such ledger. This one is learnt from
 * the events: a wiring costs a few writes to an array.
 *
 * Source: uvm_fault_wire() of uvm_fault.c; uvm_map_pageable() of uvm_map.c; vm_teardown() of vmm.c.
 */
import { pageOf } from '../../events/address.ts'
import type { VmRef } from '../../events/ids.ts'
import { holdingsOf } from '../model/backing.ts'
import type { World } from '../model/world.ts'
import type { CallRecord } from './calls.ts'
import { counted, frameText } from './facts.ts'
import { type AnyRule, type Finding, rule } from './invariant.ts'

/** Frames of one part of the ledger. */
const PART = 4096
const FIELDS = 3

/** Calls whose wirings are counted by map entries, and have an end. */
function locks(call: CallRecord | null): boolean {
  const type = call?.command.type
  return type === 'host.mlock' || type === 'psp.launchupdate'
}

/** How often entries count the page as wired: wired_count of all that map it. */
function entryWirings({ processes }: World, object: number, index: number): number {
  let wirings = 0
  for (const { entries } of Object.values(processes)) {
    for (const { object: mapped, offset, size, wired } of entries) {
      if (mapped === object && index >= offset && index < offset + pageOf(size)) wirings += wired
    }
  }
  return wirings
}

/** The VM that has a page in its guest-physical space, 0 for none. */
function holderOf({ vms }: World, object: number, index: number): number {
  for (const vm of Object.values(vms)) {
    for (const { object: held, offset, pages } of holdingsOf(vm))
      if (held === object && index >= offset && index < offset + pages) return vm.ref
  }
  return 0
}

export class Wirings {
  /** For each frame: wirings by faults, wirings by locks, and the VM whose guest's fault was the last. */
  readonly #parts: Int32Array[] = []
  /** Pages whose wirings by faults are a VM's. */
  readonly #pages = new Map<VmRef, number>()

  /** @param world joined here: what entries do not count is taken for faults of the guest that has the page. */
  constructor(world: World) {
    const { memory } = world
    for (const object of memory.objects()) {
      memory.eachResident(object, (index, frame) => {
        const wires = memory.wireCount(frame)
        if (wires === 0) return
        const locked = Math.min(wires, entryWirings(world, object, index))
        this.#add(frame, 1, locked)
        const vm = holderOf(world, object, index)
        for (let fault = locked; fault < wires; fault += 1) this.#fault(frame, vm)
      })
    }
  }

  #part(frame: number): Int32Array {
    const number = Math.floor(frame / PART)
    this.#parts[number] ??= new Int32Array(PART * FIELDS)
    return this.#parts[number]
  }

  #add(frame: number, field: number, more: number): void {
    const part = this.#part(frame)
    const at = (frame % PART) * FIELDS + field
    part[at] = (part[at] as number) + more
  }

  #get(frame: number, field: number): number {
    return this.#parts[Math.floor(frame / PART)]?.[(frame % PART) * FIELDS + field] ?? 0
  }

  /** Wirings of a frame that faults of guests made. */
  faultsOf(frame: number): number {
    return this.#get(frame, 0)
  }

  /** Wirings of a frame that were made for mlock(2) or the PSP and not undone. */
  locksOf(frame: number): number {
    return this.#get(frame, 1)
  }

  /** The vmm term of a VM, gone or not: pages that faults of its guest have wired and that are wired still. */
  pagesOf(vm: VmRef): number {
    return this.#pages.get(vm) ?? 0
  }

  #fault(frame: number, vm: number): void {
    const before = this.#get(frame, 2)
    if (before !== vm) this.#move(frame, before, vm)
    this.#add(frame, 0, 1)
  }

  /** The page's wirings are another VM's. */
  #move(frame: number, from: number, to: number): void {
    if (from !== 0) this.#pages.set(from as VmRef, this.pagesOf(from as VmRef) - 1)
    if (to !== 0) this.#pages.set(to as VmRef, this.pagesOf(to as VmRef) + 1)
    this.#part(frame)[(frame % PART) * FIELDS + 2] = to
  }

  /** page.wired, nested.wired: by a fault of the guest of the VM that the call has found, or by a lock. */
  wired(frame: number, call: CallRecord | null): void {
    if (locks(call)) this.#add(frame, 1, 1)
    else this.#fault(frame, call?.vm ?? 0)
  }

  /** page.unwired: a lock's, as long as there is one. */
  unwired(frame: number): void {
    if (this.locksOf(frame) > 0) this.#add(frame, 1, -1)
    else if (this.faultsOf(frame) > 0) {
      this.#add(frame, 0, -1)
      if (this.faultsOf(frame) === 0) this.#move(frame, this.#get(frame, 2), 0)
    }
  }

  /** page.freed: whatever was wired is not. */
  freed(frame: number): void {
    const part = this.#parts[Math.floor(frame / PART)]
    if (part === undefined) return
    const at = (frame % PART) * FIELDS
    if ((part[at + 2] as number) !== 0) this.#move(frame, part[at + 2] as number, 0)
    part[at] = 0
    part[at + 1] = 0
  }
}

const wireCountEqualsWirings = rule({
  id: 'I09',
  name: 'wire-count-equals-wirings',
  source:
    'uvm_fault_wire(), uvm_pageunwire(): wire_count is the sum of faults of guests and of active locks; a lock undoes its own wiring and no other',
  on: ['page.wired', 'nested.wired', 'page.unwired'],
  counterexample({ event, world, past, call }) {
    const { frame, wires } = event
    const { wirings } = past
    const faults = wirings.faultsOf(frame)
    const locked = wirings.locksOf(frame)
    const subject = `frame ${frame}`
    const found = `${frameText(world, frame)}: wire_count is ${wires}`
    const made = `${counted(faults, 'fault')} of a guest and ${counted(locked, 'lock')}`
    if (event.type !== 'page.unwired') {
      if (wires === faults + locked + 1) return null
      return { subject, sentence: `${found}; before, ${made} had wired it` }
    }
    if (locked === 0)
      return { subject, sentence: `${found}; no lock had wired it, ${counted(faults, 'fault')} of a guest had` }
    if (wires !== faults + locked - 1) return { subject, sentence: `${found}; before, ${made} had wired it` }
    // A wiring that failed is undone page by page before its entries count one less.
    const counts = entryWirings(world, world.memory.owner(frame), world.memory.pageIndex(frame))
    if (locked - 1 <= counts) return null
    const by = call?.command.type ?? 'nobody'
    return {
      subject,
      sentence: `${found}; ${by} takes one of ${counted(locked, 'lock')}, and entries count ${counts} of them from here on`,
    }
  },
})

/** Judged at rest, of VMs that were freed before: until then whoever maps their pages may be on its way out as well. */
export const wiringsEndWithTheirVm: AnyRule = rule({
  id: 'I09',
  name: 'wirings-end-with-their-vm',
  source: 'vm_teardown(): uvm_fault_wire() has no counterpart; only the end of a page undoes what a guest fault wired',
  on: [],
  counterexample: () => null,
})

/** What the faults of a guest have left wired whose VM is gone; null where nothing. */
export function wiringsLeftBy(wirings: Wirings, vm: VmRef): Finding | null {
  const pages = wirings.pagesOf(vm)
  if (pages === 0) return null
  const stay = pages === 1 ? 'stays' : 'stay'
  return {
    subject: `vm ${vm}`,
    sentence: `the VM is gone, and ${counted(pages, 'page')} ${stay} wired by faults of its guest`,
  }
}

export const wiringRules: readonly AnyRule[] = [wireCountEqualsWirings, wiringsEndWithTheirVm]
