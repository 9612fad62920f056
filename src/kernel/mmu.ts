/**
 * Accesses that page tables serve by themselves: no routine of the kernel runs, and nothing but the leaf is looked at.
 * A leaf that nobody took back is served as well, whatever its frame is used for by then.
 *
 * What a page daemon will know of an access is in the accessed and modified bits, which it gathers over the pv list:
 * an access through an EPT leaf leaves no trace.
 *
 * Source: Intel SDM vol. 3, "EPT Translation Mechanism"; AMD64 APM vol. 2, "Nested Paging"; pmap_test_attrs().
 */
import type { Frame, Gpa, Hva, Word64 } from '../../events/address.ts'
import { PAGE_SIZE, pageOf, truncPage, VM_MAXUSER_ADDRESS } from '../../events/address.ts'
import type { AccessMode, GuestTouch } from '../../events/command.ts'
import type { PmapRef } from '../../events/ids.ts'
import type { Accessor } from '../../events/memory.ts'
import { hasFlag, LEAF_TRACKED, leafFlags, leafFrame } from '../model/memory.ts'
import { contentsOf } from '../model/psp.ts'
import type { Process, World } from '../model/world.ts'
import { type Kernel, vmOf } from './kernel.ts'
import { serves } from './protection.ts'
import { readWord, wordAt, writeWord } from './words.ts'

/** What a translation came to. */
export type Translation = { readonly frame: Frame; readonly tracked: boolean }

/** The page that a pmap has at an address, where its leaf allows the access. */
export function translate(world: World, pmap: PmapRef | null, address: Word64, mode: AccessMode): Translation | null {
  if (pmap === null || typeof address !== 'number') return null
  const packed = world.memory.leaf(pmap, pageOf(address))
  if (!serves(packed, mode)) return null
  return { frame: leafFrame(packed) as Frame, tracked: hasFlag(leafFlags(packed), LEAF_TRACKED) }
}

/** The page behind an address of a process; null where the access faults. */
export function translateProcess(world: World, process: Process, va: Word64, mode: AccessMode): Translation | null {
  return va < VM_MAXUSER_ADDRESS ? translate(world, process.pmap, va, mode) : null
}

/** Whether an access whose contents nobody asks for leaves a trace that was not there. */
export function leavesTrace(world: World, { frame, tracked }: Translation, mode: AccessMode): boolean {
  const { memory } = world
  if (!tracked) return false
  if (mode.includes('w') && memory.clean(frame)) return true
  return memory.queue(frame) === 'inactive' && !memory.referenced(frame)
}

/** What an access is about: a whole page or a word, written, or read where it is null; nothing, where nobody asks. */
export type About = { readonly value?: number | null | undefined; readonly word?: Word64 | null | undefined }

/** Whether somebody asks for contents. */
export function isAboutContents({ value, word }: About): boolean {
  return value !== undefined || word !== undefined
}

/** Records the access to the byte at `address`. */
function record(
  kernel: Kernel,
  by: Accessor,
  at: Translation,
  mode: AccessMode,
  { value, word }: About,
  address: Word64,
): void {
  const { frame, tracked } = at
  if (value === null || word === null) {
    const found = contentsOf(kernel.world, frame, by.kind === 'guest' ? 'guest' : 'process')
    if (word === undefined || found === null) kernel.record({ type: 'memory.read', by, frame, value: found, tracked })
    else readWord(kernel, by, wordAt(frame, Number(address) % PAGE_SIZE, tracked))
  } else if (word !== undefined) {
    writeWord(kernel, by, wordAt(frame, Number(address) % PAGE_SIZE, tracked), word)
  } else if (value !== undefined) kernel.record({ type: 'memory.written', by, frame, value, tracked })
  else if (leavesTrace(kernel.world, at, mode)) {
    kernel.record({ type: 'memory.touched', by, frame, access: mode.includes('w') ? 'w' : 'r' })
  }
}

/** An access by a process. False where it faults. */
export function accessProcess(
  kernel: Kernel,
  process: Process,
  va: Word64,
  mode: AccessMode,
  about: About = {},
): boolean {
  const at = translateProcess(kernel.world, process, va, mode)
  if (at === null) return false
  record(kernel, { kind: 'process', pid: process.pid, va: truncPage(va as Hva) }, at, mode, about, va)
  return true
}

/** The page behind a guest-physical address; null where the access is a VM exit. */
export function translateGuest(kernel: Kernel, { gpa, access }: GuestTouch): Translation | null {
  return translate(kernel.world, vmOf(kernel).pmap, gpa, access)
}

/** An access by the guest of the calling thread's vCPU. */
export function accessGuest(kernel: Kernel, at: Translation, touch: GuestTouch): void {
  const { gpa, access } = touch
  const { vcpu } = kernel.thread.locals
  record(kernel, { kind: 'guest', vm: vmOf(kernel).ref, vcpu, gpa: truncPage(gpa as Gpa) }, at, access, touch, gpa)
}
