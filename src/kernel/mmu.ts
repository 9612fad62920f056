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
import { hasFlag, LEAF_TRACKED, leafFlags, leafFrame, packLeaf } from '../model/memory.ts'
import { contentsOf } from '../model/psp.ts'
import type { Process, Vm, World } from '../model/world.ts'
import { type Kernel, vmOf } from './kernel.ts'
import { serves } from './protection.ts'
import { readWord, wordAt, writeWord } from './words.ts'

/** What a translation came to; `cached` where the tables know nothing of it any more. */
export type Translation = { readonly frame: Frame; readonly tracked: boolean; readonly cached?: true }

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

/** What a TLB may still make of a guest's access, although the tables have lost it; null for nothing. */
function translateStale(world: World, { ref }: Vm, { vcpu, gpa, access }: GuestTouch): Translation | null {
  if (typeof gpa !== 'number') return null
  for (const [frame, kept] of Object.entries(world.stale)) {
    const serving = kept.some(
      (one) =>
        one.vm === ref &&
        one.vcpu === vcpu &&
        one.level === 0 &&
        one.page === pageOf(gpa) &&
        serves(packLeaf(Number(frame), one.flags), access),
    )
    // The accessed bit was set when the translation was cached: nobody sees this access.
    if (serving) return { frame: Number(frame) as Frame, tracked: false, cached: true }
  }
  return null
}

/** What a guest's access comes to by the MMU alone; null where it is a VM exit. A TLB is asked where the access says so. */
export function translateTouch(world: World, vm: Vm | undefined, touch: GuestTouch): Translation | null {
  if (vm === undefined) return null
  const kept = touch.tlb === true ? translateStale(world, vm, touch) : null
  return kept ?? translate(world, vm.pmap, touch.gpa, touch.access)
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
  const how = at.cached === undefined ? { tracked } : { tracked, cached: at.cached }
  const span = { ...wordAt(frame, Number(address) % PAGE_SIZE, tracked), ...how }
  if (value === null || word === null) {
    const found = contentsOf(kernel.world, frame, by.kind === 'guest' ? 'guest' : 'process')
    if (word === undefined || found === null) kernel.record({ type: 'memory.read', by, frame, value: found, ...how })
    else readWord(kernel, by, span)
  } else if (word !== undefined) {
    writeWord(kernel, by, span, word)
  } else if (value !== undefined) kernel.record({ type: 'memory.written', by, frame, value, ...how })
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
export function translateGuest(kernel: Kernel, touch: GuestTouch): Translation | null {
  return translateTouch(kernel.world, vmOf(kernel), touch)
}

/** An access by the guest of the calling thread's vCPU. */
export function accessGuest(kernel: Kernel, at: Translation, touch: GuestTouch): void {
  const { gpa, access } = touch
  const { vcpu } = kernel.thread.locals
  record(kernel, { kind: 'guest', vm: vmOf(kernel).ref, vcpu, gpa: truncPage(gpa as Gpa) }, at, access, touch, gpa)
}
