/**
 * Protections of map entries against accesses and leaves.
 *
 * Source: sys/mman.h; protection_codes[] of pmap.c for amd64, where what is mapped at all can be read.
 */
import type { AccessMode } from '../../events/command.ts'
import type { Protection } from '../../events/space.ts'
import { hasFlag, LEAF_EXECUTE, LEAF_READ, LEAF_WRITE, leafFlags } from '../model/memory.ts'

/** Whether `prot` has every right of `wanted`. */
export function allows(prot: Protection, wanted: AccessMode | Protection): boolean {
  if (wanted === 'none' || wanted === prot) return true
  if (prot === 'none') return false
  for (let i = 0; i < wanted.length; i += 1) if (!prot.includes(wanted[i] as string)) return false
  return true
}

/** The rights of a leaf that is entered with `prot`; 0 for none. */
export function rightsOf(prot: Protection): number {
  if (prot === 'none') return 0
  return LEAF_READ + (prot.includes('w') ? LEAF_WRITE : 0) + (prot.includes('x') ? LEAF_EXECUTE : 0)
}

/** The bit of a leaf that each letter of an access needs. */
const RIGHTS: Readonly<Record<string, number>> = { r: LEAF_READ, w: LEAF_WRITE, x: LEAF_EXECUTE }

/** Whether a leaf can be written and not read, which an EPT walk takes for a misconfiguration whatever is wanted. */
export function isMisconfigured(flags: number): boolean {
  return hasFlag(flags, LEAF_WRITE) && !hasFlag(flags, LEAF_READ)
}

/** Whether a packed leaf serves an access without a fault; none, -1, does not. */
export function serves(packed: number, mode: AccessMode): boolean {
  if (packed < 0) return false
  const flags = leafFlags(packed)
  if (isMisconfigured(flags)) return false
  // By number: this is asked for every access, and an iterator costs more than it.
  for (let i = 0; i < mode.length; i += 1) if (!hasFlag(flags, RIGHTS[mode[i] as string] as number)) return false
  return true
}
