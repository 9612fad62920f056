/**
 * The compiled form held to xstate, on machines made to be hard; and the law itself held to account:
 * a compiled form that is wrong anywhere must break it.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { createMachine, emit } from 'xstate'
import { Defect } from '../../events/defect.ts'
import { type CompiledMachine, compile, type StepResult } from '../../src/engine/compile.ts'
import { machines, SIGNAL_TYPES } from '../engine/chart-arbitrary.ts'
import {
  both,
  codeOf,
  context,
  going,
  inputsOf,
  nested,
  ring,
  type SlotEvent,
  slot,
  slotContexts,
  slotInputs,
  wild,
} from '../engine/machines.ts'
import { runs } from '../support/seed.ts'
import { assertSameAsXstate } from './machine.ts'

describe('the compiled form', () => {
  it('does what xstate does with guards in order', () => {
    const compared = assertSameAsXstate(slot, { contexts: slotContexts, inputs: slotInputs })
    // 3 places x 3 contexts x 5 inputs.
    expect(compared).to.include({ pairs: 45, taken: 17, refused: 28 })
    expect(compared.walked).to.be.above(20)
  })

  it('does what xstate does with nested states and their parents', () => {
    const inputs = inputsOf('enter deep skip up again stay inner outer both root self anew end unheard')
    const compared = assertSameAsXstate(nested, { contexts: both, inputs })
    expect(compared.walked).to.be.above(100)
    const machine = compile(nested)
    const { place, emitted } = machine.step(machine.placeOf('in.b.c'), context, { type: 'end' })
    expect(machine.isFinal(place)).to.equal(true)
    expect(emitted.map(({ type }) => type)).to.deep.equal([
      'c left',
      'b left',
      'in left',
      'over entered',
      'over left',
      'root left',
    ])
  })

  it('does what xstate does with wildcards', () => {
    const inputs = inputsOf('a a.b a.b.c a.b.c.d ab b')
    const compared = assertSameAsXstate(wild, { contexts: both, inputs })
    expect(compared.walked).to.be.above(100)
    const heard = (type: string) =>
      compile(wild)
        .step(0, context, { type })
        .emitted.map((event) => event.type)
    expect(['a', 'a.b', 'a.b.c', 'ab'].map(heard)).to.deep.equal([
      ['one a.*'],
      ['one a.b.*'],
      ['one a.b.*'],
      ['root *'],
    ])
  })

  it('does what xstate does without an input', () => {
    const inputs = inputsOf('go work hum look nudge finish unheard')
    const compared = assertSameAsXstate(going, { contexts: both, inputs })
    expect(compared.walked).to.be.above(50)
    const machine = compile(going)
    const { place, emitted } = machine.step(machine.placeOf('job.doing'), context, { type: 'finish' })
    expect(machine.places[place]).to.equal('through')
    expect(emitted).to.deep.equal([
      { type: 'finished', heard: 'finish' },
      { type: 'done', heard: 'xstate.done.state.going.job' },
      { type: 'through', heard: 'xstate.done.state.going.job' },
    ])
  })

  it('does what xstate does with machines that nobody would write', () => {
    const contexts = [
      [false, false, false],
      [true, false, true],
      [true, true, true],
    ].map((flags) => ({ flags }))
    const inputs = SIGNAL_TYPES.flatMap((type) => [0, 1].map((flag) => ({ type, flag })))
    const goesRound = (machine: CompiledMachine<{ type: string; flag: number }, unknown, { flags: boolean[] }>) =>
      machine.places.some((_, place) =>
        contexts.some((context) =>
          inputs.some((input) => codeOf(() => machine.step(place, context, input)) === 'ENG013'),
        ),
      )
    let places = 0
    let taken = 0
    fc.assert(
      fc.property(machines, (machine) => {
        const compiled = compile(machine)
        // xstate does not come back from a machine that goes round.
        fc.pre(!goesRound(compiled))
        const compared = assertSameAsXstate(machine, { contexts, inputs, compiled, walks: 1 })
        places += compiled.places.length
        taken += compared.taken
      }),
      { numRuns: runs(20) },
    )
    expect(places).to.be.above(30)
    expect(taken).to.be.above(400)
  })
})

describe('the law of the compiled form', () => {
  const cases = { contexts: slotContexts, inputs: slotInputs }
  type Machine = ReturnType<typeof compile<typeof slot>>
  const whole = compile(slot)
  /** The pairs of place, context and input that the slot takes, and those that it does not. */
  const cells = whole.places.flatMap((_, place) =>
    slotContexts.flatMap((context) => slotInputs.map((input) => ({ place, context, input }))),
  )
  const isTaken = ({ place, context, input }: (typeof cells)[number]) =>
    codeOf(() => whole.step(place, context, input)) === null
  /** The whole form but for one cell. */
  const broken = (cell: (typeof cells)[number], wrong: () => StepResult<SlotEvent>): Machine => ({
    ...whole,
    step: (place, context, input) =>
      place === cell.place && context === cell.context && input === cell.input
        ? wrong()
        : whole.step(place, context, input),
  })
  const expectCaught = (compiled: Machine) =>
    expect(() => assertSameAsXstate(slot, { ...cases, compiled })).to.throw(/slot at .* on /)

  it('is broken by any target that is off by one', () => {
    for (const cell of cells.filter(isTaken)) {
      const { place, emitted } = whole.step(cell.place, cell.context, cell.input)
      expectCaught(broken(cell, () => ({ place: (place + 1) % whole.places.length, emitted })))
    }
  })

  it('is broken by any event that is lost or told twice', () => {
    for (const cell of cells.filter(isTaken)) {
      const { place, emitted } = whole.step(cell.place, cell.context, cell.input)
      if (emitted.length > 0) expectCaught(broken(cell, () => ({ place, emitted: [] })))
      expectCaught(broken(cell, () => ({ place, emitted: [...emitted, { type: 'slot.detached' }] })))
    }
  })

  it('is broken by any input that is taken in silence or not at all', () => {
    for (const cell of cells)
      expectCaught(
        broken(cell, () => {
          if (!isTaken(cell)) return { place: cell.place, emitted: [] }
          throw new Defect('ENG010', 'not taken')
        }),
      )
  })

  it('is broken by a machine with another target, guard or event', () => {
    const { backed, mapped } = slot.config.states as Record<'backed' | 'mapped', { on: Record<string, unknown> }>
    const variants = [
      {
        ...backed,
        on: { ...backed.on, 'uvm.refused': { target: 'mapped', actions: emit({ type: 'slot.detached' }) } },
      },
      {
        ...backed,
        on: {
          ...backed.on,
          'uvm.refused': { guard: 'sealed', target: 'failed', actions: emit({ type: 'slot.detached' }) },
        },
      },
      {
        ...backed,
        on: { ...backed.on, 'uvm.refused': { target: 'failed', actions: emit({ type: 'slot.mapped', hva: 0 }) } },
      },
      { ...backed, on: { ...backed.on, 'uvm.mapped': mapped.on['uvm.mapped'] } },
    ]
    for (const variant of variants) {
      const config = { ...slot.config, states: { ...slot.config.states, backed: variant } }
      const other = createMachine(config as never, slot.implementations as never) as unknown as typeof slot
      expectCaught(compile(other))
    }
  })

  it('is broken on a walk by a form that remembers', () => {
    const honest = compile(ring)
    let last = -1
    let run = 0
    const forgetful = {
      ...honest,
      step: (place: number, given: { readonly open: boolean }, input: { type: string }) => {
        run = place === last ? run + 1 : 0
        const result = honest.step(place, given, input)
        last = result.place
        return run > 4 ? { place: honest.initial, emitted: [] } : result
      },
    }
    const inputs = inputsOf('next')
    expect(() => assertSameAsXstate(ring, { contexts: [context], inputs, compiled: honest })).not.to.throw()
    expect(() => assertSameAsXstate(ring, { contexts: [context], inputs, compiled: forgetful })).to.throw(/on a walk/)
  })

  it('is broken by another start', () => {
    expect(() => assertSameAsXstate(slot, { ...cases, compiled: { ...whole, initial: 1 } })).to.throw(/starts at/)
  })

  it('is broken by a machine that is over elsewhere', () => {
    expectCaught({ ...whole, isFinal: () => false })
  })
})
