import type { VcpuId, VmRef } from '../events/ids.ts';
import type { VcpuEvent } from '../events/vcpu.ts';
import type { VcpuInput } from './tell.ts';
export type VcpuContext = {
    readonly vm: VmRef;
    readonly vcpu: VcpuId;
};
export declare const vcpuMachine: import("xstate").StateMachine<VcpuContext, VcpuInput, {}, never, {
    type: "deinitialised";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "entered";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "poked";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "started";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "stopped";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "terminated";
    params: import("xstate").NonReducibleUnknown;
}, {
    type: "saysStopped";
    params: unknown;
} | {
    type: "saysTerminated";
    params: unknown;
}, never, "gone" | "handling" | "inGuest" | "ready" | "running" | "terminated", string, import("xstate").NonReducibleUnknown, import("xstate").NonReducibleUnknown, VcpuEvent, import("xstate").MetaObject, {
    id: "vcpu";
    states: {
        readonly ready: {};
        readonly running: {};
        readonly inGuest: {};
        readonly handling: {};
        readonly terminated: {};
        readonly gone: {};
    };
}, import("xstate").MetaObject>;
