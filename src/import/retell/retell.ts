/**
 * Retells the facts of a KVM trace in the model's vocabulary, so that an imported run goes through
 * the same reducers, and is asked the same questions, as a run of the model.
 *
 * What is the same thing in both is retold as it is: vCPUs, exits, faults, tables, leaves. What is
 * done otherwise is told by its nearest kin:
 *
 * - KVM's VM file and each vCPU's file hold the VM; they are holders of `vm_refcnt`.
 * - KVM gives a whole tree of tables up and grows another; each tree is a nested pmap.
 * - KVM's slots come and go; each shape that a slot ever has is a range of the VM, and its life goes
 *   from `backed` to `mapped` and `abandoned`. It never gets to `held`: KVM takes no reference on
 *   the memory behind a slot, it follows the process that maps it.
 * - Roots and untold tables have frames that the trace does not name; they get the highest ones.
 *
 * A fact without a kin (holes, notes, unknowns, a line that could be about two VMs) is counted.
 */
import type { Bytes, Hva } from '../../../events/address.ts'
import type { VmmEvent } from '../../../events/event.ts'
import type { ObjectRef, VmRef } from '../../../events/ids.ts'
import type { TraceTime } from '../ftrace/line.ts'
import type { KvmFact, SlotShape } from '../kvm/fact.ts'
import { Processes } from './processes.ts'
import { type Shape, shapeKey, shapesOf } from './shapes.ts'
import { Telling } from './telling.ts'
import { Trees } from './trees.ts'

/** An event with the line that it comes from. */
export type Retold = { readonly line: number; readonly time: TraceTime; readonly event: VmmEvent }

/** Facts that have no event, by type. */
export type Unretold = ReadonlyMap<KvmFact['type'], number>

type VmRetold = {
  readonly ref: VmRef
  readonly process: number
  readonly shapes: readonly Shape[]
  readonly trees: Trees
  readonly vcpus: number[]
  /** vCPUs in KVM_RUN. */
  readonly running: Set<number>
  /** Holders of the VM, in the order in which they came. */
  readonly holders: string[]
  /** What each slot is now, by address space and slot: the index of its range, and its memory. */
  readonly slots: Map<string, { readonly index: number; readonly object: ObjectRef }>
  /** How many vCPUs were counted with it; null before it was registered. */
  counted: number | null
  torn: boolean
}

/**
 * Retells all facts, in order.
 *
 * @param facts of the whole trace: a VM's ranges are told with the VM, so that they must be known then.
 * @returns what could not be retold.
 */
export function* retell(facts: readonly KvmFact[]): Generator<Retold, Unretold> {
  const retelling = new Retelling(shapesOf(facts))
  for (const fact of facts) for (const event of retelling.take(fact)) yield { line: fact.line, time: fact.time, event }
  return retelling.unretold
}

class Retelling {
  readonly unretold = new Map<KvmFact['type'], number>()
  readonly #telling = new Telling()
  readonly #processes = new Processes(this.#telling)
  readonly #shapes: ReadonlyMap<number, readonly Shape[]>
  readonly #vms = new Map<number, VmRetold>()

  constructor(shapes: ReadonlyMap<number, readonly Shape[]>) {
    this.#shapes = shapes
  }

  take(fact: KvmFact): readonly VmmEvent[] {
    if (!this.#retold(fact)) this.unretold.set(fact.type, (this.unretold.get(fact.type) ?? 0) + 1)
    return this.#telling.told()
  }

  /** @returns false when nothing in the model is like the fact; so do all that follow. */
  #retold(fact: KvmFact): boolean {
    switch (fact.type) {
      case 'vm.created':
      case 'vm.found':
        return this.#allocated(fact.vm ?? 0, fact.process ?? 0)
      case 'process.exited':
        return this.#processes.exited(fact.process)
      case 'host.called': {
        const { addr, len } = fact.args
        if (fact.call !== 'munmap' || addr === undefined || len === undefined) return false
        return this.#processes.unmap(fact.process, Number(addr), Number(len), (object) => this.#isBacking(object))
      }
      default: {
        const vm = 'vm' in fact && fact.vm !== null ? this.#vms.get(fact.vm) : undefined
        return vm !== undefined && this.#ofVm(vm, fact)
      }
    }
  }

  #ofVm(vm: VmRetold, fact: KvmFact): boolean {
    switch (fact.type) {
      case 'vcpu.created':
      case 'vcpu.found':
        return this.#vcpuMade(vm, fact.vcpu)
      case 'run.begun':
        return this.#started(vm, fact.vcpu)
      case 'run.ended':
      case 'vcpu.returned':
        // The one is the system call's end, the other the last that KVM itself prints of it.
        this.#stopped(vm, fact.vcpu)
        return true
      case 'vcpu.entered':
        if (fact.vcpu === null || !this.#started(vm, fact.vcpu)) return false
        this.#telling.tell({ type: 'vcpu.entered', vm: vm.ref, vcpu: fact.vcpu })
        return true
      case 'vcpu.exited':
        if (fact.vcpu === null || !vm.vcpus.includes(fact.vcpu)) return false
        // A nested fault is told with its address by the line that follows.
        if (!/npf|NPF|EPT_VIOLATION/.test(fact.reason))
          this.#telling.tell({ type: 'vcpu.exited', vm: vm.ref, vcpu: fact.vcpu, reason: 'guest' })
        return true
      case 'guest.faulted':
        if (fact.vcpu === null || !vm.vcpus.includes(fact.vcpu) || fact.space === 'gva') return false
        this.#telling.tell({ type: 'vcpu.faulted', vm: vm.ref, vcpu: fact.vcpu, gpa: Number(fact.address) })
        return true
      case 'slot.created':
      case 'slot.moved':
        this.#abandoned(vm, `${fact.as}/${fact.slot}`)
        this.#slotMapped(vm, fact.as, fact.slot, fact)
        return true
      case 'slot.deleted':
        return this.#abandoned(vm, `${fact.as}/${fact.slot}`)
      case 'root.created':
        vm.trees.begun(fact.as, fact.root)
        return true
      case 'mappings.dropped':
        return vm.trees.gone(fact.as, fact.root)
      case 'table.linked':
        return vm.trees.tableAdded(fact)
      case 'table.removed':
        return vm.trees.tableFreed(fact)
      case 'leaf.entered':
      case 'leaf.changed':
        return vm.trees.entered(fact)
      case 'leaf.removed':
        return vm.trees.cleared(fact)
      case 'tlb.flushed':
        return vm.trees.flushed()
      case 'vm.released':
        this.#register(vm)
        return this.#released(vm, 'list')
      case 'vcpu.released':
        return this.#released(vm, fact.vcpu === null ? lastVcpuOf(vm) : holderOf(fact.vcpu))
      case 'teardown.reached':
        if (fact.step === 'destroy_vm') return this.#torn(vm)
        return fact.step === 'vcpu_destroy' && this.#vcpuGone(vm, fact.vcpu)
      case 'vm.ended':
        return this.#freed(vm)
      default:
        return false
    }
  }

  // ---------------------------------------------------------------- VMs

  #allocated(number: number, pid: number): boolean {
    this.#processes.of(pid)
    const ref = number as VmRef
    const shapes = this.#shapes.get(number) ?? []
    const ranges = shapes.map((shape) => shape.range)
    const memorySize = ranges.reduce((sum, range) => sum + range.size, 0) as Bytes
    this.#vms.set(number, {
      ref,
      process: pid,
      shapes,
      trees: new Trees(this.#telling, ref),
      vcpus: [],
      running: new Set(),
      holders: [],
      slots: new Map(),
      counted: null,
      torn: false,
    })
    this.#telling.tell({ type: 'vm.allocated', vm: ref, pid, name: `kvm${number}`, ranges, memorySize })
    return true
  }

  /** The model registers a VM when its vCPUs are there; KVM has it on its list from the beginning. */
  #register(vm: VmRetold): void {
    if (vm.counted !== null) return
    vm.counted = vm.vcpus.length
    this.#telling.tell({ type: 'vm.registered', vm: vm.ref, id: vm.ref })
    vm.holders.push('list')
    for (const vcpu of vm.vcpus) this.#referenced(vm, vcpu)
  }

  #referenced(vm: VmRetold, vcpu: number): void {
    const holder = holderOf(vcpu)
    vm.holders.push(holder)
    this.#telling.tell({ type: 'vm.referenced', vm: vm.ref, holder })
  }

  #released(vm: VmRetold, holder: string | null): boolean {
    if (holder === null || !vm.holders.includes(holder)) return false
    vm.holders.splice(vm.holders.indexOf(holder), 1)
    this.#telling.tell({ type: 'vm.released', vm: vm.ref, holder })
    return true
  }

  #torn(vm: VmRetold): boolean {
    if (vm.torn) return false
    this.#register(vm)
    vm.torn = true
    this.#telling.tell({ type: 'vm.unlinked', vm: vm.ref })
    this.#telling.tell({ type: 'vm.uncounted', vcpus: vm.counted ?? 0 })
    this.#telling.tell({ type: 'vm.teardownBegun', vm: vm.ref })
    return true
  }

  #freed(vm: VmRetold): boolean {
    if (!vm.torn) this.#torn(vm)
    for (const vcpu of [...vm.vcpus]) this.#vcpuGone(vm, vcpu)
    vm.trees.allGone()
    for (const key of [...vm.slots.keys()]) this.#abandoned(vm, key)
    this.#telling.tell({ type: 'vm.freed', vm: vm.ref })
    // What a torn recording says of it later is about nothing.
    this.#vms.delete(vm.ref)
    return true
  }

  // ---------------------------------------------------------------- vCPUs

  #vcpuMade(vm: VmRetold, vcpu: number | null): boolean {
    if (vcpu === null) return false
    this.#telling.tell({ type: 'vcpu.allocated', vm: vm.ref })
    this.#telling.tell({ type: 'vcpu.initialised', vm: vm.ref, vcpu })
    vm.vcpus.push(vcpu)
    if (vm.counted !== null) this.#referenced(vm, vcpu)
    return true
  }

  #started(vm: VmRetold, vcpu: number | null): boolean {
    if (vcpu === null || !vm.vcpus.includes(vcpu)) return false
    this.#register(vm)
    if (vm.running.has(vcpu)) return true
    vm.running.add(vcpu)
    this.#telling.tell({ type: 'vcpu.started', vm: vm.ref, vcpu })
    return true
  }

  #stopped(vm: VmRetold, vcpu: number | null): void {
    if (vcpu !== null && vm.running.delete(vcpu)) this.#telling.tell({ type: 'vcpu.stopped', vm: vm.ref, vcpu })
  }

  #vcpuGone(vm: VmRetold, vcpu: number | null): boolean {
    if (vcpu === null || !vm.vcpus.includes(vcpu)) return false
    this.#stopped(vm, vcpu)
    vm.vcpus.splice(vm.vcpus.indexOf(vcpu), 1)
    this.#telling.tell({ type: 'vcpu.deinitialised', vm: vm.ref, vcpu })
    this.#telling.tell({ type: 'vcpu.freed', vm: vm.ref })
    return true
  }

  // ---------------------------------------------------------------- slots

  #slotMapped(vm: VmRetold, as: number, slot: number, shape: SlotShape): void {
    const key = shapeKey(as, slot, shape)
    const index = vm.shapes.findIndex((known) => known.key === key)
    const { object, mapped } = this.#processes.objectAt(vm.process, shape.hva, shape.size)
    vm.slots.set(`${as}/${slot}`, { index, object })
    this.#telling.tell({ type: 'slot.backed', vm: vm.ref, slot: index, object })
    if (mapped && shape.hva !== null)
      this.#telling.tell({ type: 'slot.mapped', vm: vm.ref, slot: index, hva: shape.hva as Hva })
  }

  #abandoned(vm: VmRetold, key: string): boolean {
    const held = vm.slots.get(key)
    if (held === undefined) return false
    vm.slots.delete(key)
    this.#telling.tell({ type: 'slot.abandoned', vm: vm.ref, slot: held.index })
    return true
  }

  #isBacking(object: ObjectRef): boolean {
    for (const vm of this.#vms.values()) for (const slot of vm.slots.values()) if (slot.object === object) return true
    return false
  }
}

function holderOf(vcpu: number): string {
  return `vcpu ${vcpu}`
}

/** At the end of a process KVM's files are let go last opened first, and no line says which. */
function lastVcpuOf(vm: VmRetold): string | null {
  return vm.holders.findLast((holder) => holder !== 'list') ?? null
}
