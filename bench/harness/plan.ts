/**
 * Which variants are run, and which figures are made of what they say.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure, Missing } from './figures.ts'
import type { Results, Variant } from './rounds.ts'
import { STREAM_NAMES, type StreamName } from './streams.ts'

export type Size = { readonly faults: number; readonly lookFaults: number; readonly peerFaults: number }
export const WHOLE: Size = { faults: 1_000_000, lookFaults: 100_000, peerFaults: 1000 }
export const QUICK: Size = { faults: 200_000, lookFaults: 100_000, peerFaults: 300 }

const MODES = ['ept', 'rvi'] as const
type Mode = (typeof MODES)[number]

const CLI = join('dist', 'cli', 'main.js')
const VECTORS = join('..', 'shared', 'vectors', 'visible.jsonl')
/** The second kind of tables differs in a few events, so that two rounds tell enough. */
const RVI_ROUNDS = 2

const tapeOf = (directory: string, stream: StreamName, mode: Mode, faults: number): string =>
  join(directory, `${stream.replace('/', '-')}-${mode}-${faults}.tape`)

/** What must be there before the rounds begin: short tapes, to look around in and to warm up with. */
export function preparation(directory: string, { lookFaults }: Size): readonly Variant[] {
  return STREAM_NAMES.flatMap((stream) =>
    MODES.map((mode): Variant => {
      const ask = { stream, mode, faults: lookFaults, tape: tapeOf(directory, stream, mode, lookFaults) }
      return { name: `prepare ${stream} ${mode}`, run: { kernel: 'live', ask } }
    }),
  )
}

export function variantsOf(directory: string, size: Size): readonly Variant[] {
  const kernel = (name: string, of: string, ask: object, roundsMax?: number): Variant => ({
    name,
    run: { kernel: of, ask },
    ...(roundsMax === undefined ? {} : { roundsMax }),
  })
  const steps = ['stepCompiled', 'stepByHand', 'stepSend', 'stepTransition'].map((name) => kernel(name, name, {}))
  const faults = STREAM_NAMES.flatMap((stream) => [
    ...MODES.flatMap((mode) => {
      const rounds = mode === 'rvi' ? RVI_ROUNDS : undefined
      const tape = tapeOf(directory, stream, mode, size.faults)
      const warm = tapeOf(directory, stream, mode, size.lookFaults)
      const ask = { stream, mode, faults: size.faults, tape, warm }
      return [
        kernel(`live ${stream} ${mode}`, 'live', ask, rounds),
        kernel(`replay ${stream} ${mode}`, 'replay', ask, rounds),
        kernel(`seal ${stream} ${mode}`, 'seal', { tape }, 1),
      ]
    }),
    kernel(`plain ${stream}`, 'plainTables', { stream, faults: size.faults }),
    kernel(`unrecorded ${stream}`, 'liveUnrecorded', { stream, mode: 'ept', faults: size.faults }, RVI_ROUNDS),
    kernel(`judged ${stream}`, 'liveJudged', { stream, mode: 'ept', faults: size.faults }, RVI_ROUNDS),
    kernel(`peer ${stream}`, 'peer', { stream, faults: size.peerFaults, tape: join(directory, 'peer.jsonl') }),
    kernel(`look ${stream}`, 'look', {
      stream,
      faults: size.lookFaults,
      tape: tapeOf(directory, stream, 'ept', size.lookFaults),
    }),
  ])
  const short = { tape: tapeOf(directory, 'rand/4G', 'ept', size.lookFaults) }
  const peerByFault = { stream: 'rand/4G', faults: size.peerFaults, tape: join(directory, 'peer.jsonl') }
  const command = (name: string, argv: readonly string[], roundsMax?: number): Variant => ({
    name,
    run: { argv },
    ...(roundsMax === undefined ? {} : { roundsMax }),
  })
  const started = existsSync(CLI) ? [command('node', ['-e', '0']), command('version', [CLI, '--version'])] : []
  const conform = existsSync(CLI) && existsSync(VECTORS) ? [command('conform', [CLI, 'conform', VECTORS], 3)] : []
  return [
    ...steps,
    ...faults,
    kernel('peerByFault', 'peerByFault', peerByFault),
    kernel('watch', 'watchAlone', short),
    kernel('judge', 'watchInvariants', short),
    ...started,
    ...conform,
  ]
}

const most = (value: number) => ({ at: 'most', value }) as const
const least = (value: number) => ({ at: 'least', value }) as const

export function figuresOf(results: Results): {
  readonly figures: readonly Figure[]
  readonly missing: readonly Missing[]
} {
  const of = (name: string, key: string): number => results.get(name)?.[key] ?? Number.NaN
  const cpu = (name: string): number => of(name, 'cpu')
  const figures: Figure[] = [
    { id: 'step.ns', what: 'a step of a machine', value: cpu('stepCompiled'), unit: 'ns' },
    {
      id: 'step.send',
      what: '  less than by an actor of xstate, send()',
      value: cpu('stepSend') / cpu('stepCompiled'),
      unit: '×',
      goal: least(100),
    },
    {
      id: 'step.transition',
      what: '  less than by transition() of xstate',
      value: cpu('stepTransition') / cpu('stepCompiled'),
      unit: '×',
    },
    {
      id: 'step.hand',
      what: '  of a switch written by hand',
      value: cpu('stepCompiled') / cpu('stepByHand'),
      unit: '×',
    },
  ]
  for (const stream of STREAM_NAMES) {
    for (const mode of MODES) figures.push(...faultFigures(`${stream} ${mode}`, stream, mode, results))
  }
  const worst = (key: string): number => Math.max(...STREAM_NAMES.map((stream) => of(`look ${stream}`, key)))
  figures.push(
    {
      id: 'seek.median',
      what: 'seek in a million events, median',
      value: worst('seekMedianMs'),
      unit: 'ms',
      goal: most(5),
    },
    {
      id: 'seek.worst',
      what: 'seek in a million events, worst of 400',
      value: worst('seekWorstMs'),
      unit: 'ms',
      goal: most(50),
    },
    { id: 'read', what: 'one entry at a random moment', value: worst('readUs'), unit: 'µs', goal: most(3) },
    { id: 'memory', what: 'an open tape of a million events', value: worst('megabytes'), unit: 'MB', goal: most(200) },
    {
      id: 'peer.byFault',
      what: 'recording less than by the peer with one produce a fault, rand/4G ept',
      value: cpu('peerByFault') / cpu('live rand/4G ept'),
      unit: '×',
    },
    {
      id: 'invariants',
      what: 'replay with every invariant watched',
      value: cpu('judge') / cpu('watch'),
      unit: '×',
      goal: most(3),
    },
  )
  const missing: Missing[] = []
  if (results.has('version')) {
    figures.push({
      id: 'version',
      what: 'vmtape --version, of an empty node process',
      value: cpu('version') / cpu('node'),
      unit: '×',
      goal: most(1.5),
    })
  } else missing.push({ what: 'vmtape --version', reason: `there is no ${CLI}; npm run build makes it` })
  if (results.has('conform')) {
    figures.push({
      id: 'conform',
      what: 'vmtape conform, 343 vectors',
      value: cpu('conform') / 1e9,
      unit: 's',
      goal: most(15),
    })
  } else missing.push({ what: 'vmtape conform', reason: `it needs ${CLI} and the recordings at ${VECTORS}` })
  return { figures, missing }
}

/** The figures of one stream in one mode. */
function faultFigures(what: string, stream: StreamName, mode: Mode, results: Results): readonly Figure[] {
  const live = results.get(`live ${what}`)
  const replay = results.get(`replay ${what}`)
  const sizes = results.get(`seal ${what}`)
  if (live === undefined || replay === undefined || sizes === undefined) return []
  const plain = results.get(`plain ${stream}`)?.cpu ?? Number.NaN
  const peer = results.get(`peer ${stream}`)?.cpu ?? Number.NaN
  const unrecorded = results.get(`unrecorded ${stream}`)?.cpu ?? Number.NaN
  const judged = results.get(`judged ${stream}`)?.cpu ?? Number.NaN
  const { cpu = Number.NaN } = live
  const id = `${stream}.${mode}`
  return [
    { id: `${id}.live`, what: `faults recorded, ${what}`, value: 1e6 / cpu, unit: 'k/s', goal: least(200) },
    { id: `${id}.liveUs`, what: '  each', value: cpu / 1000, unit: 'µs', goal: most(5) },
    ...(mode === 'ept'
      ? ([
          { id: `${id}.unrecorded`, what: '  each without a tape', value: unrecorded / 1000, unit: 'µs' },
          {
            id: `${id}.judged`,
            what: '  with every invariant judged after every event, of that',
            value: judged / unrecorded,
            unit: '×',
            goal: most(3),
          },
        ] as const)
      : []),
    { id: `${id}.peer`, what: '  less than by the peer', value: peer / cpu, unit: '×', goal: least(200) },
    { id: `${id}.open`, what: '  on the tape, an event', value: sizes.open ?? Number.NaN, unit: 'B', goal: most(10) },
    { id: `${id}.sealed`, what: '  sealed, an event', value: sizes.sealed ?? Number.NaN, unit: 'B', goal: most(4) },
    {
      id: `${id}.replay`,
      what: '  replayed, events',
      value: 1e3 / (replay.cpu ?? Number.NaN),
      unit: 'M/s',
      goal: least(2),
    },
    {
      id: `${id}.plain`,
      what: '  replayed, of a plain loop over two tables',
      value: (replay.fault ?? Number.NaN) / plain,
      unit: '×',
      goal: most(8),
    },
  ]
}
