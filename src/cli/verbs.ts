/**
 * The verbs of the command line. The table holds names and summaries only; what a verb does is
 * loaded when it is asked for, so that `vmtape --help` starts without xstate, immer or a codec.
 */
import type { Command } from 'commander'
import type { Terminal } from './terminal.ts'

/** What the module of a verb exports. */
export type VerbModule = {
  /**
   * Declares arguments and options on `command`, and sets its action. The action prints through
   * `terminal`, calls `terminal.finding()` when there is one, and throws `UserError` on bad input.
   */
  configure(command: Command, terminal: Terminal): void
}

export type Verb = {
  /** What the user types; the module is `verbs/NAME.ts`. */
  readonly name: string
  /** One line for `--help`, an imperative without a full stop. */
  readonly summary: string
  /** `() => import('./verbs/NAME.ts')`, written out, so that the bundler gives the verb a chunk of its own. */
  readonly load: () => Promise<VerbModule>
}

/** In the order in which `--help` lists them. */
export const VERBS: readonly Verb[] = [
  {
    name: 'run',
    summary: 'play a scenario, and record it on a tape',
    load: () => import('./verbs/run.ts'),
  },
  {
    name: 'inspect',
    summary: 'show the world, or a part of it, at any moment of a tape',
    load: () => import('./verbs/inspect.ts'),
  },
  {
    name: 'replay',
    summary: 'replay a tape, judge every moment of it, and say what ran',
    load: () => import('./verbs/replay.ts'),
  },
  {
    name: 'import',
    summary: 'turn a trace of a KVM host into a tape, replay it and report',
    load: () => import('./verbs/import.ts'),
  },
  {
    name: 'cat',
    summary: 'print a tape as text',
    load: () => import('./verbs/cat.ts'),
  },
  {
    name: 'pack',
    summary: 'make a tape of its text',
    load: () => import('./verbs/pack.ts'),
  },
  {
    name: 'seal',
    summary: 'make a compressed copy of a tape',
    load: () => import('./verbs/seal.ts'),
  },
  {
    name: 'compare',
    summary: 'take the same decisions on two designs, and show where they part',
    load: () => import('./verbs/compare.ts'),
  },
  {
    name: 'conform',
    summary: 'compare the model with recordings of the real kernel',
    load: () => import('./verbs/conform.ts'),
  },
]
