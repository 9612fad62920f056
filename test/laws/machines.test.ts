/**
 * The machines of machines/ under their two laws: the compiled form does what xstate does, and the life that the
 * reducers write is the place where the machine is.
 */
import { expect } from 'chai'
import type { AnyStateMachine } from 'xstate'
import type { Answer } from '../../events/answer.ts'
import { DEFAULT_BOOT } from '../../events/boot.ts'
import type { VmmEvent } from '../../events/event.ts'
import type { ObjectRef, VmRef } from '../../events/ids.ts'
import { type CallContext, NO_CALL } from '../../machines/calls/setup.ts'
import { pagedaemonMachine } from '../../machines/pagedaemon.ts'
import { processMachine } from '../../machines/process.ts'
import { pspMachine } from '../../machines/psp.ts'
import { slotMachine } from '../../machines/slot.ts'
import type { PagedaemonInput, ProcessInput, PspInput, SlotInput, VcpuInput, VmInput } from '../../machines/tell.ts'
import { vcpuMachine } from '../../machines/vcpu.ts'
import { vmMachine } from '../../machines/vm.ts'
import { DESIGNS } from '../../src/design/designs.ts'
import { compile } from '../../src/engine/compile.ts'
import { LIVES } from '../../src/engine/routines.ts'
import { PlainMemory } from '../../src/model/memory/plain.ts'
import { pspLife } from '../../src/model/psp.ts'
import { bootWorld, type SlotLife, type VcpuLife, type VmLife, type World } from '../../src/model/world.ts'
import { cloneWorld } from '../../src/reduce/clone.ts'
import type { WorldDraft } from '../../src/reduce/draft.ts'
import { reduceEvent } from '../../src/reduce/reduce.ts'
import { codeOf } from '../engine/machines.ts'
import { ANSWERS } from '../support/paths.ts'
import { assertSameAsXstate, type Cases } from './machine.ts'

const vm = 1 as VmRef
const object = 1 as ObjectRef

const INPUTS = {
  vm: [
    { type: 'register', id: 5 },
    { type: 'condemn' },
    { type: 'unlink' },
    { type: 'teardown' },
    { type: 'free' },
  ] satisfies VmInput[],
  slot: [
    { type: 'uao.created', object },
    { type: 'uvm.mapped', hva: 0x1000000000 as never },
    { type: 'uvm.sealed' },
    { type: 'uao.referenced', object },
    { type: 'uvm.refused' },
    { type: 'uao.detached' },
    { type: 'uvm.shared', hva: 0x1000000000 as never },
    { type: 'uvm.unshared' },
  ] satisfies SlotInput[],
  vcpu: [
    { type: 'run' },
    { type: 'enter' },
    { type: 'fault', gpa: 0x5000 },
    { type: 'leave', reason: 'guest' },
    { type: 'leave', reason: 'signal' },
    { type: 'stop' },
    { type: 'kill', errno: 'EFAULT' },
    ...[0, 1, 2, 3, 4, 7].map((state): VcpuInput => ({ type: 'poke', state })),
    { type: 'deinit' },
  ] satisfies VcpuInput[],
  process: [{ type: 'exit' }] satisfies ProcessInput[],
  pagedaemon: [
    { type: 'busy', frame: 40 as never },
    { type: 'evicted', object, index: 2 },
    { type: 'spare', frame: 40 as never },
  ] satisfies PagedaemonInput[],
  psp: [
    { type: 'start', es: true },
    { type: 'activate', asid: 3 },
    { type: 'encrypt', pid: 100, va: 0x1000 as never, object, index: 2, frame: 40 as never, generation: 0 },
    { type: 'encryptState', vm, vcpu: 0 },
    { type: 'measure' },
    { type: 'finish' },
    { type: 'deactivate', asid: 3 },
    { type: 'decommission' },
  ] satisfies PspInput[],
}
const UNHEARD = { type: 'unheard' } as never

function expectSame<Machine extends AnyStateMachine>(machine: Machine, cases: Cases<Machine>): void {
  const compared = assertSameAsXstate(machine, cases)
  const places = compile(machine).places.length
  expect(compared.pairs).to.equal(places * cases.contexts.length * cases.inputs.length)
  // A walk that gets nowhere holds nothing.
  expect(compared.walked).to.be.above(places)
}

describe('the machine of', () => {
  it('a VM is stepped as xstate would', () =>
    expectSame(vmMachine, { contexts: [{ vm }], inputs: [...INPUTS.vm, UNHEARD], walks: 30 }))
  it('a memory slot is stepped as xstate would', () =>
    expectSame(slotMachine, { contexts: [{ vm, slot: 2 }], inputs: [...INPUTS.slot, UNHEARD], walks: 30 }))
  it('a vCPU is stepped as xstate would', () =>
    expectSame(vcpuMachine, { contexts: [{ vm, vcpu: 0 }], inputs: [...INPUTS.vcpu, UNHEARD], walks: 30 }))
  it('a process is stepped as xstate would', () =>
    expectSame(processMachine, { contexts: [{ pid: 100 }], inputs: [...INPUTS.process, UNHEARD] }))
  it('the page daemon is stepped as xstate would', () =>
    expectSame(pagedaemonMachine, { contexts: [{}], inputs: [...INPUTS.pagedaemon, UNHEARD], walks: 30 }))
  it('a guest of the PSP is stepped as xstate would', () =>
    expectSame(pspMachine, { contexts: [{ handle: 2 }], inputs: [...INPUTS.psp, UNHEARD], walks: 30 }))

  const contexts: CallContext[] = [NO_CALL, { pid: 100, vm, vcpu: 0, slot: 2, object, errno: 'EFAULT', handler: 'rvi' }]
  // Designs share most of their routines; what was compared once need not be again.
  const compared = new Set<AnyStateMachine>()
  for (const design of DESIGNS)
    for (const [type, machine] of Object.entries(design.routines)) {
      if (compared.has(machine)) continue
      compared.add(machine)
      it(`${type} of design ${design.name} is stepped as xstate would`, () => {
        const compiled = compile(machine)
        const named = new Set(compiled.places.flatMap((_, place) => compiled.inputs(place)))
        const inputs = Object.values(ANSWERS).filter((answer: Answer) => named.has(answer.type))
        expectSame(machine, { contexts, inputs: [...inputs, UNHEARD] })
        // The answers that the machine does not name, at every place.
        for (const answer of Object.values(ANSWERS).filter((one: Answer) => !named.has(one.type)))
          for (const place of compiled.places.keys())
            expect(codeOf(() => compiled.step(place, NO_CALL, answer))).to.equal('ENG010')
      })
    }
})

/** A PSP whose guest 2 stands at a place. */
function pspWith(place: string): WorldDraft['psp'] & object {
  const life = place as 'running'
  const guests =
    place === 'uninitialised' || place === 'decommissioned'
      ? {}
      : { 2: { handle: 2, es: true, life, asid: 0, encrypted: [] } }
  return { initialised: true, lock: null, made: place === 'uninitialised' ? 1 : 2, guests, unflushed: [] }
}

/** A world with one of everything, in which each entity stands where a row says. */
function worldWith(lives: {
  vm?: VmLife
  slot?: SlotLife
  vcpu?: VcpuLife
  pagedaemon?: World['pagedaemon']
  psp?: string
}): {
  world: WorldDraft
  memory: PlainMemory
} {
  const memory = new PlainMemory(64)
  memory.takeFrame(40, 'object', object, 2)
  memory.setResident(object, 2, 40)
  const world = cloneWorld(bootWorld({ ...DEFAULT_BOOT, frames: 64 }, memory), memory)
  const listed = lives.vm === undefined || lives.vm === 'registered' || lives.vm === 'condemned'
  world.softc.list = listed ? [vm] : []
  world.pagedaemon = lives.pagedaemon ?? 'idle'
  world.psp = pspWith(lives.psp ?? 'uninitialised')
  world.processes[100] = {
    pid: 100,
    born: 1,
    pledge: [],
    pmap: 1 as never,
    entries: [],
    overlaid: 0,
    signalled: false,
    exiting: false,
    killed: false,
  }
  const slot = {
    gpa: 0,
    size: 4096,
    memtype: 0,
    hint: 0,
    hva: null,
    object,
    backing: object,
    life: lives.slot ?? 'none',
  }
  world.vms[vm] = {
    ref: vm,
    id: 5,
    life: lives.vm ?? 'registered',
    creator: 100,
    name: 'vm',
    memorySize: 4096,
    slots: [slot],
    pmap: null,
    vcpus: [{ id: 0, state: 0, life: lives.vcpu ?? 'ready', lock: null }],
    vcpuCt: 1,
    dying: false,
    listed,
    refcnt: 1,
    holders: ['list'],
  } as unknown as WorldDraft['vms'][number]
  return { world, memory }
}

type Entity = {
  readonly machine: {
    readonly places: readonly string[]
    step(place: number, context: never, input: never): { readonly place: number; readonly emitted: readonly unknown[] }
  }
  readonly context: unknown
  readonly inputs: readonly unknown[]
  /** A world in which the entity stands at `place`. */
  readonly at: (place: string) => ReturnType<typeof worldWith>
  /** Where it stands in a world; the end of its life when it is not there. */
  readonly lifeIn: (world: WorldDraft) => string
}

const ENTITIES: Readonly<Record<string, Entity>> = {
  'a VM': {
    machine: LIVES.vm,
    context: { vm },
    inputs: INPUTS.vm,
    at: (place) => worldWith({ vm: place as VmLife }),
    lifeIn: (world) => world.vms[vm]?.life ?? 'freed',
  },
  'a memory slot': {
    machine: LIVES.slot,
    context: { vm, slot: 0 },
    inputs: INPUTS.slot,
    at: (place) => worldWith({ slot: place as SlotLife }),
    lifeIn: (world) => world.vms[vm]?.slots[0]?.life ?? 'none',
  },
  'a vCPU': {
    machine: LIVES.vcpu,
    context: { vm, vcpu: 0 },
    inputs: INPUTS.vcpu,
    at: (place) => worldWith({ vcpu: place as VcpuLife }),
    lifeIn: (world) => world.vms[vm]?.vcpus[0]?.life ?? 'gone',
  },
  'a process': {
    machine: LIVES.process,
    context: { pid: 100 },
    inputs: INPUTS.process,
    at: () => worldWith({}),
    lifeIn: (world) => (world.processes[100] === undefined ? 'exited' : 'alive'),
  },
  'the page daemon': {
    machine: LIVES.pagedaemon,
    context: {},
    inputs: INPUTS.pagedaemon,
    at: (place) => worldWith({ pagedaemon: place as World['pagedaemon'] }),
    lifeIn: (world) => world.pagedaemon,
  },
  'a guest of the PSP': {
    machine: LIVES.psp,
    context: { handle: 2 },
    inputs: INPUTS.psp,
    at: (place) => worldWith({ psp: place }),
    lifeIn: (world) => pspLife(world as World, 2),
  },
}

describe('the life that reducers write of', () => {
  for (const [name, { machine, context, inputs, at, lifeIn }] of Object.entries(ENTITIES))
    it(`${name} is where its machine goes`, () => {
      let taken = 0
      for (const [place, from] of machine.places.entries())
        for (const input of inputs) {
          const where = `${from} on ${JSON.stringify(input)}`
          const step = () => machine.step(place, context as never, input as never)
          if (codeOf(step) !== null) continue
          const result = step()
          const { world, memory } = at(from)
          expect(lifeIn(world), where).to.equal(from)
          for (const event of result.emitted) reduceEvent(world, event as VmmEvent, 1, null, memory)
          expect(lifeIn(world), where).to.equal(machine.places[result.place])
          taken += 1
        }
      expect(taken).to.be.above(0)
    })
})
