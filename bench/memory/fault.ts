/**
 * The slow path of a nested fault, as a driver replays it: one version for each event.
 */

import { VersionedMemory } from '../../src/model/memory/versioned.ts'
import { LEAF_EXECUTE, LEAF_READ, LEAF_TRACKED, LEAF_WRITE, type Level, packLeaf } from '../../src/model/memory.ts'

/** 64 GiB. */
export const HOST_FRAMES = 2 ** 24
const PROCESS = 1
const NESTED = 2
const OBJECT = 1
/** Where the process maps the guest's memory. */
const HVA_PAGE = 0x40000
const ALL = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE

export type FaultWorld = { readonly memory: VersionedMemory; frame: number; version: number }

export function newWorld(): FaultWorld {
  const memory = new VersionedMemory(HOST_FRAMES)
  const world = { memory, frame: 0, version: 0 }
  for (const pmap of [PROCESS, NESTED]) {
    memory.begin(++world.version)
    memory.takeFrame(world.frame, 'table', pmap, 0)
    memory.createPmap(pmap, world.frame++)
  }
  return world
}

export function faultInto(world: FaultWorld, page: number): void {
  const { memory } = world
  const frame = world.frame++
  memory.begin(++world.version)
  memory.takeFrame(frame, 'object', OBJECT, page)
  memory.setResident(OBJECT, page, frame)

  const hva = HVA_PAGE + page
  if (memory.missingTables(PROCESS, hva) > 0) addTables(world, PROCESS, hva)
  memory.begin(++world.version)
  memory.setLeaf(PROCESS, hva, 1, packLeaf(frame, LEAF_READ + LEAF_WRITE + LEAF_TRACKED))
  memory.addPv(frame, PROCESS, hva)

  memory.begin(++world.version)
  memory.setWireCount(frame, 1)
  memory.setQueue(frame, 'none')

  if (memory.missingTables(NESTED, page) > 0) addTables(world, NESTED, page)
  memory.begin(++world.version)
  memory.setLeaf(NESTED, page, 1, packLeaf(frame, ALL))
}

function addTables(world: FaultWorld, pmap: number, page: number): void {
  const { memory } = world
  for (let level = memory.missingTables(pmap, page); level > 0; level--) {
    memory.begin(++world.version)
    memory.takeFrame(world.frame, 'table', pmap, 0)
    memory.addTable(pmap, page, level as Level, world.frame++)
  }
}
