/**
 * Decides a run again: the decisions are read off its events, a fresh engine takes them, and what it records is
 * compared event by event.
 */

import { offset } from '../../events/address.ts'
import type { Boot } from '../../events/boot.ts'
import type { GuestCommand } from '../../events/command.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { MemoryEvent } from '../../events/memory.ts'
import type { Design } from '../design/design.ts'
import type { StepOutcome } from '../engine/engine.ts'
import { createRun, type Run, type RunSnapshot, restoreRun } from '../engine/run.ts'

/** The first event that would be recorded differently today. */
export type Difference = { readonly seq: number; readonly wanted: Recorded | null; readonly found: Recorded | null }

/** JSON in which equal events have equal texts, whatever the order of their keys; bigints marked. */
function text(recorded: Recorded): string {
  return JSON.stringify(recorded, (_, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** What the guest did, where an event says that it did something; null where it says nothing of a guest. */
export function guestCommandOf(run: Run, { event }: Recorded): GuestCommand | null {
  if (event.type === 'vcpu.exited' && event.reason === 'guest') {
    return { type: 'guest.leave', vm: run.current.vms[event.vm]?.id ?? 0, vcpu: event.vcpu }
  }
  if (event.type === 'instruction.begun') {
    const of = { vm: run.current.vms[event.vm]?.id ?? 0, vcpu: event.vcpu }
    if (event.writes === 'ghcb') return { type: 'guest.vmgexit', ...of, gpa: event.word }
    const at = { ...of, word: event.word }
    if (event.writes === 'cr') return { type: 'guest.writecr', ...at, cr: event.number }
    return { type: 'guest.wrmsr', ...at, msr: event.number }
  }
  if (!isAccess(event) || event.by.kind !== 'guest') return null
  const { vm, vcpu, gpa } = event.by
  const tlb = 'cached' in event ? { tlb: true } : {}
  const touch = { type: 'guest.touch', vm: run.current.vms[vm]?.id ?? 0, vcpu, gpa, ...tlb } as const
  switch (event.type) {
    case 'memory.touched':
      return { ...touch, access: event.access }
    case 'memory.read':
      return { ...touch, access: 'r', value: null }
    case 'memory.written':
      return { ...touch, access: 'w', value: event.value }
    case 'word.read':
      return { ...touch, gpa: offset(gpa, event.offset), access: 'r', word: null }
    case 'word.written':
      return { ...touch, gpa: offset(gpa, event.offset), access: 'w', word: event.word }
  }
}

function isAccess(event: VmmEvent): event is MemoryEvent {
  return event.type.startsWith('memory.') && event.type !== 'memory.awaited' ? true : event.type.startsWith('word.')
}

/**
 * Takes the decision that `recorded` begins with.
 *
 * @returns how the step ended; null for a call that only begins, and for an event that no thread recorded.
 */
export function decide(run: Run, recorded: Recorded): StepOutcome | null {
  const { event, thread } = recorded
  if (thread === null) return null
  if (event.type === 'call.started') {
    run.start(event.command, thread)
    return null
  }
  const isInGuest = run.current.threads[thread]?.place === 'inGuest'
  const guest = guestCommandOf(run, recorded)
  if (isInGuest && event.type === 'vcpu.faulted') return run.guestFault(event.gpa, thread)
  if (isInGuest && guest !== null) return run.guest(guest, thread)
  return run.step(thread)
}

/**
 * @param from the snapshot that the events go on from; a freshly booted host when left out.
 * @returns null when every event comes out as it was recorded.
 */
export function verify(events: Iterable<Recorded>, design: Design, boot: Boot, from?: RunSnapshot): Difference | null {
  const found: Recorded[] = []
  const record = (recorded: Recorded): void => {
    found.push(recorded)
  }
  const run = from === undefined ? createRun({ design, boot, record }) : restoreRun(from, { design, record })
  let read = 0
  for (const wanted of events) {
    if (read === found.length) {
      found.length = 0
      read = 0
      try {
        decide(run, wanted)
      } catch {
        // A decision that cannot be taken any more records nothing, which is a difference by itself.
      }
    }
    const again = found[read] ?? null
    read += 1
    if (again === null || text(again) !== text(wanted)) return { seq: wanted.seq, wanted, found: again }
  }
  const extra = found[read] ?? null
  return extra === null ? null : { seq: extra.seq, wanted: null, found: extra }
}
