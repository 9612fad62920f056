/**
 * How the parts of the world are named. Numbers count from 1 in order of creation and are never used
 * again, so that a stale name is seen to be stale.
 */
declare const kind: unique symbol;
type Kind<Value, Name extends string> = Value & {
    readonly [kind]: Name;
};
/** A `struct vm`, from pool_get to pool_put. Not its id, which it gets only when it is registered. */
export type VmRef = Kind<number, 'vm'>;
/** The id that vmm(4) gives a registered VM; INFO and all later calls use it. */
export type VmId = number;
/** Index of a vCPU in its VM. */
export type VcpuId = number;
/** Index of a memory range, and of its backing object in vm_memory_slot[]. */
export type SlotIndex = number;
/** A host CPU, from 0. */
export type CpuId = number;
/** A page-table tree, of a process or nested. */
export type PmapRef = Kind<number, 'pmap'>;
/** A memory object: a UVM aobj or a stretch of anonymous memory. */
export type ObjectRef = Kind<number, 'object'>;
export type Pid = number;
/** A kernel thread that runs one call. */
export type ThreadId = string;
/** Whether every JavaScript object has a property of that name, such as `constructor`: a record cannot be asked for it. */
export declare function isInherited(name: string): boolean;
export {};
