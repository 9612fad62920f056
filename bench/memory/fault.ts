/**
 * The slow path of a nested fault, as a replay makes it: one version for each event, and what the
 * events say is known beforehand.
 */
import {
  LEAF_EXECUTE,
  LEAF_READ,
  LEAF_TRACKED,
  LEAF_WRITE,
  type Level,
  type Memory,
  packLeaf,
} from '../../src/model/memory.ts'

/** 64 GiB, and what its tables take. */
export const HOST_FRAMES = 2 ** 24 + 2 ** 18
const PROCESS = 1
export const NESTED = 2
const OBJECT = 1
/** Where the process maps the guest's memory. */
const HVA_PAGE = 0x40000
const ALL = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE

/** A run of faults, one for each page. */
export type Faults = {
  readonly pages: Uint32Array
  /** How many tables each fault adds to the process's pmap, and four times how many to the nested one. */
  readonly tables: Uint8Array
}

/** Finds out where tables are missing, which the events of a run say. */
export function faultsOf(pages: Uint32Array): Faults {
  const tables = new Uint8Array(pages.length)
  const seen = new Set<string>()
  const missing = (pmap: number, page: number): number => {
    let count = 0
    for (const level of [1, 2, 3]) {
      const place = `${pmap}/${level}/${Math.floor(page / 512 ** level)}`
      if (seen.has(place)) break
      seen.add(place)
      count++
    }
    return count
  }
  pages.forEach((page, at) => {
    tables[at] = missing(PROCESS, HVA_PAGE + page) + 4 * missing(NESTED, page)
  })
  return { pages, tables }
}

/** Makes all the faults. */
export function replay(memory: Memory, { pages, tables }: Faults): void {
  let version = memory.version
  let frame = 0
  for (const pmap of [PROCESS, NESTED]) {
    memory.begin(++version)
    memory.takeFrame(frame, 'table', pmap, 0)
    memory.createPmap(pmap, frame++)
  }
  const addTables = (pmap: number, page: number, count: number): void => {
    for (let level = count; level > 0; level--) {
      memory.begin(++version)
      memory.takeFrame(frame, 'table', pmap, 0)
      memory.addTable(pmap, page, level as Level, frame++)
    }
  }
  for (let at = 0; at < pages.length; at++) {
    const page = pages[at]!
    const added = tables[at]!
    const own = frame++
    memory.begin(++version)
    memory.takeFrame(own, 'object', OBJECT, page)
    memory.setResident(OBJECT, page, own)

    const hva = HVA_PAGE + page
    if (added % 4 > 0) addTables(PROCESS, hva, added % 4)
    memory.begin(++version)
    memory.setLeaf(PROCESS, hva, 1, packLeaf(own, LEAF_READ + LEAF_WRITE + LEAF_TRACKED))
    memory.addPv(own, PROCESS, hva)

    memory.begin(++version)
    memory.setWireCount(own, 1)
    memory.setQueue(own, 'none')

    if (added > 3) addTables(NESTED, page, Math.floor(added / 4))
    memory.begin(++version)
    memory.setLeaf(NESTED, page, 1, packLeaf(own, ALL))
  }
}
