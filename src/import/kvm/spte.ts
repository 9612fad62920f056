/**
 * The packed words of this house: KVM's page-table entries ("SPTEs"), 64 bits each. Only this file
 * takes them apart with bit operators; the rest of the importer reads the parts.
 *
 * AMD nested paging and shadow paging use the x86 layout:
 *
 *     63     no-execute
 *     51     (with bits 0-2 as hardware needs them) an MMIO entry, generation in bits 3-10 and 52-62
 *     12-51  frame
 *     11     "this is KVM's entry and present": absent in MMIO entries and in the marker
 *     9, 10  software: the host, the MMU may make it writable
 *     7      a large leaf (levels 2 and 3)
 *     6, 5   dirty, accessed
 *     2, 1, 0  user, write, present
 *
 * EPT has read, write and execute in bits 0, 1 and 2 and accessed and dirty in 8 and 9; bits 7, 11
 * and 12-51 mean the same.
 *
 * Source: arch/x86/kvm/mmu/spte.h of Linux 6.1 (SPTE_MMU_PRESENT_MASK, REMOVED_SPTE,
 * SPTE_TDP_AD_MASK, shadow_mmio_mask); AMD APM vol. 2, "Nested Paging"; Intel SDM vol. 3C, "Format
 * of an EPT Page-Table Entry that Maps a 4-KByte Page".
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: packed words

/** How the hardware reads the entries: AMD's (and shadow paging's) layout, or Intel's. */
export type EntryLayout = 'rvi' | 'ept'

export type LeafBits = {
  readonly read: boolean
  readonly write: boolean
  readonly execute: boolean
  readonly accessed: boolean
  readonly dirty: boolean
}

/**
 * An entry, decoded.
 *
 * - `empty`: never used, or cleared.
 * - `removed`: the marker 5a0 that KVM puts in every entry of a table that it throws away, and for
 *   a moment in an entry that it is about to clear.
 * - `mmio`: the guest touched a hole there, and KVM remembers that.
 * - `table`: leads to a table of the next level, at `frame`.
 * - `leaf`: maps memory at `frame`, 4 KB at level 1, 2 MB at level 2, 1 GB at level 3.
 */
export type Entry =
  | { readonly kind: 'empty' }
  | { readonly kind: 'removed' }
  | { readonly kind: 'mmio' }
  | { readonly kind: 'table'; readonly frame: number }
  | ({ readonly kind: 'leaf'; readonly frame: number } & LeafBits)

const EMPTY_SPTE = 0n

const LOW_BITS = 0xfffn
const FRAME_BITS = 0xffffffffffn
const PRESENT = 0x800
const LARGE = 0x80

const EMPTY: Entry = Object.freeze({ kind: 'empty' })
const REMOVED: Entry = Object.freeze({ kind: 'removed' })
const MMIO: Entry = Object.freeze({ kind: 'mmio' })

/**
 * Decodes an entry.
 *
 * @param level of the table that the entry stands in, 1 to 5.
 */
export function decodeSpte(spte: bigint, level: number, layout: EntryLayout = 'rvi'): Entry {
  if (spte === EMPTY_SPTE) return EMPTY
  const low = Number(spte & LOW_BITS)
  if ((low & PRESENT) === 0) {
    // Newer kernels set bit 63 beside the marker, hence the comparison of the low bits alone.
    if (low === 0x5a0 && frameOf(spte) === 0) return REMOVED
    return low === 0 && frameOf(spte) === 0 ? EMPTY : MMIO
  }
  const frame = frameOf(spte)
  if (level > 1 && (low & LARGE) === 0) return { kind: 'table', frame }
  if (layout === 'ept')
    return {
      kind: 'leaf',
      frame,
      read: (low & 1) !== 0,
      write: (low & 2) !== 0,
      execute: (low & 4) !== 0,
      accessed: (low & 0x100) !== 0,
      dirty: (low & 0x200) !== 0,
    }
  return {
    kind: 'leaf',
    frame,
    read: (low & 1) !== 0,
    write: (low & 2) !== 0,
    execute: spte >> 63n === 0n,
    accessed: (low & 0x20) !== 0,
    dirty: (low & 0x40) !== 0,
  }
}

/** The frame that an entry leads to, whatever the entry is. */
export function frameOf(spte: bigint): number {
  return Number((spte >> 12n) & FRAME_BITS)
}

/**
 * An entry of the table that replaces a split large leaf: what the kernel writes without a line.
 *
 * @param index 0 to 511, the entry's place in the new table.
 * @param level of the new table.
 * @source make_huge_page_split_spte()
 */
export function splitSpte(huge: bigint, index: number, level: number): bigint {
  const first = huge + BigInt(index) * BigInt(512 ** (level - 1)) * 4096n
  return level === 1 ? first & ~BigInt(LARGE) : first
}

/** Bits of a nested page fault's error code. @source AMD APM vol. 2, "Nested Paging", EXITINFO1 */
export type FaultError = {
  readonly access: 'read' | 'write' | 'execute'
  /** The entry was there and did not allow it. */
  readonly present: boolean
  /** A bit was set that must not be: how an MMIO entry makes itself known. */
  readonly reserved: boolean
  /** While walking the guest's own page tables, not for the access itself. */
  readonly walking: boolean
}

/** Takes an error code apart, of nested paging and of the plain x86 page fault alike. */
export function decodeFaultError(error: bigint): FaultError {
  const low = Number(error & LOW_BITS)
  return {
    access: (low & 0x10) !== 0 ? 'execute' : (low & 2) !== 0 ? 'write' : 'read',
    present: (low & 1) !== 0,
    reserved: (low & 8) !== 0,
    walking: ((error >> 33n) & 1n) !== 0n,
  }
}

/** What an EPT violation's exit qualification says. @source Intel SDM vol. 3C, table "Exit Qualification for EPT Violations" */
export function decodeQualification(qualification: bigint): FaultError {
  const low = Number(qualification & LOW_BITS)
  return {
    access: (low & 4) !== 0 ? 'execute' : (low & 2) !== 0 ? 'write' : 'read',
    // Bits 3 to 5: the entry was readable, writable, executable.
    present: (low & 0x38) !== 0,
    reserved: false,
    // Bit 7 says that the linear address is valid, bit 8 that it was the access itself.
    walking: (low & 0x80) !== 0 && (low & 0x100) === 0,
  }
}
