/**
 * How a comparison with the recordings of the real kernel is shown.
 */
import type { Disagreement } from '../conform/conform.ts'
import type { CategorySum, VectorResult } from '../conform/report.ts'
import { differenceLines } from './difference.ts'
import type { Paint } from './paint.ts'
import { type Column, clip, table } from './table.ts'

/** The table by category, each disagreement, and the closing sentence. */
export function conformanceLines(
  results: readonly VectorResult[],
  sums: readonly CategorySum[],
  designs: readonly string[],
  paint: Paint,
): string[] {
  const columns: Column[] = [
    { title: 'category' },
    ...['vectors', 'agree', ...designs].map((title): Column => ({ title, align: 'right' })),
  ]
  const rows = sums.map((sum) => [
    sum.category,
    ...[sum.vectors, sum.agree, ...designs.map((design) => sum.designs[design] ?? 0)].map(String),
  ])
  const differing = results.filter((result) => !result.agrees)
  const agreeing = results.length - differing.length
  const closing = `${agreeing} of ${results.length} vectors agree`
  return [
    ...table(columns, rows, paint),
    '',
    ...differing.flatMap((result) => resultLines(result, paint)),
    paint.bold(differing.length === 0 ? paint.green(closing) : paint.red(closing)),
  ]
}

function resultLines({ name, designs }: VectorResult, paint: Paint): string[] {
  return Object.entries(designs).flatMap(([design, disagreement]) =>
    disagreement === null ? [] : disagreementLines(name, design, disagreement, paint),
  )
}

function disagreementLines(
  name: string,
  design: string,
  { step, command, key, wanted, found }: Disagreement,
  paint: Paint,
) {
  return [
    paint.bold(`${name} differs under ${design}`),
    clip(`  step ${step}: ${JSON.stringify(command)}`),
    ...differenceLines(key, wanted, found).map((line) => clip(`  ${line}`)),
    '',
  ]
}
