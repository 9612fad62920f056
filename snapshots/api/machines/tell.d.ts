/**
 * What one machine is told. xstate calls these events; here an event is what became true and is recorded, so
 * what goes into a machine is an *input*.
 *
 * A call machine is told what a kernel function answered. It tells the entities concerned in turn: what it emits
 * is a `Tell`, which the engine hands to the machine of that entity.
 */
import type { Frame, Hva, Word64 } from '../events/address.ts';
import type { Errno } from '../events/errno.ts';
import type { ObjectRef, Pid, SlotIndex, VcpuId, VmId, VmRef } from '../events/ids.ts';
import type { PspDone, PspHandle } from '../events/psp.ts';
export type VmInput = {
    readonly type: 'register';
    readonly id: VmId;
} | {
    readonly type: 'condemn';
} | {
    readonly type: 'unlink';
} | {
    readonly type: 'teardown';
} | {
    readonly type: 'free';
};
export type SlotInput = {
    readonly type: 'uao.created';
    readonly object: ObjectRef;
} | {
    readonly type: 'uvm.mapped';
    readonly hva: Hva;
} | {
    readonly type: 'uvm.sealed';
} | {
    readonly type: 'uao.referenced';
    readonly object: ObjectRef;
} | {
    readonly type: 'uvm.shared';
    readonly hva: Hva;
} | {
    readonly type: 'uvm.refused';
} | {
    readonly type: 'uao.detached';
} | {
    readonly type: 'uvm.unshared';
};
export type VcpuInput = {
    readonly type: 'run';
} | {
    readonly type: 'enter';
} | {
    readonly type: 'fault';
    readonly gpa: Word64;
} | {
    readonly type: 'leave';
    readonly reason: 'guest' | 'signal' | 'instruction' | 'interrupt';
} | {
    readonly type: 'stop';
} | {
    readonly type: 'kill';
    readonly errno: Errno;
} | {
    readonly type: 'poke';
    readonly state: number;
} | {
    readonly type: 'deinit';
};
export type ProcessInput = {
    readonly type: 'exit';
};
export type PagedaemonInput = {
    readonly type: 'busy';
    readonly frame: Frame;
} | {
    readonly type: 'evicted';
    readonly object: ObjectRef;
    readonly index: number;
} | {
    readonly type: 'spare';
    readonly frame: Frame;
};
/** What the PSP has done with a guest. */
export type PspInput = PspDone;
export type Tell = {
    readonly to: 'vm';
    readonly type: 'tell.vm';
    readonly vm: VmRef;
    readonly input: VmInput;
} | {
    readonly to: 'slot';
    readonly type: 'tell.slot';
    readonly vm: VmRef;
    readonly slot: SlotIndex;
    readonly input: SlotInput;
} | {
    readonly to: 'vcpu';
    readonly type: 'tell.vcpu';
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
    readonly input: VcpuInput;
} | {
    readonly to: 'process';
    readonly type: 'tell.process';
    readonly pid: Pid;
    readonly input: ProcessInput;
} | {
    readonly to: 'pagedaemon';
    readonly type: 'tell.pagedaemon';
    readonly input: PagedaemonInput;
} | {
    readonly to: 'psp';
    readonly type: 'tell.psp';
    readonly handle: PspHandle;
    readonly input: PspInput;
};
