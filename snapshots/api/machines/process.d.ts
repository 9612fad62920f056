import type { Pid } from '../events/ids.ts';
import type { ProcessEvent } from '../events/space.ts';
import type { ProcessInput } from './tell.ts';
export type ProcessContext = {
    readonly pid: Pid;
};
export declare const processMachine: import("xstate").StateMachine<ProcessContext, ProcessInput, {}, never, never, never, never, "alive" | "exited", string, import("xstate").NonReducibleUnknown, import("xstate").NonReducibleUnknown, ProcessEvent, import("xstate").MetaObject, {
    id: "process";
    states: {
        readonly alive: {};
        readonly exited: {};
    };
}, import("xstate").MetaObject>;
