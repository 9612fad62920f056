/**
 * A private plain copy of the records of a world, for recipes to write to. Records hold numbers, strings, bigints
 * and other records; memory is passed on as it is.
 */
import type { MemoryReader } from '../model/memory.ts'
import type { World } from '../model/world.ts'
import type { WorldDraft } from './draft.ts'

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const out: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) out[key] = copy(inner)
  return out
}

/** The copy of `world` over `memory`. Commands and replies are shared: nothing writes to them. */
export function cloneWorld(world: World, memory: MemoryReader): WorldDraft {
  const { memory: _, ...records } = world
  return { ...(copy(records) as Omit<WorldDraft, 'memory'>), memory } as WorldDraft
}
