/**
 * What can have happened to the PSP, the processor of an AMD host that holds the keys of encrypted guests: its platform,
 * and the contexts of guests that it keeps by handle.
 *
 * Source: psp.c 1.20 (2025-08-14) and pspvar.h 1.7 (2025-04-25).
 */
import type { Frame, Hva } from './address.ts';
import type { Errno } from './errno.ts';
import type { ObjectRef, Pid, ThreadId, VcpuId, VmRef } from './ids.ts';
/** Names the context of a guest, from LAUNCH_START to DECOMMISSION. */
export type PspHandle = number;
/** Address-space id of a guest: which key the memory controller uses for it. */
export type Asid = number;
/** PSP_GSTATE_*: LUPDATE, LSECRET and RUNNING. A guest that is in UNINIT has no context. */
export type PspGuestState = 'launchUpdate' | 'launchSecret' | 'running';
/** PSP_CMD_*, as far as the driver issues them for vmd. */
export type PspCommand = 'INIT' | 'SHUTDOWN' | 'PLATFORMSTATUS' | 'DF_FLUSH' | 'DECOMMISSION' | 'ACTIVATE' | 'DEACTIVATE' | 'GUESTSTATUS' | 'LAUNCH_START' | 'LAUNCH_UPDATE_DATA' | 'LAUNCH_UPDATE_VMSA' | 'LAUNCH_MEASURE' | 'LAUNCH_FINISH';
/**
 * Why the PSP refuses a command.
 *
 * @source Secure Encrypted Virtualization API 0.24, "Status Codes"; which command gives which is *medium*
 */
export type PspStatus = 'INVALID_PLATFORM_STATE' | 'INVALID_GUEST_STATE' | 'INVALID_GUEST' | 'INVALID_ASID' | 'ASID_OWNED' | 'DFFLUSH_REQUIRED' | 'ACTIVE' | 'INACTIVE'
/** The command was lost, or took too long: a failure that was asked for. */
 | 'NO_RESPONSE';
/** What a command that the PSP has carried out was to the guest that it is about. */
export type PspDone = {
    readonly type: 'start';
    readonly es: boolean;
} | {
    readonly type: 'activate';
    readonly asid: Asid;
} | {
    readonly type: 'encrypt';
    readonly pid: Pid;
    readonly va: Hva;
    readonly object: ObjectRef;
    readonly index: number;
    readonly frame: Frame;
    readonly generation: number;
} | {
    readonly type: 'encryptState';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
} | {
    readonly type: 'measure';
} | {
    readonly type: 'finish';
} | {
    readonly type: 'deactivate';
    readonly asid: Asid;
} | {
    readonly type: 'decommission';
};
/** pspioctl(): sc_lock was taken for writing; one request at a time is in the driver. */
export type PspLocked = {
    readonly type: 'psp.locked';
    readonly thread: ThreadId;
};
export type PspUnlocked = {
    readonly type: 'psp.unlocked';
    readonly thread: ThreadId;
};
/** psp_reinit(): the platform can launch guests. */
export type PspInitialised = {
    readonly type: 'psp.initialised';
};
/** psp_shutdown(): the platform has forgotten every guest and every key. */
export type PspShutDown = {
    readonly type: 'psp.shutDown';
};
/** psp_df_flush(): caches hold nothing of a guest that was deactivated; its ASID can be activated again. */
export type PspFlushed = {
    readonly type: 'psp.flushed';
};
/** LAUNCH_START: the context of a guest, with a key of its own; `es` where the policy asks for encrypted state. */
export type PspLaunched = {
    readonly type: 'psp.launched';
    readonly handle: PspHandle;
    readonly es: boolean;
};
/** ACTIVATE: the guest's key is that of the ASID. */
export type PspActivated = {
    readonly type: 'psp.activated';
    readonly handle: PspHandle;
    readonly asid: Asid;
};
/** DEACTIVATE: the ASID has no key, and needs a DF_FLUSH before it can have another. */
export type PspDeactivated = {
    readonly type: 'psp.deactivated';
    readonly handle: PspHandle;
    readonly asid: Asid;
};
/**
 * LAUNCH_UPDATE_DATA of the page at `va` of `pid`: page `index` of `object`, which is in `frame`, is ciphertext now, bound
 * to that frame. `generation` is how often the frame was freed before: the same frame is another page later.
 */
export type PspEncrypted = {
    readonly type: 'psp.encrypted';
    readonly handle: PspHandle;
    readonly pid: Pid;
    readonly va: Hva;
    readonly object: ObjectRef;
    readonly index: number;
    readonly frame: Frame;
    readonly generation: number;
};
/** LAUNCH_UPDATE_VMSA: the PSP has encrypted the page at the address that the save area of the vCPU had. */
export type PspStateEncrypted = {
    readonly type: 'psp.stateEncrypted';
    readonly handle: PspHandle;
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
/** LAUNCH_MEASURE: nothing more can be encrypted for the guest. */
export type PspMeasured = {
    readonly type: 'psp.measured';
    readonly handle: PspHandle;
};
/** LAUNCH_FINISH: the guest can be run. */
export type PspFinished = {
    readonly type: 'psp.finished';
    readonly handle: PspHandle;
};
/** DECOMMISSION: the context and its key are gone. */
export type PspDecommissioned = {
    readonly type: 'psp.decommissioned';
    readonly handle: PspHandle;
};
/** ccp_docmd(): the PSP did not do what it was asked. `handle` is 0 where the command is about no guest. */
export type PspRefused = {
    readonly type: 'psp.refused';
    readonly command: PspCommand;
    readonly handle: PspHandle;
    readonly status: PspStatus;
    readonly errno: Errno;
};
export type PspEvent = PspLocked | PspUnlocked | PspInitialised | PspShutDown | PspFlushed | PspLaunched | PspActivated | PspDeactivated | PspEncrypted | PspStateEncrypted | PspMeasured | PspFinished | PspDecommissioned | PspRefused;
