/**
 * What the comments at the head of an example scenario promise: `# expect: DESIGN I01 I02`, or `none`, for each design
 * that it is to be run on, with what is a warning only after `warns`; `# step: ROUTINE` for what goes wrong;
 * `# without: DESIGN, why` for a design that has no run of it; `# retold: DESIGN I01`, or `none`, for a design on which
 * `vmtape compare` plays it in that design's own way. A file NAME.DESIGN.jsonl is the run of NAME.jsonl for a design whose
 * commands differ.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Violation } from '../../src/invariant/invariant.ts'

const FOLDER = 'examples/scenarios'

/** One scenario and its promises. */
export type Example = {
  /** Such as `d03-ept.vmspace.jsonl`. */
  readonly file: string
  /** What the runs of one violation share: `d03-ept`. */
  readonly family: string
  readonly text: string
  readonly title: string
  /** The step of the routine that goes wrong; null where nothing does. */
  readonly step: string | null
  /** Numbers of the invariants that report, by design, in order; those that only warn come after `warns`. */
  readonly expected: ReadonlyMap<string, readonly string[]>
  readonly without: readonly string[]
  /** As `expected`, for designs on which it is retold. */
  readonly retold: ReadonlyMap<string, readonly string[]>
}

/** The values of the comments `# KEY: …`. */
function valuesOf(text: string, key: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^# ${key}: (.+)$`, 'gm'))].map(([, value]) => value ?? '')
}

function expectationOf(value: string): readonly [string, readonly string[]] {
  const [design = '', ...ids] = value.split(' ')
  const none = ids.join() === 'none'
  if (!none && !(ids.length > 0 && ids.every((id) => /^(I\d+b?|warns)$/.test(id))))
    throw new TypeError(`wanted a design and the numbers of invariants, or none; found '${value}'`)
  return [design, none ? [] : ids]
}

function readExample(file: string): Example {
  const text = readFileSync(join(FOLDER, file), 'utf8')
  return {
    file,
    family: file.split('.')[0] ?? '',
    text,
    title: text.split('\n')[0]?.replace(/^# /, '') ?? '',
    step: valuesOf(text, 'step')[0] ?? null,
    expected: new Map(valuesOf(text, 'expect').map(expectationOf)),
    without: valuesOf(text, 'without').map((value) => value.split(',')[0] ?? ''),
    retold: new Map(valuesOf(text, 'retold').map(expectationOf)),
  }
}

/** All of them, by name. */
export function readExamples(): readonly Example[] {
  return readdirSync(FOLDER)
    .filter((entry) => entry.endsWith('.jsonl'))
    .sort()
    .map(readExample)
}

function idsOf(violations: readonly Violation[]): readonly string[] {
  return [...new Set(violations.map(({ id }) => id))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** What a head has to say of a run in which these were found. */
export function reported(violations: readonly Violation[]): readonly string[] {
  const errors = idsOf(violations.filter(({ severity }) => severity === 'error'))
  const warnings = idsOf(violations.filter(({ severity }) => severity === 'warning'))
  return warnings.length > 0 ? [...errors, 'warns', ...warnings] : errors
}
