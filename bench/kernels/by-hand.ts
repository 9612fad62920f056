/**
 * The machines of a fault, written by hand as a switch: what somebody writes who wants speed and no chart. Each holds
 * the whole of the vCPU's life, and of the call the steps of a fault.
 */
import type { Answer } from '../../events/answer.ts'
import type { VcpuEvent } from '../../events/vcpu.ts'
import type { CallContext } from '../../machines/calls/setup.ts'
import type { Tell, VcpuInput } from '../../machines/tell.ts'
import type { VcpuContext } from '../../machines/vcpu.ts'

export type ByHand<Emitted> = { readonly place: string; readonly emitted: readonly Emitted[] }

const NOTHING: readonly never[] = []

export function stepVcpu(place: string, { vm, vcpu }: VcpuContext, input: VcpuInput): ByHand<VcpuEvent> {
  if (input.type === 'deinit' && place !== 'gone')
    return { place: 'gone', emitted: [{ type: 'vcpu.deinitialised', vm, vcpu }] }
  switch (place) {
    case 'ready':
    case 'terminated':
      if (input.type === 'poke') {
        const { state } = input
        const to = state === 0 ? 'ready' : state === 3 ? 'terminated' : 'running'
        return { place: to, emitted: [{ type: 'vcpu.poked', vm, vcpu, state }] }
      }
      if (input.type === 'run' && place === 'ready')
        return { place: 'running', emitted: [{ type: 'vcpu.started', vm, vcpu }] }
      break
    case 'running':
      if (input.type === 'enter') return { place: 'inGuest', emitted: [{ type: 'vcpu.entered', vm, vcpu }] }
      if (input.type === 'run') return { place: 'running', emitted: [{ type: 'vcpu.started', vm, vcpu }] }
      if (input.type === 'poke') return { place, emitted: [{ type: 'vcpu.poked', vm, vcpu, state: input.state }] }
      break
    case 'inGuest':
      if (input.type === 'fault')
        return { place: 'handling', emitted: [{ type: 'vcpu.faulted', vm, vcpu, gpa: input.gpa }] }
      if (input.type === 'leave')
        return { place: 'handling', emitted: [{ type: 'vcpu.exited', vm, vcpu, reason: input.reason }] }
      if (input.type === 'poke') return { place, emitted: [{ type: 'vcpu.poked', vm, vcpu, state: input.state }] }
      break
    case 'handling':
      if (input.type === 'enter') return { place: 'inGuest', emitted: [{ type: 'vcpu.entered', vm, vcpu }] }
      if (input.type === 'stop') return { place: 'ready', emitted: [{ type: 'vcpu.stopped', vm, vcpu }] }
      if (input.type === 'kill')
        return { place: 'terminated', emitted: [{ type: 'vcpu.terminated', vm, vcpu, errno: input.errno }] }
      if (input.type === 'poke') return { place, emitted: [{ type: 'vcpu.poked', vm, vcpu, state: input.state }] }
      break
  }
  throw new TypeError(`a vCPU cannot take ${input.type} when it is ${place}`)
}

export function stepFault(place: string, { vm, vcpu, handler }: CallContext, input: Answer): ByHand<Tell> {
  switch (place) {
    case 'inGuest':
      if (input.type === 'guest.faulted' && vm !== null) {
        const told = { type: 'fault', gpa: input.gpa } as const
        return { place: 'classifying', emitted: [{ to: 'vcpu', type: 'tell.vcpu', vm, vcpu, input: told }] }
      }
      break
    case 'classifying':
      if (input.type === 'done') return { place: 'extracting', emitted: NOTHING }
      if (input.type === 'fault.assist') return { place: 'stopping', emitted: NOTHING }
      if (input.type === 'refused') return { place: 'terminating', emitted: NOTHING }
      break
    case 'extracting':
      if (input.type === 'page.present') return { place: 'enteringLeaf', emitted: NOTHING }
      if (input.type === 'page.absent') return { place: 'wiring', emitted: NOTHING }
      break
    case 'wiring':
    case 'wiringAgain':
      if (input.type === 'done') return { place: handler === 'ept' ? 'reloading' : 'extractingAgain', emitted: NOTHING }
      if (input.type === 'memory.short') return { place: 'wiringAgain', emitted: NOTHING }
      if (input.type === 'refused') return { place: 'terminating', emitted: NOTHING }
      break
    case 'reloading':
      if (input.type === 'done') return { place: 'extractingAgain', emitted: NOTHING }
      if (input.type === 'refused') return { place: 'terminating', emitted: NOTHING }
      break
    case 'extractingAgain':
      if (input.type === 'page.present') return { place: 'enteringLeaf', emitted: NOTHING }
      if (input.type === 'page.absent') return { place: 'refusingAbsent', emitted: NOTHING }
      break
    case 'enteringLeaf':
      if (input.type === 'done') return { place: 'resuming', emitted: NOTHING }
      if (input.type === 'refused') return { place: 'terminating', emitted: NOTHING }
      break
    case 'resuming':
      if (input.type === 'done' && vm !== null) {
        const told = { type: 'enter' } as const
        return { place: 'inGuest', emitted: [{ to: 'vcpu', type: 'tell.vcpu', vm, vcpu, input: told }] }
      }
      if (input.type === 'vcpu.mustStop') return { place: 'stopping', emitted: NOTHING }
      break
  }
  throw new TypeError(`a fault cannot take ${input.type} when it is ${place}`)
}
