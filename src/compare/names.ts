/**
 * What is called what on two runs of the same decisions: the addresses of processes, the ids of VMs, and the objects
 * behind memory.
 */
import { type Gpa, offset, PAGE_SIZE, pageOf, pagesOf, type Word64 } from '../../events/address.ts'
import type { ObjectRef, Pid, VmId, VmRef } from '../../events/ids.ts'
import { backingOf, holdingsOf } from '../model/backing.ts'
import type { Entry, MemoryObject, World } from '../model/world.ts'

/** [start, end) of a process of the one run begins at `to` in the other. */
type Stretch = { readonly start: number; readonly end: number; readonly to: number }

/** A page of an object, as commands name it. */
export type NamedPage = { readonly object: string; readonly page: number }

export class Names {
  /** Only where addresses differ: the others are the same on both. */
  readonly #stretches = new Map<Pid, readonly Stretch[]>()
  readonly #vms = new Map<VmRef, VmRef | null>()
  readonly #ids = new Map<VmId, VmId>()
  /** Objects that were ever found to be the same memory, by name; `shift` is what is added to a page's number. */
  readonly #objects = new Map<string, { readonly name: string; readonly shift: number }>()

  /** An address of a process, where it lies on the other run. */
  address(pid: Pid, va: Word64): Word64 {
    if (typeof va !== 'number') return va
    const found = this.#stretches.get(pid)?.find(({ start, end }) => va >= start && va < end)
    return found === undefined ? va : found.to + (va - found.start)
  }

  /** The same VM on the other run; 0, which no VM has as its id, where that has none. */
  vm(id: VmId): VmId {
    return this.#ids.get(id) ?? id
  }

  /** The VM that is the same on the other run; null where it was not made there, undefined where it is not known. */
  pairOf(vm: VmRef): VmRef | null | undefined {
    return this.#vms.get(vm)
  }

  /** `size` bytes of a process lie at `to` on the other run. */
  learnStretch(pid: Pid, from: Word64, to: Word64, size: Word64): void {
    if (typeof from !== 'number' || typeof to !== 'number' || typeof size !== 'number') return
    const end = from + size
    const others = (this.#stretches.get(pid) ?? []).flatMap((one) => without(one, from, end))
    this.#stretches.set(pid, from === to ? others : [...others, { start: from, end, to }])
  }

  /** A child has what its parent has. */
  learnFork(pid: Pid, child: Pid): void {
    this.#stretches.set(child, this.#stretches.get(pid) ?? [])
  }

  /** The address space of a process has gone. */
  forget(pid: Pid): void {
    this.#stretches.delete(pid)
  }

  /** A VM was made on the one run, and `other` by the same act on the other. Asked again as the two come further. */
  learnVm(
    one: { readonly world: World; readonly vm: VmRef },
    other: { readonly world: World; readonly vm: VmRef | null },
  ): void {
    this.#vms.set(one.vm, other.vm)
    const vm = one.world.vms[one.vm]
    if (vm === undefined || vm.id === 0) return
    const pair = other.vm === null ? undefined : other.world.vms[other.vm]
    this.#ids.set(vm.id, pair?.id ?? 0)
    if (pair === undefined) return
    for (const { object, offset: first, first: guest } of holdingsOf(vm)) {
      const found = backingOf(pair, guest)
      if (found === null) continue
      const [name, there] = [one.world.objects[object]?.name, other.world.objects[found.object]?.name]
      if (name !== undefined && there !== undefined)
        this.#objects.set(name, { name: there, shift: found.index - first })
    }
  }

  /** The same page of memory on the other run: where a process has it, where a VM has it, or as it was called before. */
  page(one: World, other: World, { object: name, page }: NamedPage): NamedPage {
    const object = Object.values(one.objects).find((candidate) => candidate.name === name)
    const found =
      object === undefined ? null : (this.#byProcess(one, other, object, page) ?? this.#byVm(one, other, object, page))
    if (found !== null) {
      this.#objects.set(name, { name: found.object, shift: found.page - page })
      return found
    }
    const known = this.#objects.get(name)
    return known === undefined ? { object: name, page } : { object: known.name, page: page + known.shift }
  }

  #byProcess(one: World, other: World, { ref }: MemoryObject, page: number): NamedPage | null {
    for (const { pid, entries } of Object.values(one.processes)) {
      for (const entry of entries) {
        if (!shows(entry, ref, page)) continue
        const va = this.address(pid, offset(entry.start, (page - entry.offset) * PAGE_SIZE))
        const there = other.processes[pid]?.entries.find(({ start, size }) => start <= va && va < offset(start, size))
        const found = there === undefined ? undefined : other.objects[there.object]
        if (found !== undefined && there !== undefined)
          return { object: found.name, page: there.offset + pagesOf(Number(va) - there.start) }
      }
    }
    return null
  }

  #byVm(one: World, other: World, { ref }: MemoryObject, page: number): NamedPage | null {
    for (const vm of Object.values(one.vms)) {
      const pair = other.vms[this.#vms.get(vm.ref) ?? 0]
      const held = holdingsOf(vm).find(
        (holding) => holding.object === ref && page >= holding.offset && page < holding.offset + holding.pages,
      )
      if (pair === undefined || held === undefined) continue
      const found = backingOf(pair, held.first + page - held.offset)
      const object = found === null ? undefined : other.objects[found.object]
      if (found !== null && object !== undefined) return { object: object.name, page: found.index }
    }
    return null
  }
}

function shows(
  { object, offset: first, size }: Pick<Entry<Gpa>, 'object' | 'offset' | 'size'>,
  ref: ObjectRef,
  page: number,
): boolean {
  return object === ref && page >= first && page < first + pageOf(size)
}

function without(one: Stretch, start: number, end: number): readonly Stretch[] {
  if (one.end <= start || one.start >= end) return [one]
  const head = one.start < start ? [{ ...one, end: start }] : []
  return one.end > end ? [...head, { start: end, end: one.end, to: one.to + (end - one.start) }] : head
}
