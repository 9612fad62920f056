/**
 * A walk of page tables as the manuals draw it, with shifts and masks, to hold others to. It knows memory as a function
 * and nothing of the model.
 *
 * Source: Intel SDM vol. 3A, figures "Linear-Address Translation to a 4-KByte Page" and following.
 */
// biome-ignore-all lint/suspicious/noBitwiseOperators: page-table entries

export type Mode = 'long' | 'pae' | 'legacy'
/** What a reference walk came to, with the addresses of the entries that it used. */
export type Reference = { readonly gpa: bigint | null; readonly absent: boolean; readonly used: readonly bigint[] }

const FRAME = 0x000ffffffffff000n

/** @param user whether the access is one of privilege level 3. CR0.WP and CR4.PSE are 1, EFER.NXE is 0. */
export function referenceWalk(
  mode: Mode,
  cr3: bigint,
  gva: bigint,
  write: boolean,
  user: boolean,
  memory: (gpa: bigint) => bigint,
): Reference {
  const used: bigint[] = []
  const fetch = (at: bigint): bigint => {
    used.push(at)
    const word = memory(at & ~7n)
    return mode === 'legacy' ? (at & 4n ? word >> 32n : word) & 0xffffffffn : word
  }
  const forbidden = (entry: bigint): boolean => (write && !(entry & 2n)) || (user && !(entry & 4n))
  const absent = (): Reference => ({ gpa: null, absent: true, used })
  let denied = false
  const end = (gpa: bigint): Reference => ({ gpa: denied ? null : gpa, absent: false, used })

  if (mode === 'legacy') {
    const pde = fetch((cr3 & 0xfffff000n) + ((gva >> 22n) & 0x3ffn) * 4n)
    if (!(pde & 1n)) return absent()
    denied ||= forbidden(pde)
    if (pde & 0x80n) return end((pde & 0xffc00000n) | (gva & 0x3fffffn))
    const pte = fetch((pde & 0xfffff000n) + ((gva >> 12n) & 0x3ffn) * 4n)
    if (!(pte & 1n)) return absent()
    denied ||= forbidden(pte)
    return end((pte & 0xfffff000n) | (gva & 0xfffn))
  }
  let table = cr3 & FRAME
  for (let shift = mode === 'long' ? 39n : 30n; shift >= 12n; shift -= 9n) {
    const entry = fetch(table + ((gva >> shift) & (shift === 30n && mode === 'pae' ? 3n : 0x1ffn)) * 8n)
    if (!(entry & 1n)) return absent()
    // A PDPTE of PAE paging has no rights.
    if (!(mode === 'pae' && shift === 30n)) denied ||= forbidden(entry)
    const large = (entry & 0x80n) !== 0n && (shift === 21n || (shift === 30n && mode === 'long'))
    if (large || shift === 12n) {
      const within = (1n << shift) - 1n
      return end((entry & FRAME & ~within) | (gva & within))
    }
    table = entry & FRAME
  }
  throw new RangeError('a walk ends at its last level')
}
