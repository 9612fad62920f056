/**
 * Where vmd(8) believes a guest-physical address to lie in its own address space.
 *
 * find_gpa_range() takes the first range that ends above the address, without a look at where it begins, and gives the
 * last range that the access reaches. So an access that crosses from one range into the next, and one that begins in a
 * hole, are given a pointer that lies before a range, in whatever the process has mapped there.
 *
 * Source: find_gpa_range() and hvaddr_mem() of usr.sbin/vmd/x86_vm.c, 2025.
 */
import type { RangeRequest } from '../../events/command.ts';
/** `wrong`: it lies outside of the range that was found, so what is there is not the guest's memory at this address. */
export type HostPointer = {
    readonly ok: true;
    readonly hva: number;
    readonly wrong: boolean;
} | {
    readonly ok: false;
    readonly errno: 'EFAULT' | 'EINVAL';
};
type Placed = {
    readonly gpa: number;
    readonly size: number;
    readonly va: number;
};
/**
 * find_gpa_range(): the range by which [gpa, gpa + length) is translated; null where no ranges cover it, or where there
 * is a hole between them.
 */
export declare function findGpaRange(ranges: readonly RangeRequest[], gpa: number, length: number): Placed | null;
/** hvaddr_mem(): the pointer for `length` bytes at `gpa`. Its test of the length is one of unsigned numbers, which wrap. */
export declare function hostPointer(ranges: readonly RangeRequest[], gpa: number, length: number): HostPointer;
export {};
