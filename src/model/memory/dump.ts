/**
 * The contents of a memory as bytes, and back. Everything is written in ascending order and as the
 * difference from what came before, so the bytes are few and depend on the contents alone: not on
 * the order of events, nor on which implementation holds them.
 */
import {
  type FrameUse,
  LEAF_FRAME,
  type Level,
  type Memory,
  type MemoryReader,
  type PageQueue,
  packLeaf,
} from '../memory.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { hash53 } from './hash.ts'
import { PAGES_MAX } from './limits.ts'

/** One stretch of bytes for each subject; msgpack stores them as they are. */
export type MemoryDump = {
  readonly framesMax: number
  readonly pmaps: Uint8Array
  readonly frames: Uint8Array
  readonly objects: Uint8Array
  /** What frames and swap hold; left out where all of it is zeros. */
  readonly contents?: Uint8Array
}

/** A memory that a dump can be loaded into. */
type Loadable = Memory & {
  restoreGeneration(frame: number, generation: number): void
  restoreSwapValue(object: number, index: number, value: number): void
}

const USES: readonly FrameUse[] = ['free', 'kernel', 'table', 'object']
const QUEUES: readonly PageQueue[] = ['none', 'active', 'inactive']

export function dumpOf(memory: MemoryReader): MemoryDump {
  const contents = dumpContents(memory)
  return {
    framesMax: memory.framesMax,
    pmaps: dumpPmaps(memory),
    frames: dumpFrames(memory),
    objects: dumpObjects(memory),
    ...(contents.length > 0 ? { contents } : {}),
  }
}

/** 53 bits of the contents. */
export function digestOf(dump: MemoryDump): number {
  let digest = dump.framesMax
  const parts = [dump.pmaps, dump.frames, dump.objects, ...(dump.contents === undefined ? [] : [dump.contents])]
  for (const part of parts) digest = hash53(part, digest)
  return digest
}

/**
 * Makes a new memory hold what a dump says.
 *
 * @throws Defect MEM022 when the bytes are damaged, or that of the first write that cannot be.
 */
export function fill(memory: Loadable, dump: MemoryDump): void {
  fillPmaps(memory, new ByteReader(dump.pmaps, 'pmaps'))
  fillFrames(memory, new ByteReader(dump.frames, 'frames'))
  fillObjects(memory, new ByteReader(dump.objects, 'objects'))
  if (dump.contents !== undefined) fillContents(memory, new ByteReader(dump.contents, 'contents'))
}

function dumpPmaps(memory: MemoryReader): Uint8Array {
  const out = new ByteWriter()
  let last = 0
  for (const pmap of memory.pmaps()) {
    out.number(pmap - last)
    last = pmap
    out.number(memory.rootFrame(pmap))
    out.number(memory.tableCount(pmap))
    let page = 0
    let frame = 0
    memory.eachTable(pmap, (table) => {
      out.number(table.level)
      out.number(table.page - page)
      out.signed(table.frame - frame)
      page = table.page
      frame = table.frame
    })
    out.number(memory.leafCount(pmap))
    page = 0
    frame = 0
    memory.eachLeaf(pmap, 0, PAGES_MAX, (at, packed, level) => {
      const flags = packed % LEAF_FRAME
      const own = (packed - flags) / LEAF_FRAME
      // Level and flags share a byte, since both are small.
      out.number(flags * 4 + level)
      out.number(at - page)
      out.signed(own - frame)
      page = at
      frame = own
    })
  }
  return out.done()
}

function fillPmaps(memory: Loadable, bytes: ByteReader): void {
  let pmap = 0
  while (!bytes.isAtEnd) {
    pmap += bytes.number()
    memory.createPmap(pmap, bytes.number())
    let page = 0
    let frame = 0
    for (let left = bytes.number(); left > 0; left--) {
      const level = levelOf(bytes.number(), bytes)
      page += bytes.number()
      frame += bytes.signed()
      memory.addTable(pmap, page, level, frame)
    }
    page = 0
    frame = 0
    for (let left = bytes.number(); left > 0; left--) {
      const shared = bytes.number()
      const level = levelOf(shared % 4, bytes)
      page += bytes.number()
      frame += bytes.signed()
      memory.setLeaf(pmap, page, level, packLeaf(frame, Math.floor(shared / 4)))
    }
  }
}

function levelOf(level: number, bytes: ByteReader): Level {
  if (level === 1 || level === 2 || level === 3) return level
  throw bytes.damaged(`level ${level}`)
}

function dumpFrames(memory: MemoryReader): Uint8Array {
  const out = new ByteWriter()
  let last = 0
  let lastIndex = 0
  let lastPage = 0
  memory.eachFrame((frame) => {
    out.number(frame - last)
    last = frame
    const marks = (memory.busy(frame) ? 1 : 0) + (memory.clean(frame) ? 2 : 0) + (memory.referenced(frame) ? 4 : 0)
    const pvs = memory.pvList(frame)
    out.number((marks * 3 + QUEUES.indexOf(memory.queue(frame))) * 4 + USES.indexOf(memory.use(frame)))
    out.number(memory.wireCount(frame))
    out.number(memory.generation(frame))
    out.number(memory.owner(frame))
    out.signed(memory.pageIndex(frame) - lastIndex)
    lastIndex = memory.pageIndex(frame)
    out.number(pvs.length)
    for (const { pmap, page } of pvs) {
      out.number(pmap)
      out.signed(page - lastPage)
      lastPage = page
    }
  })
  return out.done()
}

function fillFrames(memory: Loadable, bytes: ByteReader): void {
  let frame = 0
  let index = 0
  let page = 0
  while (!bytes.isAtEnd) {
    frame += bytes.number()
    const shared = bytes.number()
    const marks = Math.floor(shared / 12)
    if (marks > 7) throw bytes.damaged(`the state ${shared}`)
    const use = USES[shared % 4]!
    const wired = bytes.number()
    memory.restoreGeneration(frame, bytes.number())
    const owner = bytes.number()
    index += bytes.signed()
    if (use !== 'free') memory.takeFrame(frame, use, owner, index)
    memory.setQueue(frame, QUEUES[Math.floor(shared / 4) % 3]!)
    memory.setBusy(frame, marks % 2 === 1)
    memory.setClean(frame, Math.floor(marks / 2) % 2 === 1)
    memory.setReferenced(frame, marks >= 4)
    memory.setWireCount(frame, wired)
    const pvs = []
    for (let left = bytes.number(); left > 0; left--) {
      const pmap = bytes.number()
      page += bytes.signed()
      pvs.push({ pmap, page })
    }
    // Lists are newest first, so the last is added first.
    for (const pv of pvs.reverse()) memory.addPv(frame, pv.pmap, pv.page)
  }
}

function dumpObjects(memory: MemoryReader): Uint8Array {
  const out = new ByteWriter()
  let last = 0
  for (const object of memory.objects()) {
    out.number(object - last)
    last = object
    out.number(memory.residentCount(object))
    let index = 0
    let frame = 0
    memory.eachResident(object, (at, own) => {
      out.number(at - index)
      out.signed(own - frame)
      index = at
      frame = own
    })
    out.number(memory.swapCount(object))
    if (memory.swapCount(object) === 0) continue
    index = 0
    memory.eachSwapped(object, (at) => {
      out.number(at - index)
      index = at
    })
  }
  return out.done()
}

function fillObjects(memory: Loadable, bytes: ByteReader): void {
  let object = 0
  while (!bytes.isAtEnd) {
    object += bytes.number()
    let index = 0
    let frame = 0
    for (let left = bytes.number(); left > 0; left--) {
      index += bytes.number()
      frame += bytes.signed()
      memory.setResident(object, index, frame)
    }
    index = 0
    for (let left = bytes.number(); left > 0; left--) {
      index += bytes.number()
      memory.setSwapped(object, index, true)
    }
  }
}

/** Frames and their values, a 0 where a frame would be nearer than the last, then objects, indexes and values. */
function dumpContents(memory: MemoryReader): Uint8Array {
  const out = new ByteWriter()
  let last = -1
  let any = false
  memory.eachValue((frame, value) => {
    any = true
    out.number(frame - last)
    last = frame
    out.number(value)
  })
  const swapped: (readonly [object: number, index: number, value: number])[] = []
  memory.eachSwapValue((object, index, value) => {
    swapped.push([object, index, value])
  })
  if (!any && swapped.length === 0) return out.done()
  out.number(0)
  let lastObject = 0
  for (const [object, index, value] of swapped) {
    out.number(object - lastObject)
    lastObject = object
    out.number(index)
    out.number(value)
  }
  return out.done()
}

function fillContents(memory: Loadable, bytes: ByteReader): void {
  let frame = -1
  for (let step = bytes.number(); step > 0; step = bytes.number()) {
    frame += step
    memory.setValue(frame, bytes.number())
  }
  let object = 0
  while (!bytes.isAtEnd) {
    object += bytes.number()
    const index = bytes.number()
    memory.restoreSwapValue(object, index, bytes.number())
  }
}
