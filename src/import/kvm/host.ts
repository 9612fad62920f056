/**
 * The host's side: what happens to the memory below the guest. A notifier is called once for each
 * VM of the process, concerned or not, and the entries that it takes out are the next lines of the
 * same thread.
 *
 * Source: kvm_mmu_notifier_invalidate_range_start() and kvm_mmu_notifier_change_pte() of
 * virt/kvm/kvm_main.c, Linux 6.1.
 */
import type { HostAged, HostRemapped, HostUnmapped } from '../ftrace/event.ts'
import { candidates, notifierRange } from './attribution.ts'
import { hostAddress, type ImportState, type ThreadState } from './state.ts'

const PAGE = 4096

/** A range goes from below the guest. */
export function hostUnmapped(s: ImportState, thread: ThreadState, event: HostUnmapped): void {
  const { start, end } = notifierRange(event.start, event.end)
  thread.notifier = { start, end, vm: null, gfn: -1 }
  s.emit({ type: 'host.unmapped', line: s.line, time: s.time, vm: only(s, thread), start, end })
}

/** A page is replaced below the guest. */
export function hostRemapped(s: ImportState, thread: ThreadState, event: HostRemapped): void {
  const hva = hostAddress(event.hva)
  thread.notifier = { start: hva, end: hva + PAGE, vm: null, gfn: -1 }
  s.emit({ type: 'host.remapped', line: s.line, time: s.time, vm: only(s, thread), hva })
}

/** Accessed bits of a range are asked for and cleared. */
export function hostAged(s: ImportState, thread: ThreadState, event: HostAged): void {
  const { start, end } = notifierRange(event.start, event.end)
  thread.notifier = { start, end, vm: null, gfn: -1 }
  s.emit({ type: 'host.aged', line: s.line, time: s.time, vm: only(s, thread), start, end })
}

function only(s: ImportState, thread: ThreadState): number | null {
  const among = candidates(s, thread)
  return among.length === 1 ? (among[0]?.number ?? null) : null
}
