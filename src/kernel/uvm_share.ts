/**
 * uvm_share(): entries of one map, put into another one. Both maps are locked meanwhile, so that nobody sees the middle.
 * It came for vmm(4) and went with the patch of May 2025, its only user.
 *
 * Not modelled: reference counts of single pages. Where only a part of some memory was unmapped by everybody, its pages
 * stay until the last entry that shows any of it is gone.
 *
 * Source: uvm_map.c 1.250 (2019), uvm_share().
 */
import type { Bytes, Gpa, Hva, Va, Word64 } from '../../events/address.ts'
import { offset, pagesOf } from '../../events/address.ts'
import type { Errno } from '../../events/errno.ts'
import type { Pid, VmRef } from '../../events/ids.ts'
import type { Entry } from '../model/world.ts'
import type { Kernel } from './kernel.ts'
import { referenceObject } from './uvm_aobj.ts'
import { inUserSpace, isFree } from './uvm_map.ts'

/** A range of a process, somewhere between its lowest and its highest address or not; nobody has judged it. */
export type ProcessRange = { readonly pid: Pid; readonly va: Word64; readonly size: Bytes }
/** A range of a VM's guest-physical space. */
export type NestedRange = { readonly vm: VmRef; readonly gpa: Gpa; readonly size: Bytes }

/** What one entry of the source gives: where it lies from the start of the range on, and what it shows. */
type Piece = Omit<Entry<Va>, 'start' | 'immutable'> & { readonly at: number }

/** The pieces of [start, start + size) up to the first hole. */
function piecesOf(entries: readonly Entry<Va>[], start: Word64, size: Bytes): readonly Piece[] {
  if (typeof start !== 'number') return []
  const pieces: Piece[] = []
  let at = 0
  for (const entry of entries) {
    const from = start + at
    if (offset(entry.start, entry.size) <= from) continue
    if (entry.start > from || at >= size) break
    const before = from - entry.start
    const bytes = Math.min(size - at, entry.size - before) as Bytes
    const { object, conceal, inherit } = entry
    pieces.push({ at, size: bytes, object, offset: entry.offset + pagesOf(before), conceal, inherit })
    at += bytes
  }
  return pieces
}

/** Puts pieces into the other map, each with a reference of its own. EINVAL where they leave a hole; what is there stays. */
function putAll(kernel: Kernel, pieces: readonly Piece[], size: Bytes, put: (piece: Piece) => void): Errno | null {
  let covered = 0
  for (const piece of pieces) {
    referenceObject(kernel, piece.object, 'clone')
    put(piece)
    covered += piece.size
  }
  return covered === size ? null : 'EINVAL'
}

/** Shares memory of a process into guest-physical space. */
export function shareIntoNested(
  kernel: Kernel,
  { pid, va, size }: ProcessRange,
  { vm, gpa }: NestedRange,
): Errno | null {
  const injected = kernel.fails('uvm_share')
  if (injected !== null) return injected
  const space = kernel.world.vms[vm]?.space ?? []
  if (space.some((entry) => entry.start < gpa + size && gpa < offset(entry.start, entry.size))) return 'ENOMEM'
  const pieces = piecesOf(kernel.world.processes[pid]?.entries ?? [], va, size)
  const thread = kernel.thread.id
  return putAll(kernel, pieces, size, ({ at, ...piece }) => {
    kernel.record({ type: 'nested.mapped', vm, start: offset(gpa, at), ...piece, thread })
  })
}

/** Shares guest-physical memory of a VM into a process. */
export function shareIntoProcess(
  kernel: Kernel,
  { vm, gpa, size }: NestedRange,
  { pid, va }: ProcessRange,
): Errno | null {
  const injected = kernel.fails('uvm_share')
  if (injected !== null) return injected
  const process = kernel.world.processes[pid]
  if (process === undefined || !inUserSpace(va, size) || !isFree(process, va, size)) return 'ENOMEM'
  const pieces = piecesOf(kernel.world.vms[vm]?.space ?? [], gpa, size)
  const thread = kernel.thread.id
  return putAll(kernel, pieces, size, ({ at, ...piece }) => {
    kernel.record({ type: 'space.mapped', pid, start: offset(va as Hva, at), ...piece, thread })
  })
}
