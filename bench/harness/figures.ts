/**
 * What the bench says: figures, their goals, and the figures that were accepted last.
 */
import { readFileSync, writeFileSync } from 'node:fs'

/** One line: what was found, and what was wanted. A figure without a goal is there to be compared with others. */
export type Figure = {
  /** Names it among the accepted figures; never changes. */
  readonly id: string
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly goal?: { readonly at: 'least' | 'most'; readonly value: number }
}

/** A figure that cannot be had here, with the reason. */
export type Missing = { readonly what: string; readonly reason: string }

type Accepted = { readonly [id: string]: number }

const ACCEPTED = 'bench/accepted.json'

export function readAccepted(): Accepted {
  try {
    return JSON.parse(readFileSync(ACCEPTED, 'utf8')) as Accepted
  } catch {
    return {}
  }
}

/** Makes these the accepted figures; those that were not measured stay. */
export function accept(figures: readonly Figure[]): void {
  const fresh = Object.fromEntries(figures.map(({ id, value }) => [id, Number(value.toPrecision(3))]))
  const all = Object.entries({ ...readAccepted(), ...fresh }).sort(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(ACCEPTED, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
}

function shown(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

function verdict({ value, goal }: Figure): string {
  if (goal === undefined) return ''
  const isMet = goal.at === 'most' ? value <= goal.value : value >= goal.value
  if (isMet) return 'met'
  const ratio = goal.at === 'most' ? value / goal.value : goal.value / value
  return `missed by ${((ratio - 1) * 100).toFixed(0)} %`
}

/** The lines of a table with its heading. */
export function tableOf(figures: readonly Figure[], accepted: Accepted): readonly string[] {
  const rows = figures.map((figure) => {
    const { id, what, value, unit, goal } = figure
    const before = accepted[id]
    const wanted = goal === undefined ? '' : `${goal.at === 'most' ? '≤' : '≥'} ${shown(goal.value)} ${unit}`
    const compared = before === undefined ? '' : `${shown(before)} ${unit}`
    return [what, `${shown(value)} ${unit}`, wanted, verdict(figure), compared]
  })
  const heading = ['what', 'figure', 'goal', '', 'accepted']
  const widths = heading.map((_, at) => Math.max(...[heading, ...rows].map((row) => row[at]?.length ?? 0)))
  return [heading, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
