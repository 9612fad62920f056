/**
 * What the kernel does to guest memory by itself: it extracts a frame from the nested pmap and goes to that through its
 * direct map. pmap_extract() pins nothing, so the frame may be somebody else's by then.
 *
 * Source: pmap_extract() and pmap_find_pte_direct() of pmap.c (2025); PMAP_DIRECT_MAP().
 */
import type { Frame, Gpa, Word64 } from '../../events/address.ts'
import { addressOf, PAGE_SIZE, pageOf, truncPage } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Accessor, KernelAccess } from '../../events/memory.ts'
import { bitsOf } from '../../events/word.ts'
import { hasFlag, LEAF_READ, leafFlags, leafFrame } from '../model/memory.ts'
import { ABSENT, type Kernel, learn, PRESENT, vmOf } from './kernel.ts'
import { readWord, type Span, writeWord } from './words.ts'

/** Bits of an address that the walk of four levels looks at; VA_SIGN_POS() drops the others. */
const WALKED_BITS = 48

/**
 * pmap_extract() of the nested pmap. A leaf counts if its lowest bit is set, which in EPT says that it can be read.
 * Addresses from 2^48 on come out at what lies 2^48 lower.
 *
 * Not modelled: the kernel's half of an RVI root, from 2^47 on, which pmap_convert() leaves there. A walk of the kernel
 * would find the kernel's own memory in it.
 *
 * @returns the frame, or null.
 */
function extractNested(kernel: Kernel, gpa: Word64): Frame | null {
  const { pmap } = vmOf(kernel)
  if (pmap === null) return null
  const page = pageOf(Number(bitsOf(BigInt(gpa), 0, WALKED_BITS)))
  const packed = kernel.world.memory.leaf(pmap, page)
  const frame = packed >= 0 && hasFlag(leafFlags(packed), LEAF_READ) ? (leafFrame(packed) as Frame) : (-1 as Frame)
  kernel.record({ type: 'pmap.extracted', pmap, va: addressOf(page) as Gpa, frame })
  return frame < 0 ? null : frame
}

/** The same as a step: where in guest memory the call goes next is among its locals. */
export function extractAt(kernel: Kernel, gpa: Word64): Answer {
  const byte = Number(BigInt(gpa) % BigInt(PAGE_SIZE))
  const { locals } = kernel.thread
  if (locals.gpa !== gpa || locals.byte !== byte) learn(kernel, { gpa, byte })
  return extractNested(kernel, gpa) === null ? ABSENT : PRESENT
}

function accessor(kernel: Kernel, access: KernelAccess): Accessor {
  const { vcpu, gpa } = kernel.thread.locals
  // What the walk makes of an address that no double holds is below 2^48 as well.
  const page = truncPage(Number(bitsOf(BigInt(gpa), 0, WALKED_BITS))) as Gpa
  return { kind: 'kernel', for: access, vm: vmOf(kernel).ref, vcpu, gpa: page }
}

/** `bytes` bytes, `offset` bytes into the object that was extracted last. */
function spanOf(kernel: Kernel, offset: number, bytes: number): Span {
  const { frame, byte = 0 } = kernel.thread.locals
  return { frame: frame as Frame, offset: byte + offset, bytes, tracked: false }
}

/** Reads through the direct map: nothing but the frame is looked at. */
export function readGuest(kernel: Kernel, access: KernelAccess, offset: number, bytes: number): bigint {
  return readWord(kernel, accessor(kernel, access), spanOf(kernel, offset, bytes))
}

/** Writes through the direct map: no bit says that the page is dirty. */
export function writeGuest(kernel: Kernel, access: KernelAccess, offset: number, bytes: number, word: Word64): void {
  writeWord(kernel, accessor(kernel, access), spanOf(kernel, offset, bytes), word)
}

/** The same for what reaches into the frame behind, which is whose it may be. */
export function writeBehind(kernel: Kernel, access: KernelAccess, bytes: number, word: Word64): void {
  const frame = (kernel.thread.locals.frame + 1) as Frame
  if (frame >= kernel.world.memory.framesMax) return
  writeWord(kernel, accessor(kernel, access), { frame, offset: 0, bytes, tracked: false }, word)
}
