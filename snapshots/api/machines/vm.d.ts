import type { VmRef } from '../events/ids.ts';
import type { VmEvent } from '../events/vm.ts';
import type { VmInput } from './tell.ts';
export type VmContext = {
    readonly vm: VmRef;
};
export declare const vmMachine: import("xstate").StateMachine<VmContext, VmInput, {}, never, {
    type: "teardownBegun";
    params: import("xstate").NonReducibleUnknown;
} | {
    type: "unlinked";
    params: import("xstate").NonReducibleUnknown;
}, never, never, "allocated" | "condemned" | "freed" | "registered" | "tearing" | "unlinked", string, import("xstate").NonReducibleUnknown, import("xstate").NonReducibleUnknown, VmEvent, import("xstate").MetaObject, {
    id: "vm";
    states: {
        readonly allocated: {};
        readonly registered: {};
        readonly condemned: {};
        readonly unlinked: {};
        readonly tearing: {};
        readonly freed: {};
    };
}, import("xstate").MetaObject>;
