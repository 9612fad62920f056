/**
 * What is compared, one act after the other: an act is what one line of a scenario asks for, or, on a tape, what one
 * thread did up to where the next came to its turn.
 */
import { truncPage, type Word64 } from '../../events/address.ts'
import type { Command, GuestCommand } from '../../events/command.ts'
import { Defect } from '../../events/defect.ts'
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId } from '../../events/ids.ts'
import type { Outcome, RunReply } from '../../events/reply.ts'
import type { StepOutcome } from '../engine/engine.ts'
import type { Run } from '../engine/run.ts'
import { UserError } from '../errors.ts'
import { decide, guestCommandOf } from '../replay/verify.ts'
import { type Played, play } from '../scenario/play.ts'
import type { Entry } from '../scenario/read.ts'
import { toText } from '../tape/text.ts'

export type Act = {
  /** Where it was read: `FILE:LINE`, or `event N`. */
  readonly place: string
  /** Null for a note. */
  readonly command: Command | null
  /** Whose act it is; null for a note, and for a guest that is not in RUN. */
  readonly thread: ThreadId | null
  /** The name that a scenario gave the thread. */
  readonly named: ThreadId | null
  /** The call begins with this act; it goes on with it otherwise. */
  readonly begins: boolean
  /** A guest's access that the nested tables did not serve. */
  readonly faulted: boolean
  readonly result: Played['result']
}

/** A scenario on a run. */
export function* actsOfScenario(run: Run, entries: readonly Entry[]): Generator<Act> {
  for (const { entry, thread, command, result } of play(run, entries)) {
    const { asked, place } = entry
    const goesOn =
      asked.type === 'step' || asked.type === 'finish' || (asked.type === 'pause' && asked.command === null)
    const named = 'thread' in asked ? asked.thread : null
    const faulted = result.kind === 'answered' && 'faulted' in result.outcome && result.outcome.faulted
    yield { place, command, thread, named, begins: !goesOn, faulted, result }
  }
}

type Contents = { readonly value: number | null } | { readonly word: Word64 }

/** An act of a tape, as far as it has come. */
type Going = {
  readonly first: number
  readonly thread: ThreadId
  readonly begins: boolean
  /** What a guest does; a call otherwise. */
  readonly guest: boolean
  /** There was a nested fault on the way. */
  faulted: boolean
  command: Command
  /** How its last step ended; null for a call that has only begun. */
  outcome: StepOutcome | null
  contents: Contents | null
}

/**
 * Decides the run of a tape again, on a run of the design that made it.
 *
 * @throws UserError where today's code does not record what the tape has.
 */
export function* actsOfTape(run: Run, tape: Iterable<Recorded>): Generator<Act> {
  const found: Recorded[] = []
  const unsubscribe = run.subscribe((recorded) => found.push(recorded))
  let going: Going | null = null
  let read = 0
  for (const wanted of tape) {
    if (read === found.length) {
      found.length = 0
      read = 0
      const before: Going | null = going
      going = taken(run, wanted, before)
      if (before !== null && before !== going) yield actOf(run, before)
      // The act that was handed over is looked at before this decision is taken.
      going.outcome = decided(run, wanted)
      if (found.some(({ event }) => event.type === 'vcpu.faulted')) going.faulted = true
      going.contents = found.reduce((contents, { event }) => contentsOf(event) ?? contents, going.contents)
    }
    if (found[read]?.event.type !== wanted.event.type) throw differs(wanted)
    read += 1
  }
  if (going !== null) yield actOf(run, going)
  unsubscribe()
}

function differs({ seq, event }: Recorded): UserError {
  const told = `event ${seq}, ${event.type}, would not be recorded again`
  return new UserError(`the decisions of the tape cannot be taken again: ${told}; 'replay --verify' says more`, 1)
}

function decided(run: Run, wanted: Recorded): StepOutcome | null {
  try {
    return decide(run, wanted)
  } catch (cause) {
    if (cause instanceof Defect) throw differs(wanted)
    throw cause
  }
}

/** The act that the decision which `wanted` begins with belongs to: the last one, where it goes on, or a new one. */
function taken(run: Run, wanted: Recorded, last: Going | null): Going {
  const { thread, event, seq: first } = wanted
  if (thread === null) throw differs(wanted)
  const act = { first, thread, begins: true, guest: true, faulted: false, outcome: null, contents: null }
  if (event.type === 'call.started') return { ...act, guest: false, command: event.command }
  const call = run.current.threads[thread]
  if (call === undefined) throw differs(wanted)
  if (call.place === 'inGuest' && event.type === 'vcpu.faulted') {
    const { vcpu, gpa } = event
    const vm = run.current.vms[event.vm]?.id ?? 0
    return { ...act, faulted: true, command: { type: 'guest.touch', vm, vcpu, gpa, access: 'rw' } }
  }
  const guest = call.place === 'inGuest' ? guestCommandOf(run, wanted) : null
  if (guest !== null) {
    if (last === null || !triesAgain(last, thread, guest)) return { ...act, command: guest }
    last.command = guest
    return last
  }
  if (last?.thread === thread && !isOver(last)) return last
  return { ...act, begins: false, guest: false, command: call.command }
}

/** Whether what a guest does is what the last fault was taken for. */
function triesAgain({ command, thread, faulted, contents }: Going, again: ThreadId, guest: GuestCommand): boolean {
  if (!faulted || contents !== null || thread !== again) return false
  if (command.type !== 'guest.touch' || guest.type !== 'guest.touch') return toText(command) === toText(guest)
  return command.gpa === truncOf(guest.gpa, command.gpa)
}

/** Accesses are recorded by page, faults by byte. */
function truncOf(page: Word64, byte: Word64): Word64 {
  return typeof byte === 'number' && truncPage(byte) === page ? byte : page
}

function isOver({ outcome, guest }: Going): boolean {
  if (outcome === null) return false
  return outcome.kind !== 'moved' || (guest && outcome.place === 'inGuest')
}

/** What an access of a guest found or left, where it was about that. */
function contentsOf(event: VmmEvent): Contents | null {
  switch (event.type) {
    case 'memory.read':
    case 'memory.written':
      return event.by.kind === 'guest' ? { value: event.value } : null
    case 'word.read':
    case 'word.written':
      return event.by.kind === 'guest' ? { word: event.word } : null
    default:
      return null
  }
}

function actOf(run: Run, { first, command, thread, begins, guest, faulted, outcome, contents }: Going): Act {
  const act = { place: `event ${first}`, command, thread, named: null, begins, faulted }
  if (outcome?.kind === 'panicked')
    return { ...act, result: answer({ ok: false, panic: { fn: outcome.fn, kind: outcome.panic } }) }
  if (outcome?.kind === 'blocked') return { ...act, result: answer({ ok: false, blocked: outcome.on, thread }) }
  const left = outcome?.kind === 'replied' ? outcome.reply : null
  const isOut = left !== null || (outcome?.kind === 'moved' && outcome.place === 'inGuest')
  if (guest && isOut) {
    const found = contents === null || left !== null ? {} : contents
    return {
      ...act,
      result: answer(guestReply(run, command, thread, { faulted, left: left as RunReply | null, ...found })),
    }
  }
  if (left !== null) return { ...act, result: answer(left) }
  const { name, meta } = run.next(thread)
  return { ...act, result: { kind: 'stands', place: name, source: meta.source } }
}

function answer(outcome: Outcome): Act['result'] {
  return { kind: 'answered', outcome }
}

/** What is answered to something that a guest did. `found` is what came of it, if it was an access. */
export function guestReply(
  run: Run,
  command: Command,
  runner: ThreadId,
  found: { readonly faulted: boolean; readonly left: RunReply | null },
): Outcome {
  if (command.type === 'guest.touch' || command.type === 'guest.leave') return { ok: true, ...found }
  const refused = run.current.threads[runner]?.locals.instruction?.refused ?? null
  return { ok: true, refused, left: found.left }
}

/** Addresses that CREATE or SHAREMEM has answered, or was asked with where the process chooses them. */
export function vasOf({ result, command }: Act): readonly Word64[] | null {
  if (command?.type !== 'ioc.create' && command?.type !== 'ioc.sharemem') return null
  if (result.kind !== 'answered' || !('va' in result.outcome) || !Array.isArray(result.outcome.va)) return null
  return result.outcome.va
}
