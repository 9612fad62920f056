/**
 * What a compiled machine answers, and which defects it throws. What it has in common with xstate is
 * held by test/laws/machine.test.ts.
 */
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import { createMachine } from 'xstate'
import { Defect } from '../../events/defect.ts'
import { type CompiledMachine, compile, type StepResult } from '../../src/engine/compile.ts'
import {
  codeOf,
  context,
  nested,
  ring,
  type SlotContext,
  type SlotEvent,
  type SlotInput,
  slot,
  slotContexts,
  wild,
} from './machines.ts'

describe('a compiled machine', () => {
  const machine = compile(slot)
  const [backed, mapped, failed] = ['backed', 'mapped', 'failed'].map(machine.placeOf) as [number, number, number]
  const [closed, roomy, sealed] = slotContexts as [SlotContext, SlotContext, SlotContext]

  it('numbers its leaf states in document order', () => {
    expect(machine.places).to.deep.equal(['backed', 'mapped', 'failed'])
    expect([backed, mapped, failed, machine.initial]).to.deep.equal([0, 1, 2, 0])
    expect(compile(nested).places).to.deep.equal(['out', 'in.a', 'in.b.c', 'in.b.d', 'over'])
  })

  it('moves and emits', () => {
    expect(machine.step(backed, roomy, { type: 'uvm.mapped', hva: 4 })).to.deep.equal({
      place: mapped,
      emitted: [{ type: 'slot.mapped', hva: 4 }],
    })
  })

  it('takes the first transition whose guard holds', () => {
    expect(machine.step(backed, closed, { type: 'uvm.mapped', hva: 4 }).place).to.equal(failed)
    expect(machine.step(mapped, sealed, { type: 'slot.release', last: false }).place).to.equal(mapped)
    expect(machine.step(mapped, sealed, { type: 'slot.release', last: true }).place).to.equal(failed)
  })

  it('shares what is the same each time, frozen', () => {
    const once = machine.step(backed, closed, { type: 'uvm.refused' })
    expect(machine.step(backed, roomy, { type: 'uvm.refused' })).to.equal(once)
    expect(once.emitted).to.deep.equal([{ type: 'slot.detached' }])
    const silent = machine.step(backed, closed, { type: 'uvm.mapped', hva: 4 })
    const other = compile(ring).step(0, context, { type: 'next' })
    expect(silent.emitted).to.equal(other.emitted)
    for (const shared of [once, once.emitted, silent, silent.emitted]) expect(shared).to.be.frozen
  })

  it('names the inputs that a place takes', () => {
    expect(machine.inputs(backed)).to.deep.equal(['uvm.mapped', 'uvm.refused'])
    expect(machine.inputs(failed)).to.deep.equal([])
    expect(machine.accepts(mapped, 'uvm.mapped')).to.equal(true)
    expect(machine.accepts(mapped, 'uvm.refused')).to.equal(false)
  })

  it('counts wildcards and parents among what a place takes, and forbidden inputs not', () => {
    const machine = compile(wild)
    expect(machine.inputs(machine.placeOf('two'))).to.deep.equal(['a.b.c'])
    expect(machine.accepts(machine.placeOf('two'), 'never.named')).to.equal(true)
    expect(machine.accepts(machine.placeOf('two'), 'a.b')).to.equal(false)
    expect(machine.accepts(machine.placeOf('two'), 'xstate.init')).to.equal(false)
  })

  it('tells the meta and the tags of a state, and whether the machine is over', () => {
    expect(machine.metaOf(backed)).to.deep.equal({ routine: 'vm_create' })
    expect(machine.metaOf(mapped)).to.equal(undefined)
    expect(machine.tagsOf(mapped)).to.deep.equal(['held'])
    expect([backed, mapped, failed].map(machine.isFinal)).to.deep.equal([false, false, true])
  })

  it('takes the meta and the tags of the states around where a state has none', () => {
    const machine = compile(
      createMachine({
        id: 'call',
        initial: 'tearing',
        states: {
          tearing: {
            meta: 'vm_teardown',
            tags: 'held',
            initial: 'detaching',
            states: { detaching: { tags: 'asleep' }, freeing: { meta: 'pool_put' } },
          },
        },
      }),
    )
    expect(machine.places.map((_, place) => machine.metaOf(place))).to.deep.equal(['vm_teardown', 'pool_put'])
    expect(machine.tagsOf(0)).to.have.members(['held', 'asleep'])
  })

  it('has the types of the machine', () => {
    expectTypeOf(machine).toEqualTypeOf<CompiledMachine<SlotInput, SlotEvent, SlotContext>>()
    expectTypeOf(machine.step).returns.toEqualTypeOf<StepResult<SlotEvent>>()
    expectTypeOf(machine.step).parameter(1).toEqualTypeOf<SlotContext>()
    expectTypeOf(machine.step).parameter(2).toEqualTypeOf<SlotInput>()
  })

  describe('throws a defect', () => {
    const rows: [code: string, when: string, act: () => unknown, words: RegExp][] = [
      [
        'ENG010',
        'for an input with no transition',
        () => machine.step(mapped, sealed, { type: 'uvm.refused' }),
        /"slot" state "mapped" cannot take "uvm.refused": it takes uvm.mapped, slot.release/,
      ],
      ['ENG010', 'once it is over', () => machine.step(failed, sealed, { type: 'uvm.refused' }), /the machine is over/],
      [
        'ENG010',
        'for a forbidden input',
        () => compile(wild).step(1, context, { type: 'a.b' }),
        /state "two" cannot take "a.b"/,
      ],
      [
        'ENG010',
        "for an input called as xstate's own",
        () => compile(wild).step(1, context, { type: 'xstate.init' }),
        /cannot take "xstate.init"/,
      ],
      [
        'ENG010',
        'for an input called as the wildcard',
        () => compile(wild).step(1, context, { type: '*' }),
        /cannot take "\*"/,
      ],
      [
        'ENG011',
        'when every guard says no',
        () => machine.step(mapped, roomy, { type: 'uvm.mapped', hva: 1 }),
        /"slot" state "mapped" cannot take "uvm.mapped" now/,
      ],
      [
        'ENG014',
        'for a place it does not have',
        () => machine.step(3, sealed, { type: 'uvm.refused' }),
        /places 0 to 2; 3 is none/,
      ],
      ['ENG014', 'for a place that is no number', () => machine.inputs(Number.NaN), /NaN is none/],
      [
        'ENG014',
        'for a name it does not have',
        () => machine.placeOf('held'),
        /no place "held"; it has backed, mapped, failed/,
      ],
    ]
    for (const [code, when, act, words] of rows)
      it(`${code} ${when}`, () => {
        expect(codeOf(act)).to.equal(code)
        expect(act).to.throw(Defect, words)
      })

    it('ENG013 when its transitions without input go round', () => {
      const machine = compile(
        createMachine({
          id: 'round',
          initial: 'rest',
          states: { rest: { on: { go: 'a' } }, a: { always: 'b' }, b: { always: 'a' } },
        }),
      )
      expect(() => machine.step(0, {}, { type: 'go' })).to.throw(Defect, /^ENG013 machine "round" state "rest".*"go"/)
    })
  })
})
