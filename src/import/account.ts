/**
 * The account of an imported run: what ran, what was mapped when, what was torn down in which order, what was left.
 * A fold over the facts; the page counts come from the replay.
 */
import { addressOf } from '../../events/address.ts'
import type { TraceTime } from './ftrace/line.ts'
import type { FaultOutcome, KvmFact } from './kvm/fact.ts'

/** One shape that a slot had, from its creation to its deletion. */
export type SlotAccount = {
  readonly as: number
  readonly slot: number
  readonly gpa: number
  readonly size: number
  readonly hva: number | null
  readonly from: number
  to: number | null
  /** Leaves entered for pages of it, and when the first and the last were. */
  entered: number
  firstEntered: TraceTime | null
  lastEntered: TraceTime | null
}

/** One step of a VM's end. Equal steps in a row are one, `times` over. */
export type EndStep = { readonly line: number; readonly what: string; times: number }

export type VmAccount = {
  readonly vm: number
  readonly process: number | null
  readonly created: number
  /** Its creation is in the trace. */
  readonly seen: boolean
  ended: number | null
  vcpus: number
  readonly slots: SlotAccount[]
  refused: number
  readonly exits: Map<string, number>
  readonly faults: Map<'read' | 'write' | 'execute', number>
  readonly outcomes: Map<FaultOutcome, number>
  tables: number
  leaves: number
  removed: number
  readonly end: EndStep[]
  /** What the tables still held when the VM was gone. */
  left: { readonly leaves: number; readonly tables: number } | null
}

function bump<Key>(map: Map<Key, number>, key: Key): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}

/** Adds up the facts, VM by VM. */
export class Accounts {
  readonly #vms = new Map<number, VmAccount>()

  /** In order of appearance. */
  get vms(): readonly VmAccount[] {
    return [...this.#vms.values()]
  }

  take(fact: KvmFact): void {
    if (fact.type === 'vm.created' || fact.type === 'vm.found') {
      if (fact.vm !== null) this.#vms.set(fact.vm, begun(fact.vm, fact.process, fact.line, fact.type === 'vm.created'))
      return
    }
    const account = 'vm' in fact && fact.vm !== null ? this.#vms.get(fact.vm) : undefined
    if (account !== undefined) takeOf(account, fact)
  }
}

function begun(vm: number, process: number | null, created: number, seen: boolean): VmAccount {
  return {
    vm,
    process,
    created,
    seen,
    ended: null,
    vcpus: 0,
    slots: [],
    refused: 0,
    exits: new Map(),
    faults: new Map(),
    outcomes: new Map(),
    tables: 0,
    leaves: 0,
    removed: 0,
    end: [],
    left: null,
  }
}

function endStep(account: VmAccount, line: number, what: string): void {
  const last = account.end.at(-1)
  if (last?.what === what) last.times += 1
  else account.end.push({ line, what, times: 1 })
}

function slotAt(account: VmAccount, as: number, gpa: number): SlotAccount | undefined {
  return account.slots.findLast((slot) => slot.as === as && gpa >= slot.gpa && gpa < slot.gpa + slot.size)
}

function close(account: VmAccount, as: number, slot: number, line: number): void {
  const open = account.slots.findLast((one) => one.as === as && one.slot === slot && one.to === null)
  if (open !== undefined) open.to = line
}

function takeOf(account: VmAccount, fact: KvmFact): void {
  switch (fact.type) {
    case 'vcpu.created':
    case 'vcpu.found':
      account.vcpus += 1
      return
    case 'slot.created':
    case 'slot.moved': {
      close(account, fact.as, fact.slot, fact.line)
      const { as, slot, gpa, size, hva, line } = fact
      account.slots.push({
        as,
        slot,
        gpa,
        size,
        hva,
        from: line,
        to: null,
        entered: 0,
        firstEntered: null,
        lastEntered: null,
      })
      return
    }
    case 'slot.deleted':
      close(account, fact.as, fact.slot, fact.line)
      endStep(account, fact.line, `slot ${fact.slot} deleted`)
      return
    case 'slot.refused':
      account.refused += 1
      return
    case 'vcpu.exited':
      bump(account.exits, fact.reason)
      return
    case 'guest.faulted':
      bump(account.faults, fact.access)
      return
    case 'fault.resolved':
      bump(account.outcomes, fact.outcome)
      return
    case 'table.linked':
      account.tables += 1
      return
    case 'leaf.entered': {
      account.leaves += 1
      const slot = slotAt(account, fact.as, addressOf(fact.gfn))
      if (slot === undefined) return
      slot.entered += 1
      slot.firstEntered ??= fact.time
      slot.lastEntered = fact.time
      return
    }
    case 'leaf.removed':
      account.removed += 1
      return
    case 'descriptor.closed':
      endStep(account, fact.line, fact.vcpu === null ? 'VM descriptor closed' : `vCPU ${fact.vcpu} descriptor closed`)
      return
    case 'runpage.unmapped':
      endStep(account, fact.line, `run page of vCPU ${fact.vcpu} unmapped`)
      return
    case 'vm.released':
      endStep(account, fact.line, 'VM file released')
      return
    case 'vcpu.released':
      endStep(account, fact.line, 'vCPU file released')
      return
    case 'mappings.dropped':
      endStep(account, fact.line, 'tables given up')
      return
    case 'teardown.reached':
      endStep(account, fact.line, fact.step)
      return
    case 'vm.ended':
      account.ended = fact.line
      account.left = { leaves: fact.leaves, tables: fact.tables }
      return
    default:
      return
  }
}
