/**
 * The quick look: whether all claims about a leaf or a frame hold at once. It answers for the millions of events after
 * which all is well, without a sentence and without an object; where it says no, the claims themselves are asked.
 */
import { PAGE_SIZE, pageOf } from '../../events/address.ts'
import {
  LEAF_EXECUTE,
  LEAF_FRAME,
  LEAF_READ,
  LEAF_TRACKED,
  LEAF_WIRED,
  LEAF_WRITE,
  type MemoryReader,
} from '../model/memory.ts'
import type { Pmap, World } from '../model/world.ts'
import { isBacked, ownFrame, slotAt } from './facts.ts'
import type { Whereabouts } from './whereabouts.ts'

const READ_WRITE = LEAF_READ + LEAF_WRITE
const READ_WRITE_EXECUTE = READ_WRITE + LEAF_EXECUTE

function isListed(memory: MemoryReader, frame: number, pmap: number, page: number): boolean {
  for (const pv of memory.pvList(frame)) if (pv.pmap === pmap && pv.page === page) return true
  return false
}

/** Whether a leaf is one of those about which nothing is wrong. Marks that are rare are not, and are looked at closely. */
export function isSoundLeaf(world: World, where: Whereabouts, record: Pmap, page: number, packed: number): boolean {
  const { memory } = world
  const flags = packed % LEAF_FRAME
  const frame = (packed - flags) / LEAF_FRAME
  if (memory.busy(frame)) return false
  if (record.kind === 'ept') {
    if (flags !== READ_WRITE_EXECUTE) return false
  } else if (flags < LEAF_TRACKED || !isListed(memory, frame, record.ref, page)) return false
  const { owner } = record
  return owner.kind === 'nested'
    ? isOwnAndWired(world, owner.vm, page, frame)
    : guestsAgree(world, where, record, page, frame)
}

/** Whether the frame is that of the VM's own page, and wired. */
function isOwnAndWired(world: World, ref: number, page: number, frame: number): boolean {
  const { memory } = world
  const vm = world.vms[ref]
  const slot = slotAt(vm, page)
  if (slot === null || !isBacked(slot) || memory.wireCount(frame) === 0) return false
  if (slot.object === null) return ownFrame(memory, vm, page) === frame
  return memory.resident(slot.object, page - pageOf(slot.gpa)) === frame
}

/** Whether no guest sees another page where the process sees `frame`. */
export function guestsAgree(world: World, where: Whereabouts, record: Pmap, page: number, frame: number): boolean {
  const { memory } = world
  const process = record.owner.kind === 'process' ? world.processes[record.owner.pid] : undefined
  if (process === undefined || process.pmap !== record.ref) return true
  const address = page * PAGE_SIZE
  for (const { start, size, object, offset } of process.entries) {
    if (address < start) return true
    if (address >= start + size) continue
    const index = offset + (address - start) / PAGE_SIZE
    for (const { vm, first, offset: shown, pages } of where.guestsOf(object)) {
      const nested = world.vms[vm]?.pmap ?? null
      if (nested === null || index < shown || index >= shown + pages) continue
      const guest = memory.leaf(nested, first + index - shown)
      if (guest >= 0 && (guest - (guest % LEAF_FRAME)) / LEAF_FRAME !== frame) return false
    }
    return true
  }
  return true
}

/** Whether a frame is one of those about which nothing is wrong. */
export function isSoundFrame({ memory, pmaps }: World, frame: number): boolean {
  const wires = memory.wireCount(frame)
  const idle = memory.queue(frame) === 'none'
  switch (memory.use(frame)) {
    case 'object':
      if (wires > 0 !== idle || (wires > 0 && memory.busy(frame))) return false
      if (memory.resident(memory.owner(frame), memory.pageIndex(frame)) !== frame) return false
      break
    case 'table':
      if (wires > 0 || !idle || !memory.hasPmap(memory.owner(frame))) return false
      break
    default:
      return wires === 0 && idle && memory.pvList(frame).length === 0
  }
  let wired = 0
  for (const { pmap, page } of memory.pvList(frame)) {
    const packed = memory.leaf(pmap, page)
    const flags = packed % LEAF_FRAME
    if (packed < 0 || (packed - flags) / LEAF_FRAME !== frame) return false
    const kind = pmaps[pmap]?.kind
    if (kind === undefined || kind === 'ept') return false
    if (flags % LEAF_TRACKED >= LEAF_WIRED) wired += 1
  }
  return wires >= wired
}
