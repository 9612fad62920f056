/**
 * All that can have happened, and the form in which it is recorded.
 *
 * An event is a frozen value with a string tag; its name reads after "it is a fact that". Events are
 * versioned as a whole: EVENT_VERSION goes up when a field changes its meaning, and the tape's upcasters
 * know the way from each older version.
 */
import type { CallEvent } from './call.ts';
import type { CpuEvent } from './cpu.ts';
import type { DeviceEvent } from './device.ts';
import type { GuestEvent } from './guest.ts';
import type { ThreadId } from './ids.ts';
import type { LockEvent } from './lock.ts';
import type { MemoryEvent } from './memory.ts';
import type { NestedEvent } from './nested.ts';
import type { ObjectEvent, PageEvent } from './object.ts';
import type { PmapEvent } from './pmap.ts';
import type { PspEvent } from './psp.ts';
import type { ProcessEvent, SpaceEvent } from './space.ts';
import type { TraceEvent } from './trace.ts';
import type { VcpuEvent } from './vcpu.ts';
import type { HoldEvent, SlotEvent, VmEvent } from './vm.ts';
export declare const EVENT_VERSION = 2;
export type VmmEvent = CallEvent | LockEvent | TraceEvent | DeviceEvent | VmEvent | SlotEvent | HoldEvent | VcpuEvent | GuestEvent | CpuEvent | PmapEvent | ObjectEvent | PageEvent | MemoryEvent | ProcessEvent | SpaceEvent | NestedEvent | PspEvent;
export type EventType = VmmEvent['type'];
export type EventOf<Type extends EventType> = Extract<VmmEvent, {
    readonly type: Type;
}>;
/**
 * An event in its place. `seq` counts from 1. `thread` is whose step made it true, null for what came from
 * outside any thread. `place` is where the thread's call stands after the step that this event ends; null
 * where the step goes on with the next event.
 */
export type Recorded = {
    readonly seq: number;
    readonly thread: ThreadId | null;
    readonly place: string | null;
    readonly event: VmmEvent;
};
/** Ends a switch over a union: a case that was forgotten is a type error, and thrown if it happens all the same. */
export declare function unreachable(value: never): never;
