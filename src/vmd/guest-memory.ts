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

type Wanted = Pick<Extract<CallCommand, { readonly type: 'host.mmap' }>, 'shared' | 'conceal'>

/** One mmap(2) for each range, so that each has an address and memory of its own. What was mapped before a failure goes. */
function mapAll(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[], wanted: Wanted): Placed {
  const placed: RangeRequest[] = []
  for (const range of ranges) {
    const reply = host.dispatch({ type: 'host.mmap', pid, va: null, size: range.size, ...wanted })
    if (!('va' in reply)) {
      unmapAll(host, pid, placed)
      return 'errno' in reply ? reply : { ok: false, errno: 'EFAULT', at: 'sys_mmap' }
    }
    placed.push({ ...range, va: reply.va })
  }
  return { ok: true, ranges: placed }
}

function unmapAll(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[]): void {
  for (const { va, size } of ranges) host.dispatch({ type: 'host.munmap', pid, va, size })
}

/** alloc_guest_mem(): memory for every range, MMIO included, shared so that device processes can have it as well. */
export function allocateGuestMemory(host: Dispatch, pid: Pid, ranges: readonly RangeRequest[]): Placed {
  return mapAll(host, pid, ranges, { shared: true, conceal: true })
}

/**
 * remap_guest_mem(): finds places by mapping something there, gives them up again, and asks vmm(4) to share the guest's
 * memory to where they were. In between, anybody else in the process may take them.
 *
 * @returns where the ranges should lie: vmm(4) answers 0 also when it shared nothing. MMIO is at 0.
 */
export function remapGuestMemory(host: Dispatch, pid: Pid, vm: VmId, ranges: readonly RangeRequest[]): Placed {
  const backed = ranges.filter(({ memtype }) => memtype !== VM_MEM_MMIO)
  const found = mapAll(host, pid, backed, {})
  if (!found.ok) return found
  unmapAll(host, pid, found.ranges)
  const at = new Map<Word64, Word64>(found.ranges.map(({ gpa, va }) => [gpa, va]))
  const placed = ranges.map((range) => ({ ...range, va: at.get(range.gpa) ?? 0 }))
  const reply = host.dispatch({ type: 'ioc.sharemem', pid, vm, ranges: placed, va: [] })
  return 'errno' in reply ? reply : { ok: true, ranges: placed }
}
