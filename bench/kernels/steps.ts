/**
 * One step of a machine: as the engine takes it, as xstate does, and by hand. A lap is a fault of a guest: eight answers
 * to the machine of VMM_IOC_RUN and two inputs to that of the vCPU.
 */
import { createActor, initialTransition, transition } from 'xstate'
import type { Answer } from '../../events/answer.ts'
import type { VmRef } from '../../events/ids.ts'
import type { CallContext } from '../../machines/calls/setup.ts'
import type { VcpuInput } from '../../machines/tell.ts'
import { vcpuMachine } from '../../machines/vcpu.ts'
import { aobjDying } from '../../src/design/aobj.ts'
import { compile } from '../../src/engine/compile.ts'
import { expectEqual, type Kernel, type Measure, timed } from '../harness/measure.ts'
import { stepFault, stepVcpu } from './by-hand.ts'

const runMachine = aobjDying.routines['ioc.run']

/** From the start of the machines into the guest. */
const WAY_IN = {
  run: ['done', 'done', 'done', 'done', 'done', 'done', 'done', 'done'],
  vcpu: ['run', 'enter'],
} as const
const LAP = {
  run: [
    { type: 'guest.faulted', gpa: 0x1000 },
    { type: 'done' },
    { type: 'page.absent' },
    { type: 'done' },
    { type: 'done' },
    { type: 'page.present' },
    { type: 'done' },
    { type: 'done' },
  ] as readonly Answer[],
  vcpu: [{ type: 'fault', gpa: 0x1000 }, { type: 'enter' }] as readonly VcpuInput[],
}
const STEPS = LAP.run.length + LAP.vcpu.length
const CONTEXT: CallContext = { pid: 1, vm: 1 as VmRef, vcpu: 0, slot: 0, object: null, errno: null, handler: 'ept' }
const VCPU = { vm: 1 as VmRef, vcpu: 0 }

/** Runs `lap` often enough, and says what one of its steps takes. `laps` is fewer for what is slow. */
function perStep(laps: number, lap: () => void): Measure {
  for (let warm = 0; warm < laps / 10; warm++) lap()
  const time = timed(laps * STEPS, () => {
    for (let count = 0; count < laps; count++) lap()
  })
  return { ...time }
}

export const stepCompiled: Kernel = () => {
  const run = compile(runMachine)
  const vcpu = compile(vcpuMachine)
  let at = run.placeOf('inGuest')
  let life = vcpu.placeOf('inGuest')
  let emitted = 0
  const measure = perStep(200_000, () => {
    for (let i = 0; i < LAP.run.length; i++) {
      const result = run.step(at, CONTEXT, LAP.run[i] as Answer)
      at = result.place
      emitted += result.emitted.length
    }
    for (let i = 0; i < LAP.vcpu.length; i++) {
      const result = vcpu.step(life, VCPU, LAP.vcpu[i] as VcpuInput)
      life = result.place
      emitted += result.emitted.length
    }
  })
  expectEqual(run.places[at] ?? '', 'inGuest', 'where a lap ends')
  expectEqual(emitted, 4 * 220_000, 'what is emitted')
  return measure
}

export const stepByHand: Kernel = () => {
  let at = 'inGuest'
  let life = 'inGuest'
  let emitted = 0
  const measure = perStep(200_000, () => {
    for (let i = 0; i < LAP.run.length; i++) {
      const result = stepFault(at, CONTEXT, LAP.run[i] as Answer)
      at = result.place
      emitted += result.emitted.length
    }
    for (let i = 0; i < LAP.vcpu.length; i++) {
      const result = stepVcpu(life, VCPU, LAP.vcpu[i] as VcpuInput)
      life = result.place
      emitted += result.emitted.length
    }
  })
  expectEqual(at, 'inGuest', 'where a lap ends')
  expectEqual(emitted, 4 * 220_000, 'what is emitted')
  return measure
}

export const stepSend: Kernel = () => {
  const run = createActor(runMachine).start()
  const vcpu = createActor(vcpuMachine).start()
  for (const type of WAY_IN.run) run.send({ type })
  for (const type of WAY_IN.vcpu) vcpu.send({ type })
  const measure = perStep(2_000, () => {
    for (const answer of LAP.run) run.send(answer)
    for (const input of LAP.vcpu) vcpu.send(input)
  })
  expectEqual(String(run.getSnapshot().value), 'inGuest', 'where a lap ends')
  expectEqual(String(vcpu.getSnapshot().value), 'inGuest', 'where a lap ends')
  return measure
}

export const stepTransition: Kernel = () => {
  let [run] = initialTransition(runMachine)
  let [vcpu] = initialTransition(vcpuMachine)
  for (const type of WAY_IN.run) [run] = transition(runMachine, run, { type })
  for (const type of WAY_IN.vcpu) [vcpu] = transition(vcpuMachine, vcpu, { type })
  const measure = perStep(1_000, () => {
    for (const answer of LAP.run) [run] = transition(runMachine, run, answer)
    for (const input of LAP.vcpu) [vcpu] = transition(vcpuMachine, vcpu, input)
  })
  expectEqual(String(run.value), 'inGuest', 'where a lap ends')
  expectEqual(String(vcpu.value), 'inGuest', 'where a lap ends')
  return measure
}
