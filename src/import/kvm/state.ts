/**
 * What the importer remembers between two lines: the VMs and their trees, the threads and what each
 * is in the middle of, the processes and what their descriptors stand for.
 */
import type { SlotRequested } from '../ftrace/event.ts'
import type { TraceTime } from '../ftrace/line.ts'
import type { KvmFact, SlotShape } from './fact.ts'
import type { EntryLayout } from './spte.ts'
import type { EntryTree, TableNode } from './tree.ts'

/** What cannot be known about a VM any more, because lines are missing. */
export type Cloud = {
  /** The nested pmap may hold more or less than the lines say. */
  tables: boolean
  /** Counts since the VM's beginning lack something. */
  counters: boolean
  /** All trees were given up since the last loss: once they are taken apart, the tables are known again. */
  settling: boolean
}

export type VmState = {
  readonly number: number
  pointer: string | null
  /** The process that made it, or the one whose lines it was first found in. */
  readonly process: number | null
  readonly vcpus: Map<number, VcpuState>
  /** By `slotKey`. */
  readonly slots: Map<number, SlotShape>
  /** Trees that exist, newest last. */
  trees: EntryTree[]
  /** The tree that faults go to, by address space. */
  readonly current: Map<number, EntryTree>
  roots: number
  /**
   * KVM keeps its nested or shadow tables by the code that prints what it enters and not what it
   * takes out: the trees stay empty.
   */
  untraced: boolean
  /** Tables that were cut off and whose entries are being cleared one by one. */
  cuts: CutTable[]
  readonly cloud: Cloud
  /** KVM freed its tables; its number stays. */
  ended: boolean
}

export type VcpuState = {
  pointer: string | null
  /** KVM_RUN was called and has not returned. */
  running: boolean
}

/** A table that an entry no longer leads to. */
export type CutTable = {
  readonly vm: VmState
  readonly tree: EntryTree
  readonly as: number
  /** Level and first gfn of the entry that led to it. */
  readonly level: number
  readonly gfn: number
  readonly table: TableNode
}

/** An open file of KVM. Descriptors, copies of them in children, and mappings all hold it. */
export type FileState = { readonly vm: VmState; readonly vcpu: number | null; holders: number }

export type ProcessState = {
  readonly pid: number
  readonly files: Map<number, FileState>
  /** Mappings of run pages, by their first address. */
  readonly mappings: Map<number, FileState>
}

export type CallState = {
  readonly name: string
  readonly args: Readonly<Record<string, bigint>>
  readonly file: FileState | null
}

export type FaultState = {
  readonly vm: VmState | null
  readonly vcpu: number | null
  readonly line: number
  readonly address: bigint
  readonly reserved: boolean
  changed: boolean
  set: boolean
  fast: 'fixed' | 'spurious' | null
  marked: boolean
  /** Of a fault on an MMIO entry: it was found to be stale, so that the fault was taken. */
  stale: boolean
  emulated: boolean
  /** Events were lost since it began. */
  lost: boolean
}

export type NotifierState = {
  readonly start: number
  readonly end: number
  /** The VM that the last entry changed under it belonged to. */
  vm: VmState | null
  gfn: number
}

export type SlotRequestState = {
  readonly asked: SlotRequested
  readonly vm: VmState | null
  swaps: number
}

export type ThreadState = {
  readonly pid: number
  /** Process, when the trace has that column or a fork told. */
  process: number | null
  call: CallState | null
  /** The VM that the last line of this thread which named one was about. */
  context: VmState | null
  /** VMs that this thread was ever seen at work for. */
  readonly served: Set<VmState>
  vcpu: number | null
  /** Of the last exit; shadow paging faults are exceptions, and name another kind of address. */
  exitReason: string
  /** A vCPU is being made on this thread and has no number yet. */
  making: { readonly vm: VmState | null; readonly pointer: string } | null
  fault: FaultState | null
  request: SlotRequestState | null
  notifier: NotifierState | null
  cut: CutTable | null
  /** It takes given-up trees of this VM apart. */
  zapping: VmState | null
  /** The file whose last descriptor or mapping this thread gave up last. */
  let: FileState | null
}

export class ImportState {
  readonly facts: KvmFact[] = []
  line = 0
  time: TraceTime = 0
  layout: EntryLayout = 'rvi'
  readonly vms: VmState[] = []
  readonly byPointer = new Map<string, VmState>()
  readonly vcpuByPointer = new Map<string, { readonly vm: VmState; readonly vcpu: number | null }>()
  readonly threads = new Map<number, ThreadState>()
  readonly processes = new Map<number, ProcessState>()
  /** What each child would hold if it is a process of its own, which its first line tells. */
  readonly forks = new Map<number, ProcessState>()
  /** CPUs whose first lines may still be missing, after a ring that overran. */
  readonly unstarted = new Set<number>()
  emit(fact: KvmFact): void {
    this.facts.push(Object.freeze(fact))
  }

  thread(pid: number, tgid: number | null): ThreadState {
    let thread = this.threads.get(pid)
    if (thread === undefined) {
      thread = {
        pid,
        process: tgid,
        call: null,
        context: null,
        served: new Set(),
        vcpu: null,
        exitReason: '',
        making: null,
        fault: null,
        request: null,
        notifier: null,
        cut: null,
        zapping: null,
        let: null,
      }
      this.threads.set(pid, thread)
    }
    if (tgid !== null) thread.process = tgid
    return thread
  }

  process(pid: number): ProcessState {
    let process = this.processes.get(pid)
    if (process === undefined) {
      process = { pid, files: new Map(), mappings: new Map() }
      this.processes.set(pid, process)
    }
    return process
  }

  /** VMs whose tables may still change. */
  live(): VmState[] {
    return this.vms.filter((vm) => !vm.ended)
  }

  addVm(process: number | null, pointer: string | null, whole: boolean): VmState {
    const clouded = !whole || this.unstarted.size > 0
    const vm: VmState = {
      number: this.vms.length + 1,
      pointer,
      process,
      vcpus: new Map(),
      slots: new Map(),
      trees: [],
      current: new Map(),
      roots: 0,
      untraced: false,
      cuts: [],
      cloud: { tables: clouded, counters: clouded, settling: false },
      ended: false,
    }
    this.vms.push(vm)
    if (pointer !== null) this.byPointer.set(pointer, vm)
    return vm
  }
}

/** A slot's name within its VM. */
export function slotKey(as: number, slot: number): number {
  return as * 0x10000 + slot
}

/**
 * A user-space address as a number. Above 2^53 doubles are no longer exact to a byte, but user
 * space ends at 2^56 at most, and KVM hears of whole pages; the end of everything becomes that end.
 */
export function hostAddress(address: bigint): number {
  return address > USER_END ? Number(USER_END) : Number(address)
}
const USER_END = 2n ** 56n
