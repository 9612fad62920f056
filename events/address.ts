/**
 * Addresses, and the only arithmetic on them that the rest of the house may use.
 *
 * An address is a branded number: physical addresses have at most 52 bits and user addresses 47, and a
 * double is exact to 53. What a caller hands in may be any 64-bit value; until it has been judged it is
 * a `Word64`, which is a bigint wherever a double would not hold it.
 */
declare const kind: unique symbol
type Kind<Value, Name extends string> = Value & { readonly [kind]: Name }

/** Guest-physical address, in bytes. */
export type Gpa = Kind<number, 'gpa'>
/** Virtual address in a user process, in bytes. */
export type Hva = Kind<number, 'hva'>
/** Host-physical address, in bytes. */
export type Hpa = Kind<number, 'hpa'>
/** An amount of memory, in bytes. */
export type Bytes = Kind<number, 'bytes'>
/** Number of a host-physical page: a host-physical address divided by PAGE_SIZE. */
export type Frame = Kind<number, 'frame'>
/** What a pmap translates: a virtual address of a process, or a guest-physical one for a nested pmap. */
export type Va = Gpa | Hva

/** Any 64-bit value as a caller may hand it in; a bigint only above Number.MAX_SAFE_INTEGER. */
export type Word64 = number | bigint

/** @source machine/param.h */
export const PAGE_SIZE = 4096
/** Lowest address that a user mapping may have. @source uvm_param.h, VM_MIN_ADDRESS of amd64 */
export const VM_MIN_ADDRESS = 0x1000 as Hva
/** First address above every user mapping. @source machine/vmparam.h */
export const VM_MAXUSER_ADDRESS = 0x7f7fffffc000 as Hva
/** Largest guest-physical address and memory size of a VM, 128 GiB. @source dev/vmm/vmm.h */
export const VMM_MAX_VM_MEM_SIZE = 128 * 2 ** 30
/** Largest gpa that pmap_enter_ept() takes. @source machine/vmparam.h, MAXDSIZ of amd64 */
export const MAXDSIZ = 128 * 2 ** 30
/** @source dev/vmm/vmm.h */
export const VMM_MAX_MEM_RANGES = 16
/** Host-wide. @source dev/vmm/vmm.h */
export const VMM_MAX_VCPUS = 512

const WORD = 2n ** 64n

/** The start of the page that holds `address`; trunc_page() of param.h. */
export function truncPage<Address extends number>(address: Address): Address {
  // Not `&`, which cuts its operands to 32 bits; and not `%`, which is a call of its own for those that have more.
  return (Math.floor(address / PAGE_SIZE) * PAGE_SIZE) as Address
}

/** Number of the page that holds `address`; atop() of param.h. */
export function pageOf(address: number): number {
  return Math.floor(address / PAGE_SIZE)
}

/** First address of a page; ptoa() of param.h. */
export function addressOf(page: number): number {
  return page * PAGE_SIZE
}

/** How many pages `bytes` fill, the last one perhaps in part. */
export function pagesOf(bytes: number): number {
  return Math.ceil(bytes / PAGE_SIZE)
}

/** `address` moved up by `bytes`. */
export function offset<Address extends number>(address: Address, bytes: number): Address {
  return (address + bytes) as Address
}

/** The smallest form of a 64-bit value: a number where a double is exact, else a bigint. Wraps as C does. */
export function word64(value: bigint): Word64 {
  const wrapped = ((value % WORD) + WORD) % WORD
  return wrapped <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wrapped) : wrapped
}

/** Sum modulo 2^64, as unsigned C arithmetic has it. */
export function addWords(a: Word64, b: Word64): Word64 {
  if (typeof a === 'number' && typeof b === 'number' && a + b <= Number.MAX_SAFE_INTEGER) return a + b
  return word64(BigInt(a) + BigInt(b))
}

/** Whether a 64-bit value starts a page. */
export function isPageAligned(value: Word64): boolean {
  return typeof value === 'number' ? value % PAGE_SIZE === 0 : value % BigInt(PAGE_SIZE) === 0n
}

/** Lower-case hex with `0x`, the form of files and screens. */
export function hex(value: Word64): string {
  return `0x${value.toString(16)}`
}

/** Reads `0x…` hex or a decimal number of up to 64 bits; null when `text` is neither. */
export function parseWord64(text: string): Word64 | null {
  if (!/^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/.test(text)) return null
  const value = BigInt(text)
  return value < WORD ? word64(value) : null
}
