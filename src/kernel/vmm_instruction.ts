/**
 * What a guest writes to its control registers and model-specific registers: which of it exits, what the CPU does by
 * itself, and what the exit handlers do.
 *
 * Source: vcpu_reset_regs_vmx() (VMCS_CR0_MASK is CR0.NE, VMCS_CR4_MASK is CR4.VMXE, and the shadows of both are 0, so
 * that a write with such a bit exits; CR3 never does), vcpu_reset_regs_svm() (no control register is intercepted, but
 * EFER), vmx_handle_cr(), vmx_handle_cr0_write(), vmx_handle_cr4_write(), vmx_handle_wrmsr(), svm_handle_msr() and
 * vmx_load_pdptes() of vmm_machdep.c 1.64 (2025-09-14); Intel SDM vol. 3A, "Control Registers", "PDPTE Registers" and
 * vol. 3C, "Changes to Instruction Behavior in VMX Non-Root Operation"; AMD64 APM vol. 2, "Legacy PAE Mode".
 */
import { type Frame, type Gpa, PAGE_SIZE, truncPage, type Word64, word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import type { GuestCommand, GuestVmgexit, GuestWritecr, GuestWrmsr } from '../../events/command.ts'
import type { Registers } from '../../events/guest.ts'
import type { VcpuId, VmId } from '../../events/ids.ts'
import { bitsOf, hasBit, withBit, withoutBit, withoutBits } from '../../events/word.ts'
import { CR0, CR4, EFER, GENERAL_PROTECTION, guestOf, pagingOf } from '../model/guest.ts'
import type { Vcpu, Vm, World } from '../model/world.ts'
import { executeVmgexit, handleVmgexit } from './ghcb.ts'
import { extractAt, readGuest } from './guest_memory.ts'
import { ABSENT, DONE, type Kernel, PDPTES_DUE, refuse, TRAPPED, vmOf, vmWithId } from './kernel.ts'
import { translate } from './mmu.ts'
import { placeClock, placeWallClock, raiseFault, vcpuOf } from './pvclock.ts'
import { peek, readWord } from './words.ts'

/** @source machine/specialreg.h, dev/pv/pvreg.h */
export const MSR_EFER = 0xc0000080
/** KVM_MSR_WALL_CLOCK, KVM_MSR_SYSTEM_TIME. */
export const MSR_WALL_CLOCK = 0x4b564d00
export const MSR_SYSTEM_TIME = 0x4b564d01

const PDPTES = [0, 1, 2, 3] as const
const PDPTE_BYTES = 8

export type Instruction = GuestWritecr | GuestWrmsr | GuestVmgexit
type RegisterWrite = Exclude<Instruction, GuestVmgexit>

/** Whether what the guest does is one of these. */
export function isInstruction(command: GuestCommand): command is Instruction {
  return command.type !== 'guest.touch' && command.type !== 'guest.leave'
}

/** Whether the write leaves the guest. */
function exits(isVmx: boolean, instruction: RegisterWrite): boolean {
  if (instruction.type === 'guest.wrmsr') return !(isVmx && instruction.msr === MSR_EFER)
  if (!isVmx) return false
  const { cr, word } = instruction
  return (cr === 0 && hasBit(BigInt(word), CR0.NE)) || (cr === 4 && hasBit(BigInt(word), CR4.VMXE))
}

/** EFER as it is once paging is on or off: LMA is LME where it is on. */
function eferWith(efer: Word64, isPaged: boolean): Word64 {
  const word = BigInt(efer)
  return word64(isPaged && hasBit(word, EFER.LME) ? withBit(word, EFER.LMA) : withoutBit(word, EFER.LMA))
}

/** What the CPU makes of a write that does not exit; null where it answers #GP. */
function written(old: Registers, instruction: RegisterWrite, isVmx: boolean): Registers | null {
  const word = BigInt(instruction.word)
  const isPaged = hasBit(BigInt(old.cr0), CR0.PG)
  const isLong = hasBit(BigInt(old.efer), EFER.LMA)
  if (instruction.type === 'guest.wrmsr') {
    if (isPaged && hasBit(word, EFER.LME) !== hasBit(BigInt(old.efer), EFER.LME)) return null
    return { ...old, efer: eferWith(instruction.word, isPaged) }
  }
  const keep = (from: Word64, bit: number): bigint =>
    isVmx && hasBit(BigInt(from), bit) ? withBit(word, bit) : isVmx ? withoutBit(word, bit) : word
  switch (instruction.cr) {
    case 0: {
      if (bitsOf(word, 32, 32) !== 0n) return null
      if (hasBit(word, CR0.PG) && !hasBit(word, CR0.PE)) return null
      if (hasBit(word, CR0.NW) && !hasBit(word, CR0.CD)) return null
      const turnsOn = !isPaged && hasBit(word, CR0.PG)
      if (turnsOn && hasBit(BigInt(old.efer), EFER.LME) && !hasBit(BigInt(old.cr4), CR4.PAE)) return null
      return { ...old, cr0: word64(keep(old.cr0, CR0.NE)), efer: eferWith(old.efer, hasBit(word, CR0.PG)) }
    }
    case 3:
      return { ...old, cr3: instruction.word }
    default:
      if (isLong && !hasBit(word, CR4.PAE)) return null
      return { ...old, cr4: word64(keep(old.cr4, CR4.VMXE)) }
  }
}

/** Bits of CR0 and CR4 whose change makes a CPU with PAE paging load its PDPTEs: CD, NW, PG; PSE, PAE, PGE, SMEP. */
const LOADING = { cr0: [CR0.NW, CR0.CD, CR0.PG], cr4: [CR4.PSE, CR4.PAE, 7, 20] } as const

/** Where the CPU loads PDPTEs from, with this write; null where it does not. On SVM it reads them at each walk. */
function loadsFrom(old: Registers, now: Registers, instruction: RegisterWrite, isVmx: boolean): Gpa | null {
  if (!isVmx || instruction.type !== 'guest.writecr' || pagingOf(now) !== 'pae') return null
  const differ = (one: Word64, two: Word64, bits: readonly number[]): boolean =>
    bits.some((bit) => hasBit(BigInt(one), bit) !== hasBit(BigInt(two), bit))
  const loads = instruction.cr === 3 || differ(old.cr0, now.cr0, LOADING.cr0) || differ(old.cr4, now.cr4, LOADING.cr4)
  // Bits 31 to 5 of CR3: the PDPTEs lie at a multiple of 32.
  return loads ? (Number(withoutBits(bitsOf(BigInt(now.cr3), 0, 32), 0, 5)) as Gpa) : null
}

/** A present PDPTE with a reserved bit is a #GP. */
function isBadPdpte(entry: bigint): boolean {
  if (!hasBit(entry, 0)) return false
  return bitsOf(entry, 1, 2) !== 0n || bitsOf(entry, 5, 4) !== 0n || bitsOf(entry, 52, 12) !== 0n
}

/** What a guest's write finds: the registers before and after, and where PDPTEs come from. */
function effectOf(world: World, vm: Vm, vcpu: Vcpu | undefined, instruction: RegisterWrite) {
  const isVmx = world.boot.mode === 'ept'
  const { registers } = guestOf(vcpu)
  const now = exits(isVmx, instruction) ? null : written(registers, instruction, isVmx)
  const from = now === null ? null : loadsFrom(registers, now, instruction, isVmx)
  const at = from === null ? null : translate(world, vm.pmap, from, 'r')
  return { isVmx, registers, now, from, at }
}

/** The gpa at which the write faults before it does anything: its PDPTEs are not there. Null where it does not. */
export function faultOfInstruction(world: World, id: VmId, vcpu: VcpuId, instruction: Instruction): Word64 | null {
  const vm = vmWithId(world, id)
  if (vm === undefined || instruction.type === 'guest.vmgexit') return null
  const { from, at } = effectOf(world, vm, vm.vcpus[vcpu], instruction)
  return at === null ? from : null
}

/** The guest executes: null where the CPU does it all, else how the guest leaves. */
export function execute(kernel: Kernel, instruction: Instruction): Answer | null {
  if (instruction.type === 'guest.vmgexit') return executeVmgexit(kernel, instruction)
  const { world } = kernel
  const vm = vmOf(kernel)
  const { vcpu } = kernel.thread.locals
  const { isVmx, now, from, at } = effectOf(world, vm, vcpuOf(kernel), instruction)
  if (from !== null && at === null) return { type: 'guest.faulted', gpa: from }
  const { word } = instruction
  const [writes, number] =
    instruction.type === 'guest.writecr' ? (['cr', instruction.cr] as const) : (['msr', instruction.msr] as const)
  kernel.record({ type: 'instruction.begun', vm: vm.ref, vcpu, writes, number, word })
  if (exits(isVmx, instruction)) return TRAPPED
  const refused = (): null => {
    kernel.record({ type: 'instruction.refused', vm: vm.ref, vcpu, vector: GENERAL_PROTECTION })
    return null
  }
  if (now === null) return refused()
  const { pdptes: _, ...others } = now
  if (from === null || at === null) {
    kernel.record({ type: 'registers.written', vm: vm.ref, vcpu, ...others })
    return null
  }
  const span = (index: number) => ({ ...at, offset: (from % PAGE_SIZE) + index * PDPTE_BYTES, bytes: PDPTE_BYTES })
  const found = PDPTES.map((index) => peek(world, span(index)))
  if (found.some(isBadPdpte)) return refused()
  for (const index of PDPTES) readWord(kernel, { kind: 'guest', vm: vm.ref, vcpu, gpa: truncPage(from) }, span(index))
  kernel.record({ type: 'registers.written', vm: vm.ref, vcpu, ...others, pdptes: found.map(word64) })
  return null
}

/** vmx_handle_cr0_write(): what the guest may not write is a #GP, and the answer to the exit is 0. */
function handleCr0(kernel: Kernel, word: bigint): Answer {
  const { registers } = guestOf(vcpuOf(kernel))
  const isWrong =
    bitsOf(word, 32, 32) !== 0n ||
    (hasBit(word, CR0.PG) && !hasBit(word, CR0.PE)) ||
    (hasBit(word, CR0.NW) && !hasBit(word, CR0.CD))
  if (isWrong) {
    raiseFault(kernel)
    return DONE
  }
  const wasPaged = hasBit(BigInt(registers.cr0), CR0.PG)
  const isPaged = hasBit(word, CR0.PG)
  // The entry control for IA-32e mode goes with EFER.LME; the next entry makes LMA of it.
  const efer = eferWith(registers.efer, isPaged)
  const { vcpu } = kernel.thread.locals
  const cr0 = word64(withBit(word, CR0.NE))
  kernel.record({ type: 'registers.written', vm: vmOf(kernel).ref, vcpu, cr0, efer })
  return !wasPaged && isPaged && hasBit(BigInt(registers.cr4), CR4.PAE) ? PDPTES_DUE : DONE
}

/** vmx_handle_cr(), vmx_handle_wrmsr(), svm_handle_msr(). @param hasWallClock whether KVM_MSR_WALL_CLOCK is one of the MSRs. */
export function handlerOfInstructions(hasWallClock: boolean): (kernel: Kernel) => Answer {
  return (kernel) => {
    const { vcpu, instruction } = kernel.thread.locals
    if (instruction === undefined) return DONE
    const isVmx = kernel.world.boot.mode === 'ept'
    const { writes, number, word } = instruction
    if (writes === 'ghcb') return handleVmgexit(kernel, word)
    const at = writes === 'cr' ? 'vmx_handle_cr' : 'vmx_handle_wrmsr'
    if (isVmx && kernel.fails('vmread') !== null) return refuse(kernel, 'EINVAL', at)
    if (writes === 'cr' && number === 0) return handleCr0(kernel, BigInt(word))
    const vm = vmOf(kernel).ref
    if (writes === 'cr') {
      // vmx_handle_cr4_write() loads no PDPTEs, whatever changes.
      kernel.record({ type: 'registers.written', vm, vcpu, cr4: word64(withBit(BigInt(word), CR4.VMXE)) })
      return DONE
    }
    if (number === MSR_SYSTEM_TIME) return placeClock(kernel, word)
    if (number === MSR_WALL_CLOCK && hasWallClock) return placeWallClock(kernel, word)
    if (number === MSR_EFER) {
      // Nothing is checked: LMA is what the guest says.
      const efer = word64(withBit(bitsOf(BigInt(word), 0, 32), EFER.SVME))
      kernel.record({ type: 'registers.written', vm, vcpu, efer })
    }
    // What is written to any other MSR is thrown away.
    return DONE
  }
}

/** vmx_load_pdptes(): a page that has no leaf gives zeros. */
export function extractPdptes(kernel: Kernel): Answer {
  const { cr3 } = guestOf(vcpuOf(kernel)).registers
  const answer = extractAt(kernel, cr3)
  if (answer !== ABSENT) return answer
  const { vcpu, gpa } = kernel.thread.locals
  const vm = vmOf(kernel).ref
  kernel.record({ type: 'registers.written', vm, vcpu, pdptes: [0, 0, 0, 0] })
  kernel.record({ type: 'pdptes.loaded', vm, vcpu, gpa: pageOfWord(gpa), frame: -1, offset: 0 })
  return answer
}

/** vmx_load_pdptes(): the page is mapped from its start, and the PDPTEs are taken to be there. */
export function readPdptes(kernel: Kernel): Answer {
  const { vcpu, gpa, frame, byte = 0 } = kernel.thread.locals
  const vm = vmOf(kernel).ref
  // pmap_kenter_pa() drops the bits below the page.
  const pdptes = PDPTES.map((index) => word64(readGuest(kernel, 'pdptes', index * PDPTE_BYTES - byte, PDPTE_BYTES)))
  kernel.record({ type: 'registers.written', vm, vcpu, pdptes })
  kernel.record({ type: 'pdptes.loaded', vm, vcpu, gpa: pageOfWord(gpa), frame: frame as Frame, offset: 0 })
  return DONE
}

/** The page that holds an address, as far as the nested tables look at it. */
function pageOfWord(gpa: Word64): Gpa {
  return truncPage(Number(bitsOf(BigInt(gpa), 0, 48)) as Gpa)
}
