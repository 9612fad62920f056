/**
 * The memory ranges that vmd(8) asks for when it starts a guest of so many bytes.
 *
 * Source: create_memory_map() of usr.sbin/vmd/x86_vm.c, 2025. It judges nothing: what is too small, too large or not
 * aligned goes to the kernel as it is, and the kernel says no.
 */
import { hex, isPageAligned, VMM_MAX_VM_MEM_SIZE, type Word64, word64 } from '../../events/address.ts'
import type { RangeRequest } from '../../events/command.ts'

/** VM_MEM_RAM, VM_MEM_RESERVED and VM_MEM_MMIO. @source dev/vmm/vmm.h */
const VM_MEM_RAM = 0
const VM_MEM_RESERVED = 1
export const VM_MEM_MMIO = 2

const MIB = 2n ** 20n
const WORD = 2n ** 64n

/** LOWMEM_KB: what a PC of old calls conventional memory. @source vmd.h of 2025; 640 and 576 KiB in other years */
const LOW_BYTES = 636n * 2n ** 10n
/** Where memory above the first megabyte starts: the ROMs of a PC lie below. */
const HIGH_START = MIB
/** VMM_PCI_MMIO_BAR_BASE: the window of the devices. @source machine/vmmvar.h */
const MMIO_START = 0xf0000000n
/** First byte above the window; the BIOS begins here. */
const MMIO_END = 0xffc00000n
/** VMM_PCI_MMIO_BAR_END: the last byte of the window, as an address. @source machine/vmmvar.h */
const MMIO_LAST = 0xffbfffffn
/** The BIOS area just below 4 GiB. */
const BIOS_BYTES = 4n * MIB
/** Where memory goes on above the BIOS. */
const FOUR_GIB = 2n ** 32n

/**
 * The ranges for `memory` bytes.
 *
 * A guest of at most 5 MiB gets its second BIOS area at the last byte of the device window, which starts no page, so
 * that the kernel refuses it. Sizes are those of C's size_t: what is left of less than a megabyte wraps to nearly 2^64.
 *
 * @param memory in bytes; any 64-bit value.
 */
export function createMemoryMap(memory: Word64): readonly RangeRequest[] {
  const rest = (BigInt(memory) - HIGH_START + WORD) % WORD
  const low = [range(0n, LOW_BYTES, VM_MEM_RAM), range(LOW_BYTES, HIGH_START - LOW_BYTES, VM_MEM_RESERVED)]
  if (rest <= BIOS_BYTES) return [...low, range(MMIO_LAST, BIOS_BYTES, VM_MEM_RESERVED)]
  const below = rest < MMIO_START - HIGH_START ? rest : MMIO_START - HIGH_START
  const above = rest - below
  return [
    ...low,
    range(HIGH_START, below, VM_MEM_RAM),
    range(MMIO_START, MMIO_END - MMIO_START, VM_MEM_MMIO),
    range(MMIO_END, BIOS_BYTES, VM_MEM_RESERVED),
    ...(above > 0n ? [range(FOUR_GIB, above, VM_MEM_RAM)] : []),
  ]
}

/** The kernel chooses where in the process it lies: no hint. */
function range(gpa: bigint, size: bigint, memtype: number): RangeRequest {
  return { gpa: word64(gpa), size: word64(size), memtype, va: 0 }
}

/** The largest guest: its layout ends where the kernel's bound is. */
export const VMD_MEMORY_MAX = VMM_MAX_VM_MEM_SIZE - 2 ** 32 + Number(MMIO_START)
/** The smallest guest, but for a page: of less, vmd asks for a range that starts no page. */
const VMD_MEMORY_ABOVE = Number(HIGH_START + BIOS_BYTES)

/** Why the kernel takes no guest of so many bytes, in a sentence; null where its size is not why. */
export function memoryRefusal(memory: Word64): string | null {
  const said = `the kernel refuses ${sizeText(memory)}:`
  if (memory > VMD_MEMORY_MAX) {
    const why = 'with its hole for devices it passes 128 GiB'
    return `${said} ${why}; the largest is ${sizeText(VMD_MEMORY_MAX)}`
  }
  if (memory <= VMD_MEMORY_ABOVE) {
    const why = 'its second BIOS area starts no page'
    return `${said} ${why}; the smallest is a page more than ${sizeText(VMD_MEMORY_ABOVE)}`
  }
  return isPageAligned(memory) ? null : `${said} it is no whole number of pages`
}

/** As it is said to --vmd. */
function sizeText(bytes: Word64): string {
  const mebibytes = BigInt(bytes) / MIB
  if (mebibytes * MIB !== BigInt(bytes)) return hex(bytes)
  return mebibytes % 1024n === 0n ? `${mebibytes / 1024n}G` : `${mebibytes}M`
}
