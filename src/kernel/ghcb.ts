/**
 * How a guest whose registers are encrypted talks to vmm(4): it puts what it wants into a page that it shares with the
 * host, the GHCB, and executes VMGEXIT. The kernel looks the page up once, keeps its address in the direct map for as long
 * as the vCPU lives, and pins nothing.
 *
 * Source: svm_handle_vmgexit(), svm_vmgexit_sync_host(), svm_vmgexit_sync_guest() and vcpu_run_svm() of vmm_machdep.c 1.64
 * (2025-09-14); struct ghcb_sa of machine/ghcb.h; AMD "SEV-ES Guest-Hypervisor Communication Block Standardization".
 * Of the page the exit code and the valid bits are modelled, the latter only as what is written; not modelled: registers in
 * it, and that it is noise where the guest has not shared it.
 */
import { type Frame, type Gpa, PAGE_SIZE, type Word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { GuestVmgexit } from '../../events/command.ts'
import type { Accessor } from '../../events/memory.ts'
import { bitsOf, withoutBits } from '../../events/word.ts'
import { type Ghcb, guestOf, INVALID_OPCODE } from '../model/guest.ts'
import { extractAt } from './guest_memory.ts'
import { ABSENT, DONE, GHCB_DUE, GHCB_NAMED, type Kernel, learn, MUST_STOP, refuse, TRAPPED, vmOf } from './kernel.ts'
import { vcpuOf } from './pvclock.ts'
import { readWord, type Span, writeWord } from './words.ts'

/** Where the page says why the guest has exited, and which of its fields hold something. @source machine/ghcb.h */
export const GHCB_EXIT_CODE = 0x390
const GHCB_VALID_BITMAP = 0x3f0
const FIELD_BYTES = 8
/** sw_exitinfo1 and sw_exitinfo2, which every answer has. */
const ANSWERED_FIELDS = 0x30
/** SVM_VMEXIT_CPUID, SVM_VMEXIT_IOIO, SVM_VMEXIT_MSR. @source machine/specialreg.h */
const EXIT_IOIO = 0x7b
const EXITS: ReadonlySet<number> = new Set([0x72, EXIT_IOIO, 0x7c])
/** Requests without a page, in the low bits of the MSR. @source MSR_PROTO_TERMINATE, MSR_PROTO_CPUID_REQ */
const REQUEST_BITS = 12
const REQUEST_TERMINATE = 0x100
const REQUEST_CPUID = 0x4
const FRAME_BITS = 52

/** VMGEXIT; where the registers are not encrypted, the CPU or svm_handle_exit() answers it with #UD (medium). */
export function executeVmgexit(kernel: Kernel, { gpa }: GuestVmgexit): Answer | null {
  const vm = vmOf(kernel)
  const { vcpu } = kernel.thread.locals
  kernel.record({ type: 'instruction.begun', vm: vm.ref, vcpu, writes: 'ghcb', number: 0, word: gpa })
  if (vcpuOf(kernel)?.sev === 'seves') return TRAPPED
  kernel.record({ type: 'instruction.refused', vm: vm.ref, vcpu, vector: INVALID_OPCODE })
  return null
}

/** svm_handle_vmgexit(), up to where it needs the page. Once there is one, every other is taken for it. */
export function handleVmgexit(kernel: Kernel, ghcb: Word64): Answer {
  const word = BigInt(ghcb)
  const isCached = guestOf(vcpuOf(kernel)).ghcb !== undefined
  const isAligned = withoutBits(bitsOf(word, 0, FRAME_BITS), 0, REQUEST_BITS) === word
  if (isAligned) {
    if (isCached) return GHCB_DUE
    return word === 0n ? refuse(kernel, 'EINVAL', 'svm_handle_vmgexit') : GHCB_NAMED
  }
  const request = Number(bitsOf(word, 0, REQUEST_BITS))
  if (request === REQUEST_CPUID) return DONE
  return refuse(kernel, request === REQUEST_TERMINATE ? 'EPERM' : 'EINVAL', 'svm_handle_vmgexit')
}

/** The page is looked up, for the first and the last time. */
export function extractGhcb(kernel: Kernel): Answer {
  const gpa = kernel.thread.locals.instruction?.word ?? 0
  if (extractAt(kernel, gpa) === ABSENT) return refuse(kernel, 'EINVAL', 'svm_handle_vmgexit')
  const { vcpu, frame } = kernel.thread.locals
  const page = Number(withoutBits(bitsOf(BigInt(gpa), 0, 48), 0, Math.log2(PAGE_SIZE))) as Gpa
  kernel.record({ type: 'ghcb.found', vm: vmOf(kernel).ref, vcpu, gpa: page, frame: frame as Frame })
  return DONE
}

function accessOf(kernel: Kernel, { gpa, frame }: Ghcb, offset: number): readonly [Accessor, Span] {
  const by = { kind: 'kernel', for: 'ghcb', vm: vmOf(kernel).ref, vcpu: kernel.thread.locals.vcpu, gpa } as const
  return [by, { frame, offset, bytes: FIELD_BYTES, tracked: false }]
}

/** svm_vmgexit_sync_host() and the handler of the exit; a port access is for userland. */
export function readGhcb(kernel: Kernel): Answer {
  const { ghcb } = guestOf(vcpuOf(kernel))
  if (ghcb === undefined) return refuse(kernel, 'EINVAL', 'svm_vmgexit_sync_host')
  const code = Number(readWord(kernel, ...accessOf(kernel, ghcb, GHCB_EXIT_CODE)))
  if (!EXITS.has(code)) return refuse(kernel, 'EINVAL', 'svm_vmgexit_sync_host')
  if (code !== EXIT_IOIO) return DONE
  const { vcpu } = kernel.thread.locals
  kernel.record({ type: 'ghcb.awaited', vm: vmOf(kernel).ref, vcpu, awaited: true })
  learn(kernel, { reason: 'guest' })
  return MUST_STOP
}

/** svm_vmgexit_sync_guest(): ghcb_clear(), then the fields. Nobody asks whose page it is by now. */
export function writeGhcb(kernel: Kernel): Answer {
  const { ghcb } = guestOf(vcpuOf(kernel))
  if (ghcb === undefined) return DONE
  writeWord(kernel, ...accessOf(kernel, ghcb, GHCB_EXIT_CODE), 0)
  writeWord(kernel, ...accessOf(kernel, ghcb, GHCB_VALID_BITMAP), ANSWERED_FIELDS)
  const { vcpu } = kernel.thread.locals
  if (ghcb.awaited) kernel.record({ type: 'ghcb.awaited', vm: vmOf(kernel).ref, vcpu, awaited: false })
  return DONE
}
