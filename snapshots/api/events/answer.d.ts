/**
 * What the kernel functions answer: the inputs of the call machines. An answer says how the function ended, not
 * what it changed; the changes are recorded as events of their own.
 */
import type { Frame, Hva, Word64 } from './address.ts';
import type { Errno } from './errno.ts';
import type { ObjectRef, SlotIndex, VmId } from './ids.ts';
import type { PspDone, PspHandle } from './psp.ts';
export type Answer = 
/** The step ended in the only way it can. */
{
    readonly type: 'done';
}
/** A loop has nothing left. */
 | {
    readonly type: 'none';
}
/** A loop goes on; `slot` where it walks over slots. */
 | {
    readonly type: 'next';
    readonly slot: SlotIndex;
}
/** The routine says no; its errno is among the locals. */
 | {
    readonly type: 'refused';
    readonly errno: Errno;
} | {
    readonly type: 'uao.created';
    readonly object: ObjectRef;
} | {
    readonly type: 'uvm.mapped';
    readonly hva: Hva;
} | {
    readonly type: 'uvm.sealed';
}
/** uvm_share() has put a range into the other map; `hva` is where it lies in the process. */
 | {
    readonly type: 'uvm.shared';
    readonly hva: Hva;
}
/** The last entry of a shared range left the nested map. */
 | {
    readonly type: 'uvm.unshared';
    readonly slot: SlotIndex;
} | {
    readonly type: 'uao.referenced';
    readonly object: ObjectRef;
} | {
    readonly type: 'vm.numbered';
    readonly id: VmId;
} | {
    readonly type: 'page.present';
} | {
    readonly type: 'page.absent';
}
/** No memory now; uvm_wait() and once more. */
 | {
    readonly type: 'memory.short';
}
/** The handler has an answer for userland: EAGAIN. */
 | {
    readonly type: 'fault.assist';
} | {
    readonly type: 'vcpu.mustStop';
} | {
    readonly type: 'poked';
    readonly state: number;
} | {
    readonly type: 'guest.faulted';
    readonly gpa: Word64;
} | {
    readonly type: 'guest.left';
}
/** The PSP has done what it was asked; `done` is what that is to the guest of the handle. */
 | {
    readonly type: 'psp.executed';
    readonly handle: PspHandle;
    readonly done: PspDone;
}
/** The guest's instruction is one that exits. */
 | {
    readonly type: 'guest.trapped';
}
/** A host interrupt, or the IPI of another thread, has made the guest exit. */
 | {
    readonly type: 'vcpu.kicked';
}
/** The guest has a clock, which is to be updated. */
 | {
    readonly type: 'clock.due';
} | {
    readonly type: 'wallclock.due';
} | {
    readonly type: 'pdptes.due';
}
/** The guest has said where its GHCB is. */
 | {
    readonly type: 'ghcb.named';
}
/** The GHCB is to be read, or to be written. */
 | {
    readonly type: 'ghcb.due';
}
/** The guest was scheduled out, and its RUN called again. */
 | {
    readonly type: 'guest.yielded';
} | {
    readonly type: 'page.chosen';
    readonly frame: Frame;
} | {
    readonly type: 'page.freed';
    readonly object: ObjectRef;
    readonly index: number;
};
