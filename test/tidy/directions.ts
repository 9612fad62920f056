/**
 * Who may import whom. The vocabulary lies at the bottom, what decides above it, what touches the
 * machine at the rim; a tape must replay in a page, with code that cannot decide anything.
 */
import type { Import, Source } from './source.ts'

/** Says what is wrong with each import; an empty answer is a clean file. */
export type Direction = {
  readonly name: string
  readonly applies: (path: string) => boolean
  /** `at` finds another of our sources, and undefined when there is none at that path. */
  readonly findings: (source: Source, at: (path: string) => Source | undefined) => readonly string[]
}

/** The files that may use Node: the command line, the tape's file layer, servers and worker threads. */
function isHost(path: string): boolean {
  return /^src\/(cli\/|tape\/file|node\.ts$)|^src\/.*\b(server|worker)s?\b/.test(path)
}

/** What runs in a page as well as in Node. */
export function isCore(path: string): boolean {
  return /^(events|machines|src)\//.test(path) && !isHost(path)
}

const FRONT_END = /^src\/(cli|export)\/|^src\/debug\/(?!session)/

function below(...folders: readonly string[]): (path: string) => boolean {
  return (path) => folders.some((folder) => path.startsWith(`${folder}/`) || path === `${folder}.ts`)
}

/** A package and what lies within it: `xstate` and `xstate/graph`. */
function ofPackage(target: string, name: string): boolean {
  return target === name || target.startsWith(`${name}/`)
}

function refuse(source: Source, reason: string, wrong: (used: Import) => boolean): readonly string[] {
  return source.imports.filter(wrong).map((used) => `${source.path} imports '${used.specifier}': ${reason}`)
}

/** The way from `source` over imports that run to the first one that is `forbidden`, or null. */
function wayTo(
  source: Source,
  at: (path: string) => Source | undefined,
  forbidden: (target: string) => boolean,
): readonly string[] | null {
  const ways: (readonly string[])[] = [[source.path]]
  const seen = new Set<string>([source.path])
  for (const way of ways) {
    for (const used of at(way.at(-1) ?? '')?.imports ?? []) {
      if (!used.runs || seen.has(used.target)) continue
      seen.add(used.target)
      if (forbidden(used.target)) return [...way, used.target]
      ways.push([...way, used.target])
    }
  }
  return null
}

const decides = below('machines', 'src/kernel', 'src/engine', 'src/design', 'src/check')

export const DIRECTIONS: readonly Direction[] = [
  {
    name: 'imports nothing but events',
    applies: below('events'),
    findings: (source) => refuse(source, 'the vocabulary lies at the bottom.', (used) => !below('events')(used.target)),
  },
  {
    name: 'imports events, machines and xstate only',
    applies: below('machines'),
    findings: (source) =>
      refuse(
        source,
        'a machine calls nothing and reads nothing.',
        ({ target }) => !below('events', 'machines')(target) && !ofPackage(target, 'xstate'),
      ),
  },
  {
    name: 'imports nothing that decides or applies',
    applies: below('src/model'),
    findings: (source) =>
      refuse(
        source,
        'the model is what the world is, not what happens to it.',
        ({ target }) => decides(target) || below('src/reduce', 'src/replay')(target) || ofPackage(target, 'xstate'),
      ),
  },
  {
    name: 'imports nothing that decides',
    applies: below('src/reduce'),
    findings: (source) =>
      refuse(
        source,
        'a tape must replay without the code that made it.',
        ({ target }) => decides(target) || ofPackage(target, 'xstate'),
      ),
  },
  {
    name: 'reaches nothing that decides, whatever it imports',
    applies: below('src/reduce'),
    findings: (source, at) => {
      const way = wayTo(source, at, (target) => decides(target) || ofPackage(target, 'xstate'))
      return way === null ? [] : [`${way.join(' → ')}: a tape must replay without the code that made it.`]
    },
  },
  {
    name: 'reads the model and never writes it',
    applies: below('src/kernel'),
    findings: (source) =>
      refuse(
        source,
        'a primitive answers; events change the world.',
        ({ target }) => below('src/reduce', 'src/engine', 'machines')(target) || ofPackage(target, 'immer'),
      ),
  },
  {
    name: 'imports nothing of Node, and nothing that does',
    applies: isCore,
    findings: (source) =>
      refuse(
        source,
        "only the command line, the tape's file layer and the servers touch the machine.",
        ({ target }) => target.startsWith('node:') || isHost(target),
      ),
  },
  {
    name: 'leaves colours, bars and flags to the command line',
    applies: (path) => path.startsWith('src/') && !path.startsWith('src/cli/'),
    findings: (source) =>
      refuse(source, 'it belongs to the command line.', ({ target }) =>
        ['commander', 'cli-progress', 'picocolors'].some((name) => ofPackage(target, name)),
      ),
  },
  {
    name: 'imports no reducer',
    applies: (path) => FRONT_END.test(path),
    findings: (source) =>
      refuse(source, 'a front end drives debug/session.', ({ target }) => below('src/reduce')(target)),
  },
]
