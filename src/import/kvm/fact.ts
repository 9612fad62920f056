/**
 * What a trace proves to have happened, in the model's words: small frozen values with a string
 * tag, subject and past participle, each with the line that says it.
 *
 * `vm` numbers the trace's VMs from 1 in the order of their appearance; null says that the line
 * does not tell which of several VMs it is about (`vm.undecided` came before and names them).
 * `as` is KVM's address space: 0, and 1 for system management mode. `root` numbers a VM's
 * page-table trees: deleting a slot makes KVM give a whole tree up and grow another, and while
 * vCPUs run both exist. Frames and gfns are numbers of 4 KB pages, host-physical and guest-physical.
 */
import type { TraceTime } from '../ftrace/line.ts'
import type { LeafBits } from './spte.ts'

type Told = {
  /** Line of the trace, from 1. */
  readonly line: number
  readonly time: TraceTime
}
type OfVm = Told & { readonly vm: number | null }
type OfVcpu = OfVm & { readonly vcpu: number | null }
type OfSlot = OfVm & { readonly as: number; readonly slot: number }
/** An entry of a nested pmap: `level` is that of the table it stands in. */
type OfEntry = OfVm & {
  readonly as: number
  readonly root: number
  readonly level: number
  readonly gfn: number
}
/**
 * How the importer knows. `line`: the line says it. `subtree`: an entry above was taken out, so that
 * all below went with it. `untold`: no line says it; a later line shows that it must have happened
 * before (a dirty log, a hardware bit, or a lost event).
 */
export type How = 'line' | 'subtree' | 'untold'

// ------------------------------------------------------------------ VMs, vCPUs and their holders
/** `process` created it; null when the trace has no process column. */
export type VmCreated = OfVm & {
  readonly type: 'vm.created'
  readonly process: number | null
  readonly pointer: string | null
}
/** It was there before the trace's first line about it, or its creation was not recorded. */
export type VmFound = OfVm & {
  readonly type: 'vm.found'
  readonly process: number | null
  readonly pointer: string | null
}
export type VcpuCreated = OfVcpu & { readonly type: 'vcpu.created'; readonly pointer: string | null }
export type VcpuFound = OfVcpu & { readonly type: 'vcpu.found' }
/** A process holds the VM (`vcpu` null) or a vCPU by a file descriptor. */
export type DescriptorOpened = OfVcpu & {
  readonly type: 'descriptor.opened'
  readonly process: number
  readonly fd: number
}
export type DescriptorClosed = OfVcpu & {
  readonly type: 'descriptor.closed'
  readonly process: number
  readonly fd: number
}
/** A mapping of a vCPU's run page holds the vCPU as a descriptor does. */
export type RunPageMapped = OfVcpu & {
  readonly type: 'runpage.mapped'
  readonly process: number
  readonly hva: number
}
export type RunPageUnmapped = OfVcpu & {
  readonly type: 'runpage.unmapped'
  readonly process: number
  readonly hva: number
}
/** The last holder of the VM's file let go. */
export type VmReleased = OfVm & { readonly type: 'vm.released' }
/** The last holder of a vCPU's file let go. */
export type VcpuReleased = OfVcpu & { readonly type: 'vcpu.released' }
/** The end of a VM came to this kernel function. */
export type TeardownReached = OfVcpu & { readonly type: 'teardown.reached'; readonly step: TeardownStep }
export type TeardownStep =
  | 'put_kvm'
  | 'destroy_vm'
  | 'mmu_notifier_release'
  | 'flush_shadow_all'
  | 'mmu_zap_all'
  | 'arch_destroy_vm'
  | 'vcpu_mmu_unload'
  | 'destroy_vcpus'
  | 'vcpu_destroy'
  | 'mmu_uninit_vm'
  | 'arch_free_memslot'
/** Nothing of the VM is left but its slots' bookkeeping; what its tables still held is `leaves`. */
export type VmEnded = OfVm & { readonly type: 'vm.ended'; readonly leaves: number; readonly tables: number }
export type ProcessForked = Told & {
  readonly type: 'process.forked'
  readonly process: number
  readonly child: number
}
export type ThreadExited = Told & { readonly type: 'thread.exited'; readonly thread: number }
/** The last thread that was seen of a process that held VMs. */
export type ProcessExited = Told & { readonly type: 'process.exited'; readonly process: number }

// ------------------------------------------------------------------ memory slots
export type SlotShape = {
  readonly gpa: number
  /** Bytes. */
  readonly size: number
  readonly hva: number | null
  readonly readOnly: boolean
  readonly dirtyLog: boolean
}
export type SlotCreated = OfSlot & SlotShape & { readonly type: 'slot.created' }
/** The same memory at another guest-physical address. */
export type SlotMoved = OfSlot & SlotShape & { readonly type: 'slot.moved'; readonly from: number | null }
/** Dirty logging was turned on or off. */
export type SlotReflagged = OfSlot & SlotShape & { readonly type: 'slot.reflagged' }
/** A deletion or a move has begun: faults into the slot wait from here on. */
export type SlotInvalidated = OfSlot & { readonly type: 'slot.invalidated' }
/** `known` is what the slot was, null when its creation was not seen. */
export type SlotDeleted = OfSlot & { readonly type: 'slot.deleted'; readonly known: SlotShape | null }
export type SlotRefused = OfSlot & {
  readonly type: 'slot.refused'
  readonly gpa: bigint
  readonly size: bigint
  readonly hva: bigint | null
  readonly flags: number
  /** Positive; 17 is EEXIST (overlap), 22 EINVAL. */
  readonly errno: number
}

// ------------------------------------------------------------------ running
/** KVM_RUN was called. */
export type RunBegun = OfVcpu & { readonly type: 'run.begun'; readonly thread: number }
/** KVM_RUN returned; `errno` is positive, 0 when it succeeded. */
export type RunEnded = OfVcpu & { readonly type: 'run.ended'; readonly thread: number; readonly errno: number }
export type VcpuEntered = OfVcpu & { readonly type: 'vcpu.entered'; readonly rip: bigint | null }
export type VcpuExited = OfVcpu & {
  readonly type: 'vcpu.exited'
  readonly reason: string
  readonly rip: bigint
  readonly info1: bigint
  readonly info2: bigint
}
/** On the way to user space, with the reason of `kvm_run`, or `restart` and `error` with an errno. */
export type VcpuReturned = OfVcpu & { readonly type: 'vcpu.returned'; readonly reason: string; readonly code: number }
export type VcpuSmm = OfVcpu & { readonly type: 'vcpu.moved'; readonly as: number }

// ------------------------------------------------------------------ faults
export type GuestFaulted = OfVcpu & {
  readonly type: 'guest.faulted'
  /** Byte that was accessed. */
  readonly address: bigint
  /** `gva` under shadow paging, where the guest's own faults come here too. */
  readonly space: 'gpa' | 'gva'
  readonly access: 'read' | 'write' | 'execute'
  readonly present: boolean
  readonly reserved: boolean
  readonly walking: boolean
  readonly rip: bigint | null
}
/**
 * How the fault of line `faulted` ended.
 *
 * - `fixed`: a leaf was entered or changed.
 * - `spurious`: the tables already had what was asked for.
 * - `fast`: write permission was given back without the lock; `fast-spurious`: it was there already.
 * - `mmio`: an MMIO entry was installed, and the access emulated.
 * - `mmio-known`: the MMIO entry was there, or remembered; no fault was counted.
 * - `emulated`: the instruction was emulated without a new leaf (a write to read-only memory).
 * - `retried`: the guest went back in with nothing changed.
 * - `failed`: KVM_RUN returned an error.
 * - `unknown`: lines are missing between the fault and what came after.
 */
export type FaultOutcome =
  | 'fixed'
  | 'spurious'
  | 'fast'
  | 'fast-spurious'
  | 'mmio'
  | 'mmio-known'
  | 'emulated'
  | 'retried'
  | 'failed'
  | 'unknown'
export type FaultResolved = OfVcpu & {
  readonly type: 'fault.resolved'
  readonly address: bigint
  readonly outcome: FaultOutcome
  readonly faulted: number
}
/** The guest read or wrote where no memory is, or wrote where it may not. */
export type MmioAccessed = OfVcpu & {
  readonly type: 'mmio.accessed'
  readonly direction: 'read' | 'write' | 'unsatisfied-read'
  readonly gpa: bigint
  /** Bytes. */
  readonly length: number
  readonly value: bigint
}

// ------------------------------------------------------------------ the nested pmap
/** A tree was begun; `level` is that of its root. */
export type RootCreated = OfVm & {
  readonly type: 'root.created'
  readonly as: number
  readonly root: number
  readonly level: number
}
/** All trees of the VM were given up: new faults go to new ones. `roots` are the ones that had been in use. */
export type RootsInvalidated = OfVm & { readonly type: 'roots.invalidated'; readonly roots: readonly number[] }
/** A given-up tree was taken apart to its last entry. */
export type MappingsDropped = OfVm & { readonly type: 'mappings.dropped'; readonly as: number; readonly root: number }
/** KVM has finished with the given-up trees, and this is still in them. */
export type MappingsLeft = OfVm & {
  readonly type: 'mappings.left'
  readonly roots: readonly number[]
  readonly leaves: number
  readonly tables: number
}
/** The entry leads to a table of `level - 1` at `frame`; null where no line told the frame. */
export type TableLinked = OfEntry & {
  readonly type: 'table.linked'
  readonly frame: number | null
  readonly how: How
}
/** The entry leads nowhere any more. What was below was named one by one before. */
export type TableRemoved = OfEntry & {
  readonly type: 'table.removed'
  readonly frame: number | null
  readonly how: How
}
export type LeafEntered = OfEntry &
  LeafBits & {
    readonly type: 'leaf.entered'
    readonly frame: number
    readonly how: How
    /** `split`: one of the 512 that replace a large leaf. */
    readonly by: 'entry' | 'split'
  }
/** Same page, same frame, other permissions or bits. */
export type LeafChanged = OfEntry &
  LeafBits & {
    readonly type: 'leaf.changed'
    readonly frame: number
    readonly how: How
    readonly was: LeafBits
  }
export type LeafRemoved = OfEntry &
  LeafBits & { readonly type: 'leaf.removed'; readonly frame: number; readonly how: How }
/** KVM remembers that the guest touched a hole there. */
export type HoleMarked = OfEntry & { readonly type: 'hole.marked'; readonly how: How }
export type HoleCleared = OfEntry & { readonly type: 'hole.cleared'; readonly how: How }
/** An entry was written in a table that had been cut off from its tree: nothing can reach it. */
export type EntryStranded = OfVm & {
  readonly type: 'entry.stranded'
  readonly as: number
  readonly level: number
  readonly gfn: number
  readonly spte: bigint
}
/**
 * The line's old value is not what the lines before left there, and no event was lost. Either the
 * kernel did something that it does not print, or something went wrong.
 */
export type EntryDisagreed = OfEntry & {
  readonly type: 'entry.disagreed'
  readonly expected: bigint
  readonly found: bigint
}

// ------------------------------------------------------------------ the host side
/** The host takes [start, end) of the process away from below the guest; once for each VM. */
export type HostUnmapped = OfVm & { readonly type: 'host.unmapped'; readonly start: number; readonly end: number }
/** The host put another page, or other permissions, at `hva`. */
export type HostRemapped = OfVm & { readonly type: 'host.remapped'; readonly hva: number }
export type HostAged = OfVm & { readonly type: 'host.aged'; readonly start: number; readonly end: number }
/** A memory call of a process that has VMs; `result` null when it did not return. */
export type HostCalled = Told & {
  readonly type: 'host.called'
  readonly process: number
  readonly call: string
  readonly args: Readonly<Record<string, bigint>>
}
export type TlbFlushed = OfVm & { readonly type: 'tlb.flushed' }

// ------------------------------------------------------------------ notes and checkpoints
/** User space wrote this between the events. */
export type NoteWritten = Told & { readonly type: 'note.written'; readonly text: string }
/**
 * The program under trace read the kernel's own counters about here. `running` are the vCPUs whose
 * KVM_RUN had not returned: their counters race.
 */
export type CheckpointNoted = Told & {
  readonly type: 'checkpoint.noted'
  readonly number: number
  readonly title: string
  readonly running: readonly { readonly vm: number; readonly vcpu: number }[]
  /** VMs that have not ended. */
  readonly live: readonly number[]
  /** Descriptor numbers of that process, by which its journal names the VMs. */
  readonly descriptors: readonly { readonly fd: number; readonly vm: number }[]
  /**
   * VMs about which lines are missing: what their tables hold, or their counts since the beginning,
   * is not known. `untraced`: not because of a loss, but because KVM's older code does not print it.
   */
  readonly clouded: readonly {
    readonly vm: number
    readonly tables: boolean
    readonly counters: boolean
    readonly untraced: boolean
  }[]
}

// ------------------------------------------------------------------ what is not known
/**
 * Events are missing. `marker`: the reader was too slow, and this many were lost on `cpu` before
 * this line. `overrun`: the ring was too small, and what came before the first line of each CPU is
 * gone, `count` on all CPUs together. `start`: the lines of `cpu` begin here, later than others.
 */
export type EventsLost = Told & {
  readonly type: 'events.lost'
  readonly where: 'marker' | 'overrun' | 'start'
  readonly cpu: number | null
  readonly count: number | null
}
export type LineUnparsed = Told & { readonly type: 'line.unparsed'; readonly text: string; readonly reason: string }
export type EventUndecoded = Told & {
  readonly type: 'event.undecoded'
  readonly event: string
  readonly reason: string
}
/** The line may be about any of these VMs. */
export type VmUndecided = Told & {
  readonly type: 'vm.undecided'
  readonly among: readonly number[]
  readonly event: string
}
/** A value that the model would need and that no line gives. */
export type ValueUnknown = OfVm & { readonly type: 'value.unknown'; readonly what: string; readonly why: string }

export type LifeFact =
  | VmCreated
  | VmFound
  | VcpuCreated
  | VcpuFound
  | DescriptorOpened
  | DescriptorClosed
  | RunPageMapped
  | RunPageUnmapped
  | VmReleased
  | VcpuReleased
  | TeardownReached
  | VmEnded
  | ProcessForked
  | ThreadExited
  | ProcessExited
export type SlotFact = SlotCreated | SlotMoved | SlotReflagged | SlotInvalidated | SlotDeleted | SlotRefused
export type RunFact =
  | RunBegun
  | RunEnded
  | VcpuEntered
  | VcpuExited
  | VcpuReturned
  | VcpuSmm
  | GuestFaulted
  | FaultResolved
  | MmioAccessed
export type TableFact =
  | RootCreated
  | RootsInvalidated
  | MappingsDropped
  | MappingsLeft
  | TableLinked
  | TableRemoved
  | LeafEntered
  | LeafChanged
  | LeafRemoved
  | HoleMarked
  | HoleCleared
  | EntryStranded
  | EntryDisagreed
export type HostFact = HostUnmapped | HostRemapped | HostAged | HostCalled | TlbFlushed
export type NoteFact = NoteWritten | CheckpointNoted
export type UnknownFact = EventsLost | LineUnparsed | EventUndecoded | VmUndecided | ValueUnknown

/** All that a trace can prove. */
export type KvmFact = LifeFact | SlotFact | RunFact | TableFact | HostFact | NoteFact | UnknownFact
