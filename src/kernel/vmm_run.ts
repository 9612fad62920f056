/**
 * The steps of vm_run(), of vm_resetcpu() and of the nested fault handlers.
 *
 * Source: vm_run() and vm_resetcpu() of vmm.c; vmx_handle_np_fault(), svm_handle_np_fault(), vmx_fault_page(),
 * svm_fault_page(), vmm_get_guest_memtype() and vmm_translate_gpa() of vmm_machdep.c with the patch of May 2025.
 */

import type { Frame, Gpa, Hva, Word64 } from '../../events/address.ts'
import { addWords, pageOf, truncPage, VM_MAXUSER_ADDRESS } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Errno } from '../../events/errno.ts'
import { guestOf } from '../model/guest.ts'
import { LEAF_EXECUTE, LEAF_READ, LEAF_WRITE, leafFlags, leafFrame } from '../model/memory.ts'
import { VCPU_STOPPED, VM_MEM_MMIO, type Vm } from '../model/world.ts'
import {
  ABSENT,
  ASSIST,
  type Blocked,
  blocked,
  CLOCK_DUE,
  commandOf,
  curproc,
  DONE,
  GHCB_DUE,
  type Kernel,
  KICKED,
  learn,
  MUST_STOP,
  PRESENT,
  refuse,
  SHORT,
  vmOf,
} from './kernel.ts'
import { enterNested } from './pmap.ts'
import { allows, isMisconfigured } from './protection.ts'
import { isClockWanted } from './pvclock.ts'
import { faultIn, isAsleepInFault } from './uvm_fault.ts'
import { entryAt } from './uvm_map.ts'
import { mustStop } from './vmm_find.ts'
import { resetRegisters } from './vmm_regs.ts'
import {
  beginRun,
  checkPlacement,
  isScheduledOut,
  parkBeforeSleep,
  parkUnknown,
  resetVmcs,
  runAgain,
} from './vmm_vmcs.ts'

/** Longest instruction that VMX may report for an assist. */
const INSTRUCTION_LENGTH_MAX = 15
const ALL_RIGHTS = LEAF_READ + LEAF_WRITE + LEAF_EXECUTE
/** v_n_bytes_fetched: as many bytes as the guest's access had fetched. */
const BYTES_FETCHED = 4

/** vmm_get_guest_memtype(): the ranges ascend, so the walk ends at the first that begins above. */
export function memtypeOf(vm: Vm, gpa: Word64): 'regular' | 'mmio' | 'unknown' {
  for (const slot of vm.slots) {
    if (gpa < slot.gpa) break
    if (gpa < slot.gpa + slot.size) return slot.memtype === VM_MEM_MMIO ? 'mmio' : 'regular'
  }
  return 'unknown'
}

/** vmm_translate_gpa(): the user address of a guest page, 0 where no range covers it. Of MMIO ranges too. */
function translateGpa(vm: Vm, gpa: Gpa): Word64 {
  for (const slot of vm.slots) {
    if (gpa >= slot.gpa && gpa < slot.gpa + slot.size) {
      return slot.hva === null ? addWords(slot.hint, gpa - slot.gpa) : slot.hva + (gpa - slot.gpa)
    }
  }
  return 0
}

/** What the exit says about itself; a guest inside RUN faults on pages that are not there. */
type ExitInfo = {
  readonly direct: boolean
  readonly qualification: number
  readonly instructionLength: number
  readonly decodeAssist: boolean
}
const NOT_PRESENT: ExitInfo = { direct: false, qualification: 1, instructionLength: 3, decodeAssist: true }

/**
 * vmx_get_guest_faulttype(): whether the translation was missing or forbids the access. Of several rights that the access
 * wants the first alone is looked at, reading before writing: a read and write of what can only be read is nonsense to it,
 * as an access is that the tables allow.
 */
function accessVerdict(qualification: number): 'absent' | 'protect' | 'invalid' {
  const wanted = qualification % 8
  const permitted = Math.floor(qualification / 8) % 8
  if (permitted === 0) return 'absent'
  const asked = [1, 2, 4].find((right) => Math.floor(wanted / right) % 2 === 1)
  return asked === undefined || Math.floor(permitted / asked) % 2 === 0 ? 'protect' : 'invalid'
}

/** MMIO: what userland needs to emulate the access. */
function assist(kernel: Kernel, handler: 'ept' | 'rvi', info: ExitInfo): Answer {
  if (handler === 'rvi') {
    // Without decode assists the exit is delivered all the same, with nothing in it.
    const bytes = info.decodeAssist
    learn(kernel, {
      exit: 'mmio',
      reason: 'mmio',
      handler,
      instructionLength: bytes ? BYTES_FETCHED : 0,
      instructionInfo: bytes ? 2 : 0,
      errno: 'EAGAIN',
      at: 'svm_handle_np_fault',
    })
    return ASSIST
  }
  const blank = { exit: 'mmio', reason: 'mmio', handler, instructionLength: 0, instructionInfo: 0 } as const
  if (kernel.fails('vmread') !== null) return refuse(kernel, 'EINVAL', 'vmx_handle_np_fault', blank)
  const { instructionLength } = info
  if (instructionLength < 1 || instructionLength > INSTRUCTION_LENGTH_MAX) {
    return refuse(kernel, 'EINVAL', 'vmx_handle_np_fault', blank)
  }
  learn(kernel, { ...blank, instructionLength, instructionInfo: 1, errno: 'EAGAIN', at: 'vmx_handle_np_fault' })
  return ASSIST
}

/** What an exit of a guest inside RUN says: its page was not there, or its leaf does not allow the access. */
function exitOf(kernel: Kernel, { pmap }: Vm, gpa: Word64): ExitInfo {
  const packed = pmap === null || typeof gpa !== 'number' ? -1 : kernel.world.memory.leaf(pmap, pageOf(gpa))
  const permitted = packed < 0 ? 0 : leafFlags(packed) % (ALL_RIGHTS + 1)
  // A leaf that allows everything was entered by somebody else since: at the exit the page was not there.
  if (permitted === 0 || permitted === ALL_RIGHTS) return NOT_PRESENT
  return { ...NOT_PRESENT, qualification: ALL_RIGHTS - permitted + (ALL_RIGHTS + 1) * permitted }
}

/** An EPT misconfiguration exits as such, and vmx_handle_exit() does not know that exit. */
function isMisconfiguration(kernel: Kernel, { pmap }: Vm, gpa: Word64): boolean {
  const packed = pmap === null || typeof gpa !== 'number' ? -1 : kernel.world.memory.leaf(pmap, pageOf(gpa))
  return packed >= 0 && isMisconfigured(leafFlags(packed))
}

/** Which handler takes the fault of this call. */
export function handlerOf({ thread: { command }, world: { boot } }: Kernel): 'ept' | 'rvi' {
  const asked = command.type === 'guest.fault' ? command.handler : null
  return asked ?? (boot.mode === 'ept' ? 'ept' : 'rvi')
}

/** The byte that the guest wanted. */
export function faultGpa({ thread: { command, locals } }: Kernel): Word64 {
  return command.type === 'guest.fault' ? command.gpa : locals.gpa
}

/**
 * The handler's look at the exit, and the page-fault function's at the access.
 *
 * @returns what ends the fault here; or, where it goes on, what userland would read of the exit.
 */
export function judgeFault(kernel: Kernel, handler: 'ept' | 'rvi', gpa: Word64): Answer | 'none' | 'handled' {
  const { command } = kernel.thread
  const vm = vmOf(kernel)
  if (command.type !== 'guest.fault' && handler === 'ept' && isMisconfiguration(kernel, vm, gpa))
    return refuse(kernel, 'EINVAL', 'vmx_handle_exit', { handler, exit: 'none' })
  const info = command.type === 'guest.fault' ? command : exitOf(kernel, vm, gpa)
  if (!info.direct) {
    if (handler === 'ept' && kernel.fails('vmread') !== null)
      return refuse(kernel, 'EINVAL', 'vmx_handle_np_fault', { handler })
    const memtype = memtypeOf(vm, gpa)
    if (memtype === 'mmio') return assist(kernel, handler, info)
    if (memtype === 'unknown') return refuse(kernel, 'EINVAL', 'vmm_get_guest_memtype', { handler, exit: 'none' })
  }
  if (handler === 'ept') {
    const verdict = kernel.fails('vmread') === null ? accessVerdict(info.qualification) : 'invalid'
    // The SVM handler says "handled" before it calls the page-fault function, the VMX function says so itself.
    const exit = info.direct ? 'none' : 'handled'
    if (verdict === 'invalid') return refuse(kernel, 'EINVAL', 'vmx_get_guest_faulttype', { handler, exit })
    if (verdict === 'protect') {
      learn(kernel, { handler, exit: 'protect', reason: 'protect', errno: 'EAGAIN', at: 'vmx_fault_page' })
      return ASSIST
    }
  }
  return info.direct && handler === 'rvi' ? 'none' : 'handled'
}

/** The handlers' verdict; then the gpa's user address. */
export function classifyFault(kernel: Kernel): Answer {
  const handler = handlerOf(kernel)
  const gpa = faultGpa(kernel)
  const exit = judgeFault(kernel, handler, gpa)
  if (typeof exit !== 'string') return exit
  const vm = vmOf(kernel)
  const { locals } = kernel.thread
  const page = typeof gpa === 'number' ? truncPage(gpa as Gpa) : null
  const hva = page === null ? 0 : translateGpa(vm, page)
  if (page === null || hva === 0) return refuse(kernel, 'EINVAL', 'vmm_translate_gpa', { handler, exit })
  // These are the same for all faults of a run; only a change is worth an event.
  if (locals.handler !== handler || locals.exit !== exit) learn(kernel, { handler, exit })
  kernel.record({ type: 'fault.translated', vm: vm.ref, gpa: page, hva })
  return DONE
}

/** Whether `hva` is an address that a process could have mapped. */
function isUser(hva: Word64): hva is Hva {
  return typeof hva === 'number' && hva < VM_MAXUSER_ADDRESS
}

/** pmap_extract() of curproc's pmap: nothing is locked, and nothing is pinned. */
export function extractPage(kernel: Kernel): Answer {
  const { hva } = kernel.thread.locals
  const process = curproc(kernel)
  if (process === undefined || !isUser(hva)) {
    learn(kernel, { frame: -1 })
    return ABSENT
  }
  const packed = kernel.world.memory.leaf(process.pmap, pageOf(hva))
  const frame = (packed < 0 ? -1 : leafFrame(packed)) as Frame | -1
  kernel.record({ type: 'pmap.extracted', pmap: process.pmap, va: hva, frame })
  return frame < 0 ? ABSENT : PRESENT
}

/** The first look. Where there is no page, what follows may sleep. */
export function extractBeforeFault(kernel: Kernel): Answer {
  const answer = extractPage(kernel)
  if (answer === ABSENT) parkBeforeSleep(kernel)
  return answer
}

/** uvm_fault_wire() of one page of curproc's map. */
export function faultWire(kernel: Kernel): Answer | Blocked {
  if (isAsleepInFault(kernel)) return faultWireAgain(kernel)
  parkUnknown(kernel)
  const { hva, pid } = kernel.thread.locals
  const injected = kernel.fails('uvm_fault_wire')
  if (injected !== null) return refuseWire(kernel, injected)
  if (kernel.fails('fault_nomap') !== null) {
    kernel.record({ type: 'fault.hollow', pid, va: hva })
    return DONE
  }
  return faultWireAgain(kernel)
}

function refuseWire(kernel: Kernel, errno: Errno): Answer {
  const { hva, pid } = kernel.thread.locals
  kernel.record({ type: 'fault.refused', pid, va: hva, errno })
  return refuse(kernel, errno, 'uvm_fault_wire')
}

/** The fault itself, also once more after uvm_wait(). */
export function faultWireAgain(kernel: Kernel): Answer | Blocked {
  const { hva } = kernel.thread.locals
  const process = curproc(kernel)
  const entry = process === undefined ? undefined : entryAt(process, hva)
  if (process === undefined || entry === undefined) return refuseWire(kernel, 'EFAULT')
  if (!allows(entry.prot, 'rw')) return refuseWire(kernel, 'EACCES')
  const result = faultIn(kernel, process, entry, hva as Hva, true)
  if (result === 'ok') return DONE
  if (result === 'busy') return blocked('pagedaemon')
  if (result === 'starved') return blocked('memory')
  return result === 'short' ? SHORT : refuseWire(kernel, result)
}

/** The fault succeeded, and there is no mapping all the same. */
export function refuseAbsent(kernel: Kernel): Answer {
  return refuse(kernel, 'EINVAL', 'pmap_extract')
}

/** pmap_enter() into the nested pmap, of whatever frame was extracted before. */
export function enterLeaf(kernel: Kernel): Answer {
  const { gpa, frame } = kernel.thread.locals
  const { pmap } = vmOf(kernel)
  const record = pmap === null ? undefined : kernel.world.pmaps[pmap]
  if (record === undefined) return refuse(kernel, 'EINVAL', 'pmap_enter')
  const result = enterNested(kernel, record, truncPage(gpa as Gpa), frame as Frame)
  return result === 'ok' || result === 'panicked' ? DONE : refuse(kernel, result, 'pmap_enter')
}

/** vm_resetcpu(): only a STOPPED vCPU; a failure is EIO whatever it was. */
export function resetVcpu(kernel: Kernel): Answer {
  const { vcpu } = kernel.thread.locals
  const vm = vmOf(kernel)
  const record = vm.vcpus.find((one) => one.id === vcpu)
  if (record === undefined || record.state !== VCPU_STOPPED) return refuse(kernel, 'EBUSY', 'vm_resetcpu')
  const errno = kernel.fails('vcpu_reset_regs') ?? resetVmcs(kernel, vm, record)
  kernel.record({ type: 'vcpu.reset', vm: vm.ref, vcpu, errno })
  const { registers } = commandOf(kernel, 'ioc.resetcpu')
  const isNew = registers === undefined && vm.vcpus.find((one) => one.id === vcpu)?.guest === undefined
  if (errno === null && !isNew) resetRegisters(kernel, registers ?? {})
  return errno === null ? DONE : refuse(kernel, 'EIO', 'vcpu_reset_regs')
}

/** vm_run(): compare-and-swap of the state. */
export function startVcpu(kernel: Kernel): Answer {
  const { vcpu } = kernel.thread.locals
  const state = vmOf(kernel).vcpus.find((one) => one.id === vcpu)?.state
  return state === VCPU_STOPPED ? DONE : refuse(kernel, 'EBUSY', 'vm_run')
}

/** vm_run(): after a copyin() that failed nobody puts the state back. */
export function copyInRun(kernel: Kernel): Answer {
  const errno = kernel.fails('copyin')
  if (errno !== null) return refuse(kernel, errno, 'copyin')
  const { vcpu } = kernel.thread.locals
  const vm = vmOf(kernel)
  // vc_inject is what the caller gives, which here is nothing.
  if (vm.vcpus[vcpu]?.guest?.exception != null) kernel.record({ type: 'exception.dropped', vm: vm.ref, vcpu })
  return vm.vcpus[vcpu]?.guest?.ghcb?.awaited === true ? GHCB_DUE : DONE
}

/** The start of the run loop: the VMCS, and what this CPU may have cached. */
export function loadVcpu(kernel: Kernel): Answer {
  const refused = beginRun(kernel)
  if (refused !== null) return refused
  const { ref, vcpus } = vmOf(kernel)
  const { vcpu } = kernel.thread.locals
  const pending = commandOf(kernel, 'ioc.run').interrupt ?? false
  // vc_intr is what the caller says, whatever VMM_IOC_INTR has said since the caller looked.
  if (guestOf(vcpus[vcpu]).interrupt !== pending) kernel.record({ type: 'interrupt.flagged', vm: ref, vcpu, pending })
  const guest = vmOf(kernel).vcpus[vcpu]?.guest
  return guest !== undefined && isClockWanted(guest.clockGpa) ? CLOCK_DUE : DONE
}

/** The guest runs until it, or a signal, makes the vCPU leave; or until its quantum is over, and it comes back. */
export function runGuest(kernel: Kernel): Answer | Blocked {
  if (isScheduledOut(kernel.world, kernel.thread)) return runAgain(kernel)
  const { vcpu } = kernel.thread.locals
  const one = vmOf(kernel).vcpus[vcpu]
  if (mustStop(kernel, one)) return MUST_STOP
  // The IPI of VMM_IOC_INTR, or the host's own interrupts, make the guest exit.
  return one?.guest?.interrupt === true ? KICKED : blocked('guest')
}

/** Between two entries. */
export function checkMustStop(kernel: Kernel): Answer {
  const { vcpu } = kernel.thread.locals
  const one = vmOf(kernel).vcpus[vcpu]
  if (mustStop(kernel, one)) {
    learn(kernel, { reason: 'signal' })
    return MUST_STOP
  }
  // Most vCPUs have nothing of the kind: one look is all that an entry costs them.
  const guest = one?.guest
  // vc_irqready: the model's guest can take interrupts at any time.
  if (guest?.interrupt === true) {
    learn(kernel, { reason: 'interrupt' })
    return MUST_STOP
  }
  checkPlacement(kernel)
  return guest !== undefined && isClockWanted(guest.clockGpa) ? CLOCK_DUE : DONE
}

/** vm_run(): the state is STOPPED already, whatever copyout() says. */
export function copyOutRun(kernel: Kernel): Answer {
  const errno = kernel.fails('copyout')
  return errno === null ? DONE : refuse(kernel, 'EFAULT', 'copyout')
}
