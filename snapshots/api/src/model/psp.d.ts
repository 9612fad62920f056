/**
 * What the PSP keeps: guests by handle, and where the pages that it has encrypted were.
 *
 * Ciphertext depends on the address: a page that is copied to another frame decrypts to noise there. So the PSP's work on
 * a page is remembered as the frame in which it was done, and as how often that frame had been freed.
 *
 * Source: AMD64 APM vol. 2, "Secure Encrypted Virtualization"; psp.c 1.20 (2025-08-14).
 */
import type { ThreadId } from '../../events/ids.ts';
import type { Asid, PspGuestState, PspHandle } from '../../events/psp.ts';
import type { World } from './world.ts';
/** Pages `first` and on of `object` were encrypted in frames `frame` and on, each freed `generation` times before. */
export type EncryptedRun = {
    readonly object: number;
    readonly first: number;
    readonly frame: number;
    readonly pages: number;
    readonly generation: number;
};
export type PspGuest = {
    readonly handle: PspHandle;
    /** GPOL_ES of its policy. */
    readonly es: boolean;
    readonly life: PspGuestState;
    /** The ASID that its key is active for, 0 for none. */
    readonly asid: Asid;
    readonly encrypted: readonly EncryptedRun[];
};
export type Psp = {
    readonly initialised: boolean;
    /** Holder of sc_lock. */
    readonly lock: ThreadId | null;
    /** Last handle given out. */
    readonly made: PspHandle;
    readonly guests: Readonly<Record<PspHandle, PspGuest>>;
    /** ASIDs that were deactivated since the last DF_FLUSH. */
    readonly unflushed: readonly Asid[];
};
/** The PSP of a host on which nobody has used it: its first open initialises it. */
export declare const UNUSED_PSP: Psp;
/** The PSP of a host; worlds in which nobody has used it do not name it. */
export declare function pspOf({ psp }: Pick<World, 'psp'>): Psp;
/** Where a guest of the PSP stands; a handle that was given out and has no context is decommissioned. */
export declare function pspLife(world: Pick<World, 'psp'>, handle: PspHandle): PspGuestState | 'uninitialised' | 'decommissioned';
/** The frame and its generation in which a page was encrypted; null where it was not. */
export declare function encryptedAt(world: Pick<World, 'psp'>, object: number, index: number): {
    readonly frame: number;
    readonly generation: number;
} | null;
/** Whether any page of an object was encrypted. */
export declare function hasEncrypted({ psp }: Pick<World, 'psp'>, object: number): boolean;
/**
 * What is found in a frame, or null for noise. A process sees ciphertext wherever the PSP was at work. A guest, whose
 * accesses decrypt, sees the page as long as it is where it was encrypted. A page holds one number here, so that a guest's
 * write to a page that was moved does not mend it, and a process's write to ciphertext is not seen to spoil it.
 */
export declare function contentsOf(world: World, frame: number, by: 'guest' | 'process'): number | null;
