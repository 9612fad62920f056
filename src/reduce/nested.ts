/** Makes events of the map of guest-physical space true. @see events/nested.ts */
import type { Gpa } from '../../events/address.ts'
import { Defect } from '../../events/defect.ts'
import { unreachable } from '../../events/event.ts'
import type { VmRef } from '../../events/ids.ts'
import type { NestedEvent } from '../../events/nested.ts'
import type { Memory } from '../model/memory.ts'
import type { Entry } from '../model/world.ts'
import type { Draft, WorldDraft } from './draft.ts'
import { vmOf } from './lookup.ts'
import { wirePage } from './object.ts'
import { absorbReference } from './space.ts'

function spaceOf(world: WorldDraft, vm: VmRef): Draft<Entry<Gpa>>[] {
  const { space } = vmOf(world, vm)
  if (space === null) throw new Defect('RED004', `an event names the nested map of vm ${vm}, which has none`, world.seq)
  return space
}

function insert(entries: Draft<Entry<Gpa>>[], entry: Draft<Entry<Gpa>>): void {
  const at = entries.findIndex(({ start }) => start > entry.start)
  entries.splice(at < 0 ? entries.length : at, 0, entry)
}

export function reduceNested(world: WorldDraft, event: NestedEvent, memory: Memory): void {
  switch (event.type) {
    case 'nested.created':
      vmOf(world, event.vm).space = []
      return
    case 'nested.mapped': {
      const { vm, start, size, object, offset, conceal, inherit, thread } = event
      insert(spaceOf(world, vm), { start, size, object, offset, immutable: false, conceal, inherit })
      absorbReference(world, object, thread)
      return
    }
    case 'nested.removed': {
      const entries = spaceOf(world, event.vm)
      entries.splice(
        entries.findIndex(({ start }) => start === event.start),
        1,
      )
      return
    }
    case 'nested.freed':
      vmOf(world, event.vm).space = null
      return
    case 'nested.wired':
      wirePage(memory, event.frame, event.wires)
      return
    case 'nested.refused':
    case 'nested.hollow':
    case 'share.refused':
      return
    default:
      unreachable(event)
  }
}
