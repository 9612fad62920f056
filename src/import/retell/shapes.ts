/**
 * The shapes that a VM's slots ever have. The model tells a VM with its ranges; KVM's slots come, move
 * and go, so that each place where a slot ever was is a range, in the order of their coming.
 */
import type { Bytes, Gpa } from '../../../events/address.ts'
import type { MemoryRange } from '../../../events/vm.ts'
import type { KvmFact, SlotShape } from '../kvm/fact.ts'

export type Shape = { readonly key: string; readonly range: MemoryRange }

/** The shapes of every VM of a trace, by the VM's number. */
export function shapesOf(facts: readonly KvmFact[]): ReadonlyMap<number, readonly Shape[]> {
  const shapes = new Map<number, Shape[]>()
  for (const fact of facts) {
    if ((fact.type !== 'slot.created' && fact.type !== 'slot.moved') || fact.vm === null) continue
    const known = shapes.get(fact.vm) ?? []
    shapes.set(fact.vm, known)
    const key = shapeKey(fact.as, fact.slot, fact)
    if (!known.some((shape) => shape.key === key)) known.push({ key, range: rangeOf(fact) })
  }
  return shapes
}

/** Names a shape within its VM. */
export function shapeKey(as: number, slot: number, { gpa, size, hva }: SlotShape): string {
  return `${as}/${slot}/${gpa}/${size}/${hva}`
}

/** memtype 0: all of KVM's slots are memory. */
function rangeOf({ gpa, size, hva }: SlotShape): MemoryRange {
  return { gpa: gpa as Gpa, size: size as Bytes, memtype: 0, hint: hva ?? 0 }
}
