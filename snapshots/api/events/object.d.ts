/**
 * What can have happened to memory objects, their pages and their swap slots.
 *
 * Source: uvm_aobj.c, uvm_page.c, uvm_fault.c and uvm_pdaemon.c.
 */
import type { Bytes, Frame, Hva, Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { ObjectRef, Pid, ThreadId } from './ids.ts';
/** uao_create(), or the backing of an mmap(2): one reference, carried by the thread. */
export type ObjectCreated = {
    readonly type: 'object.created';
    readonly object: ObjectRef;
    readonly kind: 'aobj' | 'anon';
    /** As the object is called: a1, a2 … for aobjs, m1, m2 … for anonymous memory. */
    readonly name: string;
    readonly pages: number;
    readonly thread: ThreadId;
};
/** uao_create() found no memory. */
export type ObjectRefused = {
    readonly type: 'object.refused';
    readonly size: Bytes;
    readonly errno: Errno;
};
/**
 * One more reference. `slot`: vm_create()'s for vmm. `share`: vm_share_mem()'s, which pays for the map entry
 * that used a reference nobody had taken. `split`: a map entry was cut in two. `clone`: uvm_share()'s, which the
 * thread carries into the new entry; fork(2) shares memory with a child the same way.
 */
export type ObjectReferenced = {
    readonly type: 'object.referenced';
    readonly object: ObjectRef;
    readonly why: 'slot' | 'share' | 'split' | 'clone';
    readonly thread: ThreadId;
};
/** One reference less. `entry`: a map entry went. `slot`: vmm's. `carried`: a thread's that it could not place. */
export type ObjectReleased = {
    readonly type: 'object.released';
    readonly object: ObjectRef;
    readonly why: 'entry' | 'slot' | 'carried';
    readonly thread: ThreadId;
};
/** The last reference went; pages and swap slots were freed one by one before. */
export type ObjectFreed = {
    readonly type: 'object.freed';
    readonly object: ObjectRef;
};
/** A page of an object became resident, zero-filled or from swap, which it equals then; not wired, on the active queue. */
export type PageAllocated = {
    readonly type: 'page.allocated';
    readonly object: ObjectRef;
    readonly index: number;
    readonly frame: Frame;
    readonly from: 'zero' | 'swap';
};
/** uvm_fault_wire() of the page at `va` of `pid`: `wires` is the wire count now; it is on no queue. */
export type PageWired = {
    readonly type: 'page.wired';
    readonly frame: Frame;
    readonly wires: number;
    readonly pid: Pid;
    readonly va: Hva;
};
/** uvm_pageunwire(): one wiring less; `wires` are left. At 0 the page is on the active queue again. */
export type PageUnwired = {
    readonly type: 'page.unwired';
    readonly frame: Frame;
    readonly wires: number;
    readonly pid: Pid;
    readonly va: Hva;
};
/** uvm_pagedeactivate(): on the inactive queue, where the page daemon looks; not referenced since. */
export type PageDeactivated = {
    readonly type: 'page.deactivated';
    readonly frame: Frame;
};
/** uvm_pageactivate(): on the active queue again. */
export type PageActivated = {
    readonly type: 'page.activated';
    readonly frame: Frame;
};
/** The page of `object`, zero-filled so far, holds what page `sourceIndex` of `source` holds. */
export type PageCopied = {
    readonly type: 'page.copied';
    readonly object: ObjectRef;
    readonly index: number;
    readonly frame: Frame;
    readonly source: ObjectRef;
    readonly sourceIndex: number;
};
/** The frame is on the free list: next generation, whatever its wire count was. */
export type PageFreed = {
    readonly type: 'page.freed';
    readonly object: ObjectRef;
    readonly index: number;
    readonly frame: Frame;
};
/** The page of the object owns a swap slot. */
export type SwapAssigned = {
    readonly type: 'swap.assigned';
    readonly object: ObjectRef;
    readonly index: number;
};
export type SwapReleased = {
    readonly type: 'swap.released';
    readonly object: ObjectRef;
    readonly index: number;
};
/** What the page holds now is in its swap slot: it is clean. */
export type SwapWritten = {
    readonly type: 'swap.written';
    readonly object: ObjectRef;
    readonly index: number;
    readonly frame: Frame;
};
/** The page daemon began to evict the page: busy, no writable mapping that its pv list knows. */
export type PageBusied = {
    readonly type: 'page.busied';
    readonly frame: Frame;
};
/** The page daemon gave up on the page. */
export type PageSpared = {
    readonly type: 'page.spared';
    readonly frame: Frame;
};
/** The page daemon's eviction of the page has ended; its frame was freed before. */
export type PageEvicted = {
    readonly type: 'page.evicted';
    readonly object: ObjectRef;
    readonly index: number;
};
/** uvm_wait(): no memory now; the thread will try again. */
export type MemoryAwaited = {
    readonly type: 'memory.awaited';
    readonly thread: ThreadId;
};
/** uvm_fault_wire() of `va` failed. */
export type FaultRefused = {
    readonly type: 'fault.refused';
    readonly pid: Pid;
    readonly va: Word64;
    readonly errno: Errno;
};
/** uvm_fault_wire() of `va` reported success but mapped nothing. */
export type FaultHollow = {
    readonly type: 'fault.hollow';
    readonly pid: Pid;
    readonly va: Word64;
};
export type ObjectEvent = ObjectCreated | ObjectRefused | ObjectReferenced | ObjectReleased | ObjectFreed;
export type PageEvent = PageAllocated | PageWired | PageUnwired | PageDeactivated | PageActivated | PageCopied | PageFreed | SwapAssigned | SwapReleased | SwapWritten | PageBusied | PageSpared | PageEvicted | MemoryAwaited | FaultRefused | FaultHollow;
