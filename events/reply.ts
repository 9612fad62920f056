/**
 * What a caller gets. A refusal is an answer that the kernel really gives; it names the routine that
 * said no. A defect of the model is never a reply: it is thrown.
 */
import type { Word64 } from './address.ts'
import type { Errno } from './errno.ts'
import type { Pid, ThreadId, VcpuId, VmId } from './ids.ts'
import type { WaitChannel } from './wait.ts'

/** `at` is the kernel routine that refused. */
export type Refusal = { readonly ok: false; readonly errno: Errno; readonly at: string }

/** How a nested fault handler classified an exit for userland. @source struct vm_exit_eptviolation, vee_exit */
export type ExitClass = 'none' | 'handled' | 'mmio' | 'protect'

/** What the handler of a nested fault left in the exit structure. */
export type FaultReport = {
  readonly exit: ExitClass
  /** vee_insn_len. */
  readonly instructionLength: number
  /** vee_insn_info: 1 length valid, 2 bytes valid. */
  readonly instructionInfo: number
}

/** `struct vm_info_result`. An entry that INFO never filled is all zero. */
export type VmInfo = {
  readonly id: VmId
  readonly pid: Pid
  readonly name: string
  readonly memorySize: number
  /** Resident count of the nested pmap in bytes, page tables included. */
  readonly usedSize: number
  readonly ncpus: number
  readonly states: readonly { readonly vcpu: VcpuId; readonly state: number }[]
}

export type CreateReply = { readonly ok: true; readonly id: VmId; readonly va: readonly Word64[] } | Refusal
/** `va` is the kernel's copy of vsp_va[]; the caller sees it only when `ok`. */
export type SharememReply =
  | { readonly ok: true; readonly va: readonly Word64[] }
  | (Refusal & { readonly va: readonly Word64[] | null })
export type FaultReply = ({ readonly ok: true } & FaultReport) | (Refusal & { readonly report: FaultReport | null })
/** `reason` is vrp_exit_reason: why RUN came back to userland. */
export type RunReply =
  | {
      readonly ok: true
      readonly reason: 'none' | 'mmio' | 'protect' | 'guest' | 'signal'
      readonly report: FaultReport | null
    }
  | (Refusal & { readonly report: FaultReport | null })
/**
 * `count` is vip_info_ct where the kernel set it; `need` is the larger size in bytes that it asked for; `vms`
 * is what the caller's buffer holds then, newest VM first.
 */
export type InfoReply =
  | { readonly ok: true; readonly count: number; readonly need: number | null; readonly vms: readonly VmInfo[] }
  | (Refusal & { readonly count: number | null })
export type TouchReply = { readonly ok: true; readonly faulted: boolean } | (Refusal & { readonly faulted: boolean })
/** `value` is what the page held, from 2^45 on the number of a table of words; `word` what the word held. */
export type ReadReply =
  | { readonly ok: true; readonly faulted: boolean; readonly value: number; readonly word?: undefined }
  | { readonly ok: true; readonly faulted: boolean; readonly word: Word64; readonly value?: undefined }
  | (Refusal & { readonly faulted: boolean })
/**
 * What a guest's access came to: served at once, after a fault, or by leaving RUN, which answered `left`. `value` is
 * what the page held after an access that was about contents, `word` what the word did.
 */
export type GuestReply =
  | {
      readonly ok: true
      readonly faulted: boolean
      readonly left: RunReply | null
      readonly value?: number
      readonly word?: Word64
    }
  | Refusal
export type MmapReply = { readonly ok: true; readonly va: Word64 } | Refusal
/** What became of an inactive page: used again, freed as it was, or freed after it was written to swap. */
export type PageFate = 'activated' | 'freed' | 'written'
export type ReclaimReply = { readonly ok: true; readonly fate: PageFate } | Refusal
/** Ranges that a core dump holds, ascending. */
export type CoredumpReply =
  | { readonly ok: true; readonly ranges: readonly { readonly start: Word64; readonly size: Word64 }[] }
  | Refusal
export type MuststopReply = { readonly ok: true; readonly stop: boolean } | Refusal
export type PlainReply = { readonly ok: true } | Refusal

export type Reply =
  | CreateReply
  | SharememReply
  | FaultReply
  | RunReply
  | InfoReply
  | TouchReply
  | ReadReply
  | GuestReply
  | MmapReply
  | ReclaimReply
  | CoredumpReply
  | MuststopReply
  | PlainReply

/** Which reply answers which command. */
export type ReplyOf = {
  readonly 'ioc.create': CreateReply
  readonly 'ioc.sharemem': SharememReply
  readonly 'ioc.run': RunReply
  readonly 'ioc.term': PlainReply
  readonly 'ioc.info': InfoReply
  readonly 'ioc.resetcpu': PlainReply
  readonly 'ioc.mprotectept': PlainReply
  readonly 'ioc.unknown': PlainReply
  readonly 'guest.fault': FaultReply
  readonly 'guest.touch': GuestReply
  readonly 'guest.leave': GuestReply
  readonly 'host.spawn': PlainReply
  readonly 'host.exit': PlainReply
  readonly 'host.signal': PlainReply
  readonly 'host.touch': TouchReply
  readonly 'host.read': ReadReply
  readonly 'host.write': TouchReply
  readonly 'host.mmap': MmapReply
  readonly 'host.munmap': PlainReply
  readonly 'host.mprotect': PlainReply
  readonly 'host.minherit': PlainReply
  readonly 'host.madvise': PlainReply
  readonly 'host.msync': PlainReply
  readonly 'host.mlock': PlainReply
  readonly 'host.munlock': PlainReply
  readonly 'host.fork': PlainReply
  readonly 'host.exec': PlainReply
  readonly 'host.coredump': CoredumpReply
  readonly 'host.pageout': PlainReply
  readonly 'host.deactivate': PlainReply
  readonly 'host.reclaim': ReclaimReply
  readonly 'host.suspend': PlainReply
  readonly 'host.wakeup': PlainReply
  readonly 'host.muststop': MuststopReply
  readonly 'host.poke': PlainReply
  readonly 'host.hold': PlainReply
  readonly 'host.release': PlainReply
  readonly 'fail.next': PlainReply
}

/** The host panicked in the middle of the call, or had done so before. Nothing answers any more. */
export type Panicked = { readonly ok: false; readonly panic: { readonly fn: string; readonly kind: string } }
/** The call sleeps and has no answer yet; `thread` can be stepped once what it waits for has happened. */
export type Asleep = { readonly ok: false; readonly blocked: WaitChannel; readonly thread: ThreadId }
/** What dispatching a command may give. */
export type Outcome<Type extends keyof ReplyOf = keyof ReplyOf> = ReplyOf[Type] | Panicked | Asleep
