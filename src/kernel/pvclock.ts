/**
 * The clocks of a guest: where it may put them, and what the kernel writes there. There is no clock in a run: the number
 * of the event stands for the time, which never goes back.
 *
 * Source: vmm_gpa_is_valid(), vmm_init_pvclock(), vmm_update_pvclock(), vmm_pv_wall_clock() of vmm_machdep.c 1.64
 * (2025-09-14); struct pvclock_time_info and struct pvclock_wall_clock of dev/pv/pvreg.h.
 */
import { PAGE_SIZE, type Word64, word64 } from '../../events/address.ts'
import type { Answer } from '../../events/answer.ts'
import { bitsOf, hasBit, withBit, withoutBit, withoutBits } from '../../events/word.ts'
import { GENERAL_PROTECTION, guestOf } from '../model/guest.ts'
import type { Vcpu, Vm } from '../model/world.ts'
import { extractAt, readGuest, writeGuest } from './guest_memory.ts'
import { ABSENT, CLOCK_DUE, DONE, type Kernel, vmOf, WALLCLOCK_DUE } from './kernel.ts'

/** sizeof(struct pvclock_time_info): version, time stamp at 8, system time at 16, multiplier, shift and flags at 24. */
const CLOCK_BYTES = 32
/** sizeof(struct pvclock_wall_clock): version, seconds, nanoseconds. */
const WALL_CLOCK_BYTES = 12
/** ti_tsc_shift 12 above a multiplier of 0, as where the frequency of the TSC is not known; PVCLOCK_FLAG_TSC_STABLE 1. */
const SHIFT_AND_FLAGS = 12 * 2 ** 32 + 1 * 2 ** 40
const SHIFT_AND_FLAGS_BYTES = 6
const VERSION_BYTES = 4
/** PVCLOCK_SYSTEM_TIME_ENABLE. */
const ENABLE_BIT = 0
/** The lowest four bits of where the clock is to lie say other things. */
const CLOCK_ALIGNMENT_BITS = 4

/** The vCPU of the call. */
export function vcpuOf(kernel: Kernel): Vcpu | undefined {
  const { vcpu } = kernel.thread.locals
  return vmOf(kernel).vcpus.find((one) => one.id === vcpu)
}

/** Whether the guest wants its clock kept. */
export function isClockWanted(clockGpa: Word64): boolean {
  // Bit 0 of a number is its remainder; most vCPUs have none, and are asked at each entry.
  return typeof clockGpa === 'number' ? clockGpa % 2 === 1 : hasBit(clockGpa, ENABLE_BIT)
}

/**
 * vmm_gpa_is_valid(): whatever type the range has; an object that ends where its range ends is outside. The callers
 * refuse one that reaches over the end of its page as well.
 */
function isPlace({ slots }: Vm, gpa: bigint, bytes: number): boolean {
  if (Number(gpa % BigInt(PAGE_SIZE)) + bytes > PAGE_SIZE) return false
  return slots.some((slot) => slot.size >= bytes && slot.gpa <= gpa && gpa < BigInt(slot.gpa + slot.size - bytes))
}

/** vmm_inject_gp(). The instruction pointer is advanced all the same, so the guest finds it behind its instruction. */
export function raiseFault(kernel: Kernel): void {
  const { vcpu } = kernel.thread.locals
  kernel.record({ type: 'exception.raised', vm: vmOf(kernel).ref, vcpu, vector: GENERAL_PROTECTION })
}

/** Says whether an object may lie there, and answers a #GP where it may not. */
function judgePlace(kernel: Kernel, gpa: Word64, bytes: number, mapped: boolean): boolean {
  const vm = vmOf(kernel)
  const { vcpu } = kernel.thread.locals
  const accepted = mapped && isPlace(vm, BigInt(gpa), bytes)
  kernel.record({ type: 'place.judged', vm: vm.ref, vcpu, gpa, bytes, accepted, mapped })
  if (!accepted) raiseFault(kernel)
  return accepted
}

/** vmm_init_pvclock(): where the clock is to lie; it is updated at once, where it is wanted. */
export function placeClock(kernel: Kernel, gpa: Word64): Answer {
  const place = word64(withoutBits(BigInt(gpa), 0, CLOCK_ALIGNMENT_BITS))
  if (!judgePlace(kernel, place, CLOCK_BYTES, true)) return DONE
  const { vcpu } = kernel.thread.locals
  kernel.record({ type: 'clock.placed', vm: vmOf(kernel).ref, vcpu, gpa })
  return isClockWanted(gpa) ? CLOCK_DUE : DONE
}

/** vmm_pv_wall_clock(): the look at the ranges. */
export function placeWallClock(kernel: Kernel, gpa: Word64): Answer {
  return judgePlace(kernel, gpa, WALL_CLOCK_BYTES, true) ? WALLCLOCK_DUE : DONE
}

/** vmm_update_pvclock(): without a leaf there is no update, and nobody is told. */
export function extractClock(kernel: Kernel): Answer {
  const { clockGpa } = guestOf(vcpuOf(kernel))
  return extractAt(kernel, word64(withoutBits(BigInt(clockGpa), 0, CLOCK_ALIGNMENT_BITS)))
}

/** The version goes up, and is odd until all is written. */
export function openClock(kernel: Kernel): Answer {
  const { vcpu } = kernel.thread.locals
  const version = Number(bitsOf(BigInt(guestOf(vcpuOf(kernel)).clockVersion + 1), 0, 32))
  kernel.record({ type: 'clock.versioned', vm: vmOf(kernel).ref, vcpu, version })
  writeGuest(kernel, 'pvclock', 0, VERSION_BYTES, word64(withBit(bitsOf(2n * BigInt(version), 0, 32), 0)))
  return DONE
}

/** The time stamp counter, the time, and how to make one of the other. */
export function fillClock(kernel: Kernel): Answer {
  const time = kernel.world.seq
  writeGuest(kernel, 'pvclock', 8, 8, time)
  writeGuest(kernel, 'pvclock', 16, 8, time)
  writeGuest(kernel, 'pvclock', 24, SHIFT_AND_FLAGS_BYTES, SHIFT_AND_FLAGS)
  return DONE
}

/** Bit 0 of whatever version is there by now goes. */
export function closeClock(kernel: Kernel): Answer {
  const found = readGuest(kernel, 'pvclock', 0, VERSION_BYTES)
  writeGuest(kernel, 'pvclock', 0, VERSION_BYTES, word64(withoutBit(found, 0)))
  return DONE
}

/** vmm_pv_wall_clock(): a page without a leaf is a #GP. */
export function extractWallClock(kernel: Kernel): Answer {
  const gpa = kernel.thread.locals.instruction?.word ?? 0
  const answer = extractAt(kernel, gpa)
  if (answer === ABSENT) judgePlace(kernel, gpa, WALL_CLOCK_BYTES, false)
  return answer
}

/** The guest's own version, made odd. */
export function openWallClock(kernel: Kernel): Answer {
  const found = readGuest(kernel, 'wallclock', 0, VERSION_BYTES)
  writeGuest(kernel, 'wallclock', 0, VERSION_BYTES, word64(withBit(found, 0)))
  return DONE
}

/** nanoboottime(): the host was booted at event 0. */
export function fillWallClock(kernel: Kernel): Answer {
  writeGuest(kernel, 'wallclock', 4, 4, 0)
  writeGuest(kernel, 'wallclock', 8, 4, 0)
  return DONE
}

/** And one more, which is even. */
export function closeWallClock(kernel: Kernel): Answer {
  const found = readGuest(kernel, 'wallclock', 0, VERSION_BYTES)
  writeGuest(kernel, 'wallclock', 0, VERSION_BYTES, word64(bitsOf(found + 1n, 0, 32)))
  return DONE
}
