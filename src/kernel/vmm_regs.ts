/**
 * The ioctls about the guest's state that is kept for a vCPU.
 *
 * Source: vm_rwregs(), vcpu_readregs_vmx(), vcpu_readregs_svm(), vcpu_writeregs_vmx(), vcpu_writeregs_svm(),
 * vcpu_reset_regs_vmx(), vcpu_reset_regs_svm(), vm_rwvmparams(), vm_intr_pending() of vmm_machdep.c 1.64 (2025-09-14).
 */
import { type Word64, word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { Registers } from '../../events/guest.ts'
import { bitsOf, hasBit, united, withBit } from '../../events/word.ts'
import { CR0, CR4, EFER, guestOf, NO_REGISTERS } from '../model/guest.ts'
import { commandOf, DONE, type Kernel, learn, refuse, vmOf } from './kernel.ts'
import { placeClock, vcpuOf } from './pvclock.ts'
import { clearWritten } from './vmm_vmcs.ts'

/** VM_RWREGS_CRS and VM_RWREGS_MSRS by their bit. @source machine/vmmvar.h */
const CRS_BIT = 2
const MSRS_BIT = 3
/** VM_RWVMPARAMS_PVCLOCK_SYSTEM_GPA and VM_RWVMPARAMS_PVCLOCK_VERSION by their bit. */
const CLOCK_GPA_BIT = 0
const CLOCK_VERSION_BIT = 1

const asks = (mask: number, bit: number): boolean => hasBit(BigInt(mask), bit)

/** vm_rwregs(): VMX has to load its VMCS before. */
export function chooseMode(kernel: Kernel): Answer {
  switch (kernel.world.boot.mode) {
    case 'ept':
      return { type: 'next', slot: 0 }
    case 'rvi':
      return DONE
    default:
      return refuse(kernel, 'EINVAL', 'vm_rwregs')
  }
}

/** The control registers; a VMCB has no PDPTEs. */
function controlsOf({ cr0, cr3, cr4, pdptes }: Registers, hasPdptes: boolean): Partial<Registers> {
  return hasPdptes ? { cr0, cr3, cr4, pdptes: [...pdptes] } : { cr0, cr3, cr4 }
}

/** vcpu_readregs_vmx(), vcpu_readregs_svm(). */
export function readRegisters(kernel: Kernel): Answer {
  const { mask } = commandOf(kernel, 'ioc.readregs')
  const isVmx = kernel.world.boot.mode === 'ept'
  if (isVmx && asks(mask, CRS_BIT) && kernel.fails('vmread') !== null)
    return refuse(kernel, 'EINVAL', 'vcpu_readregs_vmx')
  const { registers } = guestOf(vcpuOf(kernel))
  const controls = asks(mask, CRS_BIT) ? controlsOf(registers, isVmx) : {}
  learn(kernel, { registers: asks(mask, MSRS_BIT) ? { ...controls, efer: registers.efer } : controls })
  return DONE
}

/**
 * vcpu_writeregs_vmx(), vcpu_writeregs_svm(): nothing is checked. Into a VMCB bits of EFER are only added, so that nothing
 * takes LME and LMA away again.
 */
function write(kernel: Kernel, given: Partial<Registers>, mask: number): void {
  const isVmx = kernel.world.boot.mode === 'ept'
  const whole: Registers = { ...NO_REGISTERS, ...given }
  const { registers } = guestOf(vcpuOf(kernel))
  const controls = asks(mask, CRS_BIT) ? controlsOf(whole, isVmx) : {}
  const added = isVmx ? whole.efer : word64(united(BigInt(registers.efer), BigInt(whole.efer)))
  const efer = asks(mask, MSRS_BIT) ? { efer: added } : {}
  const { vcpu } = kernel.thread.locals
  kernel.record({ type: 'registers.written', vm: vmOf(kernel).ref, vcpu, ...controls, ...efer })
}

/** vm_rwregs() for writing. */
export function writeRegisters(kernel: Kernel): Answer {
  const { mask, registers } = commandOf(kernel, 'ioc.writeregs')
  write(kernel, registers, mask)
  const errno = clearWritten(kernel)
  return errno === null ? DONE : refuse(kernel, errno, 'vcpu_writeregs_vmx')
}

const ALL_GROUPS = 2 ** CRS_BIT + 2 ** MSRS_BIT

/**
 * vcpu_reset_regs(): the initial register state. VMX keeps 32 bits of CR0 and CR4, and sets what the CPU wants; SVM sets
 * EFER.SVME. Not modelled: bits that the CPU does not know, which VMX answers with EINVAL.
 */
export function resetRegisters(kernel: Kernel, given: Partial<Registers>): void {
  if (kernel.world.boot.mode === 'ept') {
    const fixed = (word: Word64 | undefined, bit: number): Word64 =>
      word64(withBit(bitsOf(BigInt(word ?? 0), 0, 32), bit))
    write(kernel, { ...given, cr0: fixed(given.cr0, CR0.NE), cr4: fixed(given.cr4, CR4.VMXE) }, ALL_GROUPS)
  } else write(kernel, { ...given, efer: word64(withBit(BigInt(given.efer ?? 0), EFER.SVME)) }, ALL_GROUPS)
}

/** vm_rwvmparams() for reading. */
export function readParams(kernel: Kernel): Answer {
  const { mask } = commandOf(kernel, 'ioc.readvmparams')
  const { clockGpa, clockVersion } = guestOf(vcpuOf(kernel))
  learn(kernel, {
    params: {
      ...(asks(mask, CLOCK_GPA_BIT) ? { clockGpa } : {}),
      ...(asks(mask, CLOCK_VERSION_BIT) ? { clockVersion } : {}),
    },
  })
  return DONE
}

/** vm_rwvmparams() for writing: the version first. The vCPU may be updating its clock at the same time. */
export function writeParams(kernel: Kernel): Answer {
  const { mask, version } = commandOf(kernel, 'ioc.writevmparams')
  const { vcpu } = kernel.thread.locals
  if (asks(mask, CLOCK_VERSION_BIT)) kernel.record({ type: 'clock.versioned', vm: vmOf(kernel).ref, vcpu, version })
  return asks(mask, CLOCK_GPA_BIT) ? { type: 'next', slot: 0 } : DONE
}

/** vm_rwvmparams() for writing: a place that is refused is a #GP in the guest, and 0 for the caller. */
export function placeGivenClock(kernel: Kernel): Answer {
  return placeClock(kernel, commandOf(kernel, 'ioc.writevmparams').gpa)
}

/** vm_intr_pending(): RUN puts the flag to what its own caller says, and may overwrite this one. */
export function flagInterrupt(kernel: Kernel): Answer {
  const { pending } = commandOf(kernel, 'ioc.intr')
  const { vcpu } = kernel.thread.locals
  kernel.record({ type: 'interrupt.flagged', vm: vmOf(kernel).ref, vcpu, pending })
  return DONE
}
