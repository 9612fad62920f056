/**
 * The same faults the obvious way: an actor for each entity, a state of plain objects and arrays under immer as it comes,
 * a line of JSON for each event, and a wait for the disk each thousand faults. It keeps the latest state only, and checks
 * nothing: what it leaves out would make it slower.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { produce } from 'immer'
import { assign, createActor, setup } from 'xstate'
import type { Frame, Gpa, Va } from '../../events/address.ts'
import { PAGE_SIZE } from '../../events/address.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ObjectRef, PmapRef, VmRef } from '../../events/ids.ts'
import type { TableLevel } from '../../events/pmap.ts'
import { vcpuMachine } from '../../machines/vcpu.ts'
import { type Ask, expectEqual, type Measure, timed } from '../harness/measure.ts'
import { pagesOfStream, type StreamName } from '../harness/streams.ts'
import { BATCH_FAULTS } from './live.ts'

const ENTRIES = 512
const PROCESS = 1 as PmapRef
const NESTED = 2 as PmapRef
const HVA_PAGE = 2 ** 28
const ALL = 7
const TRACKED = 16
const WIRED = 8

/** A table of 512 entries; those above the leaves hold tables. */
type Node = (Node | number | null)[]
type Page = { owner: number; index: number; wires: number; pv: { pmap: number; page: number }[] }
type PageNode = (PageNode | Page | null)[]
type State = {
  vcpu: { inGuest: boolean; faults: number }
  pmaps: Record<number, { root: Node; resident: number; wired: number }>
  object: { pages: Node; resident: number }
  frames: PageNode
}

const node = (): Node => new Array<Node | number | null>(ENTRIES).fill(null)
const indexAt = (page: number, level: number): number => Math.floor(page / ENTRIES ** (level - 1)) % ENTRIES

/** The node of `level` on the way to `page`; what is missing is made. */
function nodeAt<Any extends (Any | unknown)[]>(root: Any, page: number, levels: number, level: number): Any {
  let at = root
  for (let above = levels; above > level; above--) {
    const index = indexAt(page, above)
    at[index] ??= new Array(ENTRIES).fill(null)
    at = at[index] as Any
  }
  return at
}

function frameOf(frames: PageNode, frame: number): Page {
  const table = nodeAt(frames, frame, 3, 1)
  const index = frame % ENTRIES
  table[index] ??= { owner: 0, index: 0, wires: 0, pv: [] }
  return table[index] as Page
}

/** Makes an event true, as a recipe of immer does. */
function reduce(state: State, event: VmmEvent): void {
  switch (event.type) {
    case 'vcpu.faulted':
      state.vcpu.inGuest = false
      state.vcpu.faults += 1
      return
    case 'vcpu.entered':
      state.vcpu.inGuest = true
      return
    case 'page.allocated': {
      const page = frameOf(state.frames, event.frame)
      page.owner = event.object
      page.index = event.index
      nodeAt(state.object.pages, event.index, 3, 1)[event.index % ENTRIES] = event.frame
      state.object.resident += 1
      return
    }
    case 'page.wired':
      frameOf(state.frames, event.frame).wires = event.wires
      return
    case 'table.added': {
      const pmap = state.pmaps[event.pmap]
      if (pmap === undefined) return
      nodeAt(pmap.root, event.va / PAGE_SIZE, 4, event.level)
      pmap.resident += 1
      return
    }
    case 'pmap.entered': {
      const pmap = state.pmaps[event.pmap]
      if (pmap === undefined) return
      const page = event.va / PAGE_SIZE
      nodeAt(pmap.root, page, 4, 1)[page % ENTRIES] = event.frame * 32 + event.flags
      pmap.resident += 1
      if (event.flags >= TRACKED) frameOf(state.frames, event.frame).pv.push({ pmap: event.pmap, page })
      if (event.pmap === PROCESS) pmap.wired += 1
      return
    }
    default:
      return
  }
}

const countMachine = (id: string) =>
  setup({
    types: { context: {} as { faults: number }, events: {} as { type: 'fault' } | { type: 'end' } },
  }).createMachine({
    id,
    context: { faults: 0 },
    initial: 'live',
    states: {
      live: {
        on: {
          fault: { actions: assign({ faults: ({ context }) => context.faults + 1 }) },
          end: { target: 'over' },
        },
      },
      over: { type: 'final' },
    },
  })

/** Asks the state and the actors what a fault leads to, as events in order; each is told before the next is asked for. */
class Peer {
  state: State = {
    vcpu: { inGuest: true, faults: 0 },
    pmaps: {
      [PROCESS]: { root: node(), resident: 1, wired: 0 },
      [NESTED]: { root: node(), resident: 1, wired: 0 },
    },
    object: { pages: node(), resident: 0 },
    frames: new Array<null>(ENTRIES).fill(null),
  }
  readonly #vcpu = createActor(vcpuMachine)
  readonly #slot = createActor(countMachine('slot'))
  readonly #vm = createActor(countMachine('vm'))
  readonly #tell: (event: VmmEvent) => void
  #frame = 2

  constructor(tell: (peer: Peer, event: VmmEvent) => void) {
    this.#tell = (event) => tell(this, event)
    // The vCPU's actor says itself what becomes true of it.
    this.#vcpu.on('*', this.#tell)
    for (const actor of [this.#vcpu, this.#slot, this.#vm]) actor.start()
    this.#vcpu.send({ type: 'run' })
    this.#vcpu.send({ type: 'enter' })
  }

  fault(page: number): void {
    const vm = 1 as VmRef
    const gpa = (page * PAGE_SIZE) as Gpa
    const va = ((HVA_PAGE + page) * PAGE_SIZE) as Va
    this.#vcpu.send({ type: 'fault', gpa })
    this.#slot.send({ type: 'fault' })
    this.#tell({ type: 'fault.translated', vm, gpa, hva: va })
    this.#tell({ type: 'pmap.extracted', pmap: PROCESS, va, frame: -1 })
    const frame = this.#frame++ as Frame
    this.#tell({ type: 'page.allocated', object: 1 as ObjectRef, index: page, frame, from: 'zero' })
    this.#enter(PROCESS, va, frame, ALL + WIRED + TRACKED)
    this.#tell({ type: 'page.wired', frame, wires: 1, pid: 100, va: va as never })
    this.#tell({ type: 'vmcs.reloaded', vm, vcpu: 0, errno: null })
    this.#tell({ type: 'pmap.extracted', pmap: PROCESS, va, frame })
    this.#enter(NESTED, gpa, frame, ALL)
    this.#vm.send({ type: 'fault' })
    this.#vcpu.send({ type: 'enter' })
  }

  #enter(pmap: PmapRef, va: Va, frame: Frame, flags: number): void {
    const page = va / PAGE_SIZE
    for (let level = this.#missing(pmap, page); level > 0; level--) {
      this.#tell({ type: 'table.added', pmap, va, level: level as TableLevel, frame: this.#frame++ as Frame })
    }
    this.#tell({ type: 'pmap.entered', pmap, va, level: 1, frame, flags, old: -1 })
  }

  /** How many tables are missing above the entry of a page. */
  #missing(pmap: PmapRef, page: number): number {
    let at: Node | number | null = this.state.pmaps[pmap]?.root ?? null
    for (let level = 4; level > 1; level--) {
      at = (at as Node)[indexAt(page, level)] ?? null
      if (at === null) return level - 1
    }
    return 0
  }
}

function measured(
  { stream, faults = 0, tape = '' }: Ask,
  tell: (peer: Peer, event: VmmEvent) => void,
  end?: (peer: Peer) => void,
): Measure {
  const pages = pagesOfStream(stream as StreamName, faults + 300)
  rmSync(tape, { force: true })
  const file = openSync(tape, 'w')
  let lines = ''
  let events = 0
  const peer = new Peer((self, event) => {
    events += 1
    lines += `${JSON.stringify({ seq: events, thread: 't3', event })}\n`
    tell(self, event)
  })
  const go = (some: Uint32Array): void => {
    let waiting = 0
    for (const page of some) {
      peer.fault(page)
      end?.(peer)
      waiting += 1
      if (waiting % BATCH_FAULTS !== 0 && waiting !== some.length) continue
      writeSync(file, lines)
      fdatasyncSync(file)
      lines = ''
    }
  }
  go(pages.subarray(faults))
  const before = events
  const time = timed(faults, () => go(pages.subarray(0, faults)))
  closeSync(file)
  rmSync(tape)
  expectEqual(peer.state.object.resident, faults + 300, 'pages of the object')
  expectEqual(peer.state.vcpu.faults, faults + 300, 'faults of the vCPU')
  return { ...time, events: (events - before) / faults }
}

/** One `produce` for each event, as events are reduced. */
export function peer(ask: Ask): Measure {
  return measured(ask, (self, event) => {
    self.state = produce(self.state, (draft) => reduce(draft, event))
  })
}

/** One `produce` for all events of a fault, which is as few as a state that is readable after each fault needs. */
export function peerByFault(ask: Ask): Measure {
  let waiting: VmmEvent[] = []
  return measured(
    ask,
    (_, event) => {
      waiting.push(event)
    },
    (self) => {
      const events = waiting
      waiting = []
      self.state = produce(self.state, (draft) => {
        for (const event of events) reduce(draft, event)
      })
    },
  )
}
