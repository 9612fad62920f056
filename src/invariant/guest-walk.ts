/**
 * A walk of a guest's page tables as a CPU does it, to hold the kernel's to. Not looked at: protection keys, SMEP and SMAP,
 * and how many bits of a physical address the CPU has.
 *
 * Source: Intel SDM vol. 3A, "Paging" (32-bit, PAE and 4-level paging, access rights); AMD64 APM vol. 2, "Page Translation
 * and Protection" and "Legacy PAE Mode" of a nested guest, whose PDPTEs are read from memory at each walk.
 */
import { PAGE_SIZE, type Word64 } from '../../events/address.ts'
import type { Registers, WalkAccess } from '../../events/guest.ts'
import { bitsOf, hasBit, withoutBits } from '../../events/word.ts'
import { CR0, CR4, EFER, type Paging, pagingOf } from '../model/guest.ts'

/** An access to a guest-virtual address at a privilege level. */
export type GvaAccess = { readonly gva: Word64; readonly access: WalkAccess; readonly cpl: number }

/** What a CPU makes of it; unknown where an entry cannot be read. */
export type CpuWalk =
  | { readonly kind: 'gpa'; readonly gpa: bigint }
  | { readonly kind: 'fault'; readonly why: 'absent' | 'rights' | 'reserved' | 'canonical' }
  | { readonly kind: 'unknown' }

/** Reads `bytes` bytes of guest-physical memory; null where that cannot be known. */
export type ReadGuest = (gpa: bigint, bytes: 4 | 8) => bigint | null

/** One level of a kind of paging, from the root: which bits of the address choose the entry. */
type LevelShape = { readonly low: number; readonly bits: number; readonly isLarge: (cr4: bigint) => boolean }

const never = (): boolean => false
const always = (): boolean => true
/** Levels below the root or, for PAE paging, below the PDPTEs. */
const LEVELS: Readonly<Record<Exclude<Paging, 'none'>, readonly LevelShape[]>> = {
  '4-level': [
    { low: 39, bits: 9, isLarge: never },
    { low: 30, bits: 9, isLarge: always },
    { low: 21, bits: 9, isLarge: always },
    { low: 12, bits: 9, isLarge: never },
  ],
  pae: [
    { low: 21, bits: 9, isLarge: always },
    { low: 12, bits: 9, isLarge: never },
  ],
  '32-bit': [
    { low: 22, bits: 10, isLarge: (cr4) => hasBit(cr4, CR4.PSE) },
    { low: 12, bits: 10, isLarge: never },
  ],
}
const [PRESENT, WRITE, USER, PS, NX] = [0, 1, 2, 7, 63]
const USER_LEVEL = 3

const fault = (why: Extract<CpuWalk, { readonly kind: 'fault' }>['why']): CpuWalk => ({ kind: 'fault', why })
const UNKNOWN: CpuWalk = { kind: 'unknown' }

/** Bits 51 to 12 of an entry of 8 bytes, bits 31 to 12 of one of 4. */
function frameOf(entry: bigint, bytes: 4 | 8): bigint {
  return bitsOf(entry, 12, bytes === 8 ? 40 : 20) * BigInt(PAGE_SIZE)
}

/** Where the table of the first level lies; for PAE paging the PDPTE says so. */
function rootOf(registers: Registers, paging: Paging, gva: bigint, isVmx: boolean, read: ReadGuest): bigint | CpuWalk {
  const cr3 = BigInt(registers.cr3)
  if (paging === '4-level') return frameOf(cr3, 8)
  if (paging === '32-bit') return frameOf(cr3, 4)
  const index = Number(bitsOf(gva, 30, 2))
  const table = withoutBits(bitsOf(cr3, 0, 32), 0, 5)
  const pdpte = isVmx ? BigInt(registers.pdptes[index] ?? 0) : read(table + 8n * BigInt(index), 8)
  if (pdpte === null) return UNKNOWN
  if (!hasBit(pdpte, PRESENT)) return fault('absent')
  if (bitsOf(pdpte, 1, 2) !== 0n || bitsOf(pdpte, 5, 4) !== 0n || bitsOf(pdpte, 52, 12) !== 0n) return fault('reserved')
  return frameOf(pdpte, 8)
}

/** Where the last entry of a walk points: a page of 4 KiB or a large one. */
function addressOf(entry: bigint, gva: bigint, { low }: LevelShape, bytes: 4 | 8): bigint | null {
  const within = bitsOf(gva, 0, low)
  if (bytes === 4 && low > 12) {
    // PSE-36: bits 20 to 13 are bits 39 to 32 of the address; bit 21 is reserved.
    if (hasBit(entry, 21)) return null
    return bitsOf(entry, 13, 8) * 2n ** 32n + bitsOf(entry, 22, 10) * 2n ** 22n + within
  }
  // Bit 12 of a large page is its PAT bit; those from there to its size are reserved.
  if (low > 13 && bitsOf(entry, 13, low - 13) !== 0n) return null
  return withoutBits(frameOf(entry, bytes), 0, low) + within
}

/** The guest-physical address behind a guest-virtual one, or the fault. */
export function walkAsCpu(registers: Registers, isVmx: boolean, asked: GvaAccess, read: ReadGuest): CpuWalk {
  const paging = pagingOf(registers)
  const whole = BigInt(asked.gva)
  if (paging === '4-level') {
    const sign = bitsOf(whole, 47, 17)
    if (sign !== 0n && sign !== 2n ** 17n - 1n) return fault('canonical')
  }
  const gva = paging === '4-level' ? whole : bitsOf(whole, 0, 32)
  if (paging === 'none') return { kind: 'gpa', gpa: gva }
  const bytes = paging === '32-bit' ? 4 : 8
  const hasNx = hasBit(BigInt(registers.efer), EFER.NXE) && bytes === 8
  const root = rootOf(registers, paging, gva, isVmx, read)
  if (typeof root !== 'bigint') return root
  let table = root
  const rights = { write: true, user: true, execute: true }
  for (const shape of LEVELS[paging]) {
    const entry = read(table + bitsOf(gva, shape.low, shape.bits) * BigInt(bytes), bytes)
    if (entry === null) return UNKNOWN
    if (!hasBit(entry, PRESENT)) return fault('absent')
    if (bytes === 8 && hasBit(entry, NX) && !hasNx) return fault('reserved')
    const hasPs = hasBit(entry, PS)
    if (shape.low === 39 && hasPs) return fault('reserved')
    rights.write &&= hasBit(entry, WRITE)
    rights.user &&= hasBit(entry, USER)
    rights.execute &&= !(hasNx && hasBit(entry, NX))
    if (shape.low > 12 && !(hasPs && shape.isLarge(BigInt(registers.cr4)))) {
      table = frameOf(entry, bytes)
      continue
    }
    const gpa = addressOf(entry, gva, shape, bytes)
    if (gpa === null) return fault('reserved')
    return isAllowed(registers, asked, rights) ? { kind: 'gpa', gpa } : fault('rights')
  }
  return UNKNOWN
}

/** Rights are those that every level gives; a supervisor writes where CR0.WP lets it. */
function isAllowed(
  { cr0 }: Registers,
  { access, cpl }: GvaAccess,
  rights: { readonly write: boolean; readonly user: boolean; readonly execute: boolean },
): boolean {
  const isUser = cpl === USER_LEVEL
  if (isUser && !rights.user) return false
  if (access === 'x') return rights.execute
  return access === 'r' || rights.write || !(isUser || hasBit(BigInt(cr0), CR0.WP))
}
