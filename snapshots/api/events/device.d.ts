/**
 * What can have happened to the vmm device as a whole: its status, its gate and its switch.
 *
 * Source: vmmioctl(), vmm_activate(), vmm_start() and vmm_stop() of vmm(4).
 */
import type { Errno } from './errno.ts';
import type { ThreadId } from './ids.ts';
/** vmm_start(): virtualization is on, on every CPU. Recorded also where it was on already. */
export type VmmStarted = {
    readonly type: 'vmm.started';
};
/** vmm_start(): some CPU did not switch on. */
export type VmmStartRefused = {
    readonly type: 'vmm.startRefused';
    readonly errno: Errno;
};
/** vmm_stop(): virtualization is off. */
export type VmmStopped = {
    readonly type: 'vmm.stopped';
};
/** A request passed the gate and is counted in sc_refcnt. */
export type DeviceEntered = {
    readonly type: 'device.entered';
    readonly thread: ThreadId;
};
/** A request gave its count in sc_refcnt back. */
export type DeviceLeft = {
    readonly type: 'device.left';
    readonly thread: ThreadId;
};
/** DVACT_QUIESCE: no request passes the gate any more; its own count in sc_refcnt is dropped. */
export type DeviceSuspended = {
    readonly type: 'device.suspended';
};
/** DVACT_WAKEUP: the gate is open again and sc_refcnt starts anew. */
export type DeviceResumed = {
    readonly type: 'device.resumed';
};
/** vmm_activate_machdep() ran. */
export type MachdepActivated = {
    readonly type: 'machdep.activated';
    readonly action: 'quiesce' | 'wakeup';
};
/** The failpoint will make the `k`-th call of `fn` from now on fail. */
export type FailpointArmed = {
    readonly type: 'failpoint.armed';
    readonly fn: string;
    readonly k: number;
    readonly errno: Errno;
};
/** `fn` was called while failpoints wait for it; those that this call reached have fired and are gone. */
export type FailpointCounted = {
    readonly type: 'failpoint.counted';
    readonly fn: string;
};
/** The host stopped. Nothing happens after this. `fn` is the routine, or `trap` for an invalid memory access. */
export type HostPanicked = {
    readonly type: 'host.panicked';
    readonly fn: string;
    /** `panic` an explicit one, `assert` a kernel assertion, `trap` an invalid access, `uaf` use of a freed object. */
    readonly kind: 'panic' | 'assert' | 'trap' | 'uaf';
};
export type DeviceEvent = VmmStarted | VmmStartRefused | VmmStopped | DeviceEntered | DeviceLeft | DeviceSuspended | DeviceResumed | MachdepActivated | FailpointArmed | FailpointCounted | HostPanicked;
