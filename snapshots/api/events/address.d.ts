/**
 * Addresses, and the only arithmetic on them that the rest of the house may use.
 *
 * An address is a branded number: physical addresses have at most 52 bits and user addresses 47, and a
 * double is exact to 53. What a caller hands in may be any 64-bit value; until it has been judged it is
 * a `Word64`, which is a bigint wherever a double would not hold it.
 */
declare const kind: unique symbol;
type Kind<Value, Name extends string> = Value & {
    readonly [kind]: Name;
};
/** Guest-physical address, in bytes. */
export type Gpa = Kind<number, 'gpa'>;
/** Virtual address in a user process, in bytes. */
export type Hva = Kind<number, 'hva'>;
/** Host-physical address, in bytes. */
export type Hpa = Kind<number, 'hpa'>;
/** An amount of memory, in bytes. */
export type Bytes = Kind<number, 'bytes'>;
/** Number of a host-physical page: a host-physical address divided by PAGE_SIZE. */
export type Frame = Kind<number, 'frame'>;
/** What a pmap translates: a virtual address of a process, or a guest-physical one for a nested pmap. */
export type Va = Gpa | Hva;
/** Any 64-bit value as a caller may hand it in; a bigint only above Number.MAX_SAFE_INTEGER. */
export type Word64 = number | bigint;
/** @source machine/param.h */
export declare const PAGE_SIZE = 4096;
/** Lowest address that a user mapping may have. @source uvm_param.h, VM_MIN_ADDRESS of amd64 */
export declare const VM_MIN_ADDRESS: Hva;
/** First address above every user mapping. @source machine/vmparam.h */
export declare const VM_MAXUSER_ADDRESS: Hva;
/** Largest guest-physical address and memory size of a VM, 128 GiB. @source dev/vmm/vmm.h */
export declare const VMM_MAX_VM_MEM_SIZE: number;
/** Largest gpa that pmap_enter_ept() takes. @source machine/vmparam.h, MAXDSIZ of amd64 */
export declare const MAXDSIZ: number;
/** @source dev/vmm/vmm.h */
export declare const VMM_MAX_MEM_RANGES = 16;
/** Host-wide. @source dev/vmm/vmm.h */
export declare const VMM_MAX_VCPUS = 512;
/** The start of the page that holds `address`; trunc_page() of param.h. */
export declare function truncPage<Address extends number>(address: Address): Address;
/** Number of the page that holds `address`; atop() of param.h. */
export declare function pageOf(address: number): number;
/** First address of a page; ptoa() of param.h. */
export declare function addressOf(page: number): number;
/** How many pages `bytes` fill, the last one perhaps in part. */
export declare function pagesOf(bytes: number): number;
/** `address` moved up by `bytes`. */
export declare function offset<Address extends number>(address: Address, bytes: number): Address;
/** The smallest form of a 64-bit value: a number where a double is exact, else a bigint. Wraps as C does. */
export declare function word64(value: bigint): Word64;
/** Sum modulo 2^64, as unsigned C arithmetic has it. */
export declare function addWords(a: Word64, b: Word64): Word64;
/** Whether a 64-bit value starts a page. */
export declare function isPageAligned(value: Word64): boolean;
/** Lower-case hex with `0x`, the form of files and screens. */
export declare function hex(value: Word64): string;
/** Reads `0x…` hex or a decimal number of up to 64 bits; null when `text` is neither. */
export declare function parseWord64(text: string): Word64 | null;
export {};
