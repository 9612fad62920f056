/**
 * What vmd(8) did with guest memory itself, before the patch of May 2025 left it to vmm(4): it mapped the memory of a
 * guest before it created the VM, and the places where a device process wanted it before it asked for it.
 *
 * Source: alloc_guest_mem() and remap_guest_mem() of usr.sbin/vmd/vm.c, as the patch of May 2025 removed them.
 */
import type { Word64 } from '../../events/address.ts'
import type { CallCommand, RangeRequest } from '../../events/command.ts'
import type { Pid, VmId } from '../../events/ids.ts'
import type { Outcome, Refusal } from '../../events/reply.ts'
import { VM_MEM_MMIO } from './memory-map.ts'

/** Whoever takes commands: a run, or somebody who does something between two of them. */
export type Dispatch = { dispatch<Asked extends CallCommand>(command: Asked): Outcome<Asked['type']> }

/** The ranges with the addresses that they have in the process. */
export type Placed = { readonly ok: true; readonly ranges: readonly RangeRequest[] } | Refusal

type Wanted = Pick<Extract<CallCommand, { readonly type: 'host.mmap' }>, 'shared' | 'conceal' | 'prot'>

/** An address for each range, by index, or undefined for wherever the kernel likes. */
export type Places = readonly (Word64 | undefined)[]

/** One mmap(2) for each range, so that each has an address and memory of its own. What was mapped before a failure goes. */
function mapAll(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[], wanted: Wanted, at: Places): Placed {
  const placed = [...ranges]
  const done: RangeRequest[] = []
  // Those that are to lie somewhere first, before the kernel puts another there.
  const order = ranges.map((_, i) => i).sort((a, b) => Number(at[a] === undefined) - Number(at[b] === undefined))
  for (const i of order) {
    const range = ranges[i] as RangeRequest
    const ask = (va: Word64 | null) => host.dispatch({ type: 'host.mmap', pid, va, size: range.size, ...wanted })
    let reply = ask(at[i] ?? null)
    if (at[i] !== undefined && !('va' in reply)) reply = ask(null)
    if (!('va' in reply)) {
      unmapAll(host, pid, done)
      return 'errno' in reply ? reply : { ok: false, errno: 'EFAULT', at: 'sys_mmap' }
    }
    placed[i] = { ...range, va: reply.va }
    done.push(placed[i])
  }
  return { ok: true, ranges: placed }
}

function unmapAll(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[]): void {
  for (const { va, size } of ranges) host.dispatch({ type: 'host.munmap', pid, va, size })
}

/**
 * alloc_guest_mem(): memory for every range, MMIO included, shared so that device processes can have it as well.
 *
 * @param at where each range is to lie, if that is free; vmd leaves it to the kernel.
 */
export function allocateGuestMemory(
  host: Dispatch,
  pid: Pid,
  ranges: readonly RangeRequest[],
  at: Places = [],
): Placed {
  return mapAll(host, pid, ranges, { shared: true, conceal: true }, at)
}

/**
 * The first half of remap_guest_mem(): finds places by mapping something there, and gives them up again. From then on
 * anybody else in the process may take them.
 *
 * @returns the ranges with the places that were found; MMIO is at 0.
 */
export function findPlaces(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[], at: Places = []): Placed {
  const isBacked = ({ memtype }: RangeRequest): boolean => memtype !== VM_MEM_MMIO
  const backed = ranges.filter(isBacked)
  const wanted = at.filter((_, i) => isBacked(ranges[i] as RangeRequest))
  const found = mapAll(host, pid, backed, { prot: 'r' }, wanted)
  if (!found.ok) return found
  unmapAll(host, pid, found.ranges)
  const places = found.ranges.values()
  return {
    ok: true,
    ranges: ranges.map((range) => (isBacked(range) ? (places.next().value ?? range) : { ...range, va: 0 })),
  }
}

/**
 * remap_guest_mem(): finds places, and asks vmm(4) to share the guest's memory to where they were.
 *
 * @returns where the ranges should lie: vmm(4) answers 0 also when it shared nothing. MMIO is at 0.
 */
export function remapGuestMemory(host: Dispatch, pid: Pid, vm: VmId, ranges: readonly RangeRequest[]): Placed {
  const placed = findPlaces(host, pid, ranges)
  if (!placed.ok) return placed
  const reply = host.dispatch({ type: 'ioc.sharemem', pid, vm, ranges: placed.ranges, va: [] })
  return 'errno' in reply ? reply : placed
}
