/** What the engine does not compile: one row for each construct of xstate, refused at load and by name. */
import { expect } from 'chai'
import {
  type AnyStateMachine,
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  log,
  not,
  or,
  raise,
  sendParent,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate'
import { Defect } from '../../events/defect.ts'
import { compile } from '../../src/engine/compile.ts'
import { codeOf } from './machines.ts'

describe('compile()', () => {
  const doing = (actions: unknown) => ({ on: { go: { actions } } })
  const guarded = (guard: unknown) => ({ on: { go: { guard, target: 'c' } } })
  const onB = (b: object) => ({ initial: 'a', states: { a: { on: { go: 'b' } }, b, c: {} } })
  const implementations = {
    actions: { custom: () => {}, assigned: assign({}) },
    guards: { loop: and(['loop']), alias: 'loop' },
  }
  const rows: [code: string, what: string, config: object, words: RegExp][] = [
    ['ENG001', 'after', onB({ after: { 10: 'c' } }), /^ENG001 machine "odd" state "b" uses after: /],
    ['ENG001', 'invoke', onB({ invoke: { src: 'x' } }), /state "b" uses invoke/],
    ['ENG001', 'a parallel state', onB({ type: 'parallel', states: { p: {}, q: {} } }), /state "b" is parallel/],
    ['ENG001', 'a parallel machine', { type: 'parallel', states: { p: {}, q: {} } }, /is parallel/],
    [
      'ENG001',
      'a history state',
      onB({ initial: 'x', states: { x: {}, h: { type: 'history' } } }),
      /state "b.h" is history/,
    ],
    ['ENG001', 'the output of a state', onB({ type: 'final', output: 1 }), /state "b" uses output/],
    ['ENG001', 'the output of a machine', { ...onB({}), output: {} }, /uses output/],
    ['ENG001', 'a route', onB({ id: 'b', route: {} }), /state "b" uses route/],
    ['ENG001', 'options of an actor', { ...onB({}), options: { maxIterations: 9 } }, /uses options/],
    ['ENG002', 'assign', onB(doing(assign({}))), /state "b" uses assign; only emit/],
    ['ENG002', 'an assign by name', onB(doing('assigned')), /uses assign/],
    ['ENG002', 'raise', onB(doing(raise({ type: 'go' }))), /uses raise/],
    ['ENG002', 'a delayed raise', onB({ entry: raise({ type: 'go' }, { delay: 1 }) }), /uses raise/],
    ['ENG002', 'a send', onB({ exit: sendParent({ type: 'go' }) }), /uses sendTo/],
    ['ENG002', 'cancel', onB(doing(cancel('x'))), /uses cancel/],
    ['ENG002', 'spawn', onB(doing(spawnChild('x'))), /uses spawnChild/],
    ['ENG002', 'stop', onB(doing(stopChild('x'))), /uses stopChild/],
    ['ENG002', 'log', onB(doing(log('x'))), /uses log/],
    ['ENG002', 'enqueueActions', onB(doing(enqueueActions(() => {}))), /uses enqueueActions/],
    ['ENG002', 'a function as action', onB(doing(() => {})), /runs a function of its own/],
    ['ENG002', 'a function as action by name', onB({ entry: 'custom' }), /as action "custom"/],
    ['ENG002', 'a bad action after a good one', onB(doing([emit({ type: 'x' }), assign({})])), /uses assign/],
    ['ENG003', 'an action that nobody wrote', onB(doing('lost')), /names action "lost", which setup\(\) lacks/],
    ['ENG004', 'a guard that nobody wrote', onB(guarded('lost')), /names guard "lost", which setup\(\) lacks/],
    ['ENG004', 'a missing guard within another', onB(guarded(or([not('lost')]))), /names guard "lost"/],
    ['ENG004', 'a guard defined by itself', onB(guarded('alias')), /guard "loop" by itself/],
    ['ENG004', 'a guard that asks for the state', onB(guarded(stateIn('a'))), /uses guard stateIn/],
    ['ENG005', 'two targets', onB({ on: { go: { target: ['a', 'c'] } } }), /with 2 targets/],
    ['ENG005', 'an unknown part of a transition', onB({ on: { go: { target: 'c', delay: 5 } } }), /uses delay/],
    ['ENG006', 'a star in the middle', onB({ on: { 'a.*.b': 'c' } }), /takes "a\.\*\.b"/],
    ['ENG006', 'a star in a word', onB({ on: { 'a*': 'c' } }), /takes "a\*"/],
    ['ENG006', "an input of xstate's own", onB({ on: { 'xstate.init': 'c' } }), /takes "xstate.init"/],
    [
      'ENG007',
      'an initial entry',
      { initial: 'a', states: { a: { entry: emit({ type: 'x' }) } } },
      /state "a" emits on entry/,
    ],
    [
      'ENG007',
      'an initial emit',
      { initial: { target: 'a', actions: emit({ type: 'x' }) }, states: { a: {} } },
      /emits on entry/,
    ],
    ['ENG007', 'an initial always', { ...onB({}), always: '.c' }, /uses always and is initial/],
    [
      'ENG007',
      'a machine that is over at once',
      { initial: 'a', states: { a: { type: 'final' } } },
      /state "a" is final/,
    ],
    ['ENG008', 'a machine without states', {}, /has no states/],
    [
      'ENG008',
      'a final state with states inside',
      onB({ type: 'final', states: { x: {} } }),
      /is final and has states inside/,
    ],
    ['ENG008', 'a name with a dot', { initial: 'a', states: { a: {}, 'a.b': {} } }, /is called "a.b"/],
  ]
  for (const [code, what, config, words] of rows)
    it(`refuses ${what} with ${code}`, () => {
      const machine = createMachine({ id: 'odd', ...config }, implementations as never) as AnyStateMachine
      expect(codeOf(() => compile(machine))).to.equal(code)
      expect(() => compile(machine)).to.throw(Defect, words)
    })

  it('does not compile an action of a state that nothing enters', () => {
    const machine = createMachine({ id: 'odd', initial: 'a', states: { a: {}, lost: { entry: assign({}) } } })
    expect(codeOf(() => compile(machine))).to.equal('ENG002')
  })
})
