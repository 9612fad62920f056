/**
 * vmm_translate_gva(): the kernel's walk of a guest's page tables. Nothing in the tree calls it. What it does otherwise
 * than a CPU is done here as it does it:
 *
 * - The address of the first table is CR3 with all its low bits.
 * - Rights are looked at level by level, the PDPTEs of PAE paging included, which have no such bits. A write needs the
 *   right also where CR0.WP is 0. NX, reserved bits and keys are not looked at.
 * - The accessed bit, and for a write the dirty bit, are set in entries of every level, and eight bytes are stored, also
 *   where an entry has four.
 * - PS ends the walk at any level, and without CR4.PSE.
 * - Of the last entry all bits up to bit 62, or bit 30, are taken for the address.
 *
 * Source: vmm_translate_gva() of vmm_machdep.c 1.64 (2025-09-14).
 */
import { PAGE_SIZE, type Word64, word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { GuestTranslate } from '../../events/command.ts'
import { bitsOf, hasBit, united } from '../../events/word.ts'
import { CR0, CR4, EFER, guestOf, type Walk } from '../model/guest.ts'
import { extractAt, readGuest, writeBehind, writeGuest } from './guest_memory.ts'
import { ABSENT, commandOf, DONE, type Kernel, learn, NONE, PRESENT, refuse, vmOf } from './kernel.ts'
import { vcpuOf } from './pvclock.ts'

/** Bits of a page-table entry: PG_V, PG_RW, PG_u, PG_U, PG_M, PG_PS. @source machine/pte.h */
const PTE = { P: 0, RW: 1, US: 2, A: 5, D: 6, PS: 7 } as const
/** PG_FRAME: bits 51 to 12. */
const FRAME_LOW = 12
const FRAME_BITS = 40
/** What is stored is a uint64_t, whatever the size of the entry. */
const STORED_BYTES = 8

/** How far into its table the next entry lies. */
function entryOffset({ gva }: GuestTranslate, { shift, bytes }: Walk): bigint {
  return bitsOf(BigInt(gva), shift, bytes === 8 ? 9 : 10) * BigInt(bytes)
}

/** The answer, with all that was read on the way. */
function end(
  kernel: Kernel,
  outcome: { readonly gpa: Word64 | null; readonly errno: 'EFAULT' | 'EPERM' | null },
): void {
  const { gva, access, cpl } = commandOf(kernel, 'guest.translate')
  const { vcpu, walk } = kernel.thread.locals
  const path = (walk?.path ?? []).map((one) => ({ ...one }))
  kernel.record({ type: 'gva.translated', vm: vmOf(kernel).ref, vcpu, gva, access, cpl, ...outcome, path })
}

/** What the registers say about paging; without it every address is its own translation. */
export function beginWalk(kernel: Kernel): Answer {
  const { gva } = commandOf(kernel, 'guest.translate')
  const { cr0, cr3, cr4, efer } = guestOf(vcpuOf(kernel)).registers
  if (!hasBit(BigInt(cr0), CR0.PG)) {
    learn(kernel, { found: gva })
    end(kernel, { gpa: gva, errno: null })
    return NONE
  }
  if (!hasBit(BigInt(cr0), CR0.PE)) return refuse(kernel, 'EINVAL', 'vmm_translate_gva')
  const isPae = hasBit(BigInt(cr4), CR4.PAE)
  const isLong = hasBit(BigInt(efer), EFER.LMA)
  const [level, shift] = isPae ? (isLong ? [4, 39] : [3, 30]) : [2, 22]
  learn(kernel, { walk: { level, shift, bytes: isPae ? 8 : 4, table: cr3, path: [] } })
  return DONE
}

/** pmap_extract() of the page of the next entry. A page that the guest never touched is not brought in. */
export function extractEntry(kernel: Kernel): Answer {
  const command = commandOf(kernel, 'guest.translate')
  const { walk } = kernel.thread.locals
  if (walk === undefined) return NONE
  const at = word64(BigInt(walk.table) + entryOffset(command, walk))
  return extractAt(kernel, at) === ABSENT ? refuse(kernel, 'EINVAL', 'pmap_extract') : PRESENT
}

/** The entry is read and judged. */
export function readEntry(kernel: Kernel): Answer {
  const { access, cpl } = commandOf(kernel, 'guest.translate')
  const { walk, gpa } = kernel.thread.locals
  if (walk === undefined) return NONE
  const entry = readGuest(kernel, 'walk', 0, walk.bytes)
  const path = [...walk.path, { level: walk.level, gpa, entry: word64(entry) }]
  learn(kernel, { walk: { ...walk, path } })
  const errno = !hasBit(entry, PTE.P)
    ? 'EFAULT'
    : (access === 'w' && !hasBit(entry, PTE.RW)) || (cpl > 0 && !hasBit(entry, PTE.US))
      ? 'EPERM'
      : null
  if (errno === null) return DONE
  end(kernel, { gpa: null, errno })
  return refuse(kernel, errno, 'vmm_translate_gva')
}

/** The accessed bit, and the dirty bit, of what was read before: whatever was written there since is overwritten. */
export function markEntry(kernel: Kernel): Answer {
  const { gva, access } = commandOf(kernel, 'guest.translate')
  const { walk, byte = 0 } = kernel.thread.locals
  const last = walk?.path.at(-1)
  if (walk === undefined || last === undefined) return NONE
  const marks = 2n ** BigInt(PTE.A) + (access === 'w' ? 2n ** BigInt(PTE.D) : 0n)
  const entry = united(BigInt(last.entry), marks)
  store(kernel, byte, entry)
  if (walk.level > 1 && !hasBit(entry, PTE.PS)) {
    const table = word64(bitsOf(entry, FRAME_LOW, FRAME_BITS) * BigInt(PAGE_SIZE))
    const shift = walk.shift - (walk.bytes === 8 ? 9 : 10)
    learn(kernel, { walk: { ...walk, level: walk.level - 1, shift, table } })
    return { type: 'next', slot: 0 }
  }
  const { shift, bytes } = walk
  const address = bitsOf(entry, shift, bytes * 8 - 1 - shift) * 2n ** BigInt(shift)
  const found = word64(address + bitsOf(BigInt(gva), 0, shift))
  learn(kernel, { found })
  end(kernel, { gpa: found, errno: null })
  return NONE
}

/** What reaches over the end of the page goes to the frame behind it. */
function store(kernel: Kernel, byte: number, entry: bigint): void {
  const within = Math.min(STORED_BYTES, PAGE_SIZE - byte)
  writeGuest(kernel, 'walk', 0, within, word64(bitsOf(entry, 0, within * 8)))
  if (within === STORED_BYTES) return
  const rest = STORED_BYTES - within
  writeBehind(kernel, 'walk', rest, word64(bitsOf(entry, within * 8, rest * 8)))
}
