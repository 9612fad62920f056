/**
 * Worlds that compare: the records by their values, memory by its contents.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import type { Recorded } from '../../events/event.ts'
import { dumpOf } from '../../src/model/memory/dump.ts'
import type { MemoryReader } from '../../src/model/memory.ts'
import type { World } from '../../src/model/world.ts'

function memoryText(memory: MemoryReader): string {
  const { framesMax, ...parts } = dumpOf(memory)
  return `${framesMax} ${Object.values(parts).map((bytes) => Buffer.from(bytes).toString('base64'))}`
}

function recordsOf({ memory: _, ...records }: World): Omit<World, 'memory'> {
  return records
}

/** All of a world as text, so that it can be seen whether it has changed since. */
export function worldText(world: World): string {
  const records = JSON.stringify(recordsOf(world), (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner))
  return `${records}\n${memoryText(world.memory)}`
}

/** Holds two values to each other. chai tells a difference well but slowly; it is asked only when there is one. */
export function expectSame(found: unknown, wanted: unknown, where: string): void {
  if (!isDeepStrictEqual(found, wanted)) expect(found, where).to.deep.equal(wanted)
}

export function expectSameWorld(found: World, wanted: World, where: string): void {
  expectSame(recordsOf(found), recordsOf(wanted), where)
  expect(memoryText(found.memory), `memory ${where}`).to.equal(memoryText(wanted.memory))
}

export function expectSameEvents(found: readonly Recorded[], wanted: readonly Recorded[], where: string): void {
  if (isDeepStrictEqual(found, wanted)) return
  for (const [i, one] of wanted.entries()) expectSame(found[i], one, `${where}, event ${one.seq}`)
  expect(found.length, `${where}: how many events`).to.equal(wanted.length)
}

/** Freezes a value with all that it holds, so that a later write to it throws. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner)
  return value
}
