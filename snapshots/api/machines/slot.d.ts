import type { SlotIndex, VmRef } from '../events/ids.ts';
import type { SlotEvent } from '../events/vm.ts';
import type { SlotInput } from './tell.ts';
export type SlotContext = {
    readonly vm: VmRef;
    readonly slot: SlotIndex;
};
export declare const slotMachine: import("xstate").StateMachine<SlotContext, SlotInput, {}, never, {
    type: "abandoned";
    params: import("xstate").NonReducibleUnknown;
}, never, never, "abandoned" | "backed" | "held" | "mapped" | "none" | "released" | "sealed" | "shared", string, import("xstate").NonReducibleUnknown, import("xstate").NonReducibleUnknown, SlotEvent, import("xstate").MetaObject, {
    id: "slot";
    states: {
        readonly none: {};
        readonly backed: {};
        readonly mapped: {};
        readonly sealed: {};
        readonly held: {};
        readonly shared: {};
        readonly released: {};
        readonly abandoned: {};
    };
}, import("xstate").MetaObject>;
