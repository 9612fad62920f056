/**
 * What the lines of a KVM trace say, decoded but not yet understood: one type an event, in the
 * words and the units of the kernel's own print formats. Addresses and entries are 64 bits wide
 * and therefore bigints; frame numbers have at most 52 and are numbers.
 *
 * Source: arch/x86/kvm/trace.h, arch/x86/kvm/mmu/mmutrace.h and include/trace/events/kvm.h of
 * Linux 6.1, and 5.x where it printed less; the probes and system calls are those that a
 * recording defines for itself, as no tracepoint tells of slots or of a VM's end.
 */

/** A kernel address, as printed: a name of an object, good until the object's end. */
export type Pointer = string

/** Probe on __kvm_set_memory_region(): what user space asks for. */
export type SlotRequested = {
  readonly event: 'set_memory_region'
  readonly kvm: Pointer
  /** Address space: 0, and 1 for system management mode. */
  readonly as: number
  readonly slot: number
  readonly flags: number
  readonly gpa: bigint
  /** Bytes; 0 deletes. */
  readonly size: bigint
  /** Null when the probe did not fetch it. */
  readonly hva: bigint | null
}
/** Return probe: 0, or a negative errno. */
export type SlotAnswered = { readonly event: 'set_memory_region_ret'; readonly result: number }
/** Probe on kvm_swap_active_memslots(): the slot table was exchanged for a new one. */
export type SlotsSwapped = {
  readonly event: 'swap_active_memslots'
  readonly kvm: Pointer
  readonly as: number
}

/** The other probes: the beginning of a kernel function, with the object it is about. */
export type FunctionEntered = {
  readonly event: ProbedFunction
  readonly kvm: Pointer | null
  readonly vcpu: Pointer | null
}
export const PROBED_FUNCTIONS = [
  'arch_init_vm',
  'vcpu_create',
  'vm_release',
  'vcpu_release',
  'put_kvm',
  'destroy_vm',
  'mmu_notifier_release',
  'flush_shadow_all',
  'mmu_zap_all',
  'arch_destroy_vm',
  'vcpu_mmu_unload',
  'destroy_vcpus',
  'vcpu_destroy',
  'mmu_uninit_vm',
  'arch_free_memslot',
  'flush_shadow_memslot',
  'flush_remote_tlbs',
  'tdp_mmu_invalidate_roots',
  'tdp_mmu_zap_invalidated',
] as const
export type ProbedFunction = (typeof PROBED_FUNCTIONS)[number]
/** Probe on kvm_dev_ioctl(). */
export type DeviceCalled = {
  readonly event: 'dev_ioctl'
  readonly command: number
  readonly argument: bigint
}

export type VcpuEntered = {
  readonly event: 'kvm_entry'
  readonly vcpu: number
  readonly rip: bigint | null
}
export type VcpuExited = {
  readonly event: 'kvm_exit'
  /** Null in the spellings that do not print it. */
  readonly vcpu: number | null
  /** As printed: `npf`, `EXIT_NPF`, `EPT_VIOLATION`, `hlt`. */
  readonly reason: string
  readonly rip: bigint
  /** npf: the error code. EPT violation: the exit qualification. */
  readonly info1: bigint
  /** npf: the guest-physical address. */
  readonly info2: bigint
}
export type PageFaulted = {
  readonly event: 'kvm_page_fault'
  /** Null before Linux 5.19, which printed the address alone. */
  readonly vcpu: number | null
  readonly rip: bigint | null
  /** Guest-physical with nested paging, guest-virtual with shadow paging. */
  readonly address: bigint
  readonly error: bigint
}
/** What a fault asks the tables for. */
export type EntryRequested = {
  readonly event: 'kvm_mmu_spte_requested'
  readonly gfn: number
  /** Bit 63 says that there is no memory: a hole, or an error. */
  readonly pfn: bigint
  readonly level: number
}
/** What a fault left in the tables. */
export type EntrySet = {
  readonly event: 'kvm_mmu_set_spte'
  readonly gfn: number
  readonly spte: bigint
  readonly level: number
  /** `rwxu` with dashes, as the kernel reads the entry. */
  readonly access: string
  /** Host-physical address of the entry itself; null when not printed. */
  readonly at: bigint | null
}
export type EntryChanged = {
  readonly event: 'kvm_tdp_mmu_spte_changed'
  readonly as: number
  readonly gfn: number
  readonly level: number
  readonly old: bigint
  readonly new: bigint
}
/** Write permission was given back, or could not be, without the page-table lock. */
export type FastFaulted = {
  readonly event: 'fast_page_fault'
  readonly vcpu: number
  readonly address: bigint
  readonly old: bigint
  readonly new: bigint
  readonly spurious: boolean
  readonly fixed: boolean
}
export type TablePageTaken = {
  readonly event: 'kvm_mmu_get_page'
  readonly gfn: number
  readonly level: number
  readonly made: boolean
}
export type TablePageZapped = {
  readonly event: 'kvm_mmu_prepare_zap_page'
  readonly gfn: number
  readonly level: number
}
export type HugeSplit = {
  readonly event: 'kvm_mmu_split_huge_page'
  readonly gfn: number
  readonly spte: bigint
  readonly level: number
  readonly errno: number
}
export type AllZappedFast = { readonly event: 'kvm_mmu_zap_all_fast'; readonly generation: number }

/** The host's memory below the guest goes: once for each VM of the process. */
export type HostUnmapped = {
  readonly event: 'kvm_unmap_hva_range'
  readonly start: bigint
  readonly end: bigint
}
export type HostRemapped = { readonly event: 'kvm_set_spte_hva'; readonly hva: bigint }
export type HostAged = {
  readonly event: 'kvm_age_hva'
  readonly start: bigint
  readonly end: bigint
}

export type MmioMarked = {
  readonly event: 'mark_mmio_spte'
  readonly gfn: number
  readonly access: number
  readonly generation: number
}
export type MmioChecked = {
  readonly event: 'check_mmio_spte'
  readonly spte: bigint
  readonly valid: boolean
}
export type MmioFaulted = { readonly event: 'handle_mmio_page_fault'; readonly gfn: number }
export type MmioAccessed = {
  readonly event: 'kvm_mmio'
  readonly direction: 'read' | 'write' | 'unsatisfied-read'
  /** Bytes. */
  readonly length: number
  readonly gpa: bigint
  readonly value: bigint
}
export type MmioMatched = {
  readonly event: 'vcpu_match_mmio'
  readonly gva: bigint
  readonly gpa: bigint
  readonly write: boolean
}
export type InstructionEmulated = {
  readonly event: 'kvm_emulate_insn'
  readonly rip: bigint
  readonly failed: boolean
}
/** KVM_RUN goes back to user space. */
export type UserspaceExited = {
  readonly event: 'kvm_userspace_exit'
  /** `KVM_EXIT_IO`, or `restart` and `error` with an errno. */
  readonly reason: string
  readonly code: number
}
export type SmmChanged = {
  readonly event: 'kvm_smm_transition'
  readonly vcpu: number
  readonly entering: boolean
}
/** Printed when a vCPU has been made; without system calls, the only place that tells its number. */
export type TscTracked = {
  readonly event: 'kvm_track_tsc'
  readonly vcpu: number
  readonly online: number
}

/** A system call begins. Arguments by the kernel's names for them. */
export type CallEntered = {
  readonly event: 'syscall.entered'
  /** Without `sys_`. */
  readonly call: string
  readonly args: Readonly<Record<string, bigint>>
}
export type CallReturned = {
  readonly event: 'syscall.returned'
  readonly call: string
  /** Negative errno on failure. */
  readonly result: bigint
}

export type Forked = {
  readonly event: 'sched_process_fork'
  readonly pid: number
  readonly child: number
}
export type ThreadEnded = { readonly event: 'sched_process_exit'; readonly pid: number }

/** Free text that user space wrote between the events. It may imitate anything. */
export type Marked = { readonly event: 'tracing_mark_write'; readonly text: string }

export type TraceEvent =
  | SlotRequested
  | SlotAnswered
  | SlotsSwapped
  | FunctionEntered
  | DeviceCalled
  | VcpuEntered
  | VcpuExited
  | PageFaulted
  | EntryRequested
  | EntrySet
  | EntryChanged
  | FastFaulted
  | TablePageTaken
  | TablePageZapped
  | HugeSplit
  | AllZappedFast
  | HostUnmapped
  | HostRemapped
  | HostAged
  | MmioMarked
  | MmioChecked
  | MmioFaulted
  | MmioAccessed
  | MmioMatched
  | InstructionEmulated
  | UserspaceExited
  | SmmChanged
  | TscTracked
  | CallEntered
  | CallReturned
  | Forked
  | ThreadEnded
  | Marked
