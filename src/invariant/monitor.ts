/**
 * Watches a run: it is fed each event when it has become true, looks at what the event touched, and tells what does not
 * hold any more. Between two steps it says what `counterexamples` would say of the whole world.
 *
 * It reads the world that reducers make and nothing else, so that it judges a tape as well as a run.
 */
import type { Recorded, VmmEvent } from '../../events/event.ts'
import type { ThreadId, VmRef } from '../../events/ids.ts'
import { LEAF_FRAME } from '../model/memory.ts'
import type { World } from '../model/world.ts'
import { Active, type Cause, type Standing } from './active.ts'
import type { CallRecord } from './calls.ts'
import { Deviants } from './deviants.ts'
import { BEFORE_THE_GATE, suspendedDeviceRests } from './device.ts'
import { Dirty } from './dirty.ts'
import {
  type AnyRule,
  type Claim,
  endsStep,
  type Finding,
  isAtRest,
  type Moment,
  type SubjectKind,
  type Violation,
} from './invariant.ts'
import { RULES } from './invariants.ts'
import { nestedPageIsPinnedWhenEntered, unpinnedLeafAt } from './nested.ts'
import { Past } from './past.ts'
import { guestsAgree, isSoundFrame, isSoundLeaf } from './sound.ts'
import { emptiedTableIsFreed, emptyTableAt } from './tables.ts'
import { Touch } from './touch.ts'
import { PageTouch } from './touch-pages.ts'
import { callersPageAt, LEAF_RULES, servedInVainAt } from './vcpu.ts'
import { Whereabouts } from './whereabouts.ts'
import { eachSubject } from './whole.ts'
import { wiringsEndWithTheirVm, wiringsLeftBy } from './wirings.ts'

export type MonitorOptions = {
  /** Gets each violation when it begins. What breaks a rule neither begins nor ends, and is told each time. */
  readonly report: (violation: Violation) => void
  /** Gets the violation of a claim that holds again. */
  readonly ended?: (violation: Violation) => void
  /** Whose a guest's memory is in the design; without it, what depends on that is not judged. */
  readonly memoryFrom?: 'vmm' | 'creator' | undefined
  /** Looks up the C that a step of a call stands for. */
  readonly sourceOf?: (call: string, place: string) => string | null
}

const NOBODY: Cause = { thread: null, call: null, place: null, source: null }
const nobody = (): Cause => NOBODY

const KINDS: readonly SubjectKind[] = ['leaf', 'frame', 'pmap', 'object', 'vm', 'process', 'device']

/** What waits until the host is at rest, and the step that touched it last. */
type Waiting = { readonly about: SubjectKind; readonly subject: number; readonly cause: Cause }

function rulesByType(): Readonly<Record<string, readonly AnyRule[]>> {
  const found: Record<string, AnyRule[]> = {}
  for (const rule of RULES) {
    for (const type of rule.on) {
      found[type] ??= []
      found[type].push(rule)
    }
  }
  return found
}

const RULES_ON = rulesByType()

export class Monitor {
  readonly #options: MonitorOptions
  readonly #active: Active
  readonly #dirty = new Dirty()
  readonly #deviants = new Deviants()
  readonly #wrongFrames = new Set<number>()
  readonly #where: Whereabouts
  readonly #past: Past
  readonly #touch: Touch
  readonly #waiting = new Map<string, Waiting>()
  /** VMs that were freed since the last rest, and the step that freed each. */
  readonly #freed = new Map<VmRef, Cause>()
  /** Whose step is being judged, and its call. */
  #thread: ThreadId | null = null
  #call: CallRecord | null = null
  /** What rules are asked with; one for all, since they keep nothing of it. */
  readonly #moment: { -readonly [Field in keyof Moment]: Moment[Field] }
  readonly #cause = (): Cause => causeOf(this.#thread, this.#call, null, this.#options)

  /** @param world where the run goes on from; what does not hold there is told at once. */
  constructor(world: World, options: MonitorOptions) {
    this.#options = options
    this.#active = new Active(options.report, options.ended ?? (() => {}))
    this.#where = new Whereabouts(world)
    this.#past = new Past(world, options.memoryFrom)
    const pages = new PageTouch(this.#dirty, this.#where, this.#past, this.#deviants)
    this.#touch = new Touch(world, this.#dirty, this.#where, this.#past, pages)
    this.#moment = { event: { type: 'vmm.stopped' }, world, thread: null, call: null, past: this.#past }
    for (const about of KINDS) {
      eachSubject(world, about, (a, b) => {
        if (about === 'leaf') this.#leaf(world, a, b, nobody)
        else if (about === 'frame') this.#frame(world, a, nobody)
        else {
          const isWrong = this.#active.judge(world, about, a, b, 'always', nobody)
          if (about === 'device') this.#touch.deviceWasWrong = isWrong
        }
        if (about !== 'leaf' && about !== 'frame')
          this.#waiting.set(`${about} ${a}`, { about, subject: a, cause: NOBODY })
      })
    }
    if (isAtRest(world)) this.#rest(world)
  }

  /** What does not hold now. */
  get standing(): readonly Standing[] {
    return [...this.#active.standing()]
  }

  /** Takes an event that has become true in `world`, and that ends its step where it has a place. */
  take({ event, thread, place }: Recorded, world: World): void {
    this.#thread = thread
    this.#call = this.#past.calls.get(thread)
    const rules = RULES_ON[event.type]
    if (rules !== undefined) this.#apply(rules, event, world)
    if (event.type === 'vm.freed') this.#freed.set(event.vm, this.#cause())
    if (this.#touch.rests) this.#mustRest(event, world)
    this.#touch.take(event, thread, world)
    this.#past.learn(event, thread, world)
    if (place !== null || endsStep(event, thread)) this.#endStep(event, place, world)
  }

  #apply(rules: readonly AnyRule[], event: VmmEvent, world: World): void {
    const moment = this.#moment
    moment.event = event
    moment.world = world
    moment.thread = this.#thread
    moment.call = this.#call
    for (const rule of rules) {
      const finding = rule.counterexample(moment)
      if (finding !== null) this.#tell(rule, finding, world)
    }
  }

  #tell({ id, name, severity }: AnyRule, { subject, sentence, place }: Finding, world: World): void {
    const cause = causeOf(this.#thread, this.#call, place ?? null, this.#options)
    this.#options.report({ id, name, severity, seq: world.seq, ...cause, subject, sentence })
  }

  #mustRest(event: VmmEvent, world: World): void {
    const command = this.#call?.command.type ?? ''
    if (!/^(ioc|guest)\./.test(command) || BEFORE_THE_GATE.test(event.type)) return
    const sentence = `${command} made '${event.type}' true while the device is suspended`
    this.#tell(suspendedDeviceRests, { subject: 'device', sentence }, world)
  }

  #endStep(event: VmmEvent, place: string | null, world: World): void {
    if (world.panic === null) this.#judge(world)
    this.#past.endStep(world, this.#dirty.now.processes)
    this.#dirty.clear()
    const call = this.#call ?? this.#past.calls.get(this.#thread)
    if (call !== null && place !== null) call.place = place
    if ((event.type === 'call.replied' || this.#thread === null) && world.panic === null && isAtRest(world))
      this.#rest(world)
  }

  #judge(world: World): void {
    const { leaves, partners, frames, pmaps, now, later } = this.#dirty
    const cause = this.#cause
    if (this.#dirty.deviants) this.#touch.pages.everyDeviant()
    if (this.#touch.evicting >= 0) this.#touch.pages.leavesOn(this.#touch.evicting, world)
    for (let i = 0; i < leaves.length; i += 1) this.#leaf(world, leaves.a[i] as number, leaves.b[i] as number, cause)
    for (let i = 0; i < partners.length; i += 1)
      this.#partner(world, partners.a[i] as number, partners.b[i] as number, cause)
    for (let i = 0; i < frames.length; i += 1) this.#frame(world, frames.a[i] as number, cause)
    for (let i = 0; i < pmaps.length; i += 1)
      this.#active.judge(world, 'pmap', pmaps.a[i] as number, 0, 'always', cause)
    for (const { pmap, page, level } of this.#past.emptied) {
      const finding = emptyTableAt(world, pmap, page, level)
      if (finding !== null) this.#tell(emptiedTableIsFreed, finding, world)
    }
    if (!now.isEmpty) {
      for (const object of now.objects) this.#active.judge(world, 'object', object, 0, 'always', cause)
      for (const vm of now.vms) this.#active.judge(world, 'vm', vm, 0, 'always', cause)
      for (const pid of now.processes) this.#active.judge(world, 'process', pid, 0, 'always', cause)
    }
    if (now.device || this.#touch.deviceWasWrong)
      this.#touch.deviceWasWrong = this.#active.judge(world, 'device', 0, 0, 'always', cause)
    if (!later.isEmpty) this.#postpone()
  }

  /** A leaf that was entered in this step and is wrong now was wrong to enter. */
  #entered(world: World, pmap: number, page: number): void {
    if (!this.#dirty.entered.take(pmap, page)) return
    const finding = unpinnedLeafAt(world, pmap, page)
    if (finding !== null) this.#tell(nestedPageIsPinnedWhenEntered, finding, world)
    const served = servedInVainAt(world, pmap, page, this.#call)
    if (served !== null) this.#tell(LEAF_RULES.served, served, world)
    const foreign = callersPageAt(world, pmap, page, this.#call)
    if (foreign !== null) this.#tell(LEAF_RULES.callers, foreign, world)
  }

  #leaf(world: World, pmap: number, page: number, cause: () => Cause): void {
    const record = world.pmaps[pmap]
    const packed = record === undefined ? -1 : world.memory.leaf(pmap, page)
    if (!this.#deviants.has(pmap, page)) {
      if (record === undefined || packed < 0 || isSoundLeaf(world, this.#where, record, page, packed)) return
    }
    this.#entered(world, pmap, page)
    if (this.#active.judge(world, 'leaf', pmap, page, 'always', cause)) {
      const frame = Math.floor(packed / LEAF_FRAME)
      this.#deviants.add(pmap, page, frame)
      // A leaf that is where it should not be may be what a wiring serves.
      this.#dirty.later.objects.add(world.memory.owner(frame))
    } else this.#deviants.remove(pmap, page)
  }

  /** A process leaf whose guest leaf has changed: all that can have changed about it is that they agree. */
  #partner(world: World, pmap: number, page: number, cause: () => Cause): void {
    if (!this.#deviants.has(pmap, page)) {
      const record = world.pmaps[pmap]
      const packed = record === undefined ? -1 : world.memory.leaf(pmap, page)
      if (record === undefined || packed < 0) return
      if (guestsAgree(world, this.#where, record, page, Math.floor(packed / LEAF_FRAME))) return
    }
    this.#leaf(world, pmap, page, cause)
  }

  #frame(world: World, frame: number, cause: () => Cause): void {
    const wrong = this.#wrongFrames
    if ((wrong.size === 0 || !wrong.has(frame)) && isSoundFrame(world, frame)) return
    if (this.#active.judge(world, 'frame', frame, 0, 'always', cause)) wrong.add(frame)
    else wrong.delete(frame)
  }

  #postpone(): void {
    const { later } = this.#dirty
    const cause = this.#cause()
    const wait = (about: SubjectKind, subject: number): void => {
      this.#waiting.set(`${about} ${subject}`, { about, subject, cause })
    }
    for (const object of later.objects) wait('object', object)
    for (const vm of later.vms) wait('vm', vm)
    for (const pid of later.processes) wait('process', pid)
    if (later.device) wait('device', 0)
  }

  #rest(world: World): void {
    // What was wrong at the last rest may have been put right from afar.
    const before = this.standing.filter(({ claim, a }) => {
      return claim.when === 'quiescent' && !this.#waiting.has(`${claim.about} ${a}`)
    })
    for (const { about, subject, cause } of this.#waiting.values()) {
      this.#active.judge(world, about, subject, 0, 'quiescent', () => cause)
    }
    for (const { claim, a } of before) this.#active.judge(world, claim.about, a, 0, 'quiescent', nobody)
    this.#waiting.clear()
    for (const [vm, cause] of this.#freed) {
      const finding = wiringsLeftBy(this.#past.wirings, vm)
      const { id, name, severity } = wiringsEndWithTheirVm
      if (finding !== null) this.#options.report({ id, name, severity, seq: world.seq, ...cause, ...finding })
    }
    this.#freed.clear()
  }
}

function causeOf(
  thread: ThreadId | null,
  call: CallRecord | null,
  place: string | null,
  { sourceOf }: MonitorOptions,
): Cause {
  if (call === null) return { ...NOBODY, thread }
  const at = place ?? call.place
  const type: Claim['name'] = call.command.type
  return { thread, call: type, place: at, source: at === null ? null : (sourceOf?.(type, at) ?? null) }
}
