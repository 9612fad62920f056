/**
 * A private plain copy of the records of a world, for recipes to write to. Records hold numbers, strings, bigints
 * and other records; memory is passed on as it is.
 */
import type { MemoryReader } from '../model/memory.ts'
import type { World } from '../model/world.ts'
import type { WorldDraft } from './draft.ts'

/**
 * Each record is spread first and its inner records are replaced after, so that a copy has the shape of the original:
 * one that is put together key by key is a dictionary to the engine, and every look at it slow.
 */
function copy<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy) as Value
  const out = { ...value }
  for (const key in out) {
    const inner = out[key]
    if (typeof inner === 'object' && inner !== null) out[key] = copy(inner)
  }
  return out
}

/** The copy of `world` over `memory`. */
export function cloneWorld(world: World, memory: MemoryReader): WorldDraft {
  const records: Record<string, unknown> = { ...world, memory }
  for (const key in records) if (key !== 'memory') records[key] = copy(records[key])
  return records as WorldDraft
}
