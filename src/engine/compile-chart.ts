/**
 * Reads a machine of xstate into a chart: for each leaf state, what each input may lead to. Without
 * parallel states and history a transition out of a given leaf always exits and enters the same
 * states, so its target leaf and its emitted events are known at load.
 *
 * The rules are those of SCXML as xstate keeps them, peculiarities included; test/laws/machine.ts
 * holds the two together. What they leave out is refused by name.
 *
 * @source xstate 5.33, stateUtils.ts: microstep(), computeExitSet(), enterStates(), getCandidates().
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate'
import { type Emission, emissionOf, type Guard, guardOf, type Input, type Owner, refuse } from './compile-part.ts'

/** One transition, taken from one leaf. */
export type Take = {
  readonly guard: Guard | null
  /** The leaf that it leads to. */
  readonly place: number
  readonly emissions: readonly Emission[]
  /** What a nested final state raises for the transitions of its ancestors. */
  readonly raised: Input | null
  /** Without target and actions: xstate's way of saying that the input is not taken. */
  readonly forbidden: boolean
}

/** A leaf state. */
export type Leaf = {
  readonly name: string
  readonly meta: unknown
  readonly tags: readonly string[]
  /** The machine is over here. */
  readonly final: boolean
  /** Transitions without an input, tried after each step. */
  readonly always: readonly Take[]
  /** Transitions for `type` in the order in which xstate tries them, up to the first without a guard. */
  candidates(type: string): readonly Take[]
}

export type Chart = {
  readonly id: string
  readonly initial: number
  readonly leaves: readonly Leaf[]
  /** Input types that the machine names, in document order; wildcards are none. */
  readonly types: readonly string[]
}

type Transition = AnyStateNode['transitions'] extends Map<string, (infer One)[]> ? One : never

/** State keys that mean something to the engine or to nobody but the reader. */
const STATE_KEYS: ReadonlySet<string> = new Set(
  'id initial type states on onDone always entry exit meta tags description'.split(' '),
)
const ROOT_KEYS: ReadonlySet<string> = new Set('context version schemas types'.split(' '))
const TRANSITION_KEYS: ReadonlySet<string> = new Set(
  'target actions guard reenter meta description source eventType toJSON'.split(' '),
)
const REASONS: Readonly<Record<string, string>> = {
  after: 'the engine has no clock; let a thread bring an input',
  invoke: 'machines do not run as actors; let the answer come in as an input',
  parallel: 'a machine is in one place at a time; make two machines',
  history: 'a place must say all that there is to know',
  output: 'what a machine tells, it emits',
}

/** @throws Defect ENG001 to ENG008 naming the first thing that cannot be compiled. */
export function chartOf(machine: AnyStateMachine): Chart {
  const nodes = nodesUnder(machine.root)
  for (const node of nodes) check(machine, node)
  const ends = nodes.filter((node) => node.type !== 'compound')
  const placeOf = (node: AnyStateNode): number => ends.indexOf(leafOf(node))
  checkStart(machine)
  const descriptors = new Set(nodes.flatMap((node) => Object.keys(node.config.on ?? {})))
  const types = [...descriptors].filter((type) => !type.endsWith('*'))
  return {
    id: machine.id,
    initial: placeOf(machine.root),
    leaves: ends.map((end) => readLeaf(machine, end, types, placeOf)),
    types,
  }
}

/** `node` and all states below it, in document order. */
function nodesUnder(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesUnder)]
}

/** `node` and its ancestors, the root last. */
function upwards(node: AnyStateNode | undefined): AnyStateNode[] {
  return node === undefined ? [] : [node, ...upwards(node.parent)]
}

/** Where entering `node` ends. */
function leafOf(node: AnyStateNode): AnyStateNode {
  const [initial] = node.type === 'compound' ? node.initial.target : []
  return initial === undefined ? node : leafOf(initial)
}

const ownerOf = (machine: AnyStateMachine, node: AnyStateNode): Owner => ({
  machine,
  state: node.path.join('.'),
})

const doneType = (node: AnyStateNode): string => `xstate.done.state.${node.id}`

function check(machine: AnyStateMachine, node: AnyStateNode): void {
  const owner = ownerOf(machine, node)
  const { type } = node
  if (type === 'parallel' || type === 'history') refuse('ENG001', owner, `is ${type}: ${REASONS[type]}`)
  for (const [key, value] of Object.entries(node.config)) {
    if (value === undefined || STATE_KEYS.has(key)) continue
    if (node.parent === undefined && ROOT_KEYS.has(key)) continue
    refuse('ENG001', owner, `uses ${key}: ${REASONS[key] ?? 'the engine does not compile it'}`)
  }
  const nested = Object.keys(node.states).length > 0
  if (nested !== (type === 'compound'))
    refuse('ENG008', owner, nested ? `is ${type} and has states inside` : 'has no states inside')
  if (node.parent === undefined && !nested) refuse('ENG008', owner, 'has no states inside')
  if (node.key.includes('.') && node.parent !== undefined)
    refuse('ENG008', owner, `is called "${node.key}"; places are paths with dots between the names`)
  for (const type of Object.keys(node.config.on ?? {})) {
    // A star elsewhere than last matches nothing in xstate, and "xstate." is its own.
    const stem = type === '*' ? '' : type.endsWith('.*') ? type.slice(0, -2) : type
    if (stem.includes('*') || type.startsWith('xstate.'))
      refuse('ENG006', owner, `takes "${type}", which no input can be`)
  }
  for (const action of [...node.entry, ...node.exit]) emissionOf(action, owner)
  if (type === 'compound') for (const action of node.initial.actions) emissionOf(action, owner)
  for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])])
    checkTransition(owner, transition)
}

function checkTransition(owner: Owner, transition: Transition): void {
  for (const [key, value] of Object.entries(transition))
    if (value !== undefined && !TRANSITION_KEYS.has(key)) refuse('ENG005', owner, `has a transition that uses ${key}`)
  const targets = transition.target?.length ?? 1
  if (targets !== 1) refuse('ENG005', owner, `has a transition with ${targets} targets`)
  for (const action of transition.actions) emissionOf(action, owner)
  if (transition.guard !== undefined) guardOf(transition.guard, owner)
}

/** A machine starts by being put at its initial place: nothing may be emitted or decided there. */
function checkStart(machine: AnyStateMachine): void {
  for (const node of upwards(leafOf(machine.root))) {
    const emits = node.entry.length + (node.type === 'compound' ? node.initial.actions.length : 0)
    const what =
      emits > 0
        ? 'emits on entry'
        : node.always !== undefined
          ? 'uses always'
          : node.type === 'final'
            ? 'is final'
            : null
    if (what !== null)
      refuse('ENG007', ownerOf(machine, node), `${what} and is initial; a machine starts without a step`)
  }
}

function readLeaf(
  machine: AnyStateMachine,
  end: AnyStateNode,
  types: readonly string[],
  placeOf: (node: AnyStateNode) => number,
): Leaf {
  const active = upwards(end)
  const final = end.type === 'final' && end.parent === machine.root
  const known = new Map<Transition, Take>()
  const take = (transition: Transition): Take => {
    const read = known.get(transition) ?? readTake(machine, active, transition, placeOf)
    known.set(transition, read)
    return read
  }
  const candidates = (type: string): readonly Take[] =>
    final ? [] : reachable(active.flatMap((node) => transitionsFor(node, type)).map(take))
  const named = new Map(types.map((type) => [type, candidates(type)]))
  return {
    name: end.path.join('.'),
    meta: active.find((node) => node.meta !== undefined)?.meta,
    tags: Object.freeze([...new Set(active.flatMap((node) => node.tags))]),
    final,
    always: final ? [] : reachable(active.flatMap((node) => node.always ?? []).map(take)),
    candidates: (type) => named.get(type) ?? candidates(type),
  }
}

function reachable(takes: readonly Take[]): readonly Take[] {
  const sure = takes.findIndex((take) => take.guard === null)
  return sure < 0 ? takes : takes.slice(0, sure + 1)
}

/** The exact descriptor first, then the wildcards, the longest first. */
function transitionsFor(node: AnyStateNode, type: string): readonly Transition[] {
  const wild = [...node.transitions.keys()]
    .filter((descriptor) => descriptor !== type && matches(type, descriptor))
    .sort((a, b) => b.length - a.length)
  return [type, ...wild].flatMap((descriptor) => node.transitions.get(descriptor) ?? [])
}

/** `a.*` takes `a`, `a.b` and `a.b.c`, but not `ab`. */
function matches(type: string, descriptor: string): boolean {
  if (descriptor === '*') return true
  if (!descriptor.endsWith('.*')) return false
  const stem = descriptor.slice(0, -2)
  return type === stem || type.startsWith(`${stem}.`)
}

/** @param active the leaf and its ancestors, the root last. */
function readTake(
  machine: AnyStateMachine,
  active: readonly AnyStateNode[],
  transition: Transition,
  placeOf: (node: AnyStateNode) => number,
): Take {
  const { source, guard } = transition
  const target = transition.target?.[0]
  const domain = target === undefined ? undefined : domainOf(machine, transition, target)
  const exited = target === undefined ? [] : active.filter((node) => isBelow(node, domain))
  const entered = target === undefined ? [] : enteredBy(transition, target, domain)
  const last = entered.at(-1)?.node
  const ends = last?.type === 'final'
  // A machine that is over leaves all its states, the innermost first.
  const over = ends && last.parent === machine.root ? upwards(last) : []
  const read = (node: AnyStateNode, actions: readonly unknown[]): Emission[] =>
    actions.map((action) => emissionOf(action, ownerOf(machine, node)))
  return {
    guard: guard === undefined ? null : guardOf(guard, ownerOf(machine, source)),
    place: placeOf(target ?? active[0] ?? source),
    emissions: [
      ...exited.flatMap((node) => read(node, node.exit)),
      ...read(source, transition.actions),
      ...entered.flatMap(({ node, byDefault }) =>
        read(node, byDefault && node.type === 'compound' ? [...node.entry, ...node.initial.actions] : node.entry),
      ),
      ...over.flatMap((node) => read(node, node.exit)),
    ],
    raised:
      ends && last.parent !== undefined && over.length === 0
        ? Object.freeze({ type: doneType(last.parent), output: undefined })
        : null,
    forbidden: target === undefined && transition.actions.length === 0,
  }
}

/** Whether `node` lies below `ancestor`; everything, the root too, lies below undefined. */
function isBelow(node: AnyStateNode, ancestor: AnyStateNode | undefined): boolean {
  if (node.parent === ancestor) return true
  return node.parent !== undefined && isBelow(node.parent, ancestor)
}

/** The state that stays while all below it is left; undefined when even the root is. */
function domainOf(
  machine: AnyStateMachine,
  { source, reenter }: Transition,
  target: AnyStateNode,
): AnyStateNode | undefined {
  if (!reenter && (target === source || isBelow(target, source))) return source
  const common = upwards(target.parent).find((node) => isBelow(source, node))
  return common ?? (reenter ? undefined : machine.root)
}

/** The states entered, the outermost first. `byDefault` ones run the actions of their `initial` too. */
function enteredBy(
  { source, reenter }: Transition,
  target: AnyStateNode,
  domain: AnyStateNode | undefined,
): { readonly node: AnyStateNode; readonly byDefault: boolean }[] {
  const outer = upwards(target.parent).filter((node) => isBelow(node, domain))
  const inner = upwards(leafOf(target)).filter((node) => isBelow(node, target))
  const stays = target === source && !reenter
  return [
    ...outer.reverse().map((node) => ({ node, byDefault: false })),
    ...(stays ? [] : [{ node: target, byDefault: true }]),
    ...inner.reverse().map((node) => ({ node, byDefault: true })),
  ]
}
