import type { PspEvent, PspHandle } from '../events/psp.ts';
export type PspContext = {
    readonly handle: PspHandle;
};
export declare const pspMachine: import("xstate").StateMachine<PspContext, import("../events/psp.ts").PspDone, {}, never, {
    type: "activated";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "deactivated";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "decommissioned";
    params: import("xstate").NonReducibleUnknown;
}, never, never, "decommissioned" | "launchSecret" | "launchUpdate" | "running" | "uninitialised", string, import("xstate").NonReducibleUnknown, import("xstate").NonReducibleUnknown, PspEvent, import("xstate").MetaObject, {
    id: "psp";
    states: {
        readonly uninitialised: {};
        readonly launchUpdate: {};
        readonly launchSecret: {};
        readonly running: {};
        readonly decommissioned: {};
    };
}, import("xstate").MetaObject>;
