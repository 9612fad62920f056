/**
 * Which step of one design's routine means the same as a step of another's: where both call the same function of the
 * kernel, or functions that bring a VM equally far. Designs are told apart by whose a guest's memory is.
 */
import type { Failpoint } from '../../events/command.ts'
import type { Design } from '../design/design.ts'

type Functions = Readonly<Record<string, string>>
type From = Design['memoryFrom']

/**
 * By the function that one design has completed, the one that another must have completed to be as far. A range that
 * uvm_share() has put into the VM is in the object designs one whose reference vmm holds; but a slot that is only
 * mapped so far is with uvm_share() already in both maps, since that locks both.
 */
export const AS_FAR: Readonly<Record<From, Readonly<Record<From, Functions>>>> = {
  vmm: {
    vmm: {},
    creator: {
      pmap_create_nested: 'uvmspace_alloc',
      uvm_map_slot: 'uvm_share_nested',
      uvm_map_shared: 'uvm_share_process',
      uvm_fault_wire_curproc: 'uvm_fault_wire_nested',
      pmap_enter_nested: 'uvm_fault_wire_nested',
      pmap_destroy: 'uvmspace_free',
    },
  },
  creator: {
    vmm: {
      uvmspace_alloc: 'pmap_create_nested',
      uvm_share_nested: 'uao_reference_slot',
      uvm_share_process: 'uvm_map_immutable_shared',
      uvm_fault_wire_nested: 'pmap_enter_nested',
      uvmspace_free: 'pmap_destroy',
    },
    creator: {},
  },
}

/** By the function in which a failure comes, the one in which it comes in the other design. */
const FAILS: Readonly<Record<From, Functions>> = {
  vmm: {
    uao_create: 'uvm_share_nested',
    uvm_map_slot: 'uvm_share_nested',
    uvm_map_shared: 'uvm_share_process',
    uvm_fault_wire_curproc: 'uvm_fault_wire_nested',
    pmap_enter_nested: 'uvm_fault_wire_nested',
  },
  creator: {
    uvm_share_nested: 'uvm_map_slot',
    uvm_share_process: 'uvm_map_shared',
    uvm_fault_wire_nested: 'uvm_fault_wire_curproc',
  },
}

/** Failures by their names in the design in which vmm(4) makes the memory. */
const SHARE_FAILURES: readonly Failpoint[] = ['uao_create', 'uvm_map']
/** Failures of what enters the guest's leaf. */
const ENTER_FAILURES: readonly Failpoint[] = ['ptp_alloc', 'pv_get']

/** A range of a loop over memory ranges is counted; one design passes over MMIO, the other does not. */
const BY_RANGE: readonly string[] = ['uvm_share_nested', 'uao_create', 'uvm_map_slot', 'uao_reference_slot']

/** The functions of the kernel that the steps of a command's routine call. */
export function functionsOf({ routines }: Design, type: keyof Design['routines']): ReadonlySet<string> {
  const states = Object.values(routines[type].states)
  return new Set(states.flatMap((state) => (state.meta as { readonly calls: string | null }).calls ?? []))
}

/**
 * What a call of another design must have completed to be as far as one that has completed `calls`; null where that
 * function has no counterpart, so that the one before it counts.
 */
export function asFarAs(calls: string, from: Design, to: Design, functions: ReadonlySet<string>): string | null {
  const other = AS_FAR[from.memoryFrom][to.memoryFrom][calls] ?? calls
  return other !== 'nothing' && functions.has(other) ? other : null
}

/**
 * How often the other design's call must have completed its function.
 *
 * @param times how often this one has. @param ranges the memory types of the request, in order.
 */
export function timesOf(calls: string, times: number, from: Design, to: Design, ranges: readonly number[]): number {
  if (from.memoryFrom === to.memoryFrom || !BY_RANGE.includes(calls)) return times
  const isBacked = (memtype: number): boolean => memtype !== MMIO
  if (from.memoryFrom === 'creator') return ranges.slice(0, times).filter(isBacked).length
  // The range that the so-manieth slot with memory behind it lies in; the ranges before are shared as well.
  let backed = 0
  const index = ranges.findIndex((memtype) => isBacked(memtype) && ++backed === times)
  return index + 1
}

const MMIO = 2

/** The function in which a failure at `calls` comes in the other design, and what the failure is called there. */
export function failureIn(
  fn: Failpoint,
  calls: string,
  from: Design,
  to: Design,
): { readonly calls: string; readonly fn: Failpoint } | null {
  if (from.memoryFrom === to.memoryFrom) return { calls, fn }
  const isEnter = calls === 'uvm_fault_wire_nested' && ENTER_FAILURES.includes(fn)
  const other = isEnter ? 'pmap_enter_nested' : FAILS[from.memoryFrom][calls]
  if (other === undefined) return fn === 'uvm_map_immutable' ? null : { calls, fn }
  if (SHARE_FAILURES.includes(fn)) return { calls: other, fn: 'uvm_share' }
  return { calls: other, fn: fn === 'uvm_share' ? 'uvm_map' : fn }
}
