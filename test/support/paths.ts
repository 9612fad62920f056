/**
 * Ways through a call machine, to be laid beside the C: a row for each path, in which places and answers take turns.
 * All rows together must take every transition that the machine has.
 */
import { expect } from 'chai'
import type { AnyStateMachine } from 'xstate'
import type { Answer } from '../../events/answer.ts'
import { type CallContext, NO_CALL } from '../../machines/calls/setup.ts'
import type { Tell } from '../../machines/tell.ts'
import { type CompiledMachine, compile } from '../../src/engine/compile.ts'

/** One answer of each type. */
export const ANSWERS: { readonly [Type in Answer['type']]: Extract<Answer, { readonly type: Type }> } = {
  done: { type: 'done' },
  none: { type: 'none' },
  next: { type: 'next', slot: 1 },
  refused: { type: 'refused', errno: 'ENOMEM' },
  'uao.created': { type: 'uao.created', object: 7 as never },
  'uvm.mapped': { type: 'uvm.mapped', hva: 0x1000000000 as never },
  'uvm.sealed': { type: 'uvm.sealed' },
  'uvm.shared': { type: 'uvm.shared', hva: 0x1000000000 as never },
  'uvm.unshared': { type: 'uvm.unshared', slot: 1 },
  'uao.referenced': { type: 'uao.referenced', object: 7 as never },
  'vm.numbered': { type: 'vm.numbered', id: 5 },
  'page.present': { type: 'page.present' },
  'page.absent': { type: 'page.absent' },
  'memory.short': { type: 'memory.short' },
  'fault.assist': { type: 'fault.assist' },
  'vcpu.mustStop': { type: 'vcpu.mustStop' },
  poked: { type: 'poked', state: 3 },
  'guest.faulted': { type: 'guest.faulted', gpa: 0x5000 },
  'guest.left': { type: 'guest.left' },
  'psp.executed': { type: 'psp.executed', handle: 1, done: { type: 'measure' } },
  'guest.trapped': { type: 'guest.trapped' },
  'vcpu.kicked': { type: 'vcpu.kicked' },
  'clock.due': { type: 'clock.due' },
  'wallclock.due': { type: 'wallclock.due' },
  'pdptes.due': { type: 'pdptes.due' },
  'ghcb.named': { type: 'ghcb.named' },
  'ghcb.due': { type: 'ghcb.due' },
  'guest.yielded': { type: 'guest.yielded' },
  'page.chosen': { type: 'page.chosen', frame: 40 as never },
  'page.freed': { type: 'page.freed', object: 7 as never, index: 2 },
}

export type Path = readonly [
  title: string,
  /** `place answer place … place`; anything between blanks. */
  route: string,
  /** What the entities are told on the way: `slot.uao.created vm.register`. */
  told: string,
]

type Paths = {
  readonly rows: readonly Path[]
  /** What the guards look at. */
  readonly context?: Partial<CallContext>
  /** Transitions that no row takes, as `place answer`, and why: all others must be taken. */
  readonly untaken?: Readonly<Record<string, string>>
}

function called({ to, input }: Tell): string {
  return `${to}.${input.type}`
}

/** Declares a test for each row, and one for the whole. */
export function hasPaths(source: AnyStateMachine, { rows, context = {}, untaken = {} }: Paths): void {
  const machine = compile(source) as unknown as CompiledMachine<Answer, Tell, CallContext>
  const wordsOf = (route: string): readonly string[] => route.trim().split(/\s+/)
  for (const [title, route, told] of rows)
    it(title, () => {
      const words = wordsOf(route)
      const tells: string[] = []
      let place = machine.initial
      for (let i = 0; i + 1 < words.length; i += 2) {
        const type = words[i + 1] as Answer['type']
        expect(machine.places[place], `after ${words.slice(0, i).join(' ')}`).to.equal(words[i])
        const result = machine.step(place, { ...NO_CALL, ...context }, ANSWERS[type])
        tells.push(...result.emitted.map(called))
        place = result.place
      }
      expect(machine.places[place], 'ends').to.equal(words.at(-1))
      expect(machine.isFinal(place), `${words.at(-1)} is the end`).to.equal(true)
      expect(tells.join(' ')).to.equal(told)
    })
  it('has no other transition', () => {
    const taken = new Set(
      rows.flatMap(([, route]) =>
        wordsOf(route).map((word, i, words) => (i % 2 === 1 ? `${words[i - 1]} ${word}` : '')),
      ),
    )
    const all = machine.places.flatMap((name, place) => machine.inputs(place).map((type) => `${name} ${type}`))
    expect(all.filter((one) => !taken.has(one)).sort()).to.deep.equal(Object.keys(untaken).sort())
  })
  it('says of each step which kernel function it calls, and where it stands in the C', () => {
    for (const [place, name] of machine.places.entries()) {
      const { calls, source: line } = machine.metaOf(place) as { calls: string | null; source: string }
      expect(calls === null, name).to.equal(machine.isFinal(place))
      expect(line, name).to.match(/\w/)
    }
  })
}
